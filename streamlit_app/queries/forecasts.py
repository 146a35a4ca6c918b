"""What is foretold of an item or a group, what came before, and what would have been told of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame
from streamlit_app.queries.names import MEDICINE, with_labels

FAMILY = "demand"
MOST_ROWS = 5000
GROUP_SIGNS = 3
"""So many signs of an ATC code name a therapeutic group."""

SHELF_DAYS = 90
"""So far back an item's last known shelf is looked for, as the pharmacies' own pages do."""


def model_in_use(connection: sa.Connection) -> pd.DataFrame:
    """The model in use, or no row: version, method, trained_at, data_until_on, errors, card."""
    return frame(
        connection,
        "SELECT id AS model_run, version, model AS method, trained_at, data_until AS data_until_on,"
        " series_count, relative_error, total_error_milli, origin_count, card"
        " FROM model_run WHERE champion_of = :family",
        family=FAMILY,
    )


def made(connection: sa.Connection) -> pd.DataFrame:
    """The forecast that is stored, or no row: first_on, last_on, made_at, version, item_count."""
    return frame(
        connection,
        # All items are foretold at once, for the same days: any of them says which.
        "SELECT MIN(t.day) AS first_on, MAX(t.day) AS last_on, MAX(t.made_at) AS made_at,"  # noqa: S608 - constants
        " MAX(t.model_version) AS version, (SELECT COUNT(*) FROM out_stock_cover) AS item_count"
        " FROM (SELECT pharmacy_id, medicine_id FROM out_stock_cover LIMIT 1) c"
        f" JOIN out_stock_forecast t {_SAME_ITEM} HAVING first_on IS NOT NULL",
    )


_SAME_ITEM = "ON t.pharmacy_id = c.pharmacy_id AND t.medicine_id = c.medicine_id"
"""Few items, each looked up by its key, are quicker than all days of all items: their table is read first."""


@dataclass(frozen=True)
class Chosen:
    """Whose demand is looked at: a medicine or a group of the ATC (its first three signs), at one pharmacy or at all."""

    pharmacy_id: UUID | None = None
    medicine_id: UUID | None = None
    atc_group: str | None = None

    @property
    def is_one_item(self) -> bool:
        """Whether it is one medicine at one pharmacy: a series that has an interval of its own."""
        return self.pharmacy_id is not None and self.medicine_id is not None

    def where(self, alias: str) -> str:
        """The condition on a table that has both ids."""
        parts = ["1 = 1"]
        if self.pharmacy_id is not None:
            parts.append(f"{alias}.pharmacy_id = :pharmacy_id")
        if self.medicine_id is not None:
            parts.append(f"{alias}.medicine_id = :medicine_id")
        if self.atc_group is not None:
            parts.append(
                f"{alias}.medicine_id IN (SELECT public_id FROM known_medicine"  # noqa: S608 - constants
                f" WHERE LEFT(atc_code, {GROUP_SIGNS}) = :atc_group)"
            )
        return " AND ".join(parts)

    def values(self) -> dict[str, UUID | str]:
        """What `where` binds."""
        named = {
            "pharmacy_id": self.pharmacy_id,
            "medicine_id": self.medicine_id,
            "atc_group": self.atc_group,
        }
        return {name: value for name, value in named.items() if value is not None}


def medicines(connection: sa.Connection, pharmacy_id: UUID | None = None) -> pd.DataFrame:
    """What is foretold, at one pharmacy or anywhere: medicine_id, medicine, atc_group (may be empty)."""
    where = "WHERE c.pharmacy_id = :pharmacy_id" if pharmacy_id else ""
    rows = frame(
        connection,
        f"""
        SELECT c.medicine_id, {MEDICINE}, LEFT(COALESCE(m.atc_code, ''), {GROUP_SIGNS}) AS atc_group
        FROM (SELECT DISTINCT c.medicine_id FROM out_stock_cover c {where}) c
        LEFT JOIN known_medicine m ON m.public_id = c.medicine_id
        """,  # noqa: S608 - built from constants; values are bound
        **({"pharmacy_id": pharmacy_id} if pharmacy_id else {}),
    )
    return with_labels(rows).sort_values("medicine", ignore_index=True)


def foretold(connection: sa.Connection, chosen: Chosen) -> pd.DataFrame:
    """The forecast, added up over the items: day, expected_milli, low_milli, high_milli.

    `below_squares` and `above_squares` are the squares of how far each item's bounds lie from what is expected of it.
    """
    return frame(
        connection,
        "SELECT STRAIGHT_JOIN t.day, SUM(t.expected_milli) AS expected_milli, SUM(t.low_milli) AS low_milli,"  # noqa: S608 - built from constants; values are bound
        " SUM(t.high_milli) AS high_milli, SUM(POW(t.expected_milli - t.low_milli, 2)) AS below_squares,"
        " SUM(POW(t.high_milli - t.expected_milli, 2)) AS above_squares"
        f" FROM out_stock_cover c JOIN out_stock_forecast t {_SAME_ITEM}"
        f" WHERE {chosen.where('c')} GROUP BY t.day ORDER BY t.day",
        **chosen.values(),
    )


def group_band(connection: sa.Connection, version: str) -> pd.DataFrame:
    """How wide that model's bands of several items are, one row: shared_error and group_inside, NaN where not known."""
    rows = frame(
        connection,
        "SELECT MAX(shared_error) AS shared_error, MAX(group_inside) AS group_inside FROM model_run"
        " WHERE version = :version",
        version=version,
    )
    return rows.astype(float)


