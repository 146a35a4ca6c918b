"""One file per topic, partition and landing day, swapped at once, and old names readable for a day."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from remedy.pipeline import compaction
from remedy.schema.pipeline import RAW, landing_file, landing_file_day
from remedy.values import Clock, at_that, utc_now
from tests.integration.streams import TOPIC, Streams, sale, streams_of


@pytest.fixture
def streams(stack: Any, database_url: str) -> Iterator[Streams]:
    yield from streams_of(stack, database_url)


@pytest.fixture
def now() -> datetime:
    """When a test begins, and all its files land: a midnight between two of them would make two days of one."""
    return utc_now()


def landed(streams: Streams, now: datetime, files: int = 3) -> list[str]:
    """Some events of one pharmacy in that many files, checked; their ids."""
    pharmacy_id = uuid4()
    ids = []
    for _ in range(files):
        some = [sale(pharmacy_id, at=now) for _ in range(5)]
        assert streams.publisher.publish(some) == []
        streams.land_all(clock=at_that(now))
        ids += [str(event.event_id) for event in some]
    checked(streams, now)
    return ids


def in_days(now: datetime, days: int) -> Clock:
    return at_that(now + timedelta(days=days))


def checked(streams: Streams, at: datetime | None) -> None:
    with streams.engine.begin() as connection:
        connection.execute(sa.update(landing_file).values(checked_at=at))


def read(streams: Streams, paths: list[str]) -> list[str]:
    return [line.split('"id":"', 1)[1][:36] for line in streams.lines(paths)]


def per_day(streams: Streams) -> Any:
    wanted = (
        sa.select(landing_file.c.topic, landing_file_day.c.day, sa.func.sum(landing_file_day.c.row_count))
        .join(landing_file_day, landing_file_day.c.file_id == landing_file.c.id)
        .where(landing_file.c.state == "ready")
        .group_by(landing_file.c.topic, landing_file_day.c.day)
    )  # fmt: skip
    with streams.engine.connect() as connection:
        return sorted(connection.execute(wanted).all())


def test_a_closed_day_becomes_one_file_with_the_same_lines_and_days(
    streams: Streams, now: datetime
) -> None:
    ids = landed(streams, now)
    before, days = streams.paths(), per_day(streams)
    assert len(before) >= 3
    compaction.compact(streams.engine, streams.files(), clock=in_days(now, 1))
    after = streams.paths()
    partitions = {path.rsplit("/p", 1)[1].split("-")[0] for path in before}
    assert len(after) == len(partitions) < len(before)
    assert [each for each in read(streams, after) if each in ids] == ids
    assert per_day(streams) == days


def test_an_open_day_and_a_day_that_is_not_checked_are_left_alone(
    streams: Streams, now: datetime
) -> None:
    landed(streams, now)
    before = streams.paths()
    assert compaction.compact(streams.engine, streams.files(), clock=at_that(now)).days == 0
    checked(streams, None)
    assert compaction.compact(streams.engine, streams.files(), clock=in_days(now, 1)).days == 0
    assert streams.paths() == before


def test_a_reader_of_the_old_names_has_a_day(streams: Streams, now: datetime) -> None:
    ids = landed(streams, now)
    old = streams.paths()
    compaction.compact(streams.engine, streams.files(), clock=in_days(now, 1))
    assert compaction.remove_replaced(streams.engine, streams.files(), clock=in_days(now, 1)) == 0
    assert [each for each in read(streams, old) if each in ids] == ids
    removed = compaction.compact(
        streams.engine, streams.files(), clock=in_days(now, 3)
    ).files_removed
    assert removed == len(set(old) - set(streams.paths())) > 0
    assert set(streams.listed()) == {path.split("/", 2)[2] for path in streams.paths()}


def test_a_night_that_was_cut_short_is_done_again(streams: Streams, now: datetime) -> None:
    ids = landed(streams, now)
    files = streams.files()
    before = streams.paths()
    rename = files.write_once

    def cut(name: str, chunks: Any) -> Any:
        rename(name, chunks)
        raise KeyboardInterrupt

    files.write_once = cut  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        compaction.compact(streams.engine, files, clock=in_days(now, 1))
    assert streams.paths() == before
    compaction.compact(streams.engine, streams.files(), clock=in_days(now, 1))
    assert [each for each in read(streams, streams.paths()) if each in ids] == ids


def test_a_file_that_is_not_what_was_landed_is_named_and_nothing_is_swapped(
    streams: Streams, now: datetime
) -> None:
    landed(streams, now)
    before = streams.paths()
    files = streams.files()
    files.delete(before[1])
    files.write_once(before[1], [b"{}\n"])
    with pytest.raises(compaction.CompactionError, match="does not hold the bytes"):
        compaction.compact(streams.engine, streams.files(), clock=in_days(now, 1))
    assert before[1] in streams.paths()


def test_a_file_that_was_changed_is_written_again_from_its_rows(
    streams: Streams, now: datetime
) -> None:
    # What docs/runbooks/landing.md says to do.
    ids = landed(streams, now)
    changed = streams.paths()[1]
    streams.files().delete(changed)
    with streams.engine.begin() as connection:
        connection.execute(
            sa.update(landing_file).where(landing_file.c.path == changed).values(state="planned")
        )
    streams.land_all(clock=at_that(now))
    compaction.compact(streams.engine, streams.files(), clock=in_days(now, 1))
    assert [each for each in read(streams, streams.paths()) if each in ids] == ids


def test_raw_rows_go_after_ninety_days_and_their_lines_stay(
    streams: Streams, now: datetime
) -> None:
    ids = landed(streams, now, files=1)
    assert compaction.retire_raw_rows(streams.engine, clock=in_days(now, 89)) == 0
    assert compaction.retire_raw_rows(streams.engine, clock=in_days(now, 91)) >= len(ids)
    with streams.engine.connect() as connection:
        left = sa.select(sa.func.count()).select_from(RAW[TOPIC])
        assert connection.execute(left).scalar_one() == 0
    assert [each for each in read(streams, streams.paths()) if each in ids] == ids
    more = sale(UUID(int=7), at=now)
    assert streams.publisher.publish([more]) == []
    streams.land_all()
    assert str(more.event_id) in read(streams, streams.paths())
