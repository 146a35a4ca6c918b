"""Medicines as values: what one is, the words it is found by, how far a pharmacy is. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import asin, cos, radians, sin, sqrt
from uuid import UUID

from remedy.catalogue.hours import Opening
from remedy.stock.model import medicine_label

EARTH_RADIUS_KM = 6371.0088
MAX_WORD = 80
MAX_SEARCH_WORDS = 8
MAX_SEARCH_LENGTH = 200
_WORD = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+")


@dataclass(frozen=True)
class Medicine:
    """A medicine: a product one can buy, or (`kind` is `group`) sales told by ATC group only."""

    medicine_id: UUID
    kind: str
    generic_name: str
    brand_name: str | None
    strength: str | None
    form: str | None
    pack: str | None
    atc_code: str | None
    is_prescription_only: bool
    is_controlled: bool

    @cached_property
    def label(self) -> str:
        """The medicine on one line."""
        return medicine_label(
            self.generic_name, self.brand_name, self.strength, self.form, self.pack
        )


UNKNOWN_STRENGTH = "unknown"
"""Stands for the strength of one ingredient among others, so that theirs are not taken for its."""

PACK_IN_DOUBT = "(pack size in doubt)"
"""Stands in a medicine's pack, after the size its register gives, wherever that is shown."""


@dataclass(frozen=True)
class NewMedicine:
    """A medicine to be added, with where it was imported from and what looked doubtful there.

    `source` and `source_key` name the register and the record in it; adding the same record again updates
    it. The reference price is the register's, in its own currency, and no pharmacy's price.
    """

    generic_name: str
    kind: str = "product"
    brand_name: str | None = None
    strength: str | None = None
    form: str | None = None
    pack: str | None = None
    atc_code: str | None = None
    is_prescription_only: bool = False
    is_controlled: bool = False
    source: str | None = None
    source_key: str | None = None
    reference_price_minor: int | None = None
    reference_currency: str | None = None
    doubts: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words it is found by."""
        texts = (self.generic_name, self.brand_name, self.strength, self.form, self.pack)
        return search_words(" ".join(text for text in (*texts, self.atc_code) if text))


@dataclass(frozen=True)
class Offer:
    """A verified pharmacy that keeps a medicine, and what it has of it now.

    `price_minor` is None where the pharmacy has set no price; `distance_km` is the great circle from where
    the search was made, None where that is not known; `as_of` is when this was last told. `is_doubtful` says
    that more was sold than the figure knew of, so that the shelf waits to be counted. `opening` is None where
    the hours are not known, `verified_at` when the licence was looked at; `source` and `source_as_of` are as in
    `Pharmacy`.
    """

    pharmacy_id: UUID
    name: str
    address: str
    phone: str | None
    district: str
    licence: str
    verified_at: datetime
    latitude: float
    longitude: float
    time_zone: str
    price_minor: int | None
    available_milli: int
    is_doubtful: bool
    distance_km: float | None
    as_of: datetime
    opening: Opening | None
    source: str | None = None
    source_as_of: str | None = None

    @property
    def has_it(self) -> bool:
        """Whether there is something to be had, as far as is known."""
        return self.available_milli > 0


@dataclass(frozen=True)
class OnShelf:
    """A medicine that a pharmacy has, as `Offer` says it."""

    medicine: Medicine
    price_minor: int | None
    available_milli: int
    is_doubtful: bool
    as_of: datetime


def search_words(text: str) -> list[str]:
    """The different words of a text as they are compared; see `compared_words`."""
    return list(dict.fromkeys(compared_words(text)))


def compared_words(text: str) -> list[str]:
    """Every word of a text as it is compared: no case, no accents, numbers apart from units.

    `500mg` is `500` and `mg`, so that it is found as `500 mg` too; `20.0` is `20`, `2,5` is `2.5`.
    """
    return [_plain(found.group()) for found in _WORD.finditer(folded(text))]


def folded(text: str) -> str:
    """A text as it is compared: without case, accents and the letters' typographic forms; twice is as once."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(letter)
    )
    # What a sign such as \u2122 is written out as may be capitals.
    return plain.casefold()


def _plain(word: str) -> str:
    if word[0].isdecimal() and word.isascii():
        whole, _, part = word.replace(",", ".").partition(".")
        part = part.rstrip("0")
        word = f"{whole}.{part}" if part else whole
    return word[:MAX_WORD]


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle between two points given as degrees (latitude, longitude)."""
    (lat_1, lon_1), (lat_2, lon_2) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((lat_2 - lat_1) / 2) ** 2
    half += cos(lat_1) * cos(lat_2) * sin((lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))
