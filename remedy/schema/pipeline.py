"""Tables that Airflow's account alone writes: raw_*, landing_*, agg_*, out_*, quality and model results.

Ids in them are public ones; no names of patients.
"""

import sqlalchemy as sa

from remedy.events.topics import TOPICS
from remedy.schema.base import BigInt, Instant, Text, Uuid, row_id, table

RAW = {
    topic.name: table(
        topic.raw_table,
        row_id(),
        sa.Column("event_id", Uuid, nullable=False, unique=True),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("partition_no", sa.Integer, nullable=False),
        sa.Column("record_offset", BigInt, nullable=False),
        sa.Column("event_at", Instant, nullable=False),
        # The local day it counts for (remedy.events.days).
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("landed_at", Instant, nullable=False),
        # One CloudEvent in JSON structured form plus topic, partition and offset: the line in HDFS.
        sa.Column("event", Text, nullable=False),
        sa.UniqueConstraint("partition_no", "record_offset", name=f"uq_{topic.raw_table}_place"),
        sa.Index(f"ix_{topic.raw_table}_event_at", "event_at"),
        sa.Index(f"ix_{topic.raw_table}_day", "day"),
    )
    for topic in TOPICS.values()
}
"""The raw table of each topic, by the topic's name."""

landing_position = table(
    "landing_position",
    sa.Column("topic", sa.String(40), primary_key=True),
    sa.Column("partition_no", sa.Integer, primary_key=True),
    sa.Column("next_offset", BigInt, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)

landing_file = table(
    "landing_file",
    row_id(),
    sa.Column("topic", sa.String(40), nullable=False),
    sa.Column("partition_no", sa.Integer, nullable=False),
    sa.Column("first_offset", BigInt, nullable=False),
    sa.Column("next_offset", BigInt, nullable=False),
    sa.Column("landed_on", sa.Date, nullable=False),
    sa.Column("path", sa.String(255), nullable=False),
    # `planned` before a byte is written, `ready` after the rename, `replaced` once compacted.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("row_count", BigInt, nullable=False),
    sa.Column("byte_count", BigInt),
    sa.Column("sha256", sa.BINARY(32)),
    sa.Column("planned_at", Instant, nullable=False),
    sa.Column("ready_at", Instant),
    # When the gate has looked at the range.
    sa.Column("checked_at", Instant),
    # Part of the key: the file a compaction makes begins where the first one it replaces began.
    sa.Column("is_compacted", sa.Boolean, nullable=False, server_default=sa.text("0")),
    sa.UniqueConstraint(
        "topic", "partition_no", "first_offset", "is_compacted", name="uq_landing_file_range"
    ),
    sa.Index("ix_landing_file_state", "state", "topic", "landed_on"),
)

landing_file_day = table(
    "landing_file_day",
    # The event days a file touches, and how many rows of each it holds.
    sa.Column("file_id", BigInt, sa.ForeignKey("landing_file.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("row_count", BigInt, nullable=False),
    sa.Index("ix_landing_file_day_day", "day"),
)

landing_dead_letter = table(
    "landing_dead_letter",
    row_id(),
    sa.Column("topic", sa.String(40), nullable=False),
    sa.Column("partition_no", sa.Integer, nullable=False),
    sa.Column("record_offset", BigInt, nullable=False),
    sa.Column("reason", sa.String(300), nullable=False),
    sa.Column("landed_at", Instant, nullable=False),
    # When it was also sent to the -dlq topic.
    sa.Column("told_at", Instant),
    sa.Column("replayed_at", Instant),
    sa.UniqueConstraint(
        "topic", "partition_no", "record_offset", name="uq_landing_dead_letter_place"
    ),
)

landed_day = table(
    "landed_day",
    # `kind` is the topic.
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("landed_rows", BigInt, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)

quarantine = table(
    "quarantine",
    # A row that can be read and is not believed; `released_at` when a person believed it after all.
    sa.Column("event_id", Uuid, primary_key=True),
    sa.Column("topic", sa.String(40), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("expectation", sa.String(120), nullable=False),
    sa.Column("quarantined_at", Instant, nullable=False),
    sa.Column("released_at", Instant),
    sa.Index("ix_quarantine_day", "topic", "day"),
)

quality_result = table(
    "quality_result",
    row_id(),
    sa.Column("run_id", sa.String(120), nullable=False),
    sa.Column("topic", sa.String(40), nullable=False),
    sa.Column("expectation", sa.String(120), nullable=False),
    sa.Column("severity", sa.String(10), nullable=False),
    sa.Column("has_passed", sa.Boolean, nullable=False),
    sa.Column("checked_rows", BigInt, nullable=False),
    sa.Column("failed_rows", BigInt, nullable=False),
    sa.Column("checked_at", Instant, nullable=False),
    sa.Index("ix_quality_result_checked_at", "checked_at"),
)

aggregated_day = table(
    "aggregated_day",
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    # `landed_day.changed_at` as it was read: a later one means the day changed since.
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("landed_rows", BigInt, nullable=False),
    sa.Column("counted_rows", BigInt, nullable=False),
    sa.Column("quarantined_rows", BigInt, nullable=False),
    sa.Column("run_id", sa.String(120), nullable=False),
    # `job_1764…_0001` on YARN, empty when counted elsewhere.
    sa.Column("application_id", sa.String(60), nullable=False),
    sa.Column("aggregated_at", Instant, nullable=False),
    # The open day, counted on demand, stays marked as changed.
    sa.Column("is_open", sa.Boolean, nullable=False),
)

agg_daily_demand = table(
    "agg_daily_demand",
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("sold_milli", BigInt, nullable=False),
    sa.Column("uncovered_milli", BigInt, nullable=False),
    sa.Column("refused_milli", BigInt, nullable=False),
    sa.Column("received_milli", BigInt, nullable=False),
    sa.Column("sale_count", BigInt, nullable=False),
    sa.Column("refusal_count", BigInt, nullable=False),
    sa.Index("ix_agg_daily_demand_item", "pharmacy_id", "medicine_id", "day"),
)

agg_daily_unmet_demand = table(
    "agg_daily_unmet_demand",
    # Searches that found nothing: `medicine_id` is all zeros and `query` the words when nothing was meant.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("district", sa.String(60), primary_key=True),
    sa.Column("query", sa.String(100), primary_key=True),
    sa.Column("search_count", BigInt, nullable=False),
    sa.Column("searcher_count", BigInt, nullable=False),
)

agg_daily_search = table(
    "agg_daily_search",
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("search_count", BigInt, nullable=False),
    sa.Column("found_count", BigInt, nullable=False),
)

agg_daily_searcher = table(
    "agg_daily_searcher",
    # How many different people looked for a medicine; their pseudonyms change every day.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("searcher_count", BigInt, nullable=False),
)

agg_daily_look_alike = table(
    "agg_daily_look_alike",
    # Words that meant no medicine, and a name that they are one slip from.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("district", sa.String(60), primary_key=True),
    sa.Column("query", sa.String(100), primary_key=True),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("search_count", BigInt, nullable=False),
    sa.Column("searcher_count", BigInt, nullable=False),
)

agg_daily_stock = table(
    "agg_daily_stock",
    # What lay on the shelf on a day on which something moved; until the next such day it stayed as it closed.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("opening_milli", BigInt, nullable=False),
    sa.Column("closing_milli", BigInt, nullable=False),
    sa.Column("lowest_milli", BigInt, nullable=False),
    sa.Column("expired_milli", BigInt, nullable=False),
    sa.Column("movement_count", BigInt, nullable=False),
    sa.Index("ix_agg_daily_stock_item", "pharmacy_id", "medicine_id", "day"),
)

agg_daily_price = table(
    "agg_daily_price",
    # The last price of a day on which it was set; until the next such day it stayed.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("price_minor", BigInt, nullable=False),
    sa.Column("change_count", BigInt, nullable=False),
    sa.Index("ix_agg_daily_price_item", "pharmacy_id", "medicine_id", "day"),
)

model_run = table(
    "model_run",
    row_id(),
    sa.Column("model", sa.String(40), nullable=False),
    # The version's name: time of training and the first digits of the artefact's SHA-256.
    sa.Column("version", sa.String(60), nullable=False, unique=True),
    sa.Column("trained_at", Instant, nullable=False),
    sa.Column("data_until", sa.Date, nullable=False),
    sa.Column("series_count", BigInt, nullable=False),
    # Mean absolute error of the 28-day total on rolling origins, relative to the 28-day mean's.
    sa.Column("relative_error", sa.Double),
    sa.Column("total_error_milli", sa.Double),
    sa.Column("origin_count", BigInt, nullable=False),
    sa.Column("path", sa.String(255), nullable=False),
    sa.Column("sha256", sa.BINARY(32), nullable=False),
    sa.Column("card", Text, nullable=False),
    # Of the days of several items together: which part of errors is shared, and which share of days lay in such bands.
    # NULL: not known.
    sa.Column("shared_error", sa.Double),
    sa.Column("group_inside", sa.Double),
    # The one in use: at most one per `model` family is, the rest have NULL.
    sa.Column("champion_of", sa.String(40), unique=True),
    # Waits for a person's word, and why: sentences, one a line.
    sa.Column("is_proposed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("proposal", Text),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", sa.String(120)),
)

model_choice = table(
    "model_choice",
    # How each compared method did on a class of series (smooth, seasonal, intermittent, new), and whether it serves it.
    sa.Column("model_run_id", BigInt, sa.ForeignKey("model_run.id"), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("method", sa.String(40), primary_key=True),
    # A method that is compared and never served (boosted trees, the LSTM) is used nowhere.
    sa.Column("is_used", sa.Boolean, nullable=False),
    sa.Column("series_count", BigInt, nullable=False),
    sa.Column("origin_count", BigInt, nullable=False),
    # In multiples of an item's in-sample one-week difference; NULL: not measured.
    sa.Column("total_error", sa.Double),
    sa.Column("week_error", sa.Double),
    sa.Column("rmsse", sa.Double),
    sa.Column("pinball", sa.Double),
    # Shares above what was told as the 0.9 quantile: of days, and of 28-day totals.
    sa.Column("above_high", sa.Double),
    sa.Column("total_above_high", sa.Double),
    # Fitting it and foretelling with it, all compared origins together.
    sa.Column("seconds", sa.Double),
    # Of a replayed inventory that was ordered for by this method.
    sa.Column("short_milli", sa.Double),
    sa.Column("expired_milli", sa.Double),
)

model_error = table(
    "model_error",
    # Error of each compared method on each rolling origin: what a forecast's own past error is shown from.
    sa.Column("model_run_id", BigInt, sa.ForeignKey("model_run.id"), primary_key=True),
    sa.Column("method", sa.String(40), primary_key=True),
    sa.Column("origin_on", sa.Date, primary_key=True),
    sa.Column("series_count", BigInt, nullable=False),
    sa.Column("total_error_milli", sa.Double, nullable=False),
    sa.Column("total_actual_milli", sa.Double, nullable=False),
)

out_stock_forecast = table(
    "out_stock_forecast",
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("expected_milli", BigInt, nullable=False),
    sa.Column("low_milli", BigInt, nullable=False),
    sa.Column("high_milli", BigInt, nullable=False),
    sa.Column("model_version", sa.String(60), nullable=False),
    sa.Column("made_at", Instant, nullable=False),
)

out_stock_cover = table(
    "out_stock_cover",
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("stock_milli", BigInt, nullable=False),
    # Days until the expected demand has used the stock up; NULL: not within the 28 days foretold.
    sa.Column("days_of_cover", sa.Double),
    sa.Column("demand_28_milli", BigInt, nullable=False),
    sa.Column("demand_28_low_milli", BigInt, nullable=False),
    sa.Column("demand_28_high_milli", BigInt, nullable=False),
    sa.Column("model_version", sa.String(60), nullable=False),
    sa.Column("made_at", Instant, nullable=False),
)
