"""What is meant by what is typed: a strength by its amount, a form by any of its names, a code. Pure.

`500mg`, `500 mg` and `0.5 g` are one amount; `tab`, `tablets` and `comprimé` are one form. What could be read in
two ways is not guessed at: it stays the words it is written with.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from remedy.catalogue.model import MAX_SEARCH_WORDS, folded, search_words

# What a unit measures, and how many of the smallest unit it is.
_UNITS = {
    "mass": {
        "ng": 1, "mcg": 10**3, "ug": 10**3, "μg": 10**3, "microgram": 10**3, "micrograms": 10**3,
        "microgramme": 10**3, "microgrammes": 10**3, "mg": 10**6, "g": 10**9, "kg": 10**12,
    },
    "volume": {"ul": 1, "μl": 1, "ml": 10**3, "cl": 10**4, "dl": 10**5, "l": 10**6},
    "units": {"iu": 10**3, "ie": 10**3, "ui": 10**3, "u": 10**3, "unit": 10**3, "units": 10**3},
    "percent": {"%": 10**3},
}  # fmt: skip
_OF_UNIT = {unit: (of, size) for of, units in _UNITS.items() for unit, size in units.items()}

_FORMS = {
    "ampoule": "ampoule ampoules amp amps",
    "capsule": "capsule capsules cap caps gelule gelules",
    "cream": "cream creams creme cremes crm",
    "drops": "drops drop gouttes goutte gtt",
    "gel": "gel gels",
    "inhaler": "inhaler inhalers inhalateur inhalateurs puffer",
    "injection": "injection injections injectable inj",
    "lotion": "lotion lotions",
    "ointment": "ointment ointments oint pommade pommades",
    "patch": "patch patches",
    "powder": "powder powders poudre poudres",
    "sachet": "sachet sachets",
    "solution": "solution solutions",
    "spray": "spray sprays",
    "suppository": "suppository suppositories supp suppositoire suppositoires",
    "suspension": "suspension suspensions susp",
    "syrup": "syrup syrups sirop sirops",
    "tablet": "tablet tablets tab tabs comprime comprimes",
}
_FORM_OF = {word: form for form, words in _FORMS.items() for word in words.split()}

_PIECE = re.compile(
    r"(?<![^\W_])(?:(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>"
    + "|".join(re.escape(unit) for unit in sorted(_OF_UNIT, key=len, reverse=True))
    + r")|(?P<code>\d{8}|\d{12,14})|(?P<atc>[a-z]\d{2}(?:[a-z](?:[a-z](?:\d{2})?)?)?))(?![^\W_])"
)


@dataclass(frozen=True)
class Asked:
    """One thing a search asks for. `words` are as typed: one, or those a strength, an ATC code is written with.

    `strength`, `form`, `code` and `atc` are what it may mean beside that; empty where it means no such thing.
    """

    words: tuple[str, ...]
    strength: str = ""
    form: str = ""
    code: str = ""
    atc: str = ""


def asked(text: str) -> list[Asked]:
    """What a search asks for, each thing once, in the order it was typed."""
    found: list[Asked] = []
    plain, end = folded(text), 0
    for piece in _PIECE.finditer(plain):
        strength = amount(piece["number"], piece["unit"]) if piece["unit"] else ""
        if piece["unit"] and not strength:
            continue
        found += _words(plain[end : piece.start()])
        words = tuple(search_words(piece.group()))
        # Bar codes of eight, twelve and thirteen digits are those of fourteen with noughts before them.
        code = piece["code"].zfill(14) if piece["code"] else ""
        found.append(Asked(words, strength, "", code, piece["atc"] or ""))
        end = piece.end()
    found += _words(plain[end:])
    return list(dict.fromkeys(found))[:MAX_SEARCH_WORDS]


def _words(text: str) -> list[Asked]:
    return [Asked((word,), form=_FORM_OF.get(word, "")) for word in search_words(text)]


def strengths_in(text: str) -> set[str]:
    """Every amount a text names."""
    pieces = (piece for piece in _PIECE.finditer(folded(text)) if piece["unit"])
    return {amount(piece["number"], piece["unit"]) for piece in pieces} - {""}


def forms_in(text: str) -> set[str]:
    """Every form a text names, each by one name."""
    return {_FORM_OF[word] for word in search_words(text) if word in _FORM_OF}


def amount(number: str, unit: str) -> str:
    """An amount written in one way whatever its unit; empty for one that can be read in two.

    `1,000` may be one or a thousand, and nobody guesses at a strength; `0.125` can be only one thing.
    """
    whole, _, part = number.replace(",", ".").partition(".")
    if (len(part) == 3 and whole != "0") or (len(whole) > 1 and whole[0] == "0"):
        return ""
    of, size = _OF_UNIT[unit]
    exact = Decimal(f"{whole}.{part or 0}") * size
    return f"{of}:{exact.normalize():f}"
