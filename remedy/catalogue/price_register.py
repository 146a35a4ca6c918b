"""One record of the South African register of single exit prices as a medicine, with what is odd about it.

The register cuts names, spells codes in several ways, gives packs of 0 and prices off by a unit, and lists
devices among the medicines. Nothing of that is a reason to refuse a record: it is kept, and flagged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from remedy.catalogue.model import PACK_IN_DOUBT, UNKNOWN_STRENGTH, NewMedicine
from remedy.values import minor_of

COLUMNS = (
    "product_id", "nappi_code", "regno", "name", "schedule", "dosage_form", "pack_size", "num_packs",
    "sep_zar", "is_generic", "n_ingredients", "ingredients",
)  # fmt: skip
SOURCE = "sa-medicine-prices"
CURRENCY = "ZAR"

CUT_AT = 40
CHEAPEST_MINOR = 100
UNIT_PRICE_FACTOR = 20
"""A price per unit so many times off the median of its like is probably one of another unit."""

UNIT_PRICE_PEERS = 3
UNIT_PRICE_OFF = "price per unit far from that of its like"
PRESCRIPTION_FROM, CONTROLLED_FROM = 3, 6
_LENGTHS = {"generic_name": 300, "brand_name": 120, "strength": 120, "form": 60, "pack": 60}
_FORMS = {
    "tabs": "tab", "tablet": "tab", "tablets": "tab", "caps": "cap", "cps": "cap", "crm": "cre",
    "injection": "inj", "solution": "sol", "sln": "sol", "drp": "dro", "pdr": "pow",
}  # fmt: skip
"""Spellings of one code; which of them are one form of a medicine is said by nobody, so no others are joined."""

_FORM_WORDS = {
    "cap": "capsule", "chu": "chewable tablet", "cre": "cream", "dro": "drops",
    "dsp": "dispersible tablet", "ear": "ear drops", "ect": "enteric-coated tablet",
    "eft": "effervescent tablet", "ene": "enema", "eyo": "eye ointment", "fct": "film-coated tablet",
    "gel": "gel", "gra": "granules", "imp": "implant", "inf": "infusion", "inh": "inhaler",
    "inj": "injection", "liq": "liquid", "lot": "lotion", "loz": "lozenge", "mow": "mouth wash",
    "nas": "nasal spray", "nod": "nose drops", "odt": "orodispersible tablet", "oin": "ointment",
    "opd": "eye drops", "pfs": "pre-filled syringe", "poi": "powder for injection", "pow": "powder",
    "ptd": "transdermal patch", "sac": "sachet", "sha": "shampoo", "slt": "sublingual tablet",
    "sol": "solution", "spr": "spray", "src": "slow-release capsule", "srt": "slow-release tablet",
    "sup": "suppository", "sus": "suspension", "syr": "syrup", "tab": "tablet",
    "tpn": "parenteral nutrition", "vac": "vaccine", "vat": "vaginal tablet", "vcr": "vaginal cream",
}  # fmt: skip
"""What the register's codes mean, where that is plain; that a medicine is slow-release must be told by word."""

_DEVICE_FORMS = {"deb", "des", "iud", "zzz", "dmy", "ces"}
_DEVICE_WORDS = re.compile(
    r"\b(stent|catheter|intrauterine|viscoelastic|bone cement|collagen)\b", re.IGNORECASE
)
_STRENGTH = re.compile(
    r"^(?P<name>.*?\S)\s+(?P<strength>\d[\d.,]*\s*\S*(?:\s?/\s?\S+)?)$", re.DOTALL
)

Doubts = list[tuple[str, str]]
"""Reason (one of few, to be counted) and the detail of this record."""


def read(record: Mapping[str, str], prices: "UnitPrices") -> tuple[NewMedicine, Doubts]:
    """The medicine of a record, and its doubts.

    Raises:
        ValueError: with a sentence, if the record names no product.
    """
    doubts: Doubts = []
    key, name = record["nappi_code"].strip(), _blanks(record["name"])
    if not key or not name:
        raise ValueError("It has no NAPPI code or no name.")
    if not key.isdigit() or len(key) not in {9, 10}:
        doubts.append(("NAPPI code of an unusual form", key))
    if len(record["name"].rstrip("\r\n")) == CUT_AT:
        doubts.append((f"name probably cut at {CUT_AT} characters", name))
    if any(not letter.isprintable() and letter != "\xa0" for letter in record["name"]):
        doubts.append(("control characters in the name", name))
    schedule = _schedule(record["schedule"], doubts)
    generic_name, strength = _ingredients(record, doubts)
    form_code = _form_code(record["dosage_form"], doubts)
    form = _FORM_WORDS.get(form_code, _blanks(record["dosage_form"]))
    if form_code in _DEVICE_FORMS or _DEVICE_WORDS.search(name):
        doubts.append(("looks like a device, not a medicine", f"{name}, {form}"))
    texts = {
        "generic_name": generic_name,
        "brand_name": name,
        "strength": strength,
        "form": form,
        "pack": _pack(record, doubts),
    }
    price = _price(record, prices, doubts)
    if texts["pack"] and any(reason == UNIT_PRICE_OFF for reason, _ in doubts):
        # Of a price and a number of units that do not fit each other, either may be wrong. The price is shown
        # nowhere; the size is, and without it packs of 10 and of 100 would be called alike.
        texts["pack"] = f"{texts['pack']} {PACK_IN_DOUBT}"
    for column, text in texts.items():
        if text and len(text) > _LENGTHS[column]:
            doubts.append((f"{column} longer than {_LENGTHS[column]} characters, cut", text))
            texts[column] = text[: _LENGTHS[column] - 1] + "…"
    made = NewMedicine(
        generic_name=texts["generic_name"] or name,
        brand_name=texts["brand_name"],
        strength=texts["strength"],
        form=texts["form"],
        pack=texts["pack"],
        is_prescription_only=schedule is None or schedule >= PRESCRIPTION_FROM,
        is_controlled=schedule is not None and schedule >= CONTROLLED_FROM,
        source=SOURCE,
        source_key=key,
        reference_price_minor=price,
        reference_currency=None if price is None else CURRENCY,
    )
    return flagged(made, doubts), doubts


