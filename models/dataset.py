"""What was counted, made a `Panel` of: `agg_daily_demand` and what stands beside it in.

A day without a row of demand is a day without demand. Whole days of a pharmacy that are not observations but
estimates (`imputed_days`) are masked: nobody learns from them, and nobody is scored on them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import numpy as np
import pandas as pd
import sqlalchemy as sa

from models.opening import read_calendar
from models.panel import Item as Item
from models.panel import Panel as Panel
from models.panel import Signs
from models.shelves import Flags as Flags
from models.shelves import Floats as Floats
from models.shelves import Places, moved_of, shelves_of
from remedy.schema.pipeline import aggregated_day

COLUMNS = ("pharmacy_id", "medicine_id", "day", "sold_milli", "refused_milli")
UNCOVERED = "uncovered_milli"
"""A column more that rows of demand may have: what was sold beyond the books."""
COUNTED = "stock-movements"
"""The topic whose days `agg_daily_demand` is counted from."""
WHOLE_SHARE, LEAST_SALES = 0.75, 20
"""An item is sold by whole packs when so many of its days with a sale, and of so many, show whole packs."""

_demand = sa.text(
    "SELECT pharmacy_id, medicine_id, day, sold_milli, refused_milli, uncovered_milli"
    " FROM agg_daily_demand WHERE day <= :until"
)
# A shelf that was empty neither before nor after any movement of a day says nothing here.
_shelves = sa.text(
    "SELECT pharmacy_id, medicine_id, day, opening_milli, closing_milli"
    " FROM agg_daily_stock WHERE day <= :until AND lowest_milli <= 0"
)
_searches = sa.text(
    "SELECT p.public_id, u.medicine_id, u.day, SUM(u.search_count) FROM agg_daily_unmet_demand u"
    " JOIN known_pharmacy p ON p.district = u.district"
    " WHERE u.day <= :until AND u.medicine_id <> :nothing GROUP BY p.public_id, u.medicine_id, u.day"
)
_alerts = sa.text("SELECT pharmacy_id, medicine_id, day FROM stock_alert_day WHERE day <= :until")


@dataclass(frozen=True)
class Beside:
    """What stands beside demand: frames with a row per day and item (searches: per day, item's pharmacy and medicine).

    `shelves` has opening_milli and closing_milli of days on which a shelf was empty before, after or between
    movements, `searches` search_count, `alerts` nothing more; all have pharmacy_id, medicine_id and day.
    """

    shelves: pd.DataFrame
    searches: pd.DataFrame
    alerts: pd.DataFrame


def last_closed_day(connection: sa.Connection) -> date | None:
    """The last day that is over everywhere and was counted; None before the first count."""
    query = sa.select(sa.func.max(aggregated_day.c.day)).where(
        aggregated_day.c.kind == COUNTED, sa.not_(aggregated_day.c.is_open)
    )
    found: date | None = connection.execute(query).scalar()
    return found


def read_panel(connection: sa.Connection, until: date, *, with_searches: bool = False) -> Panel:
    """Everything counted, up to and with the day `until`, with empty shelves, alerts and holidays.

    Failed searches are none unless they are asked for: only the tidy row shows them, and no model learns from them.
    """

    def rows(query: sa.TextClause, *more: str, **values: object) -> pd.DataFrame:
        found = connection.execute(query, {"until": until, **values}).all()
        return pd.DataFrame(found, columns=[*COLUMNS[:3], *more])

    demand = rows(_demand, *COLUMNS[3:], UNCOVERED)
    if demand.empty:
        return panel_of(demand, until=until)
    beside = Beside(
        rows(_shelves, "opening_milli", "closing_milli"),
        rows(_searches, "search_count", nothing=bytes(16))
        if with_searches
        else pd.DataFrame(columns=[*COLUMNS[:3], "search_count"]),
        rows(_alerts),
    )
    panel = panel_of(demand, until=until, beside=beside)
    return replace(panel, calendar=read_calendar(connection, panel))


def panel_of(
    rows: pd.DataFrame,
    *,
    until: date,
    masked: Iterable[tuple[date, date]] = (),
    beside: Beside | None = None,
) -> Panel:
    """The panel of a frame with `COLUMNS`, one row per item and day with anything counted.

    Of rows for the same item and day the last counts, and a negative one is a day without demand.

    `masked` are stretches (first and last day) that are not observations and count neither for learning
    nor for scoring. Of what stands `beside`, items without any row of demand are left out.
    """
    if rows.empty:
        nothing = np.zeros((0, 0), dtype=bool)
        return Panel((), until, np.zeros((0, 0)), nothing, nothing)
    days_of = rows["day"].to_numpy(dtype="datetime64[D]")
    first_day: date = days_of.min().item()
    days = (until - first_day).days + 1
    keys = _Keys.of(rows)
    place = keys.places(rows)
    column = (days_of - days_of.min()).astype(int)
    sold, refused = _placed(rows, place, column, (len(keys.items), days))
    demand = np.maximum(sold + refused, 0)

    began = np.full(len(keys.items), days)
    np.minimum.at(began, place, column)
    is_known = np.arange(days) >= began[:, None]
    for first, last in masked:
        start = max(0, (first - first_day).days)
        is_known[:, start : max(start, (last - first_day).days + 1)] = False
    is_known &= ~imputed_days(keys, sold)
    is_open = is_known & keys.shared_by_pharmacy(sold > 0)
    panel = Panel(keys.items, first_day, demand, is_known, is_open)
    if beside is None:
        return panel
    uncovered = np.zeros(demand.shape)
    if UNCOVERED in rows:
        uncovered[place, column] = rows[UNCOVERED].to_numpy(dtype=float)
    return _with_signs(panel, keys, refused, uncovered, beside)


def imputed_days(keys: "_Keys", sold: Floats) -> Flags:
    """Items by days: days of a pharmacy that are estimates, not sales.

    Who fills a gap with means gets fractions: on such a day at least half of the items that sell by whole packs, and
    sold, show one. A till that now and then sells part of a pack does not.
    """
    is_sold, is_part = sold > 0, (sold > 0) & (sold % 1000 != 0)
    count, parts = is_sold.sum(axis=1), is_part.sum(axis=1)
    is_whole = (count >= LEAST_SALES) & (parts <= (1 - WHOLE_SHARE) * count)
    if not is_part[is_whole].any():
        return np.broadcast_to(np.False_, sold.shape)
    many, odd = (keys.summed_by_pharmacy(flags & is_whole[:, None]) for flags in (is_sold, is_part))
    result: Flags = (odd > 0) & (2 * odd >= many)
    return result


def _with_signs(
    panel: Panel, keys: "_Keys", refused: Floats, uncovered: Floats, beside: Beside
) -> Panel:
    at, day, shelves = keys.found(beside.shelves, panel)
    moved, began_empty = moved_of(shelves, at, day, uncovered, panel.day_count)
    told = shelves_of(panel.demand, refused, panel.is_open, moved, began_empty)

    searched = np.zeros(panel.demand.shape, dtype=np.float32)
    at, day, searches = keys.found(beside.searches, panel)
    use = day >= 0
    np.add.at(searched, (at[use], day[use]), searches["search_count"].to_numpy(dtype=float)[use])
    is_alerted = np.zeros(panel.demand.shape, dtype=bool)
    at, day, _ = keys.found(beside.alerts, panel)
    use = day >= 0
    is_alerted[at[use], day[use]] = True
    signs = Signs(
        np.maximum(refused, 0).astype(np.float32),
        searched,
        is_alerted,
        told.is_censored,
        told.is_empty,
        told.learned,
    )
    return replace(panel, signs=signs)


@dataclass(frozen=True)
class _Keys:
    """Items by number: `pharmacies` and `medicines` in order, and the codes of the items there are."""

    pharmacies: pd.Index
    medicines: pd.Index
    codes: Places

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "_Keys":
        pharmacies, medicines = (
            pd.Index(sorted(pd.unique(rows[name]))) for name in ("pharmacy_id", "medicine_id")
        )
        keys = cls(pharmacies, medicines, np.zeros(0, dtype=int))
        return cls(pharmacies, medicines, np.unique(keys._code(rows)))

    @property
    def items(self) -> tuple[Item, ...]:
        place, what = np.divmod(self.codes, len(self.medicines))
        return tuple(
            (_uuid(self.pharmacies[at]), _uuid(self.medicines[of]))
            for at, of in zip(place, what, strict=True)
        )

    def places(self, rows: pd.DataFrame) -> Places:
        """The item's row of each, all of which are there."""
        result: Places = np.searchsorted(self.codes, self._code(rows))
        return result

    def found(self, rows: pd.DataFrame, panel: Panel) -> tuple[Places, Places, pd.DataFrame]:
        """Item's row and day (negative before the panel) of those rows that are of an item, no later than the panel."""
        day = (rows["day"].to_numpy(dtype="datetime64[D]") - np.datetime64(panel.first_day)).astype(
            int
        )
        code = self._code(rows)
        at = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        use = (self.codes[at] == code) & (day < panel.day_count)
        return at[use], day[use], rows[use]

    def shared_by_pharmacy(self, flags: Flags) -> Flags:
        """Each item's days on which any item of its pharmacy has the flag."""
        result: Flags = self.summed_by_pharmacy(flags) > 0
        return result

    def summed_by_pharmacy(self, flags: Flags) -> Places:
        """How many items of its pharmacy have the flag, on each item's days."""
        _, starts, of_item = np.unique(
            self.codes // len(self.medicines), return_index=True, return_inverse=True
        )
        result: Places = np.add.reduceat(flags, starts, axis=0, dtype=int)[of_item]
        return result

    def _code(self, rows: pd.DataFrame) -> Places:
        place = self.pharmacies.get_indexer(pd.Index(rows["pharmacy_id"]))
        what = self.medicines.get_indexer(pd.Index(rows["medicine_id"]))
        code = place * len(self.medicines) + what
        result: Places = np.where((place < 0) | (what < 0), -1, code)
        return result


def _placed(
    rows: pd.DataFrame, place: Places, column: Places, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """What was sold and refused, items by days; of two rows the last counts."""
    made = np.zeros(shape), np.zeros(shape)
    for values, name in zip(made, ("sold_milli", "refused_milli"), strict=True):
        values[place, column] = rows[name].to_numpy(dtype=float)
    return made


def _uuid(key: UUID | bytes) -> UUID:
    return key if isinstance(key, UUID) else UUID(bytes=bytes(key))
