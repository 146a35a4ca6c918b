"""Two weeks of visits, as they landed and as the real count counts them: for the page of visits and its report."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.visit_counting import TOPIC, VisitCount, VisitTotals
from remedy.schema import pipeline as tables
from remedy.schema import visit_counts
from remedy.schema.hospital import appointment, doctor
from remedy.schema.people import patient
from remedy.values import uuid7, zone
from tests.factories import a_doctor, a_patient, a_vault, row_of
from tests.integration.dashboard_scene import CLOSED, NOW, TODAY

FIRST = CLOSED - timedelta(days=13)
HERE = zone("Europe/Rome")
STORIES = (
    ("requested",),
    ("requested", "accepted"),
    ("requested", "accepted", "attended"),
    ("requested", "accepted", "missed"),
    ("requested", "accepted", "missed", "attended"),
    ("requested", "declined"),
    ("requested", "proposed", "accepted"),
    ("requested", "accepted", "moved", "accepted"),
    ("requested", "cancelled:lapsed"),
    ("requested", "cancelled:patient"),
    ("requested", "accepted", "cancelled:hospital"),
)


def set_visits(at: sa.Connection, made: SimpleNamespace) -> None:
    """Put 60 visits into the scene; `made.told` are their landed lines."""
    draw = random.Random(7)
    made.heart_id = a_doctor(at, name="Dr Hart", speciality="cardiology")
    made.hospital_ids = {
        one: at.execute(
            sa.text("SELECT hospital_id FROM known_doctor WHERE public_id = :id"), {"id": one.bytes}
        ).scalar_one()
        for one in (made.doctor_id, made.heart_id)
    }
    made.told = []
    for number in range(60):
        doctor_id = made.doctor_id if number % 3 else made.heart_id
        for line in _story(draw, STORIES[number % len(STORIES)], doctor_id, made):
            made.told.append(line)
            _land(at, line, len(made.told))
    doubted = made.told[-1]
    at.execute(
        tables.quarantine.insert().values(
            event_id=UUID(doubted["id"]), topic=TOPIC, day=date.fromisoformat(doubted["day"]),
            expectation="doctor is known", quarantined_at=NOW,
        )
    )  # fmt: skip
    _count(at, made, doubted["id"])
    _keep(at, made)


def _story(
    draw: random.Random, steps: tuple[str, ...], doctor_id: UUID, made: SimpleNamespace
) -> Iterator[dict[str, Any]]:
    moment = datetime.combine(FIRST, datetime.min.time(), HERE) + timedelta(
        minutes=draw.randrange(13 * 24 * 60)
    )
    starts_at = moment.replace(hour=9, minute=0) + timedelta(
        days=draw.randrange(1, 5), minutes=20 * draw.randrange(20)
    )
    visit_id = uuid7()
    for version, step in enumerate(steps, 1):
        what, _, why = step.partition(":")
        body = {
            "appointment_id": str(visit_id),
            "doctor_id": str(doctor_id),
            "hospital_id": str(UUID(bytes=bytes(made.hospital_ids[doctor_id]))),
            "patient_id": str(uuid7()),
            "version": version,
            "starts_at": starts_at.astimezone(UTC).isoformat(),
            "ends_at": (starts_at + timedelta(minutes=20)).astimezone(UTC).isoformat(),
            "occurred_at": moment.astimezone(UTC).isoformat(),
            "speciality": "cardiology" if doctor_id == made.heart_id else "general practice",
            **({"why": why} if why else {}),
        }
        if moment < datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), HERE):
            yield {
                "topic": TOPIC,
                "id": str(uuid7()),
                "type": f"remedy.appointments.{what}.v1",
                "day": moment.astimezone(HERE).date().isoformat(),
                "data": body,
            }
        moment += timedelta(minutes=draw.randrange(5, 1500))


def _land(at: sa.Connection, line: dict[str, Any], offset: int) -> None:
    at.execute(
        tables.RAW[TOPIC].insert().values(
            event_id=UUID(line["id"]), type=line["type"], partition_no=0, record_offset=offset,
            event_at=datetime.fromisoformat(line["data"]["occurred_at"]),
            day=date.fromisoformat(line["day"]), landed_at=NOW, event=json.dumps(line),
        )
    )  # fmt: skip


def _count(at: sa.Connection, made: SimpleNamespace, doubted: str) -> None:
    """The closed days, by the map and reduce that run on YARN."""
    days = [(FIRST + timedelta(days=n)).isoformat() for n in range(14)]
    zones = {str(UUID(bytes=bytes(one))): "Europe/Rome" for one in made.hospital_ids.values()}
    wanted = Wanted.of({TOPIC: days}, quarantined=[doubted], zones=zones)
    mapped = VisitCount(wanted)
    pairs = [pair for line in made.told for pair in mapped.add(json.dumps(line).encode())]
    pairs += mapped.drain()
    totals = VisitTotals(wanted)
    for key in sorted({key for key, _ in pairs}):
        totals.take(key, [value for each, value in pairs if each == key])
    into = {
        "visits": visit_counts.agg_daily_visits,
        "waiting": visit_counts.agg_daily_waiting,
        "hourly": visit_counts.agg_hourly_visits,
    }
    for kind, text in totals.result():
        if kind in into:
            columns = into[kind].columns.keys()
            values = dict(zip(columns, text.split("\t"), strict=True))
            at.execute(into[kind].insert().values({n: _typed(n, v) for n, v in values.items()}))
    for day in days:
        at.execute(
            tables.aggregated_day.insert().values(
                kind=TOPIC, day=date.fromisoformat(day), changed_at=NOW, landed_rows=9, counted_rows=9,
                quarantined_rows=0, run_id="run-1", application_id="application_17_0002",
                aggregated_at=NOW - timedelta(minutes=7), is_open=False,
            )
        )  # fmt: skip
    for on in (date.fromisoformat(day) for day in days):
        for hour in range(9, 17):
            at.execute(
                visit_counts.agg_hourly_offered.insert().values(
                    day=on, hour=hour, doctor_id=made.doctor_id, offered_minutes=60, measured_at=NOW
                )
            )


def _typed(name: str, text: str) -> Any:
    if name in ("day", "visit_on"):
        return date.fromisoformat(text)
    if name.endswith("_id"):
        return UUID(text)
    return text if name in ("speciality", "waited_for") else int(text)


def _keep(at: sa.Connection, made: SimpleNamespace) -> None:
    """What the portal itself has: five visits of these days, one of them called off, one of next week."""
    for number, state in enumerate(
        ("accepted", "attended", "attended", "missed", "cancelled", "accepted")
    ):
        starts_at = NOW - timedelta(days=3, hours=number) if number < 5 else NOW + timedelta(days=7)
        at.execute(
            appointment.insert().values(
                public_id=uuid7(), doctor_id=row_of(at, doctor, made.doctor_id),
                patient_id=row_of(at, patient, a_patient(at, a_vault(), name=f"Canary {number}")),
                state=state, urgency="routine", starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=20), symptoms_sealed="sealed", version=1,
                requested_at=NOW - timedelta(days=4), lapses_at=NOW, decided_at=NOW - timedelta(days=4),
            )
        )  # fmt: skip
