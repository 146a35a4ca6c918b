"""Trends of closed days: what is searched for more and less, words that are one slip from a name, prices, cover."""

from datetime import date, timedelta
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame, in_steps
from streamlit_app.queries.names import MEDICINE, with_labels

WEEK = timedelta(days=7)
MEAN_DAYS = 28


def searched(connection: sa.Connection, closed: date, smallest: int) -> pd.DataFrame:
    """The week that ended and the week before: medicine, week_count, before_count, people_count; hidden below `smallest`.

    `people_count` adds up the different people of each day: a pseudonym lasts a day. A week before of fewer is 0, and
    all three go in steps of `smallest`.
    """
    rows = frame(
        connection,
        f"""
        SELECT {MEDICINE}, t.week_count, t.people_count,
          CASE WHEN t.people_before >= :smallest THEN t.before_count ELSE 0 END AS before_count
        FROM (
          SELECT s.medicine_id,
            SUM(CASE WHEN s.day > :week THEN s.search_count ELSE 0 END) AS week_count,
            SUM(CASE WHEN s.day <= :week THEN s.search_count ELSE 0 END) AS before_count,
            SUM(CASE WHEN s.day > :week THEN p.searcher_count ELSE 0 END) AS people_count,
            SUM(CASE WHEN s.day <= :week THEN p.searcher_count ELSE 0 END) AS people_before
          FROM agg_daily_search s
          JOIN agg_daily_searcher p ON p.day = s.day AND p.medicine_id = s.medicine_id
          WHERE s.day > :before AND s.day <= :closed
          GROUP BY s.medicine_id
          HAVING people_count >= :smallest
        ) t JOIN known_medicine m ON m.public_id = t.medicine_id
        ORDER BY (t.week_count + 5) / (t.before_count + 5) DESC LIMIT 100
        """,  # noqa: S608 - built from constants; values are bound
        week=closed - WEEK,
        before=closed - 2 * WEEK,
        closed=closed,
        smallest=smallest,
    )
    return in_steps(with_labels(rows), ("week_count", "before_count", "people_count"), smallest)


def look_alikes(
    connection: sa.Connection, first: date, closed: date, smallest: int
) -> pd.DataFrame:
    """Words that meant nothing and are one slip from a name: query, name, search_count, searcher_count, in steps.

    Words can say who wrote them: they are there only when `smallest` people wrote them on one day in one district. One
    person on as many days would else be enough.
    """
    rows = frame(
        connection,
        "SELECT query, name, SUM(search_count) AS search_count, SUM(searcher_count) AS searcher_count"
        " FROM agg_daily_look_alike WHERE day BETWEEN :first AND :closed GROUP BY query, name"
        " HAVING MAX(searcher_count) >= :smallest ORDER BY searcher_count DESC, query LIMIT 100",
        first=first,
        closed=closed,
        smallest=smallest,
    )
    return in_steps(rows, ("search_count", "searcher_count"), smallest)


def medicines(connection: sa.Connection) -> dict[str, str]:
    """What medicines are called, by id."""
    rows = with_labels(
        frame(connection, f"SELECT m.public_id AS medicine_id, {MEDICINE} FROM known_medicine m")  # noqa: S608 - constants
    )
    return dict(zip(rows["medicine_id"], rows["medicine"], strict=True))


def mean_demand(
    connection: sa.Connection, closed: date, pharmacy_id: UUID | None = None
) -> pd.DataFrame:
    """Sold and refused of the last four weeks: pharmacy_id, medicine_id, wanted_milli."""
    where = " AND t.pharmacy_id = :pharmacy_id" if pharmacy_id else ""
    return frame(
        connection,
        "SELECT t.pharmacy_id, t.medicine_id, SUM(t.sold_milli + t.refused_milli) AS wanted_milli"  # noqa: S608 - built from constants; values are bound
        f" FROM agg_daily_demand t WHERE t.day > :since AND t.day <= :closed{where}"
        " GROUP BY t.pharmacy_id, t.medicine_id",
        since=closed - timedelta(days=MEAN_DAYS),
        closed=closed,
        **({"pharmacy_id": pharmacy_id} if pharmacy_id else {}),
    )


def spread(prices: pd.DataFrame, least: int = 3) -> pd.DataFrame:
    """Of medicines that `least` pharmacies price: medicine_id, seller_count, low, median, high, spread; widest first."""
    grouped = prices.groupby("medicine_id")["price_minor"]
    made = pd.DataFrame(
        {
            "seller_count": grouped.size(),
            "low": grouped.min(),
            "median": grouped.median(),
            "high": grouped.max(),
        }
    ).reset_index()
    made = made[(made["seller_count"] >= least) & (made["median"] > 0)]
    made = made.assign(spread=(made["high"] - made["low"]) / made["median"])
    return made.sort_values("spread", ascending=False, ignore_index=True)
