"""What runs out before its next delivery: alerts, by medicine and by pharmacy, sorted by harm."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import sqlalchemy as sa

from remedy.schema.advice import LEAST_RISK, LIKELY
from remedy.values import MILLI
from streamlit_app.queries.frames import frame
from streamlit_app.queries.names import MEDICINE, with_labels

MOST_ROWS = 20_000

ORDERS = {
    "Packs missing": ("missing_milli", False),
    "Money missing": ("missing_minor", False),
    "Chance": ("runs_out", False),
    "How soon": ("cover_middle", True),
}
"""What alerts are sorted by: a column of `alerts`, and whether the smallest is worst."""


def made(connection: sa.Connection) -> pd.DataFrame:
    """The advice that is stored, or no row: made_at, version, item_count, pharmacy_count."""
    return frame(
        connection,
        "SELECT MAX(made_at) AS made_at, MAX(model_version) AS version, COUNT(*) AS item_count,"
        " COUNT(DISTINCT pharmacy_id) AS pharmacy_count FROM out_stock_risk HAVING item_count > 0",
    )


def alerts(connection: sa.Connection) -> pd.DataFrame:
    """Items that run out before their next delivery with a chance of `LEAST_RISK` or more, most packs missing first.

    pharmacy, district, medicine, stock_milli, runs_out, missing_milli (on average), missing_minor (NaN: no price),
    cover_low, cover_middle, cover_high (days; NaN: longer than 28), delivery_on, delivery_from.
    """
    rows = frame(
        connection,
        f"""
        SELECT r.pharmacy_id, r.medicine_id, p.name AS pharmacy, p.district, {MEDICINE}, c.stock_milli,
          r.runs_out, r.short_milli AS missing_milli, r.price_minor, r.cover_low, r.cover_middle, r.cover_high,
          r.next_delivery_on AS delivery_on, r.delivery_from
        FROM out_stock_risk r
        LEFT JOIN out_stock_cover c ON c.pharmacy_id = r.pharmacy_id AND c.medicine_id = r.medicine_id
        LEFT JOIN known_pharmacy p ON p.public_id = r.pharmacy_id
        LEFT JOIN known_medicine m ON m.public_id = r.medicine_id
        WHERE r.runs_out >= :least
        ORDER BY r.short_milli DESC, r.runs_out DESC, r.pharmacy_id, r.medicine_id LIMIT {MOST_ROWS}
        """,  # noqa: S608 - built from constants; values are bound
        least=LEAST_RISK,
    )
    numbers = ("price_minor", "cover_low", "cover_middle", "cover_high")
    rows = with_labels(rows).assign(**{name: rows[name].astype(float) for name in numbers})
    return rows.assign(missing_minor=rows["missing_milli"] * rows["price_minor"] / MILLI)


def foretold(connection: sa.Connection) -> pd.DataFrame:
    """How many items are foretold of each medicine in each district: medicine_id, district, item_count."""
    return frame(
        connection,
        "SELECT r.medicine_id, p.district, COUNT(*) AS item_count FROM out_stock_risk r"
        " LEFT JOIN known_pharmacy p ON p.public_id = r.pharmacy_id GROUP BY r.medicine_id, p.district",
    )


def told(connection: sa.Connection, since: date, district: str | None) -> pd.DataFrame:
    """On each day since then how many alerts pharmacies were told, in a district or all: day, alert_count."""
    where = " AND p.district = :district" if district else ""
    return frame(
        connection,
        "SELECT a.day, COUNT(*) AS alert_count FROM stock_alert_day a"  # noqa: S608 - constants; values are bound
        " LEFT JOIN known_pharmacy p ON p.public_id = a.pharmacy_id"
        f" WHERE a.day >= :since{where} GROUP BY a.day ORDER BY a.day",
        since=since,
        **({"district": district} if district else {}),
    )


def in_district(rows: pd.DataFrame, district: str | None) -> pd.DataFrame:
    """The rows of a district; all of them without one."""
    return rows if district is None else rows[rows["district"] == district]


def worst_first(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Alerts in an order of `ORDERS`; what has no figure there stands last."""
    column, is_smallest = ORDERS[by]
    return rows.sort_values(
        [column, "missing_milli"],
        ascending=[is_smallest, False],
        na_position="last",
        ignore_index=True,
        kind="stable",
    )


KINDS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "alerts": lambda rows: rows,
    "likely": lambda rows: rows[rows["runs_out"] >= LIKELY],
    "empty": lambda rows: rows[rows["stock_milli"] <= 0],
}
"""Which alerts a tile counts, by its name."""


def by_medicine(rows: pd.DataFrame, foretold: pd.DataFrame) -> pd.DataFrame:
    """Alerts of each medicine, most packs missing first.

    medicine, at_risk_count, kept_count (pharmacies that it is foretold at), empty_count, highest (chance),
    missing_milli, missing_minor.
    """
    kept = foretold.groupby("medicine_id")["item_count"].sum().rename("kept_count").reset_index()
    found = _summed(rows, ["medicine_id", "medicine"])
    return found.merge(kept, on="medicine_id", how="left").fillna({"kept_count": 0})


def by_pharmacy(rows: pd.DataFrame) -> pd.DataFrame:
    """Alerts of each pharmacy, most packs missing first: pharmacy, district and what `by_medicine` has."""
    return _summed(rows, ["pharmacy_id", "pharmacy", "district"])


def _summed(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    marked = rows.assign(
        is_empty=rows["stock_milli"] <= 0, missing_minor=rows["missing_minor"].fillna(0)
    )
    found = marked.groupby(keys, dropna=False).agg(
        at_risk_count=("runs_out", "size"),
        empty_count=("is_empty", "sum"),
        highest=("runs_out", "max"),
        missing_milli=("missing_milli", "sum"),
        missing_minor=("missing_minor", "sum"),
    )
    return found.reset_index().sort_values(
        ["missing_milli", "at_risk_count"], ascending=False, ignore_index=True
    )