def as_group(foretold: pd.DataFrame, shared: float) -> pd.DataFrame:
    """The forecast with the band of the items together, of whose errors that part (0 to 1) is shared.

    With 1 the bounds are those of the items added up, with 0 those of items that have nothing in common; as
    `half_width` of models/group_band.py, by which the part was found.
    """
    expected = foretold["expected_milli"].astype(float)
    below, above = expected - foretold["low_milli"], foretold["high_milli"] - expected
    down, up = (
        np.sqrt((1 - shared) * foretold[squares].astype(float) + shared * added**2)
        for added, squares in ((below, "below_squares"), (above, "above_squares"))
    )
    return foretold.assign(low_milli=(expected - down).clip(lower=0), high_milli=expected + up)


def cover(connection: sa.Connection, chosen: Chosen) -> pd.DataFrame:
    """Stock and 28 days foretold, added up: item_count, stock_milli, demand_28_milli and bounds, days_of_cover.

    Days of cover are of one item; of several they are the shortest. NaN: longer than 28 days.
    """
    return frame(
        connection,
        "SELECT COUNT(*) AS item_count, SUM(t.stock_milli) AS stock_milli,"  # noqa: S608 - built from constants; values are bound
        " SUM(t.demand_28_milli) AS demand_28_milli, SUM(t.demand_28_low_milli) AS demand_28_low_milli,"
        " SUM(t.demand_28_high_milli) AS demand_28_high_milli, MIN(t.days_of_cover) AS days_of_cover"
        f" FROM out_stock_cover t WHERE {chosen.where('t')}",
        **chosen.values(),
    )


def wanted_before(
    connection: sa.Connection, chosen: Chosen, first: date, before: date
) -> pd.DataFrame:
    """What was sold and refused of the items foretold, on closed days from `first` to before `before`: day, demand_milli."""
    return frame(
        connection,
        "SELECT STRAIGHT_JOIN t.day, SUM(t.sold_milli + t.refused_milli) AS demand_milli"  # noqa: S608 - built from constants; values are bound
        f" FROM out_stock_cover c JOIN agg_daily_demand t {_SAME_ITEM}"
        f" WHERE t.day >= :first AND t.day < :before AND {chosen.where('c')} GROUP BY t.day ORDER BY t.day",
        first=first,
        before=before,
        **chosen.values(),
    )


def open_days(
    connection: sa.Connection, pharmacy_id: UUID | None, first: date, before: date
) -> pd.DataFrame:
    """Closed days that were counted, of a pharmacy those on which it sold or refused anything at all: day."""
    sold = (
        " AND EXISTS (SELECT 1 FROM agg_daily_demand t WHERE t.day = a.day AND t.pharmacy_id = :pharmacy_id)"
        if pharmacy_id
        else ""
    )
    return frame(
        connection,
        "SELECT a.day FROM aggregated_day a WHERE a.kind = 'stock-movements' AND NOT a.is_open"  # noqa: S608 - built from constants; values are bound
        f" AND a.day >= :first AND a.day < :before{sold} ORDER BY a.day",
        first=first,
        before=before,
        **({"pharmacy_id": pharmacy_id} if pharmacy_id else {}),
    )


