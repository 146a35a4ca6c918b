"""Real visits from their file to the counts: imported, told by the relay, landed, checked, counted by one job on YARN.

The real register is the long form; a made-up one of the same shape goes the same way every time.
"""

import os
import random
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.runner import Hadoop, run, yarn_tag
from mapreduce.yarn import Yarn
from remedy.events.recorded import VisitRecorded
from remedy.gateways.mysql import engine_for
from remedy.pipeline import quality, relay
from remedy.pipeline.aggregates import Asked, Plan, aggregate
from remedy.pipeline.landing_rows import read_zones
from remedy.pipeline.visit_counts import VISITS, plan_visits
from remedy.pipeline.visit_import import import_visits
from remedy.schema.hospital import appointment
from remedy.schema.pipeline import RAW, aggregated_day
from remedy.schema.visit_counts import agg_daily_imported_visits
from remedy.values import utc_now
from tests.integration.streams import Streams, streams_of
from tests.integration.test_visit_import import a_register, volumes_in
from tests.unit.mapreduce import test_week_ahead as week_ahead
from tests.unit.mapreduce.landed import movement
from tests.unit.remedy.pipeline.test_visit_records import line

JOB = "mapreduce.visits:MRVisits"
TOPIC = VisitRecorded.topic()
ZONE = "Europe/Rome"
# Great Expectations and what it imports warn about themselves.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def streams(stack: Any, database_url: str) -> Iterator[Streams]:
    yield from streams_of(stack, database_url)


def tell_all(engine: sa.Engine, streams: Streams) -> None:
    """What the relay does, until nothing waits."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while relay.tell(connection, streams.publisher, clock=utc_now).marked:
            continue


def goes_all_the_way(
    stack: Any, streams: Streams, engine: sa.Engine, path: Path, folder: Path
) -> None:
    expected = volumes_in(path)
    total = sum(number for number, _ in expected.values())
    report_path = folder / "report.csv"
    report = import_visits(engine, path, time_zone=ZONE, report_path=report_path, clock=utc_now)
    assert (report.records, report.added, report.refused) == (total, total, 0)
    tell_all(engine, streams)
    streams.land_all()
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(RAW[TOPIC])) == total
        assert connection.scalar(sa.select(sa.func.count()).select_from(appointment)) == 0
    checked = quality.check(streams.engine, run_id="test", clock=utc_now)
    assert (checked.rows, checked.quarantined) == (total, 0)

    settings = stack.settings("pipeline")
    hadoop = Hadoop(
        settings.hadoop_bin, settings.hadoop_streaming_jar, settings.yarn_url, settings.hdfs_user
    )
    owner = f"test {uuid.uuid4()}"
    zones = read_zones(engine, ZONE)

    def count_on_yarn(plan: Plan, inputs: Sequence[str], output: str) -> str:
        wanted = Wanted.of(plan.wanted_days(), map(str, plan.quarantined), zones=zones)
        return run(JOB, inputs, output, wanted=wanted, owner=owner, hadoop=hadoop).application_id

    done = aggregate(
        streams.engine,
        streams.files(),
        zones,
        count_on_yarn,
        asked=Asked(),
        run_id="test",
        clock=utc_now,
        subject=VISITS,
        planned=plan_visits,
    )
    (application,) = Yarn(hadoop.yarn_url).applications(yarn_tag(owner))
    assert (application.application_id, application.final_status) == (
        done.application_id,
        "SUCCEEDED",
    )
    with engine.connect() as connection:
        counted = connection.execute(sa.select(agg_daily_imported_visits)).all()
        days = connection.execute(
            sa.select(aggregated_day).where(aggregated_day.c.kind == TOPIC)
        ).all()
    found = {(row.day, row.neighbourhood): (row.visit_count, row.missed_count) for row in counted}
    assert found == expected
    assert {row.day for row in days} == {day for day, _ in expected}
    assert sum(row.counted_rows for row in days) == total

    # Once more: nothing is new, so nothing is told, landed or counted.
    again = import_visits(engine, path, time_zone=ZONE, report_path=report_path, clock=utc_now)
    assert (again.added, again.there_already) == (0, total)


def test_imported_visits_are_counted_as_they_stand_in_the_file(
    stack, streams, database_url, tmp_path
):
    dice = random.Random(7)
    lines = [
        line(
            AppointmentID=str(number),
            AppointmentDay=f"2016-05-{dice.randint(2, 9):02d}T00:00:00Z",
            Neighbourhood=dice.choice(["CENTRO", "JOANA D´ARC", "SANTO ANTÔNIO"]),
            No_show=dice.choice(["Yes", "No", "No"]),
        )
        for number in range(400)
    ]
    engine = engine_for(database_url)
    goes_all_the_way(stack, streams, engine, a_register(tmp_path, *lines), tmp_path)


@pytest.mark.long
def test_the_count_over_both_halves_gives_on_yarn_what_its_functions_give(stack, streams):
    settings = stack.settings("pipeline")
    hadoop = Hadoop(
        settings.hadoop_bin, settings.hadoop_streaming_jar, settings.yarn_url, settings.hdfs_user
    )
    sold = [movement(occurred_at=week_ahead.SOLD, quantity_milli=number) for number in (1, 20, 300)]
    lines = week_ahead.lines_of(*week_ahead.a_visit(1), *week_ahead.a_visit(2), *sold)
    files = streams.files()
    # A file of each half, as they are landed.
    files.write_once("landing/visits.jsonl", [each + b"\n" for each in lines[:4]])
    files.write_once("landing/sales.jsonl", [each + b"\n" for each in lines[4:]])
    output = files.path("aggregates/weeks")
    inputs = [files.path(f"landing/{name}.jsonl") for name in ("visits", "sales")]
    owner = f"test {uuid.uuid4()}"
    run(week_ahead.JOB, inputs, output, wanted=week_ahead.wanted(), owner=owner, hadoop=hadoop)
    found = [
        each
        for name in files.list(output)
        if name.startswith("part-")
        for each in files.open_lines(f"{output}/{name}")
    ]
    assert sorted(found) == sorted(week_ahead.count(lines))
    assert "week\t2026-03-09\tcardiology\tM01\t2\t321\t3" in found


@pytest.mark.long
@pytest.mark.realdata
def test_the_real_visits_are_counted_as_they_stand_in_their_file(
    stack, streams, database_url, tmp_path
):
    folder = Path(os.environ["REMEDY_DATA_DIR"], "no_show")
    path = folder / "appointments_until_2016-05-20.csv"
    engine = engine_for(database_url)
    with engine.begin() as connection:
        # What the made-up register left: the file is counted from its first line on.
        for table in (RAW[TOPIC], agg_daily_imported_visits, aggregated_day):
            connection.execute(sa.delete(table))
    goes_all_the_way(stack, streams, engine, path, tmp_path)
    assert sum(number for number, _ in volumes_in(path).values()) == 67_365
