"""What becomes of each reminder that is due, and how a patient wants to be reminded; with the portal's account.

Airflow says what is due (`remedy.pipeline.reminding`); the portal, which holds the keys, notes it, takes each for a
while, sends it and keeps what became of it. That the visit still is as it was looked at belongs to the statement that
takes the row: of a visit that was moved or cancelled no old reminder goes. One that fails waits longer each time, is in
nobody's way, and is given up when its next attempt would come too late.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.appointments import queries
from remedy.appointments.model import Visit
from remedy.reminders import model
from remedy.schema.hospital import appointment, hospital
from remedy.schema.people import patient
from remedy.schema.reminders import out_reminder, reminder_choice, visit_reminder
from remedy.values import Clock

AT_A_TIME = 50
KEPT_FOR = timedelta(days=30)
"""How long after the visit what became of its reminders is kept."""

FORGOTTEN_AT_A_TIME = 5000
ERROR_AT_MOST = 200


@dataclass(frozen=True)
class Taken:
    """A reminder to send now: its name for who sends it, and the visit it is of; `starts_at` is what it says."""

    row_id: int
    reminder_id: UUID
    channel: model.Channel
    starts_at: datetime
    visit: Visit
    phone: str
    """The hospital's; empty where it has none."""


@dataclass(frozen=True)
class Choice:
    """How a patient wants to be reminded; `language` is empty where none was chosen."""

    channel: str = "both"
    language: str = ""


def note(connection: sa.Connection, now: datetime) -> int:
    """Note what has fallen due since the last look; how many. One already noted is left as it is.

    Of a visit that changed without changing its time, what was sent is not sent again.
    """
    due, noted = out_reminder.c, visit_reminder.alias("noted")
    is_noted = sa.exists().where(
        noted.c.appointment_public_id == due.appointment_public_id,
        noted.c.step == due.step,
        sa.or_(
            noted.c.version == due.version,
            sa.and_(noted.c.state == "sent", noted.c.starts_at == due.starts_at),
        ),
    )
    same = ("public_id", "appointment_public_id", "version", "step", "starts_at")
    found = (
        sa.select(*(due[name] for name in same), sa.literal("waiting"), sa.literal(0), due.due_at)
        .where(due.starts_at > now, due.due_at <= now, ~is_noted)
        .order_by(due.id)
    )
    made = insert(visit_reminder).from_select((*same, "state", "attempts", "next_at"), found)
    # Two workers note the same at once: the key leaves the first one's row alone.
    alone = made.on_duplicate_key_update(version=visit_reminder.c.version)
    return int(connection.execute(alone).rowcount)


def still_stands(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a reminder's visit is accepted, has not begun, and is as it was when the reminder was made."""
    return sa.exists().where(
        appointment.c.public_id == visit_reminder.c.appointment_public_id,
        appointment.c.version == visit_reminder.c.version,
        appointment.c.starts_at == visit_reminder.c.starts_at,
        appointment.c.state == "accepted",
        appointment.c.starts_at > now,
    )


def let_fall(connection: sa.Connection, now: datetime) -> int:
    """Settle what waits for a visit that is not so any more; how many."""
    waits = (visit_reminder.c.state == "waiting", visit_reminder.c.next_at <= now)
    fallen = sa.update(visit_reminder).where(*waits, ~still_stands(now)).values(state="fallen")
    return connection.execute(fallen).rowcount


def due(connection: sa.Connection, now: datetime) -> list[int]:
    """The rows whose time has come; those that have failed before last."""
    rows = connection.execute(
        sa.select(visit_reminder.c.id)
        .where(visit_reminder.c.state == "waiting", visit_reminder.c.next_at <= now)
        .order_by(visit_reminder.c.attempts, visit_reminder.c.next_at, visit_reminder.c.id)
        .limit(AT_A_TIME)
    )
    return list(rows.scalars())


def take(connection: sa.Connection, row_id: int, now: datetime) -> Taken | None:
    """Take one of them, so that nobody else does for a while; None if somebody has, or its visit is not so any more."""
    mine = visit_reminder.c.id == row_id
    row = connection.execute(sa.select(visit_reminder).where(mine)).one_or_none()
    if row is None:
        return None
    taken = connection.execute(
        sa.update(visit_reminder)
        .where(
            mine,
            visit_reminder.c.state == "waiting",
            visit_reminder.c.next_at <= now,
            visit_reminder.c.attempts == row.attempts,
            still_stands(now),
        )
        .values(next_at=now + model.wait_after(row.attempts), attempts=row.attempts + 1)
    )
    if taken.rowcount != 1:
        return None
    visit = queries.visit(connection, row.appointment_public_id)
    if visit is None:
        return None
    phone = sa.select(hospital.c.phone).where(hospital.c.public_id == visit.hospital_id)
    return Taken(
        row_id, row.public_id, model.channel_of(row.step), row.starts_at, visit,
        connection.execute(phone).scalar() or "",
    )  # fmt: skip


def sent(connection: sa.Connection, row_id: int) -> None:
    """It was handed over."""
    _settle(connection, row_id, "sent")


def unwanted(connection: sa.Connection, row_id: int) -> None:
    """The patient does not want it, or nobody is left to read it."""
    _settle(connection, row_id, "unwanted")


def failed(connection: sa.Connection, row_id: int, error: str, *, is_final: bool = False) -> None:
    """Keep why it was not sent; it is tried again, unless that is of no use or would come too late.

    `error` is a sentence that names nobody.
    """
    mine = visit_reminder.c.id == row_id
    values: dict[str, object] = {"last_error": error[:ERROR_AT_MOST]}
    connection.execute(sa.update(visit_reminder).where(mine).values(values))
    too_late = sa.literal(is_final) | (visit_reminder.c.next_at >= visit_reminder.c.starts_at)
    connection.execute(sa.update(visit_reminder).where(mine, too_late).values(state="given up"))


def _settle(connection: sa.Connection, row_id: int, state: str) -> None:
    connection.execute(
        sa.update(visit_reminder)
        .where(visit_reminder.c.id == row_id)
        .values(state=state, last_error=None)
    )


def forget_old(connection: sa.Connection, now: datetime) -> None:
    """Drop what became of reminders of visits long past."""
    old = connection.execute(
        sa.select(visit_reminder.c.id)
        .where(visit_reminder.c.starts_at <= now - KEPT_FOR)
        .limit(FORGOTTEN_AT_A_TIME)
    )
    gone = list(old.scalars())
    if gone:
        connection.execute(sa.delete(visit_reminder).where(visit_reminder.c.id.in_(gone)))


def choice_of(connection: sa.Connection, patient_id: UUID) -> Choice:
    """How a patient wants to be reminded."""
    found = connection.execute(
        sa.select(reminder_choice.c.channel, reminder_choice.c.language)
        .join(patient, patient.c.id == reminder_choice.c.patient_id)
        .where(patient.c.public_id == patient_id)
    ).one_or_none()
    return Choice(*found) if found else Choice()


def choose(
    connection: sa.Connection, patient_id: UUID, *, channel: str, language: str, clock: Clock
) -> None:
    """A patient wants to be reminded so from now on.

    Raises:
        ValueError: if that is no way to be reminded.
    """
    if channel not in model.CHOICES:
        raise ValueError(f"'{channel}' is no way to be reminded.")
    row = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id)
    ).scalar_one()
    chosen = {"channel": channel, "language": language, "chosen_at": clock()}
    connection.execute(
        insert(reminder_choice).values(patient_id=row, **chosen).on_duplicate_key_update(chosen)
    )
