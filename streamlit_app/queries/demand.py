"""Demand: closed days as they were counted, the time since from landed rows, and what was not found.

Closed days come from `agg_*` (MapReduce), later days from `raw_*`; no day comes from both.
"""

from datetime import date
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import NO_ID, frame, in_steps
from streamlit_app.queries.names import MEDICINE, with_labels

MOVEMENTS, SEARCHES = "stock-movements", "medicine-searches"

_NOT_QUARANTINED = """
    NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.event_id = r.event_id AND q.released_at IS NULL)
"""


def _number(member: str) -> str:
    return f"CAST(JSON_VALUE(r.event, '$.data.{member}') AS SIGNED)"


def _text(member: str) -> str:
    # MySQL gives the value a collation of its own, equal to no session's.
    return f"JSON_VALUE(r.event, '$.data.{member}') COLLATE utf8mb4_bin"


def last_count(connection: sa.Connection, kind: str = MOVEMENTS) -> pd.DataFrame:
    """The last closed day counted and by what: day, aggregated_at, run_name, application_name; or no row."""
    return frame(
        connection,
        "SELECT day, aggregated_at, run_id AS run_name, application_id AS application_name"
        " FROM aggregated_day WHERE kind = :kind AND NOT is_open ORDER BY day DESC LIMIT 1",
        kind=kind,
    )


def days_to_recount(connection: sa.Connection, kind: str = MOVEMENTS) -> int:
    """How many counted days have had later facts since, and will be counted again."""
    sql = (
        "SELECT COUNT(*) FROM aggregated_day a JOIN landed_day l ON l.kind = a.kind AND l.day = a.day"
        " WHERE a.kind = :kind AND NOT a.is_open AND l.changed_at > a.changed_at"
    )
    return int(connection.execute(sa.text(sql), {"kind": kind}).scalar_one())


def _where(pharmacy_id: UUID | None, medicine_id: UUID | None) -> str:
    return (" AND t.pharmacy_id = :pharmacy_id" if pharmacy_id else "") + (
        " AND t.medicine_id = :medicine_id" if medicine_id else ""
    )


def _ids(pharmacy_id: UUID | None, medicine_id: UUID | None) -> dict[str, UUID]:
    given = {"pharmacy_id": pharmacy_id, "medicine_id": medicine_id}
    return {name: value for name, value in given.items() if value}


def daily(
    connection: sa.Connection,
    first: date,
    closed: date,
    pharmacy_id: UUID | None = None,
    medicine_id: UUID | None = None,
) -> pd.DataFrame:
    """Closed days from `first` to `closed`: day, sold_milli, uncovered_milli, refused_milli."""
    return frame(
        connection,
        f"""
        SELECT t.day, SUM(t.sold_milli) AS sold_milli, SUM(t.uncovered_milli) AS uncovered_milli,
          SUM(t.refused_milli) AS refused_milli
        FROM agg_daily_demand t
        WHERE t.day BETWEEN :first AND :closed{_where(pharmacy_id, medicine_id)}
        GROUP BY t.day ORDER BY t.day
        """,  # noqa: S608 - built from constants; values are bound
        first=first,
        closed=closed,
        **_ids(pharmacy_id, medicine_id),
    )


def so_far(
    connection: sa.Connection,
    closed: date,
    pharmacy_id: UUID | None = None,
    medicine_id: UUID | None = None,
) -> pd.DataFrame:
    """Days after the last closed one, from landed rows that are not quarantined.

    day, sold_milli, refused_milli, row_count, landed_at (of the newest).
    """
    given = _ids(pharmacy_id, medicine_id)
    where = "".join(f" AND {_text(name)} = :{name}" for name in given)
    return frame(
        connection,
        f"""
        SELECT r.day,
          SUM(CASE WHEN r.type = 'remedy.stock-movements.sold.v1' THEN {_number("quantity_milli")}
                   WHEN r.type = 'remedy.stock-movements.reversed.v1'
                     AND {_text("reversed_kind")} = 'sold'
                   THEN -{_number("reversed_quantity_milli")} ELSE 0 END) AS sold_milli,
          SUM(CASE WHEN r.type = 'remedy.stock-movements.refused.v1'
                   THEN {_number("quantity_milli")} ELSE 0 END) AS refused_milli,
          COUNT(*) AS row_count, MAX(r.landed_at) AS landed_at
        FROM raw_stock_movements r
        WHERE r.day > :closed AND {_NOT_QUARANTINED}{where}
        GROUP BY r.day ORDER BY r.day
        """,  # noqa: S608 - built from constants; values are bound
        closed=closed,
        **{name: str(value) for name, value in given.items()},
    )


