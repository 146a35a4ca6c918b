"""Which of a doctor's kinds of visit stands for one of another doctor's: the same by name, else one long enough."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import queries
from remedy.appointments.calendars import kinds_of
from remedy.appointments.model import Doctor, Visit, VisitKind


def most_like(kinds: Iterable[VisitKind], name: str | None, minutes: int) -> VisitKind | None:
    """The kind of that name, the closest in length; else the shortest that is not shorter; None if all are."""
    known = list(kinds)
    same = [kind for kind in known if name and kind.name.casefold() == name.casefold()]
    if same:
        return min(same, key=lambda kind: abs(kind.minutes - minutes))
    return min(
        (kind for kind in known if kind.minutes >= minutes),
        key=lambda kind: kind.minutes,
        default=None,
    )


def minutes_of(visit: Visit) -> int:
    """How long a visit is."""
    return int((visit.ends_at - visit.starts_at).total_seconds()) // 60


def doctor_for(
    connection: sa.Connection, doctor_id: UUID, name: str | None, minutes: int | None
) -> Doctor | None:
    """A doctor for visits most like that kind; without `minutes` for the first kind.

    None where the doctor sees nobody, or for no kind of visit so long.
    """
    if minutes is None:
        return queries.doctor_of(connection, doctor_id)
    known = kinds_of(connection, doctor_id)
    if known:
        kind = most_like(known, name, minutes)
        return queries.doctor_of(connection, doctor_id, kind.kind_id) if kind else None
    found = queries.doctor_of(connection, doctor_id)
    return found if found is not None and found.visit_minutes >= minutes else None
