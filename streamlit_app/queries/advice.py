"""What pharmacies are advised to order and to hand over, what lies too long and what will expire."""

import math
from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from remedy.values import MILLI
from streamlit_app.queries.frames import frame
from streamlit_app.queries.names import MEDICINE, with_labels

MOST_ROWS = 20_000
LOTS_DAYS = 90
"""Lots that expire later are not in `out_expiring_lot`."""

_NAMED = """
LEFT JOIN known_pharmacy p ON p.public_id = t.pharmacy_id
LEFT JOIN known_medicine m ON m.public_id = t.medicine_id
"""


def orders(connection: sa.Connection) -> pd.DataFrame:
    """What each pharmacy is advised to order, the most worth for its money first.

    pharmacy, district, medicine, place, quantity_milli, cost_minor, worth_minor, saved_milli, lasts_until_on,
    expected_milli, position_milli, runs_out (without it), runs_out_after, confidence.
    """
    rows = frame(
        connection,
        f"""
        SELECT t.pharmacy_id, t.medicine_id, p.name AS pharmacy, p.district, {MEDICINE}, t.place, t.quantity_milli,
          t.cost_minor, t.worth_minor, t.saved_milli, t.lasts_until AS lasts_until_on, t.expected_milli,
          t.position_milli, t.runs_out, t.runs_out_after, t.confidence
        FROM out_reorder t {_NAMED} ORDER BY t.worth_minor DESC, t.pharmacy_id, t.place LIMIT {MOST_ROWS}
        """,  # noqa: S608 - built from constants
    )
    return with_labels(rows)


def transfers(connection: sa.Connection) -> pd.DataFrame:
    """What one pharmacy might hand to another, the most gained by both first.

    giver, taker, from_district, to_district, medicine, lot, expires_on, quantity_milli, distance_km,
    rest_milli (of them beyond what the taker misses), spared_milli,
    left_over (chance), saved_milli, runs_out (chance), from_gain_minor, to_gain_minor, gain_minor.
    """
    rows = frame(
        connection,
        f"""
        SELECT t.medicine_id, f.name AS giver, g.name AS taker, f.district AS from_district,
          g.district AS to_district, {MEDICINE}, t.lot_number AS lot, t.expires_on, t.quantity_milli, t.distance_km,
          t.rest_milli, t.spared_milli, t.left_over, t.saved_milli, t.runs_out, t.from_gain_minor, t.to_gain_minor,
          t.from_gain_minor + t.to_gain_minor AS gain_minor
        FROM out_transfer t
        LEFT JOIN known_pharmacy f ON f.public_id = t.from_pharmacy_id
        LEFT JOIN known_pharmacy g ON g.public_id = t.to_pharmacy_id
        LEFT JOIN known_medicine m ON m.public_id = t.medicine_id
        ORDER BY gain_minor DESC, t.from_pharmacy_id, t.to_pharmacy_id, t.medicine_id LIMIT {MOST_ROWS}
        """,  # noqa: S608 - built from constants
    )
    return with_labels(rows)


def overstock(connection: sa.Connection) -> pd.DataFrame:
    """Items with a pack or more beyond what 28 days ask for nine times of ten, the most money first.

    pharmacy, district, medicine, stock_milli, demand_28_milli, over_milli, over_minor (NaN: no price).
    """
    rows = frame(
        connection,
        f"""
        SELECT t.pharmacy_id, t.medicine_id, p.name AS pharmacy, p.district, {MEDICINE}, c.stock_milli,
          c.demand_28_milli, t.overstock_milli AS over_milli, t.price_minor
        FROM out_stock_risk t
        LEFT JOIN out_stock_cover c ON c.pharmacy_id = t.pharmacy_id AND c.medicine_id = t.medicine_id {_NAMED}
        WHERE t.overstock_milli >= {MILLI}
        ORDER BY t.overstock_milli * t.price_minor DESC, t.pharmacy_id, t.medicine_id LIMIT {MOST_ROWS}
        """,  # noqa: S608 - built from constants
    )
    prices = rows["price_minor"].astype(float)
    return with_labels(rows).assign(over_minor=rows["over_milli"] * prices / MILLI)


def lots(connection: sa.Connection) -> pd.DataFrame:
    """Lots that expire within 90 days of which something is expected to be left, the most money first.

    pharmacy, district, medicine, lot, expires_on, quantity_milli, unsold_milli, unsold_minor (NaN: no price).
    """
    rows = frame(
        connection,
        f"""
        SELECT t.pharmacy_id, t.medicine_id, p.name AS pharmacy, p.district, {MEDICINE}, t.lot_number AS lot,
          t.expires_on, t.quantity_milli, t.unsold_milli, t.unsold_minor
        FROM out_expiring_lot t {_NAMED} WHERE t.unsold_milli > 0
        ORDER BY t.unsold_minor DESC, t.expires_on, t.pharmacy_id, t.medicine_id LIMIT {MOST_ROWS}
        """,  # noqa: S608 - built from constants
    )
    return with_labels(rows).assign(unsold_minor=rows["unsold_minor"].astype(float))


def touching(transfers: pd.DataFrame, district: str | None) -> pd.DataFrame:
    """Transfers from or to a district; all of them without one."""
    if district is None:
        return transfers
    return transfers[
        (transfers["from_district"] == district) | (transfers["to_district"] == district)
    ]


def by_money(orders: pd.DataFrame) -> float:
    """The chance that an order sells before it expires, the mean of them by their money; NaN without money."""
    cost = float(orders["cost_minor"].sum())
    return float((orders["confidence"] * orders["cost_minor"]).sum()) / cost if cost else math.nan


def unsold_by_week(lots: pd.DataFrame, today: date) -> pd.DataFrame:
    """What is expected to be lost of each week of the `LOTS_DAYS` ahead, by its Monday: week_on, unsold_minor."""
    first = min(pd.Timestamp(today), lots["expires_on"].min())
    weeks = pd.period_range(first, today + timedelta(days=LOTS_DAYS), freq="W-SUN")
    of = lots["expires_on"].dt.to_period("W-SUN")
    sums = lots["unsold_minor"].groupby(of).sum().reindex(weeks, fill_value=0.0)
    return pd.DataFrame({"week_on": weeks.start_time, "unsold_minor": sums.to_numpy()})


def orders_by_pharmacy(rows: pd.DataFrame) -> pd.DataFrame:
    """Orders of each pharmacy, the dearest first.

    pharmacy, district, order_count, quantity_milli, cost_minor, saved_milli, confidence (chance that an order sells
    before it expires, the mean of them by their money).
    """
    keys = ["pharmacy_id", "pharmacy", "district"]
    grouped = rows.groupby(keys, dropna=False)
    found = grouped.agg(
        order_count=("cost_minor", "size"),
        quantity_milli=("quantity_milli", "sum"),
        cost_minor=("cost_minor", "sum"),
        saved_milli=("saved_milli", "sum"),
    )
    found = found.assign(confidence=[by_money(of) for _, of in grouped])
    return found.reset_index().sort_values("cost_minor", ascending=False, ignore_index=True)
