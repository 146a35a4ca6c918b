"""How pharmacies do, on closed days: filled, out of stock, expired, priced, and how soon orders lay ready."""

from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame

LOOK_BACK = timedelta(days=90)
"""A shelf that nothing has moved on for longer is no longer kept."""

MOST_ROWS = 100_000


def demand(connection: sa.Connection, first: date, closed: date) -> pd.DataFrame:
    """Per pharmacy: pharmacy_id, sold_milli, refused_milli, refusal_count."""
    return frame(
        connection,
        "SELECT pharmacy_id, SUM(sold_milli) AS sold_milli, SUM(refused_milli) AS refused_milli,"
        " SUM(refusal_count) AS refusal_count FROM agg_daily_demand"
        " WHERE day BETWEEN :first AND :closed GROUP BY pharmacy_id",
        first=first,
        closed=closed,
    )


def shelves(connection: sa.Connection, first: date, closed: date) -> pd.DataFrame:
    """Per pharmacy and medicine: pharmacy_id, medicine_id, stock_milli at the end, out_count (days it closed empty).

    A day without movement closes as the one before; a shelf counts from its first movement on, and no longer when
    nothing has moved for ninety days.
    """
    return frame(
        connection,
        """
        SELECT d.pharmacy_id, d.medicine_id,
          SUM(CASE WHEN d.closing_milli <= 0
            THEN GREATEST(0, DATEDIFF(d.until_day, GREATEST(d.day, :first))) ELSE 0 END) AS out_count,
          SUM(CASE WHEN d.is_last THEN d.closing_milli ELSE 0 END) AS stock_milli,
          DATEDIFF(:after, GREATEST(MIN(d.day), :first)) AS kept_count
        FROM (
          SELECT s.pharmacy_id, s.medicine_id, s.day, s.closing_milli,
            COALESCE(LEAD(s.day) OVER (PARTITION BY s.pharmacy_id, s.medicine_id ORDER BY s.day), :after)
              AS until_day,
            LEAD(s.day) OVER (PARTITION BY s.pharmacy_id, s.medicine_id ORDER BY s.day) IS NULL AS is_last
          FROM agg_daily_stock s WHERE s.day BETWEEN :since AND :closed
        ) d
        GROUP BY d.pharmacy_id, d.medicine_id
        """,
        first=first,
        closed=closed,
        after=closed + timedelta(days=1),
        since=first - LOOK_BACK,
    )


def expired(connection: sa.Connection, first: date, closed: date) -> pd.DataFrame:
    """Per pharmacy: pharmacy_id, expired_milli, loss_minor (at the price of the day), unpriced_count (without a price)."""
    return frame(
        connection,
        """
        SELECT e.pharmacy_id, SUM(e.expired_milli) AS expired_milli,
          ROUND(SUM(e.expired_milli * COALESCE(e.price_minor, 0)) / 1000) AS loss_minor,
          SUM(e.price_minor IS NULL) AS unpriced_count
        FROM (
          SELECT s.pharmacy_id, s.expired_milli,
            (SELECT p.price_minor FROM agg_daily_price p
             WHERE p.pharmacy_id = s.pharmacy_id AND p.medicine_id = s.medicine_id AND p.day <= s.day
             ORDER BY p.day DESC LIMIT 1) AS price_minor
          FROM agg_daily_stock s WHERE s.day BETWEEN :first AND :closed AND s.expired_milli > 0
        ) e
        GROUP BY e.pharmacy_id
        """,
        first=first,
        closed=closed,
    )


def prices(connection: sa.Connection, closed: date) -> pd.DataFrame:
    """The price of each medicine at each pharmacy as that day ended: pharmacy_id, medicine_id, price_minor, day."""
    return frame(
        connection,
        f"""
        SELECT p.pharmacy_id, p.medicine_id, p.price_minor, p.day
        FROM agg_daily_price p JOIN (
          SELECT pharmacy_id, medicine_id, MAX(day) AS day FROM agg_daily_price
          WHERE day <= :closed GROUP BY pharmacy_id, medicine_id
        ) n ON n.pharmacy_id = p.pharmacy_id AND n.medicine_id = p.medicine_id AND n.day = p.day
        LIMIT {MOST_ROWS}
        """,  # noqa: S608 - built from constants; values are bound
        closed=closed,
    )


def ready(connection: sa.Connection, first: date, closed: date) -> pd.DataFrame:
    """Orders placed in the period and made ready since: pharmacy_id, minutes from the one to the other."""
    rows = frame(
        connection,
        """
        SELECT JSON_VALUE(r.event, '$.data.pharmacy_id') AS pharmacy,
          JSON_VALUE(r.event, '$.data.order_id') AS ordered, r.type, r.event_at AS happened_at, r.day
        FROM raw_orders r
        WHERE r.day BETWEEN :first AND :until
          AND r.type IN ('remedy.orders.placed.v1', 'remedy.orders.made-ready.v1')
        """,
        first=first,
        until=closed + timedelta(days=7),
    )
    is_placed = (rows["type"] == "remedy.orders.placed.v1") & (rows["day"] <= pd.Timestamp(closed))
    placed = rows[is_placed].set_index("ordered")
    made = (
        rows[rows["type"] == "remedy.orders.made-ready.v1"].groupby("ordered")["happened_at"].min()
    )
    both = placed.join(made.rename("ready_at"), how="inner")
    return pd.DataFrame(
        {
            "pharmacy_id": both["pharmacy"],
            "minutes": (both["ready_at"] - both["happened_at"]).dt.total_seconds() / 60,
        }
    )


def against_median(prices: pd.DataFrame, least: int = 3) -> pd.DataFrame:
    """Per pharmacy: how far its prices lie from the town's median, on average, over medicines that `least` have.

    pharmacy_id, above (0.05: five per cent dearer), compared_count.
    """
    if prices.empty:
        return pd.DataFrame({"pharmacy_id": [], "above": [], "compared_count": []})
    of_medicine = prices.groupby("medicine_id")["price_minor"]
    known = prices.assign(
        median=of_medicine.transform("median"), sellers=of_medicine.transform("size")
    )
    known = known[(known["sellers"] >= least) & (known["median"] > 0)]
    above = known["price_minor"] / known["median"] - 1
    grouped = above.groupby(known["pharmacy_id"])
    return pd.DataFrame({"above": grouped.mean(), "compared_count": grouped.size()}).reset_index()