def shelf(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, first: date, before: date
) -> pd.DataFrame:
    """How an item's days with movement closed, from `SHELF_DAYS` before `first` on: day, closing_milli."""
    return frame(
        connection,
        "SELECT day, closing_milli FROM agg_daily_stock WHERE pharmacy_id = :pharmacy_id"
        " AND medicine_id = :medicine_id AND day >= :first AND day < :before ORDER BY day",
        pharmacy_id=pharmacy_id,
        medicine_id=medicine_id,
        first=first - timedelta(days=SHELF_DAYS),
        before=before,
    )


def past(
    wanted: pd.DataFrame,
    open_days: pd.DataFrame,
    shelf: pd.DataFrame | None,
    days: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Each of the days: day, demand_milli (NaN: closed or not counted, else 0 without a sale), is_empty at closing.

    `shelf` is None where more than one item is looked at: then no day is called empty.
    """
    told = wanted.set_index("day")["demand_milli"].astype(float).reindex(days)
    is_open = days.isin(open_days["day"])
    made = pd.DataFrame(
        {"day": days, "demand_milli": told.where(~is_open, told.fillna(0)).to_numpy()}
    )
    if shelf is None or shelf.empty:
        return made.assign(is_empty=False)
    closed = shelf.set_index("day")["closing_milli"]
    kept = closed.reindex(closed.index.union(days)).ffill().reindex(days)
    return made.assign(is_empty=(kept <= 0).to_numpy())


def told_before(connection: sa.Connection, chosen: Chosen) -> pd.DataFrame:
    """What was told of the weeks of `told_period` and what came, an item a row: of its weeks that could be compared.

    The most wrong first, at most `MOST_ROWS`; `told_total` is of all of them.

    pharmacy, medicine, told_weeks, told_milli, wanted_milli (sold and refused), off_milli (the weeks' errors, added up).
    """
    return with_labels(
        frame(
            connection,
            f"""
        SELECT p.name AS pharmacy, {MEDICINE}, t.told_weeks, t.told_milli, t.came_milli AS wanted_milli, t.off_milli
        FROM out_pharmacy_item t
        LEFT JOIN known_pharmacy p ON p.public_id = t.pharmacy_id
        LEFT JOIN known_medicine m ON m.public_id = t.medicine_id
        WHERE t.told_weeks > 0 AND {chosen.where("t")}
        ORDER BY off_milli DESC, t.pharmacy_id, t.medicine_id LIMIT {MOST_ROWS}
        """,  # noqa: S608 - built from constants; values are bound
            **chosen.values(),
        )
    )


def told_period(connection: sa.Connection) -> pd.DataFrame:
    """The four weeks that `told_before` is of, or no row: first_on, last_on, made_at, told_from.

    They were worked out afterwards until the day `told_from`; where that is none, they were really told.
    """
    return frame(
        connection,
        "SELECT MIN(first_on) AS first_on, MAX(last_on) AS last_on, MAX(made_at) AS made_at,"
        " MAX(told_from) AS told_from"
        " FROM out_pharmacy_figure WHERE figure = 'forecast_error' HAVING first_on IS NOT NULL",
    )


def told_total(connection: sa.Connection, chosen: Chosen) -> "pd.Series[Any]":
    """Of all items of `told_before`: item_count, and what is off and wanted (milli)."""
    return frame(
        connection,
        f"""
        SELECT COUNT(*) AS item_count, SUM(t.off_milli) AS off_milli, SUM(t.came_milli) AS wanted_milli
        FROM out_pharmacy_item t WHERE t.told_weeks > 0 AND {chosen.where("t")}
        """,  # noqa: S608 - built from constants; values are bound
        **chosen.values(),
    ).iloc[0]


def past_error(total: "pd.Series[Any]") -> float | None:
    """Of `told_total`: packs off as a share of packs wanted, None where nothing was."""
    return total["off_milli"] / total["wanted_milli"] if total["wanted_milli"] else None
