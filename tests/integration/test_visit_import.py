"""Bringing in a register of past visits: once, in batches, resumed, with every odd line named."""

import csv
import json
import os
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.runner import run
from remedy.catalogue.csvfile import ImportRefused
from remedy.catalogue.report import Report
from remedy.events.base import Envelope
from remedy.events.days import day_of
from remedy.pipeline import visit_import
from remedy.pipeline.landing_rows import landed_line
from remedy.pipeline.visit_import import SOURCE, import_visits
from remedy.pipeline.visit_records import AGE, BOOKED_LATE, COLUMNS
from remedy.schema.hospital import appointment
from remedy.schema.people import outbox
from remedy.schema.pipeline import RAW
from remedy.schema.visit_files import imported_visit
from tests.factories import Watch
from tests.unit.remedy.pipeline.test_visit_records import line

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONE = "Europe/Rome"


@pytest.fixture
def engine(database: sa.Engine) -> sa.Engine:
    with database.begin() as connection:
        connection.execute(sa.delete(outbox))
        connection.execute(sa.delete(imported_visit))
    return database


def a_register(folder: Path, *lines: dict[str, str]) -> Path:
    path = folder / "visits.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return path


def bring_in(engine: sa.Engine, path: Path, report_path: Path | None = None) -> Report:
    return import_visits(
        engine,
        path,
        time_zone=ZONE,
        report_path=report_path or path.with_suffix(".report.csv"),
        clock=Watch(NOW),
    )


def told(engine: sa.Engine) -> list[sa.Row]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(outbox).order_by(outbox.c.id)))


def test_each_line_is_told_once_however_often_it_is_brought_in(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(visit_import, "CHUNK", 4)
    lines = [line(AppointmentID=str(number)) for number in range(10)]
    path = a_register(tmp_path, *lines, lines[0])
    first = bring_in(engine, path)
    assert (first.records, first.added, first.there_already, first.refused) == (11, 10, 1, 0)
    again = bring_in(engine, path)
    assert (again.added, again.there_already) == (0, 11)
    rows = told(engine)
    assert len({row.event_id for row in rows}) == len(rows) == 10
    assert {(row.source, row.aggregatetype, row.type) for row in rows} == {
        (SOURCE, "appointments", "remedy.appointments.recorded.v1")
    }
    assert len({row.aggregateid for row in rows}) == 10, "the key is the record's hash"
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(appointment)) == 0


def test_what_was_brought_in_is_known_when_its_event_is_gone_from_every_table(engine, tmp_path):
    path = a_register(tmp_path, *(line(AppointmentID=str(number)) for number in range(3)))
    bring_in(engine, path)
    with engine.begin() as connection:
        # As after three months: the outbox keeps what was told for a week, `raw_*` what landed for ninety days.
        connection.execute(sa.delete(outbox))
        assert not connection.scalar(sa.select(sa.func.count()).select_from(RAW["appointments"]))
    again = bring_in(engine, path)
    assert (again.added, again.there_already) == (0, 3)
    assert told(engine) == []


def test_an_import_that_was_stopped_goes_on_where_it_ended(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(visit_import, "CHUNK", 3)
    path = a_register(tmp_path, *(line(AppointmentID=str(number)) for number in range(8)))
    tell, calls = visit_import._tell, []

    def stops_at_the_third(*given: object) -> None:
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        tell(*given)

    monkeypatch.setattr(visit_import, "_tell", stops_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        bring_in(engine, path)
    assert len(told(engine)) == 6
    monkeypatch.setattr(visit_import, "_tell", tell)
    done = bring_in(engine, path)
    assert (done.added, done.there_already) == (2, 6)


def test_odd_lines_are_brought_in_and_named_and_others_refused_with_a_sentence(engine, tmp_path):
    path = a_register(tmp_path, line(Age="115"), line(No_show="Perhaps"), line())
    report = bring_in(engine, path)
    assert (report.added, report.doubtful, report.refused) == (2, 1, 1)
    with report.findings_path.open(encoding="utf-8") as file:
        odd, refused = list(csv.DictReader(file))
    assert (odd["line"], odd["verdict"], odd["reason"]) == ("2", "doubtful", AGE)
    assert (refused["line"], refused["verdict"]) == ("3", "refused")
    assert "'No-show' is none of 'Yes', 'No'" in refused["detail"]


def test_a_file_that_is_broken_at_its_end_is_refused_whole(engine, tmp_path):
    path = a_register(tmp_path, line())
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(ImportRefused, match="not UTF-8"):
        bring_in(engine, path)
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(ImportRefused, match="lacks the columns"):
        bring_in(engine, other)
    assert told(engine) == []


@pytest.mark.long
@pytest.mark.realdata
def test_the_real_register_comes_in_whole_and_is_counted_as_it_stands(engine, tmp_path):
    path = Path(os.environ["REMEDY_DATA_DIR"], "no_show", "appointments_until_2016-05-20.csv")
    expected = volumes_in(path)
    report = bring_in(engine, path, tmp_path / "report.csv")
    assert (report.records, report.added, report.refused) == (67_365, 67_365, 0)
    # Three ages over 110, five booked after the visit; numbers that lost digits are the rest.
    assert (report.reasons[AGE], report.reasons[BOOKED_LATE]) == (3, 5)

    landed = tmp_path / "landed.jsonl"
    with landed.open("wb") as file:
        for row in told(engine):
            event = Envelope(
                row.event_id, row.type, row.occurred_at, row.aggregateid, json.loads(row.payload)
            )
            day = day_of(event.body, {"*": ZONE})
            written = landed_line(event.structured(), row.aggregatetype, 0, row.id, day)
            file.write(written.encode() + b"\n")
    question = Wanted.of({"appointments": {day.isoformat() for day, _ in expected}})
    run("mapreduce.visits:MRVisits", [str(landed)], str(tmp_path / "out"), wanted=question)
    lines = [
        each
        for part in (tmp_path / "out").glob("part-*")
        for each in part.read_text(encoding="utf-8").splitlines()
    ]
    counted = {
        (date.fromisoformat(day), neighbourhood): (int(visits), int(missed))
        for kind, day, neighbourhood, visits, missed, *_ in (each.split("\t") for each in lines)
        if kind == "imported"
    }
    assert counted == expected
    assert len(counted) > 900
    assert sum(visits for visits, _ in counted.values()) == 67_365
    doubtful = [int(each.split("\t")[5]) for each in lines if each.startswith("imported\t")]
    assert sum(doubtful) == 8


def volumes_in(path: Path) -> dict[tuple[date, str], tuple[int, int]]:
    """Visits and missed ones by day and neighbourhood, read from the file by nothing of ours."""
    visits: Counter[tuple[date, str]] = Counter()
    missed: Counter[tuple[date, str]] = Counter()
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place = date.fromisoformat(row["AppointmentDay"][:10]), row["Neighbourhood"]
            visits[place] += 1
            missed[place] += row["No-show"] == "Yes"
    return {place: (number, missed[place]) for place, number in visits.items()}
