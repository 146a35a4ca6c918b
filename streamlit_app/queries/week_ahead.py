"""Each speciality's visits of a week beside what was sold of an ATC group in the week after, as MapReduce counted both."""

import math

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame

KIND = "visit-demand"


def last_count(connection: sa.Connection) -> pd.DataFrame:
    """The newest count, if there is one: aggregated_at, application_id."""
    return frame(
        connection,
        "SELECT aggregated_at, COALESCE(application_id, run_id) AS job FROM aggregated_day"
        " WHERE kind = :kind ORDER BY aggregated_at DESC LIMIT 1",
        kind=KIND,
    )


def pairs(connection: sa.Connection) -> pd.DataFrame:
    """The specialities and ATC groups of which something was counted: speciality, atc_group, sold_milli; most sold first."""
    return frame(
        connection,
        "SELECT speciality, atc_group, SUM(sold_milli) AS sold_milli FROM agg_weekly_visit_demand"
        " GROUP BY speciality, atc_group ORDER BY sold_milli DESC, speciality, atc_group",
    )


def weeks(connection: sa.Connection, speciality: str, atc_group: str) -> pd.DataFrame:
    """Each week in which both halves had something: week_on (of the sales), visit_count, sold_milli, sale_count.

    A speciality without a visit, and a group without a sale, have no row of their own in such a week: nought.
    """
    return frame(
        connection,
        "SELECT week_on, MAX(CASE WHEN speciality = :speciality THEN visit_count END) AS visit_count,"
        " MAX(CASE WHEN atc_group = :atc_group THEN sold_milli END) AS sold_milli,"
        " MAX(CASE WHEN atc_group = :atc_group THEN sale_count END) AS sale_count"
        " FROM agg_weekly_visit_demand GROUP BY week_on ORDER BY week_on",
        speciality=speciality,
        atc_group=atc_group,
    )


def correlation(weeks: pd.DataFrame) -> tuple[float, float, float] | None:
    """Pearson's of visits and sales over these weeks, and the bounds of its 95 % interval; None where there is none.

    The bounds are Fisher's, which takes weeks for independent of each other; they hardly are.
    """
    both = weeks[["visit_count", "sold_milli"]].astype(float)
    if len(both) < 4 or (both.nunique() < 2).any():
        return None
    found = float(both["visit_count"].corr(both["sold_milli"]))
    if abs(found) >= 1:
        return found, found, found
    middle, wide = math.atanh(found), 1.96 / math.sqrt(len(both) - 3)
    return found, math.tanh(middle - wide), math.tanh(middle + wide)
