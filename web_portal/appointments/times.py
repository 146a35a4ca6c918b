"""A doctor's times as pages show them: a week of local days, free ones to choose, taken ones greyed."""

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import abort, request
from werkzeug.wrappers.response import Response

from remedy.appointments import limits, queries
from remedy.appointments.calendars import kinds_of, place_of_slot, places_of
from remedy.appointments.limits import InTheWay
from remedy.appointments.model import FURTHEST, Doctor, Hospital, Refused, Slot, Visit
from remedy.values import instant_of, local_day
from web_portal import access
from web_portal.forms import Form
from web_portal.pages import render
from web_portal.parts import parts

DAYS_SHOWN = 7
A_LIFETIME = timedelta(days=100 * 365)
LOOKED_AT_ANEW_SECONDS = 15
"""Nothing is told when a hold ends or a time comes too near: the page looks by itself that often."""

Shown = tuple[Slot, bool]


def doctor_or_404(doctor_id: UUID) -> Doctor:
    """The doctor, for visits of the kind that the address names, or an answer that there is none."""
    kind_id = _kind_asked()
    return _or_404(parts().read(lambda c: queries.doctor_of(c, doctor_id, kind_id)))


def doctor_of_visit(visit: Visit) -> Doctor:
    """The doctor of a visit, for others of its kind; or an answer that the doctor sees nobody any more."""
    return _or_404(
        parts().read(
            lambda c: queries.doctor_of(c, visit.doctor_id, visit.kind_id, is_ended_too=True)
        )
    )


def _or_404(found: Doctor | None) -> Doctor:
    if found is None:
        abort(404)
    return found


def place_of(found: Doctor, starts_at: datetime) -> Hospital:
    """Where a doctor is at that time: what a visit's page says before it is asked for."""
    return parts().read(lambda c: place_of_slot(c, found, starts_at))


def doctor_page(
    found: Doctor, status: int, *, first_day: date | None, refusal: Refused | None = None
) -> Response:
    """A doctor's week; a patient who could ask for nothing more now reads so first."""
    in_the_way = standing_of(refusal)
    if refusal is None:
        in_the_way = in_the_way_of(found)
    return render(
        "appointments/doctor.html",
        status,
        refusal=str(refusal) if refusal else None,
        in_the_way=in_the_way,
        **week(found, first_day=first_day),
    )


def in_the_way_of(found: Doctor, starts_at: datetime | None = None) -> InTheWay | None:
    """What is in the way of a request of who is signed in, for that time or for any; None for nothing, and nobody."""
    here, patient_id = parts(), _patient_id()
    if patient_id is None:
        return None
    slot = None
    if starts_at is not None:
        ends_at = starts_at + timedelta(minutes=found.visit_minutes)
        slot = Slot(found.doctor_id, starts_at, ends_at)
    return here.read(lambda c: limits.in_the_way(c, found, patient_id, now=here.now(), slot=slot))


def standing_of(refusal: Refused | str | None) -> InTheWay | None:
    """A refusal, if it names visits of the patient that are in the way."""
    return refusal if isinstance(refusal, InTheWay) else None


def week(found: Doctor, *, first_day: date | None) -> dict[str, Any]:
    """What the pages that show a doctor's week are given: its days, the weeks beside it, what it was drawn at."""
    here = parts()
    now = here.now()
    today = local_day(now, found.time_zone)
    last = today + FURTHEST - timedelta(days=DAYS_SHOWN)
    first_day = min(max(first_day or today, today), last)
    patient_id = _patient_id()

    def look(connection: sa.Connection) -> tuple[int | None, list[Shown]]:
        # The number first: what changes in between is drawn twice, never not at all.
        changes = queries.changes_of(connection, found.doctor_id)
        return changes, queries.day_slots(
            connection, found, first_day=first_day, days=DAYS_SHOWN, now=now, patient_id=patient_id
        )

    changes, slots = here.read(look)
    kinds, places = here.read(
        lambda c: (kinds_of(c, found.doctor_id), places_of(c, found.doctor_id))
    )
    return {
        "doctor": found,
        # Nobody is asked to choose from one.
        "kinds": kinds if len(kinds) > 1 else [],
        "places": {one.hospital_id: one for one in places} if len(places) > 1 else {},
        "days": _by_day(slots, found.time_zone),
        "first_day": first_day,
        "last_day": first_day + timedelta(days=DAYS_SHOWN - 1),
        "earlier": max(first_day - timedelta(days=DAYS_SHOWN), today)
        if first_day > today
        else None,
        "later": min(first_day + timedelta(days=DAYS_SHOWN), last) if first_day < last else None,
        "seen": mark(changes, now),
        # Who may ask sets a time aside at once; who is not signed in is asked to first.
        "form": Form(formdata=None) if patient_id else None,
    }


def mark(changes: int | None, now: datetime) -> str:
    """What a page was drawn at."""
    return f"{changes}.{int(now.timestamp()) // LOOKED_AT_ANEW_SECONDS}"


def day_or_none(text: str | None) -> date | None:
    """The day an address names, if it is one."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def instant_or_400(text: str) -> datetime:
    """The instant a form or an address names; no page of ours names one that is none."""
    try:
        instant = instant_of(text)
        away = abs(instant - parts().now())
    except (ValueError, OverflowError):
        abort(400)
    if away > A_LIFETIME:
        # The calendar itself ends beyond.
        abort(400)
    return instant


def _kind_asked() -> UUID | None:
    """The kind of visit the address names; no page of ours names one that is none."""
    try:
        return UUID(request.args["kind"]) if request.args.get("kind") else None
    except ValueError:
        abort(404)


def first_day_asked() -> date | None:
    """The first day of the week the address names."""
    return day_or_none(request.args.get("from"))


def _patient_id() -> UUID | None:
    person = access.person()
    return person.patient_id if person is not None and person.role == "patient" else None


def _by_day(slots: list[Shown], time_zone: str) -> list[tuple[date, list[Shown]]]:
    grouped = groupby(slots, key=lambda shown: local_day(shown[0].starts_at, time_zone))
    return [(day, list(same_day)) for day, same_day in grouped]
