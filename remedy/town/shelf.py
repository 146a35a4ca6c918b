"""The medicines of the town: real substances and ATC codes, invented brands and prices."""

from dataclasses import dataclass
from functools import cache

from remedy.town.cast import Size, rows


@dataclass(frozen=True)
class TownMedicine:
    """A medicine and how the town buys it; `key` is its number in the town's register.

    `packs_a_day` says how much is wanted beside others, `trend` what that is multiplied by in a year (in a
    small town: until the end), `season` when it is wanted most (winter, spring, summer, or never more than
    else). Where `is_kept` is False no pharmacy keeps it: it is only asked for.
    """

    key: str
    generic_name: str
    brand_name: str
    strength: str
    form: str
    pack: str
    atc_code: str
    is_prescription_only: bool
    is_controlled: bool
    price_minor: int
    packs_a_day: float
    trend: float
    season: str
    is_kept: bool


@cache
def medicines(size: Size) -> tuple[TownMedicine, ...]:
    """The medicines of a town of that size, in the order of the list."""
    found = [
        TownMedicine(
            key=f"{number:03d}",
            generic_name=row["generic_name"],
            brand_name=row["brand_name"],
            strength=row["strength"],
            form=row["form"],
            pack=row["pack"],
            atc_code=row["atc_code"],
            is_prescription_only=row["is_prescription_only"] == "yes",
            is_controlled=row["is_controlled"] == "yes",
            price_minor=int(row["price_minor"]),
            packs_a_day=float(row["packs_a_day"]),
            trend=float(row["trend"]),
            season=row["season"],
            is_kept=row["is_kept"] == "yes",
        )
        for number, row in enumerate(rows("medicines"), 1)
    ]
    return tuple(found[: size.medicines])
