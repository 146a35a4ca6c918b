"""How far off the forecast of a group may be on a day: of a medicine over pharmacies, of a pharmacy, of all items.

Errors that items have by themselves cancel out, those they share (a season that comes late, a level that rises
everywhere) add up. Half-widths of the first kind add up as the root of their squares, those of the second plainly. One
number stands between: the part that is shared, the least with which eight of ten past days of groups lay in their band.
Why one number is enough, and why totals have none: decision 26.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.dataset import Flags, Floats, Item
from models.evaluation import Origins
from models.held_against import HALF_PACK
from models.quantiles import HIGH, LOW, ORIGINS, Past, day_quantiles

LEAST_ITEMS = 2
"""Fewer are no group."""
STEPS = 10
"""Halvings of 0 to 1 that the shared part is found in: to a thousandth."""


@dataclass(frozen=True)
class GroupBand:
    """Which part of items' errors is `shared` (0 to 1), and which share of groups' days lay in bands of such a part.

    `inside` is of the reported origins, with the part found on those before them; None where nothing was scored.
    """

    shared: float
    inside: float | None


@dataclass(frozen=True)
class GroupDays:
    """What was told of groups, and what came: origins by groups by days ahead, NaN where a group has too few items.

    `below` and `above` are the half-widths of a group's items, added up; `below_squares` and `above_squares` the squares
    of them, added up. Thousandths of a pack.
    """

    told: Floats
    came: Floats
    below: Floats
    above: Floats
    below_squares: Floats
    above_squares: Floats

    def inside(self, shared: float, origins: slice) -> Flags:
        """Of every known day at those origins, whether it was in the band that this shared part makes."""
        is_known = np.isfinite(self.told[origins])
        told, came, below, above, below_squares, above_squares = (
            values[origins][is_known]
            for values in (
                self.told, self.came, self.below, self.above, self.below_squares, self.above_squares,
            )
        )  # fmt: skip
        low = np.maximum(told - half_width(below, below_squares, shared), 0)
        high = told + half_width(above, above_squares, shared)
        result: Flags = (came >= low - HALF_PACK) & (came <= high + HALF_PACK)
        return result


def half_width(added: Floats, squares: Floats, shared: float) -> Floats:
    """A group's half-width, of its items' half-widths added up and of their squares added up."""
    result: Floats = np.sqrt((1 - shared) * squares + shared * added**2)
    return result


def group_band_of(past: Past, items: Sequence[Item], origins: Origins) -> GroupBand | None:
    """What groups are told at the last origin, by all that was over by then.

    None where there is no group, or where the past is too short to choose methods on: no part could be tried out.
    """
    kinds = list(_kinds(past, items))
    newest = slice(max(0, len(past.told) - 1 - ORIGINS), None)
    shared, before = _shared(kinds, newest), _shared(kinds, origins.chosen)
    if shared is None or before is None:
        return None
    held = np.concatenate([kind.inside(before, origins.reported) for kind in kinds])
    return GroupBand(shared, float(held.mean()) if held.size else None)


def _shared(kinds: Sequence[GroupDays], origins: slice) -> float | None:
    """The part of the kind of group that needs the largest; None without a group."""
    parts = [_least(kind, origins) for kind in kinds if kind.inside(0, origins).size]
    return max(parts, default=None)


def _least(kind: GroupDays, origins: slice) -> float:
    """The least part with which enough days lay inside; 1 where none is enough."""

    def is_enough(shared: float) -> bool:
        return float(kind.inside(shared, origins).mean()) >= HIGH - LOW

    if is_enough(0.0):
        return 0.0
    too_small, enough = 0.0, 1.0
    for _ in range(STEPS):
        middle = (too_small + enough) / 2
        if is_enough(middle):
            enough = middle
        else:
            too_small = middle
    return enough


def _kinds(past: Past, items: Sequence[Item]) -> Iterator[GroupDays]:
    """Medicines over all pharmacies, pharmacies over all medicines, and all items together."""
    low, high = day_quantiles(past, LOW), day_quantiles(past, HIGH)
    is_known = np.isfinite(past.told) & np.isfinite(past.came) & np.isfinite(low)
    is_known &= np.isfinite(high)
    # As it is told: about what is expected, and no band where that is nothing.
    has_band = is_known & (past.told > 0)
    below = np.where(has_band, np.clip(past.told - low, 0, past.told), 0)
    above = np.where(has_band, np.maximum(high - past.told, 0), 0)
    told, came = (np.where(is_known, values, 0) for values in (past.told, past.came))
    for names in (
        [medicine for _, medicine in items], [pharmacy for pharmacy, _ in items], [None] * len(items),
    ):  # fmt: skip
        number = {name: at for at, name in enumerate(dict.fromkeys(names))}
        rows = np.array([number[name] for name in names], dtype=int)
        is_group = _added(is_known.astype(float), rows) >= LEAST_ITEMS
        yield GroupDays(
            *(
                np.where(is_group, _added(values, rows), np.nan)
                for values in (told, came, below, above, below**2, above**2)
            )
        )


def _added(values: Floats, rows: npt.NDArray[np.int_]) -> Floats:
    """Items added up by the group whose number each has."""
    order = np.argsort(rows, kind="stable")
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    result: Floats = np.add.reduceat(values[:, order], first, axis=1)
    return result
