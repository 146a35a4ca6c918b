"""Whether everything that was told has arrived, said in a sentence."""

from datetime import date, timedelta

import sqlalchemy as sa

from remedy.pipeline.settled import what_is_on_its_way
from remedy.schema.people import outbox
from remedy.schema.pipeline import RAW, landing_file, landing_position
from remedy.values import utc_now, uuid7


def test_an_event_is_on_its_way_until_its_file_is_ready(database):
    now, event_id = utc_now(), uuid7()
    with database.begin() as connection:
        # A partition that held nothing but dead letters has no file, and none is waited for.
        connection.execute(
            sa.insert(landing_position).values(
                topic="reports", partition_no=0, next_offset=1, changed_at=now
            )
        )
        assert what_is_on_its_way(connection) == ""
        connection.execute(
            sa.insert(outbox).values(
                event_id=event_id,
                aggregatetype="orders",
                type="t",
                payload="{}",
                occurred_at=now,
                recorded_at=now,
            )
        )
        assert what_is_on_its_way(connection) == "1 events are not told yet."
        connection.execute(sa.update(outbox).values(published_at=now))
        assert what_is_on_its_way(connection) == "1 events are not landed in MySQL yet."
        connection.execute(
            sa.insert(RAW["orders"]).values(
                event_id=event_id,
                type="t",
                partition_no=1,
                record_offset=7,
                event_at=now,
                day=date(2026, 1, 31),
                landed_at=now,
                event="{}",
            )
        )
        assert what_is_on_its_way(connection) == "1 landed events are not in HDFS yet."
        connection.execute(
            sa.insert(landing_file).values(
                topic="orders",
                partition_no=1,
                first_offset=0,
                next_offset=8,
                landed_on=now.date(),
                path="/x",
                state="planned",
                row_count=1,
                planned_at=now - timedelta(seconds=1),
            )
        )
        assert what_is_on_its_way(connection) == "1 landed events are not in HDFS yet."
        connection.execute(sa.update(landing_file).values(state="ready"))
        assert what_is_on_its_way(connection) == ""
