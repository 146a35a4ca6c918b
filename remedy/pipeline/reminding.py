"""Which visits are to be reminded of, and when: written to `out_reminder` from the visits that stand.

With Airflow's account, which knows of a visit its id, version and time and nothing of its patient. What the portal has
made of it is read back as counts. May run again at any time: a reminder is one row for a visit, its version and step.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.gateways.mysql import in_transaction
from remedy.reminders import model
from remedy.reminders.model import Ahead, Step
from remedy.schema.reminders import out_reminder
from remedy.values import Clock, uuid7

log = logging.getLogger(__name__)

AT_A_TIME = 1000
KEPT_FOR = timedelta(days=30)

_AHEAD = sa.table(
    "visit_ahead",
    *(
        sa.column(name, out_reminder.c[like].type)
        for name, like in (
            ("public_id", "appointment_public_id"),
            ("version", "version"),
            ("starts_at", "starts_at"),
            ("known_at", "made_at"),
        )
    ),
)


def plan(engine: sa.Engine, steps: Sequence[Step], *, clock: Clock) -> int:
    """Write down every reminder that falls due within a day; how many were not written down before."""
    now = clock()
    furthest = now + model.AHEAD + timedelta(hours=max((step.hours for step in steps), default=0))
    with engine.connect() as connection:
        visits = connection.execute(
            sa.select(_AHEAD).where(_AHEAD.c.starts_at > now, _AHEAD.c.starts_at <= furthest)
        )
        found = model.due((Ahead(*row) for row in visits), steps, now=now)
        known = {
            tuple(row)
            for row in connection.execute(
                sa.select(
                    out_reminder.c.appointment_public_id,
                    out_reminder.c.version,
                    out_reminder.c.step,
                ).where(out_reminder.c.starts_at > now)
            )
        }
    rows = [
        {
            "public_id": uuid7(clock),
            "appointment_public_id": one.visit.appointment_id,
            "version": one.visit.version,
            "step": one.step.name,
            "starts_at": one.visit.starts_at,
            "due_at": one.due_at,
            "made_at": now,
        }
        for one in found
        if (one.visit.appointment_id, one.visit.version, one.step.name) not in known
    ]
    in_transaction(engine, lambda connection: _write(connection, rows, now))
    return len(rows)


def tell(engine: sa.Engine) -> list[str]:
    """What became of reminders lately, a sentence for each step, state and reason; also logged."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT step, state, last_error, reminder_count FROM reminder_state"
                " ORDER BY step, state, last_error"
            )
        ).all()
    told = [
        f"{row.step}: {row.reminder_count} {row.state}{f' ({row.last_error})' if row.last_error else ''}"
        for row in rows
    ]
    for row, sentence in zip(rows, told, strict=True):
        (log.warning if row.state == "given up" else log.info)("%s", sentence)
    return told


def _write(connection: sa.Connection, rows: list[dict[str, object]], now: datetime) -> None:
    # A run by hand beside the scheduled one writes the same: the key leaves the first row alone.
    statement = insert(out_reminder).on_duplicate_key_update(version=out_reminder.c.version)
    for first in range(0, len(rows), AT_A_TIME):
        connection.execute(statement, rows[first : first + AT_A_TIME])
    old = out_reminder.c.starts_at <= now - KEPT_FOR
    connection.execute(sa.delete(out_reminder).where(old))
