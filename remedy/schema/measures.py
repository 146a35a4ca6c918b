"""Tables of how it goes: the portal's requests by the minute, and how tasks of DAGs ended."""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, table

portal_minute = table(
    "portal_minute",
    # Requests of all workers together; `within_ms` is the step of time they took at most. No path, no id.
    sa.Column("minute_at", Instant, primary_key=True),
    sa.Column("room", sa.String(40), primary_key=True),
    sa.Column("within_ms", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("request_count", BigInt, nullable=False),
    sa.Column("refused_count", BigInt, nullable=False),
    sa.Column("failed_count", BigInt, nullable=False),
)

out_task_result = table(
    "out_task_result",
    # How a task ended for good, after its last try; run again by hand, its row is the newer one.
    sa.Column("dag_id", sa.String(80), primary_key=True),
    sa.Column("run_id", sa.String(120), primary_key=True),
    sa.Column("task_id", sa.String(80), primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("has_succeeded", sa.Boolean, nullable=False),
    sa.Column("try_count", sa.Integer, nullable=False),
    sa.Column("began_at", Instant),
    sa.Column("ended_at", Instant, nullable=False),
    sa.Index("ix_out_task_result_ended_at", "ended_at"),
)
