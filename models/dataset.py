"""What was sold, as one table of items by days: `agg_daily_demand` in, a `Panel` out.

Demand is what was sold and what was refused for want of stock, in thousandths of a pack. A day without a
row is a day without demand; a day on which the whole pharmacy sold nothing is a closed day, and no
demand can be read from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa

from remedy.schema.pipeline import agg_daily_demand, aggregated_day

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Item = tuple[UUID, UUID]
"""A medicine at a pharmacy: (pharmacy_id, medicine_id)."""

COLUMNS = ("pharmacy_id", "medicine_id", "day", "sold_milli", "refused_milli")
COUNTED = "stock-movements"
"""The topic whose days `agg_daily_demand` is counted from."""


@dataclass(frozen=True)
class Panel:
    """Demand of every item on every day, without gaps.

    `demand`, `is_known` and `is_open` have a row per item and a column per day from `first_day` on.
    `demand` is in thousandths of a pack; `is_known` is false before the item's first row and on masked
    days; `is_open` is true on known days on which the pharmacy sold anything.
    """

    items: tuple[Item, ...]
    first_day: date
    demand: Floats
    is_known: Flags
    is_open: Flags

    @property
    def day_count(self) -> int:
        """How many days the panel covers."""
        return int(self.demand.shape[1])

    @property
    def last_day(self) -> date:
        """The last day it covers."""
        return self.first_day + timedelta(days=self.day_count - 1)

    def until(self, day_count: int) -> "Panel":
        """The same items as they were known after the first `day_count` days."""
        return Panel(
            self.items,
            self.first_day,
            self.demand[:, :day_count],
            self.is_known[:, :day_count],
            self.is_open[:, :day_count],
        )

    def some(self, rows: npt.NDArray[np.int_]) -> "Panel":
        """Only the items in those rows."""
        return Panel(
            tuple(self.items[row] for row in rows),
            self.first_day,
            self.demand[rows],
            self.is_known[rows],
            self.is_open[rows],
        )

    def tidy(self) -> pd.DataFrame:
        """A row per pharmacy, medicine and known day, for people and for checks."""
        item, day = np.nonzero(self.is_known)
        first = pd.Timestamp(self.first_day)
        return pd.DataFrame(
            {
                "pharmacy_id": [self.items[i][0] for i in item],
                "medicine_id": [self.items[i][1] for i in item],
                "day": first + pd.to_timedelta(day, unit="D"),
                "demand_milli": self.demand[item, day],
                "is_open": self.is_open[item, day],
            }
        )


def last_closed_day(connection: sa.Connection) -> date | None:
    """The last day that is over everywhere and was counted; None before the first count."""
    query = sa.select(sa.func.max(aggregated_day.c.day)).where(
        aggregated_day.c.kind == COUNTED, sa.not_(aggregated_day.c.is_open)
    )
    found: date | None = connection.execute(query).scalar()
    return found


def read_panel(connection: sa.Connection, until: date) -> Panel:
    """Everything counted, up to and with the day `until`."""
    table = agg_daily_demand.c
    query = sa.select(*(table[name] for name in COLUMNS)).where(table.day <= until)
    return panel_of(pd.DataFrame(connection.execute(query).all(), columns=COLUMNS), until=until)


def panel_of(rows: pd.DataFrame, *, until: date, masked: Iterable[tuple[date, date]] = ()) -> Panel:
    """The panel of a frame with `COLUMNS`, one row per item and day with anything counted.

    `masked` are stretches (first and last day) that are not observations and count neither for learning
    nor for scoring.
    """
    if rows.empty:
        nothing = np.zeros((0, 0), dtype=bool)
        return Panel((), until, np.zeros((0, 0)), nothing, nothing)
    first_day = min(rows["day"])
    days = (until - first_day).days + 1
    items = tuple(sorted(set(zip(rows["pharmacy_id"], rows["medicine_id"], strict=True))))
    row_of = {item: place for place, item in enumerate(items)}
    place = np.array(
        [row_of[item] for item in zip(rows["pharmacy_id"], rows["medicine_id"], strict=True)]
    )
    column = np.array([(day - first_day).days for day in rows["day"]])
    sold = rows["sold_milli"].to_numpy(dtype=float)
    demand = np.zeros((len(items), days))
    demand[place, column] = sold + rows["refused_milli"].to_numpy(dtype=float)

    began = np.full(len(items), days)
    np.minimum.at(began, place, column)
    is_known = np.arange(days) >= began[:, None]
    for first, last in masked:
        start = max(0, (first - first_day).days)
        is_known[:, start : max(start, (last - first_day).days + 1)] = False
    return Panel(
        items,
        first_day,
        demand,
        is_known,
        is_known & _sold_anything(items, place, column, sold, days),
    )


def _sold_anything(
    items: tuple[Item, ...],
    place: npt.NDArray[np.int_],
    column: npt.NDArray[np.int_],
    sold: Floats,
    days: int,
) -> Flags:
    pharmacies = sorted({pharmacy for pharmacy, _ in items})
    number = {pharmacy: at for at, pharmacy in enumerate(pharmacies)}
    of_item = np.array([number[pharmacy] for pharmacy, _ in items])
    is_open = np.zeros((len(pharmacies), days), dtype=bool)
    has_sale = sold > 0
    is_open[of_item[place[has_sale]], column[has_sale]] = True
    result: Flags = is_open[of_item]
    return result
