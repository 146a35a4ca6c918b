"""Which medicines may be had in place of another: the same ingredient, strength and form. Pure.

Some are never given in place of another brand (design decision 15): those where a little more or less matters,
those that let go of their ingredient slowly, and biologicals. Which is data with its source and date, in
`substitution.toml`; it errs on the side of asking a person.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from remedy.catalogue.model import (
    PACK_IN_DOUBT,
    UNKNOWN_STRENGTH,
    Medicine,
    compared_words,
    search_words,
)

LIST = Path(__file__).with_name("substitution.toml")


@dataclass(frozen=True)
class NeverSwapped:
    """The list, read: where it comes from, of when it is, and what it names."""

    source: str
    as_of: date
    narrow_atc: tuple[str, ...]
    narrow_words: frozenset[str]
    biological_atc: tuple[str, ...]
    biological_words: frozenset[str]
    biological_endings: tuple[str, ...]
    slow_words: frozenset[str]
    slow_endings: tuple[str, ...]


@lru_cache(maxsize=1)
def never_swapped() -> NeverSwapped:
    """The list beside this file."""
    told = tomllib.loads(LIST.read_text(encoding="utf-8"))
    narrow, biological, slow = told["narrow"], told["biological"], told["slow"]
    return NeverSwapped(
        source=told["source"],
        as_of=told["as_of"],
        narrow_atc=tuple(narrow["atc"]),
        narrow_words=frozenset(narrow["words"]),
        biological_atc=tuple(biological["atc"]),
        biological_words=frozenset(biological["words"]),
        biological_endings=tuple(biological["endings"]),
        slow_words=frozenset(slow["words"]),
        slow_endings=tuple(slow["endings"]),
    )


def why_never(one: Medicine) -> str | None:
    """Why no other brand is given in place of this medicine; None where one may be.

    The reason is a sentence.
    """
    if one.kind != "product":
        return "Only a product can be replaced by another one."
    if one.is_controlled:
        return "A controlled medicine is not replaced here; see the prescription on paper."
    never = never_swapped()
    code = (one.atc_code or "").upper()
    ingredient = set(search_words(one.generic_name))
    if code.startswith(never.narrow_atc) or ingredient & never.narrow_words:
        return "Of this medicine a little more or less matters; another brand is never given in its place here."
    if (
        code.startswith(never.biological_atc)
        or ingredient & never.biological_words
        or any(word.endswith(never.biological_endings) for word in ingredient)
    ):
        return "This is a biological medicine; another brand is never given in its place here."
    told = " ".join(text for text in (one.form, one.brand_name, one.generic_name) if text)
    words = set(search_words(told))
    if words & never.slow_words or any(word.endswith(never.slow_endings) for word in words):
        return "This medicine lets go of its ingredient slowly; another brand is never given in its place here."
    return None


def may_be_replaced(one: Medicine) -> bool:
    """Whether another brand of the same ingredient, strength and form may be shown in its place."""
    return why_never(one) is None


def is_the_same(one: Medicine, other: Medicine) -> bool:
    """Whether two medicines have the same ingredient, strength and form, whatever brand and pack.

    Where the strength (also of one ingredient among others) or form of either is not known, they are not called
    the same.
    """
    if not (one.strength and other.strength and one.form and other.form):
        return False
    if UNKNOWN_STRENGTH in compared_words(one.strength):
        return False
    return (
        # In the same order: the strengths of a combination stand in the order of its ingredients.
        compared_words(one.generic_name) == compared_words(other.generic_name)
        and compared_words(one.strength) == compared_words(other.strength)
        and compared_words(one.form) == compared_words(other.form)
    )


def is_pack_the_same(one: Medicine, other: Medicine) -> bool:
    """Whether both packs hold as much, as far as both say it: then packs of one count as packs of the other."""
    packs = [one.pack or PACK_IN_DOUBT, other.pack or PACK_IN_DOUBT]
    if any(PACK_IN_DOUBT in pack for pack in packs):
        return False
    return _amount(one.pack) == _amount(other.pack)


def why_not_in_place(prescribed: Medicine, other: Medicine) -> str | None:
    """Why a medicine may not be handed out in place of a prescribed one; None where it may. A sentence."""
    if prescribed.medicine_id == other.medicine_id:
        return "This is the prescribed medicine itself."
    why = why_never(prescribed) or why_never(other)
    if why:
        return why
    if not is_the_same(prescribed, other):
        return "Only the same ingredient, strength and form can be given in its place."
    if not is_pack_the_same(prescribed, other):
        return "Its packs hold another amount, so that packs cannot be counted for packs."
    return None


def _amount(pack: str | None) -> list[str]:
    """The numbers of a pack, and its measure where it is one (ml, g): `20 tablets` and `20` are alike."""
    words = search_words(pack or "")
    return [word for word in words if word[0].isdigit() or word in {"ml", "l", "g", "mg", "doses"}]
