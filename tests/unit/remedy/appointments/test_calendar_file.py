"""A visit as a calendar file, read back by another reader's eyes: the same entry through every change, nothing of why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from icalendar import Calendar

from remedy.appointments.calendar_file import Around, calendar_file, method_of
from remedy.appointments.model import Visit

NINE = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 8, 0, 0, 250000, tzinfo=UTC)
AROUND = Around(
    "Visit: Dr Ekow", "Reference AB12-CD34; telephone +39 06 5550 200", "http://localhost/requests/1",
    "no-reply@town.example", "asha@town.example",
)  # fmt: skip


def a_visit(**differs: object) -> Visit:
    visit = Visit(
        UUID(int=1), UUID(int=2), UUID(int=3), "Dr Ekow", "oncology", UUID(int=4), "Hill Hospital",
        "2 Hill Road, top", "Europe/Rome", "accepted", "urgent", NINE, NINE + timedelta(minutes=20),
        2, NOW, NOW, NOW, None, "sealed-symptoms", "sealed-note",
    )  # fmt: skip
    return replace(visit, **differs)  # type: ignore[arg-type]


def entry_of(visit: Visit) -> tuple[Calendar, dict[str, object]]:
    whole = Calendar.from_ical(calendar_file(visit, AROUND, now=NOW))
    (entry,) = whole.walk("VEVENT")
    return whole, entry


def test_an_accepted_visit_is_read_back() -> None:
    whole, entry = entry_of(a_visit())
    assert (whole["METHOD"], whole["VERSION"]) == ("REQUEST", "2.0")
    assert entry["DTSTART"].dt == NINE
    assert entry["DTEND"].dt == NINE + timedelta(minutes=20)
    assert entry["STATUS"] == "CONFIRMED"
    assert entry["LOCATION"] == "Hill Hospital, 2 Hill Road, top"
    assert entry["SUMMARY"] == "Visit: Dr Ekow"
    assert entry["ORGANIZER"] == "mailto:no-reply@town.example"
    assert b"DTSTART:20260309T080000Z" in calendar_file(a_visit(), AROUND, now=NOW)


def test_a_moved_visit_is_the_same_entry_with_a_higher_sequence() -> None:
    _, before = entry_of(a_visit())
    later = NINE + timedelta(days=1)
    _, after = entry_of(
        a_visit(state="requested", version=3, starts_at=later, ends_at=later + timedelta(hours=1))
    )
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert (after["STATUS"], after["DTSTART"].dt) == ("TENTATIVE", later)


@pytest.mark.parametrize("state", ["cancelled", "declined"])
def test_what_does_not_take_place_is_taken_out(state: str) -> None:
    whole, entry = entry_of(a_visit(state=state, version=4))
    _, before = entry_of(a_visit())
    assert (whole["METHOD"], entry["STATUS"]) == ("CANCEL", "CANCELLED")
    assert entry["UID"] == before["UID"]
    assert int(entry["SEQUENCE"]) == 4
    assert method_of(a_visit(state=state)) == "CANCEL"


def test_nothing_says_why_the_patient_comes() -> None:
    text = calendar_file(a_visit(), AROUND, now=NOW).decode().replace("\r\n ", "")
    for word in ("oncology", "urgent", "sealed", str(UUID(int=2))):
        assert word not in text
    assert "CLASS:PRIVATE" in text
