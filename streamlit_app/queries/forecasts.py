"""What was foretold, by which model, and how wrong that model has been."""

from datetime import date
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame
from streamlit_app.queries.names import MEDICINE, with_labels

FAMILY = "demand"


def model_in_use(connection: sa.Connection) -> pd.DataFrame:
    """The model in use, or no row: version, method, trained_at, data_until_on, errors, card."""
    return frame(
        connection,
        "SELECT id AS model_run, version, model AS method, trained_at, data_until AS data_until_on,"
        " series_count, relative_error, total_error_milli, origin_count, card"
        " FROM model_run WHERE champion_of = :family",
        family=FAMILY,
    )


def errors(connection: sa.Connection, model_run: int) -> pd.DataFrame:
    """Errors of the 28-day totals per method over all origins: method, error_milli, actual_milli, origin_count."""
    return frame(
        connection,
        "SELECT method, SUM(total_error_milli) AS error_milli, SUM(total_actual_milli) AS actual_milli,"
        " COUNT(*) AS origin_count, MIN(origin_on) AS first_on, MAX(origin_on) AS last_on"
        " FROM model_error WHERE model_run_id = :model_run GROUP BY method"
        " ORDER BY SUM(total_error_milli)",
        model_run=model_run,
    )


def made(connection: sa.Connection) -> pd.DataFrame:
    """The forecast that is stored, or no row: first_on, last_on, made_at, version, item_count."""
    return frame(
        connection,
        "SELECT MIN(day) AS first_on, MAX(day) AS last_on, MAX(made_at) AS made_at,"
        " MAX(model_version) AS version, COUNT(DISTINCT pharmacy_id, medicine_id) AS item_count"
        " FROM out_stock_forecast HAVING item_count > 0",
    )


def cover(connection: sa.Connection, pharmacy_id: UUID | None = None) -> pd.DataFrame:
    """How long stock lasts, what runs out first on top; at most 500 items.

    pharmacy, medicine, stock_milli, days_of_cover (NaN: longer than 28 days), demand_28_milli and its
    bounds.
    """
    where = "WHERE c.pharmacy_id = :pharmacy_id" if pharmacy_id else ""
    rows = frame(
        connection,
        f"""
        SELECT c.pharmacy_id, c.medicine_id, p.name AS pharmacy, {MEDICINE}, c.stock_milli,
          c.days_of_cover, c.demand_28_milli, c.demand_28_low_milli, c.demand_28_high_milli
        FROM out_stock_cover c
        LEFT JOIN known_pharmacy p ON p.public_id = c.pharmacy_id
        LEFT JOIN known_medicine m ON m.public_id = c.medicine_id {where}
        ORDER BY c.days_of_cover IS NULL, c.days_of_cover, c.demand_28_milli DESC LIMIT 500
        """,  # noqa: S608 - built from constants; values are bound
        **({"pharmacy_id": pharmacy_id} if pharmacy_id else {}),
    )
    return with_labels(rows)


def foretold(connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID) -> pd.DataFrame:
    """The forecast of one item: day, expected_milli, low_milli, high_milli."""
    return frame(
        connection,
        "SELECT day, expected_milli, low_milli, high_milli FROM out_stock_forecast"
        " WHERE pharmacy_id = :pharmacy_id AND medicine_id = :medicine_id ORDER BY day",
        pharmacy_id=pharmacy_id,
        medicine_id=medicine_id,
    )


def sold_before(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, first: date, before: date
) -> pd.DataFrame:
    """What one item sold on closed days from `first` to before `before`: day, demand_milli."""
    return frame(
        connection,
        "SELECT day, sold_milli + refused_milli AS demand_milli FROM agg_daily_demand"
        " WHERE pharmacy_id = :pharmacy_id AND medicine_id = :medicine_id"
        " AND day >= :first AND day < :before ORDER BY day",
        pharmacy_id=pharmacy_id,
        medicine_id=medicine_id,
        first=first,
        before=before,
    )
