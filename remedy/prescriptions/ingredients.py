"""Names of ingredients as they are compared: without salts, under one name each, combinations by their parts. Pure."""

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from remedy.catalogue.model import folded

LIST = Path(__file__).with_name("ingredients.toml")
KEY_AT_MOST = 80
_PARTS = re.compile(r"\s\+\s|\s+and\s+|\s+with\s+|[/,;]|\s&\s")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Names:
    """The list beside this file."""

    salts: frozenset[str]
    same: dict[str, str]
    families: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def names() -> Names:
    """Salts, other names and families."""
    told = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return Names(
        frozenset(told["salts"]),
        dict(told["same"]),
        {family: tuple(members) for family, members in told["families"].items()},
    )


def key_of(name: str) -> str:
    """An ingredient's name as it is compared; empty where it has no letters.

    `ATORVASTATIN_CALCIUM` is `atorvastatin`, `Aspirin` is `acetylsalicylic`; what is nothing but a salt
    (`potassium chloride`) keeps its words.
    """
    known = names()
    words = _WORD.findall(folded(name.replace("_", " ")))
    kept = [word for word in words if word not in known.salts] or words
    return " ".join(known.same.get(word, word) for word in kept)[:KEY_AT_MOST]


def parts_of(generic_name: str) -> tuple[str, ...]:
    """The keys of a medicine's ingredients, each once, in their order."""
    keys = (key_of(part) for part in _PARTS.split(generic_name))
    return tuple(dict.fromkeys(key for key in keys if key))


def family_of(key: str) -> tuple[str, ...]:
    """What an allergy to that stands for: the ingredients of a family, or just itself."""
    return names().families.get(key, (key,))


def is_family(key: str) -> bool:
    """Whether it is the name of a family of ingredients."""
    return key in names().families


def is_meant(allergy: str, ingredient: str) -> bool:
    """Whether an allergy to that key is one to that ingredient's key."""
    words = ingredient.split()
    return any(
        member == ingredient or any(fnmatchcase(word, member) for word in words)
        for member in family_of(allergy)
    )
