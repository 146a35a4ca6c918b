"""Tables that hold forecasts against what came (models/drift.py): what was told, how far off it was, whether that drifts.

Airflow's account alone writes them. Ids are public ones; nothing is in them of any patient.
"""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Uuid, table

forecast_kept = table(
    "forecast_kept",
    # What was told of an item's first 7 and 28 days, one forecast a week, until those days are over and scored.
    sa.Column("first_day", sa.Date, primary_key=True),
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    # The item's class then: smooth, seasonal, intermittent or new.
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("expected_7_milli", BigInt, nullable=False),
    sa.Column("expected_28_milli", BigInt, nullable=False),
    sa.Column("low_28_milli", BigInt, nullable=False),
    sa.Column("high_28_milli", BigInt, nullable=False),
    sa.Column("model_version", sa.String(60), nullable=False),
)

forecast_score = table(
    "forecast_score",
    # How far off what was really told was: sums over the items of a class (or `all`) whose days are all known.
    # `day` is the last day scored, `span` how many days end there: 1 (each day as last told before it closed), 7, 28.
    sa.Column("span", sa.SmallInteger, primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("series_count", BigInt, nullable=False),
    # Thousandths of a pack over all of them: what was told, what came, and by how much each was off.
    sa.Column("told_milli", BigInt, nullable=False),
    sa.Column("actual_milli", BigInt, nullable=False),
    sa.Column("error_milli", BigInt, nullable=False),
    # Mean absolute error in multiples of an item's one-week difference, as in model_choice; NULL: not measured.
    sa.Column("scaled_error", sa.Double),
    # Items above what was told as their 0.9 quantile, and below their 0.1; NULL for weeks, of which none is told.
    sa.Column("above_high_count", BigInt),
    sa.Column("below_low_count", BigInt),
    sa.Column("model_version", sa.String(60), nullable=False),
    sa.Column("scored_at", Instant, nullable=False),
)

forecast_drift = table(
    "forecast_drift",
    # What is said of the model in use at present, a class and measure a row.
    sa.Column("kind", sa.String(16), primary_key=True),
    # `above_high` and `below_low` (shares of days), `week_error` (of 7-day totals, in one-week differences).
    sa.Column("measure", sa.String(16), primary_key=True),
    # Mean of the last 28 days, what the training promised, and up to where that promise is taken to be kept;
    # NULL: nothing scored yet, or nothing promised.
    sa.Column("recent", sa.Double),
    sa.Column("promised", sa.Double),
    sa.Column("allowed", sa.Double),
    # Days (or weeks) looked at, those of models used before it too, and the evidence against what each promised:
    # it drifts when that has reached the threshold (docs/decisions/0024).
    sa.Column("score_count", BigInt, nullable=False),
    sa.Column("evidence", sa.Double, nullable=False),
    sa.Column("threshold", sa.Double, nullable=False),
    # The day on which it did; NULL: it does not drift.
    sa.Column("drifts_since", sa.Date),
    sa.Column("model_version", sa.String(60), nullable=False),
    sa.Column("made_at", Instant, nullable=False),
)
