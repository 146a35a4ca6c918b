"""Tables of live demand: what was noticed, and how the last hour stands. The account of `remedy watch` alone writes them."""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Uuid, public_id, row_id, table

demand_alert = table(
    "demand_alert",
    # A change of demand: opened, its highest, when it was last unusual (NULL while it is), and ended.
    row_id(),
    public_id(),
    sa.Column("subject_kind", sa.String(10), nullable=False),
    sa.Column("medicine_id", Uuid),
    sa.Column("atc_group", sa.String(10)),
    sa.Column("measure", sa.String(10), nullable=False),
    sa.Column("window_minutes", sa.Integer, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("opened_count", BigInt, nullable=False),
    # Expected events in thousandths, and the most that chance brings.
    sa.Column("usual_milli", BigInt, nullable=False),
    sa.Column("band_high", BigInt, nullable=False),
    sa.Column("highest_count", BigInt, nullable=False),
    sa.Column("highest_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    # One open alert per subject and measure: the subject and measure until it has ended, NULL afterwards.
    sa.Column("open_key", sa.String(80), unique=True),
    sa.Column("latest_at", Instant),
    sa.Index("ix_demand_alert_opened_at", "opened_at"),
)

demand_now = table(
    "demand_now",
    # How the last minutes stand; a subject of too few people has no row.
    sa.Column("subject_kind", sa.String(10), primary_key=True),
    sa.Column("subject_name", sa.String(40), primary_key=True),
    sa.Column("measure", sa.String(10), primary_key=True),
    sa.Column("window_minutes", sa.Integer, primary_key=True),
    sa.Column("event_count", BigInt, nullable=False),
    sa.Column("usual_milli", BigInt, nullable=False),
    sa.Column("band_high", BigInt, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

demand_watch = table(
    "demand_watch",
    # One row: when the watch last looked, the newest landed event it knows, and what it holds for usual.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("looked_at", Instant, nullable=False),
    sa.Column("landed_at", Instant),
    sa.Column("history_days", sa.Integer, nullable=False),
    sa.Column("subject_count", sa.Integer, nullable=False),
)
