"""One table of items by days: what was asked for, and what else is known of every day.

Demand is what was sold and what was refused for want of stock, in thousandths of a pack. A day on which the whole
pharmacy sold nothing is a closed day, and no demand can be read from it. On a day on which the shelf was empty demand
was at least what is seen (`models.shelves`). Searches that found nothing stand beside it and are no part of it: who
looks may look twice, and buy elsewhere.
"""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.shelves import Flags, Floats, Places

Item = tuple[UUID, UUID]
"""A medicine at a pharmacy: (pharmacy_id, medicine_id)."""

AHEAD = 28
"""Days after a panel whose holidays it knows."""


@dataclass(frozen=True)
class Signs:
    """What else is known of a panel's items and days.

    `refused` is the part of demand that was refused, `searched` how many searches for the medicine from the
    pharmacy's district found nothing. `is_censored`, `is_empty` and `learned` are as in `models.shelves`;
    `is_alerted` marks days on which the pharmacy was told that the item will run out.
    """

    refused: npt.NDArray[np.float32]
    searched: npt.NDArray[np.float32]
    is_alerted: Flags
    is_censored: Flags
    is_empty: Flags
    learned: Floats

    def until(self, day_count: int) -> "Signs":
        """Of the first `day_count` days."""
        return Signs(*(getattr(self, name.name)[:, :day_count] for name in fields(self)))

    def some(self, rows: Places) -> "Signs":
        """Of the items in those rows."""
        return Signs(*(getattr(self, name.name)[rows] for name in fields(self)))


@dataclass(frozen=True)
class Calendar:
    """What is known ahead of when pharmacies open.

    `is_holiday` is items by the panel's days and `AHEAD` more: public holidays where the pharmacy is. `is_shut` is items
    by weekdays (Monday first): the pharmacy's own hours, as they are now, leave that weekday out.
    """

    is_holiday: Flags
    is_shut: Flags


@dataclass(frozen=True)
class Panel:
    """Demand of every item on every day, without gaps.

    `demand`, `is_known` and `is_open` have a row per item and a column per day from `first_day` on.
    `demand` is in thousandths of a pack; `is_known` is false before the item's first row and on masked
    days; `is_open` is true on known days on which the pharmacy sold anything. `signs` and `calendar` are None where
    nothing is known of shelves, alerts, hours and holidays.
    """

    items: tuple[Item, ...]
    first_day: date
    demand: Floats
    is_known: Flags
    is_open: Flags
    signs: Signs | None = None
    calendar: Calendar | None = None

    @property
    def day_count(self) -> int:
        """How many days the panel covers."""
        return int(self.demand.shape[1])

    @property
    def last_day(self) -> date:
        """The last day it covers."""
        return self.first_day + timedelta(days=self.day_count - 1)

    @property
    def is_censored(self) -> Flags:
        """Where the shelf was empty for some of an open day: demand was at least what is seen."""
        return self._nowhere() if self.signs is None else self.signs.is_censored

    @property
    def is_alerted(self) -> Flags:
        """Where the pharmacy had been told that the item will run out."""
        return self._nowhere() if self.signs is None else self.signs.is_alerted

    @property
    def is_scored(self) -> Flags:
        """Days whose demand is the whole truth: known, on a full shelf, and moved by no warning of ours."""
        if self.signs is None:
            return self.is_known
        return self.is_known & ~self.signs.is_censored & ~self.signs.is_alerted

    @property
    def is_taught(self) -> Flags:
        """Known days, closed ones too, but not those that began with an empty shelf."""
        return self.is_known if self.signs is None else self.is_known & ~self.signs.is_empty

    @property
    def is_learned(self) -> Flags:
        """Open days that demand can be learned from: all but those that began with an empty shelf."""
        return self.is_open if self.signs is None else self.is_open & ~self.signs.is_empty

    @property
    def learned(self) -> Floats:
        """Demand to learn from: what was seen, or the usual where the shelf ran out below that."""
        return self.demand if self.signs is None else self.signs.learned

    def until(self, day_count: int) -> "Panel":
        """The same items as they were known after the first `day_count` days."""
        signs, calendar = self.signs, self.calendar
        if calendar is not None:
            # Hours are those of today: before, nobody could know them.
            is_shut = calendar.is_shut & (day_count >= self.day_count)
            calendar = Calendar(calendar.is_holiday[:, : day_count + AHEAD], is_shut)
        return Panel(
            self.items,
            self.first_day,
            self.demand[:, :day_count],
            self.is_known[:, :day_count],
            self.is_open[:, :day_count],
            None if signs is None else signs.until(day_count),
            calendar,
        )

    def some(self, rows: npt.NDArray[np.int_]) -> "Panel":
        """Only the items in those rows."""
        signs, calendar = self.signs, self.calendar
        return Panel(
            tuple(self.items[row] for row in rows),
            self.first_day,
            self.demand[rows],
            self.is_known[rows],
            self.is_open[rows],
            None if signs is None else signs.some(rows),
            None
            if calendar is None
            else Calendar(calendar.is_holiday[rows], calendar.is_shut[rows]),
        )

    def tidy(self) -> pd.DataFrame:
        """A row per pharmacy, medicine and known day, for people and for checks."""
        item, day = np.nonzero(self.is_known)
        first = pd.Timestamp(self.first_day)
        columns: dict[str, Any] = {
            "pharmacy_id": [self.items[i][0] for i in item],
            "medicine_id": [self.items[i][1] for i in item],
            "day": first + pd.to_timedelta(day, unit="D"),
            "demand_milli": self.demand[item, day],
            "is_open": self.is_open[item, day],
        }
        if self.signs is not None:
            refused = self.signs.refused[item, day]
            columns |= {
                "sold_milli": columns["demand_milli"] - refused,
                "refused_milli": refused,
                "failed_searches": self.signs.searched[item, day],
                "is_censored": self.signs.is_censored[item, day],
                "is_empty": self.signs.is_empty[item, day],
                "is_alerted": self.signs.is_alerted[item, day],
                "is_scored": self.is_scored[item, day],
            }
        if self.calendar is not None:
            columns["is_holiday"] = self.calendar.is_holiday[item, day]
        return pd.DataFrame(columns)

    def _nowhere(self) -> Flags:
        return np.broadcast_to(np.False_, self.demand.shape)
