"""Landed lines of visits for the tests of their count, and a count that is slow and plain."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from mapreduce.landed_lines import Wanted
from mapreduce.visit_counting import VisitCount, VisitTotals
from remedy.events import hospital as events
from remedy.events.base import Event
from tests.unit.mapreduce import landed

CLINIC = UUID("0192f000-0000-7000-8000-0000000000c1")
HARBOUR_CLINIC = UUID("0192f000-0000-7000-8000-0000000000c2")
EKOW = UUID("0192f000-0000-7000-8000-0000000000d1")
ZONES = {str(CLINIC): "Europe/Rome", str(HARBOUR_CLINIC): "America/New_York", "*": "Europe/Rome"}
TOPIC = "appointments"
NOON = landed.NOON
VISIT_AT = datetime(2026, 3, 12, 9, 40, tzinfo=UTC)


def visit_id(number: int) -> UUID:
    return UUID(f"0192f000-0000-7000-a000-{number:012d}")


def told(cls: type[Event], *, visit: int = 1, **differences) -> Event:
    said = {
        "appointment_id": visit_id(visit),
        "doctor_id": EKOW,
        "hospital_id": CLINIC,
        "patient_id": landed.event_id(0),
        "version": 1,
        "starts_at": VISIT_AT,
        "ends_at": VISIT_AT + timedelta(minutes=30),
        "occurred_at": NOON,
    }
    return cls(**{**said, **differences})


def requested(**differences) -> Event:
    return told(events.AppointmentRequested, **{"speciality": "cardiology", **differences})


def accepted(**differences) -> Event:
    return told(events.AppointmentAccepted, **{"version": 2, **differences})


def cancelled(**differences) -> Event:
    return told(events.AppointmentCancelled, **{"version": 3, **differences})


def line(happened: Event, *, number: int = 1) -> bytes:
    return landed.line(happened, number=number, offset=number, zones=ZONES)


def wanted(*days: str, quarantined: tuple[UUID, ...] = ()) -> Wanted:
    chosen = days or tuple(f"2026-03-{day:02d}" for day in range(1, 32))
    return Wanted.of({TOPIC: chosen}, map(str, quarantined), zones=ZONES)


def count_in_parts(parts: list[list[bytes]], question: Wanted) -> list[str]:
    """Map and reduce without mrjob, with a mapper for each part."""
    shuffled: dict[str, list[str]] = {}
    for lines in parts:
        mapper = VisitCount(question)
        pairs = [pair for each in lines for pair in mapper.add(each)]
        for key, value in [*pairs, *mapper.drain()]:
            shuffled.setdefault(key, []).append(value)
    totals = VisitTotals(question)
    for key in sorted(shuffled):
        totals.take(key, shuffled[key])
    return ["\t".join(pair) for pair in totals.result()]


def count(lines: list[bytes], question: Wanted | None = None) -> list[str]:
    return count_in_parts([lines], question or wanted())


def added_up(lines: list[str]) -> dict[tuple[str, ...], list[int]]:
    """The output by key, lines of one key added: several reducers may each have a part of it."""
    numbers = {"hourly": 6, "imported": 3, "rows": 2, "visits": 10, "waiting": 2}
    sums: dict[tuple[str, ...], list[int]] = {}
    for each in lines:
        columns = each.split("\t")
        size = numbers[columns[0]]
        amounts = [int(number) for number in columns[-size:]]
        before = sums.setdefault(tuple(columns[:-size]), [0] * size)
        for place, amount in enumerate(amounts):
            before[place] += amount
    return sums


def of_kind(kind: str, lines: list[str]) -> list[list[str]]:
    return [found.split("\t")[1:] for found in lines if found.split("\t")[0] == kind]