def flagged(made: NewMedicine, doubts: Doubts) -> NewMedicine:
    """The medicine with these doubts written on it."""
    return replace(made, doubts=tuple(f"{reason}: {detail}" for reason, detail in doubts))


@dataclass
class UnitPrices:
    """Prices per unit of records alike (same ingredients, same form), to find those off by a unit."""

    by_like: dict[tuple[str, str], list[Decimal]] = field(default_factory=dict)

    def note(self, record: Mapping[str, str]) -> None:
        """Take a record's price in, if it has one."""
        price = self._of(record)
        if price is not None:
            self.by_like.setdefault(self._like(record), []).append(price)

    def is_off(self, record: Mapping[str, str]) -> bool:
        """Whether a record's price per unit is far from the median of its like."""
        price = self._of(record)
        peers = self.by_like.get(self._like(record), [])
        if price is None or len(peers) < UNIT_PRICE_PEERS:
            return False
        median = sorted(peers)[len(peers) // 2]
        return price > median * UNIT_PRICE_FACTOR or price * UNIT_PRICE_FACTOR < median

    def _like(self, record: Mapping[str, str]) -> tuple[str, str]:
        return (_blanks(record["ingredients"]).casefold(), record["dosage_form"].strip().casefold())

    def _of(self, record: Mapping[str, str]) -> Decimal | None:
        price = _number(record["sep_zar"])
        units = [_number(record[name]) for name in ("pack_size", "num_packs")]
        if price is None or None in units or price <= 0:
            return None
        count = Decimal(1)
        for unit in units:
            count *= unit or Decimal(1)
        return price / count if count > 0 else None


def _schedule(written: str, doubts: Doubts) -> int | None:
    found = sorted({int(digit) for digit in re.findall(r"S\s*(\d)", written.upper())})
    if not found:
        doubts.append(("schedule unknown, taken as on prescription only", written))
        return None
    if written != f"S{found[-1]}":
        doubts.append(("schedule spelled in another way, the strictest taken", written))
    return found[-1]


def _form_code(written: str, doubts: Doubts) -> str:
    code = _blanks(written).casefold()
    plain = _FORMS.get(code, code)
    if plain != code:
        doubts.append(("form spelled in another way", written))
    return plain


def _pack(record: Mapping[str, str], doubts: Doubts) -> str | None:
    size, count = _number(record["pack_size"]), _number(record["num_packs"])
    if size is None or count is None or size <= 0 or count <= 0:
        doubts.append(("pack size of 0 or below", f"{record['pack_size']} x {record['num_packs']}"))
        return None
    return _plain(size) if count == 1 else f"{_plain(count)} x {_plain(size)}"


def _price(record: Mapping[str, str], prices: UnitPrices, doubts: Doubts) -> int | None:
    written = record["sep_zar"].strip()
    try:
        price = minor_of(written)
    except ValueError:
        price = 0
    if price <= 0:
        doubts.append(("no price that can be read", written))
        return None
    if price < CHEAPEST_MINOR:
        doubts.append((f"price below 1 {CURRENCY}", written))
    elif prices.is_off(record):
        doubts.append((UNIT_PRICE_OFF, written))
    return price


def _ingredients(record: Mapping[str, str], doubts: Doubts) -> tuple[str, str | None]:
    """The ingredients' names and strengths, each ingredient once, by name: the register has no order of its own.

    Two medicines of the same ingredients are so told alike, and their strengths are those of the same ones.
    """
    strengths: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    parts = [_blanks(part) for part in record["ingredients"].split(" + ") if part.strip()]
    for part in parts:
        found = _STRENGTH.match(part)
        name, strength = (found["name"], found["strength"]) if found else (part, "")
        like = name.casefold()
        if like in names:
            doubts.append(("ingredient named twice", name))
        names.setdefault(like, name)
        known = strengths.setdefault(like, [])
        if "zzz" in strength.casefold():
            # What the register writes where it knows no unit: a number alone is no strength.
            doubts.append(("strength without a unit", part))
            strength = ""
        if strength and _plain_strength(strength) not in known:
            known.append(_plain_strength(strength))
    if record["n_ingredients"].strip() != str(len(parts)):
        doubts.append(("number of ingredients differs from their list", record["n_ingredients"]))
    given = [" and ".join(strengths[like]) or UNKNOWN_STRENGTH for like in sorted(strengths)]
    is_known = any(strengths.values())
    return " + ".join(names[like] for like in sorted(names)), " + ".join(
        given
    ) if is_known else None


def _plain_strength(strength: str) -> str:
    # One spelling of millionths of a gram: two letters µ, and ug, are in the register too.
    plain = re.sub(r"(?<=[\d.\s])(?:µg|μg|ug)(?![a-z])", "mcg", strength, flags=re.IGNORECASE)
    return re.sub(r"(\d+)\.0+(?=\D|$)", r"\1", plain)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _blanks(text: str) -> str:
    return " ".join(text.split())