def by_medicine(
    connection: sa.Connection, first: date, closed: date, pharmacy_id: UUID | None = None
) -> pd.DataFrame:
    """Closed days together, per medicine, most sold first: medicine, sold, refused, uncovered."""
    rows = frame(
        connection,
        f"""
        SELECT t.medicine_id, {MEDICINE}, t.sold_milli, t.refused_milli, t.uncovered_milli, t.sale_count
        FROM (
          SELECT t.medicine_id, SUM(t.sold_milli) AS sold_milli,
            SUM(t.refused_milli) AS refused_milli, SUM(t.uncovered_milli) AS uncovered_milli,
            SUM(t.sale_count) AS sale_count
          FROM agg_daily_demand t
          WHERE t.day BETWEEN :first AND :closed{_where(pharmacy_id, None)}
          GROUP BY t.medicine_id
        ) t LEFT JOIN known_medicine m ON m.public_id = t.medicine_id
        ORDER BY sold_milli DESC, t.medicine_id LIMIT 200
        """,  # noqa: S608 - built from constants; values are bound
        first=first,
        closed=closed,
        **_ids(pharmacy_id, None),
    )
    return with_labels(rows)


def unmet(connection: sa.Connection, first: date, closed: date, smallest: int) -> pd.DataFrame:
    """Searches that found nothing on closed days: wanted, district, search_count, searcher_count.

    What fewer than `smallest` people looked for in a district is hidden, their days added up; words, which can say who
    wrote them, unless so many did on one day. Counts go in steps of `smallest`. `wanted` is the medicine that was meant,
    or the words in quotes when nothing was.
    """
    rows = frame(
        connection,
        f"""
        SELECT t.medicine_id, {MEDICINE}, t.query, t.district, SUM(t.search_count) AS search_count,
          SUM(t.searcher_count) AS searcher_count
        FROM agg_daily_unmet_demand t LEFT JOIN known_medicine m ON m.public_id = t.medicine_id
        WHERE t.day BETWEEN :first AND :closed
        GROUP BY t.medicine_id, {MEDICINE}, t.query, t.district
        HAVING CASE WHEN t.medicine_id = :nothing THEN MAX(t.searcher_count)
          ELSE SUM(t.searcher_count) END >= :smallest
        ORDER BY search_count DESC, t.medicine_id, t.query, t.district LIMIT 200
        """,  # noqa: S608 - built from constants; values are bound
        first=first,
        closed=closed,
        smallest=smallest,
        nothing=UUID(NO_ID),
    )
    labelled = in_steps(with_labels(rows), ("search_count", "searcher_count"), smallest)
    wanted = [
        f"“{query}”" if medicine_id == NO_ID else medicine
        for medicine_id, medicine, query in zip(
            labelled["medicine_id"], labelled["medicine"], labelled["query"], strict=True
        )
    ]
    return labelled.assign(wanted=wanted)[["wanted", "district", "search_count", "searcher_count"]]


def unmet_so_far(connection: sa.Connection, closed: date) -> pd.DataFrame:
    """Searches landed for days after `closed`: search_count, unmet_count, landed_at; always one row."""
    return frame(
        connection,
        f"""
        SELECT COUNT(*) AS search_count, MAX(r.landed_at) AS landed_at,
          COALESCE(SUM({_number("pharmacies_found")} = 0), 0) AS unmet_count
        FROM raw_medicine_searches r WHERE r.day > :closed AND {_NOT_QUARANTINED}
        """,  # noqa: S608 - built from constants; values are bound
        closed=closed,
    )
