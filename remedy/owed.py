"""Mails that patients are owed: written down with what happened, sent by who holds the keys. One queue for all kinds.

A row is made in the transaction of what happened, so that no mail is forgotten, and goes when the mail server has
taken the mail: at least once. It says what about and to whom, by ids: addresses and names are read from the vault
when the mail is written. Who sends takes a row for a while; if that process dies, another takes it again. A row that
fails waits longer each time and holds up nothing but later mails to the same patient about the same thing, so that
what is read last is how it stands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.people import mail_owed

Kind = Literal[
    "visit_decided", "visit_proposed", "visit_lapsed", "visit_confirmed", "visit_moved", "visit_cancelled",
    "urgent_waiting", "model_question",
    "absent_offered", "absent_other", "absent_waiting", "absent_lapsed", "waiting_offer", "waiting_removed",
    "order_ready", "order_out", "order_cancelled",
    "hold_withdrawn", "order_withdrawn",
    "pharmacy_suspended", "pharmacy_reinstated",
    "prescription_decided",
    "medicine_back", "runs_out", "shortage",
]  # fmt: skip
"""What a mail says; its words are the portal's (`web_portal/owed_words.py`).

`about` is the public id of what it is about: a visit, an order, a hold, a pharmacy, a prescription, a medicine, of
`runs_out` the line of a prescription, of `shortage` the notice, and of `waiting_offer` and `waiting_removed` the entry in the waiting list. `urgent_waiting` and `model_question`
(about a version, by `remedy.messages.model_question`) are owed to admins: whom they name is an account, not a patient.
"""

AT_A_TIME = 20
FORGOTTEN_AT_A_TIME = 5000
TAKEN_FOR = timedelta(seconds=60)
"""How long a row is left to who took it; doubled with every attempt that failed."""

LONGEST_WAIT = timedelta(hours=1)
OWED_FOR = timedelta(days=3)
"""After that a mail is late enough to confuse; what it would have said stands in the portal."""

ERROR_AT_MOST = 200


@dataclass(frozen=True)
class Owed:
    """One mail to write: of which kind, about what, to whom. `kind` may be one that only newer code knows."""

    row_id: int
    kind: str
    about: UUID
    patient_id: UUID


def owe(connection: sa.Connection, kind: Kind, about: UUID, *patients: UUID, now: datetime) -> None:
    """Write down that each of these patients is owed a mail, in the transaction of what it is about."""
    if patients:
        connection.execute(
            sa.insert(mail_owed),
            [
                {
                    "kind": kind, "about": about, "patient_public_id": patient_id, "owed_at": now,
                    "next_at": now, "attempts": 0,
                }
                for patient_id in patients
            ],
        )  # fmt: skip


def forget_old(connection: sa.Connection, now: datetime) -> None:
    """Drop what was owed for too long."""
    # Looked for first: a DELETE that has to look would wait for everybody who is just writing a row.
    old = connection.execute(
        sa.select(mail_owed.c.id)
        .where(mail_owed.c.owed_at <= now - OWED_FOR)
        .limit(FORGOTTEN_AT_A_TIME)
    )
    gone = list(old.scalars())
    if gone:
        connection.execute(sa.delete(mail_owed).where(mail_owed.c.id.in_(gone)))


def due(connection: sa.Connection, now: datetime) -> list[int]:
    """The rows whose time has come, the oldest first; none behind another of the same patient about the same thing."""
    before = mail_owed.alias("before")
    waits = sa.exists().where(
        before.c.about == mail_owed.c.about,
        before.c.patient_public_id == mail_owed.c.patient_public_id,
        before.c.id < mail_owed.c.id,
    )
    rows = connection.execute(
        sa.select(mail_owed.c.id)
        .where(mail_owed.c.next_at <= now, ~waits)
        .order_by(mail_owed.c.id)
        .limit(AT_A_TIME)
    )
    return list(rows.scalars())


def take(connection: sa.Connection, row_id: int, now: datetime) -> Owed | None:
    """Take one of them, so that nobody else does for a while; None if somebody has."""
    row = connection.execute(sa.select(mail_owed).where(mail_owed.c.id == row_id)).one_or_none()
    if row is None:
        return None
    wait = min(TAKEN_FOR * 2 ** min(row.attempts, 10), LONGEST_WAIT)
    taken = connection.execute(
        sa.update(mail_owed)
        .where(
            mail_owed.c.id == row_id,
            mail_owed.c.next_at <= now,
            mail_owed.c.attempts == row.attempts,
        )
        .values(next_at=now + wait, attempts=row.attempts + 1)
    )
    if taken.rowcount != 1:
        return None
    return Owed(row_id, row.kind, row.about, row.patient_public_id)


def settle(connection: sa.Connection, row_id: int) -> None:
    """The mail was taken by the mail server, or there is nobody left to read it: owe it no more."""
    connection.execute(sa.delete(mail_owed).where(mail_owed.c.id == row_id))


def failed(connection: sa.Connection, row_id: int, error: str) -> None:
    """Keep why a mail was not sent, for who looks; it is tried again. `error` names nobody."""
    connection.execute(
        sa.update(mail_owed)
        .where(mail_owed.c.id == row_id)
        .values(last_error=error[:ERROR_AT_MOST])
    )
