"""Bringing in a register of past visits: once, in batches, resumed, with every odd line named."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from remedy.catalogue.csvfile import ImportRefused
from remedy.catalogue.report import Report
from remedy.pipeline import visit_import
from remedy.pipeline.visit_import import SOURCE, import_visits
from remedy.pipeline.visit_records import AGE, COLUMNS
from remedy.schema.hospital import appointment
from remedy.schema.people import outbox
from tests.factories import Watch
from tests.unit.remedy.pipeline.test_visit_records import line

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def engine(database: sa.Engine) -> sa.Engine:
    with database.begin() as connection:
        connection.execute(sa.delete(outbox))
    return database


def a_register(folder: Path, *lines: dict[str, str]) -> Path:
    path = folder / "visits.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return path


def bring_in(engine: sa.Engine, path: Path) -> Report:
    return import_visits(
        engine,
        path,
        time_zone="Europe/Rome",
        report_path=path.with_suffix(".report.csv"),
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
