"""How long what was handed out lasts, and who is to be reminded before it runs out.

Reckoned from what was handed out and the dose per day that the pharmacist entered; where no dose was, nothing is
said. Told once for each day it is foretold for; who wants no such mail gets none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.schema.people import patient, patient_key
from remedy.schema.pharmacy import pharmacy
from remedy.schema.prescriptions import (
    prescription,
    prescription_line,
    prescription_use,
    refill_reminder,
    refill_silence,
)
from remedy.values import Clock, local_day

DAYS_BEFORE = 5
"""How many days before it runs out a patient is reminded."""

AT_A_TIME = 500


@dataclass(frozen=True)
class DueReminder:
    """Somebody to remind: of which line, and until when it lasts."""

    line_row: int
    line_id: UUID
    patient_id: UUID
    lasts_until: date


def lasts_until(
    handed_out: Sequence[tuple[datetime, int]],
    *,
    daily_dose_milli: int | None,
    units_per_pack: int | None,
    time_zone: str,
) -> date | None:
    """The last day that what was handed out is enough for, taken as prescribed; None where that is not known.

    `handed_out` is when and how many thousandths of a pack, the oldest first: what comes before the rest is used
    up is added to it.
    """
    if not handed_out or not daily_dose_milli or not units_per_pack:
        return None
    end = Fraction(0)
    for at, quantity_milli in handed_out:
        begins = Fraction(local_day(at, time_zone).toordinal())
        end = max(end, begins) + Fraction(quantity_milli * units_per_pack, daily_dose_milli)
    try:
        return date.fromordinal(max(floor(end) - 1, 1))
    except (ValueError, OverflowError):
        return None


def due(connection: sa.Connection, *, now: datetime) -> list[DueReminder]:
    """Who is to be reminded now and was not yet. An erased patient and one who wants no mail are left out."""
    line = prescription_line.c
    rows = connection.execute(
        sa.select(
            line.id,
            line.public_id.label("line_id"),
            line.daily_dose_milli,
            line.units_per_pack,
            patient.c.public_id.label("patient_id"),
            pharmacy.c.time_zone,
            prescription_use.c.handed_out_at,
            prescription_use.c.quantity_milli,
        )
        .select_from(
            prescription_use.join(prescription_line, line.id == prescription_use.c.line_id)
            .join(prescription, prescription.c.id == line.prescription_id)
            .join(patient, patient.c.id == prescription.c.patient_id)
            .join(patient_key, patient_key.c.patient_public_id == patient.c.public_id)
            .join(pharmacy, pharmacy.c.id == prescription.c.pharmacy_id)
        )
        .where(
            prescription_use.c.handed_out_at.is_not(None),
            line.daily_dose_milli.is_not(None),
            line.ends_at > now - timedelta(days=366),
            patient_key.c.erased_at.is_(None),
            patient.c.id.not_in(sa.select(refill_silence.c.patient_id)),
        )
        .order_by(line.id, prescription_use.c.handed_out_at)
    ).all()
    told = {
        (row.line_id, row.lasts_until)
        for row in connection.execute(
            sa.select(refill_reminder.c.line_id, refill_reminder.c.lasts_until)
        )
    }
    found = []
    for line_row in dict.fromkeys(row.id for row in rows):
        mine = [row for row in rows if row.id == line_row]
        last = lasts_until(
            [(row.handed_out_at, int(row.quantity_milli)) for row in mine],
            daily_dose_milli=mine[0].daily_dose_milli,
            units_per_pack=mine[0].units_per_pack,
            time_zone=mine[0].time_zone,
        )
        if last is None or (line_row, last) in told:
            continue
        left = (last - local_day(now, mine[0].time_zone)).days
        if 0 <= left <= DAYS_BEFORE:
            found.append(DueReminder(line_row, mine[0].line_id, mine[0].patient_id, last))
    return found[:AT_A_TIME]


def remind(connection: sa.Connection, one: DueReminder, *, now: datetime) -> bool:
    """Owe the patient the mail, once for that day; whether nobody had."""
    try:
        with connection.begin_nested():
            connection.execute(
                sa.insert(refill_reminder).values(
                    line_id=one.line_row, lasts_until=one.lasts_until, owed_at=now
                )
            )
    except sa.exc.IntegrityError:
        # The key says that somebody has.
        return False
    owed.owe(connection, "runs_out", one.line_id, one.patient_id, now=now)
    return True


def wants_mail(connection: sa.Connection, patient_id: UUID) -> bool:
    """Whether a patient is reminded; so it is until they say otherwise."""
    row = sa.select(patient.c.id).where(patient.c.public_id == patient_id).scalar_subquery()
    silent = connection.execute(
        sa.select(sa.func.count()).where(refill_silence.c.patient_id == row)
    ).scalar_one()
    return not silent


def choose_mail(
    connection: sa.Connection, patient_id: UUID, *, is_wanted: bool, clock: Clock
) -> None:
    """A patient wants to be reminded, or not."""
    row = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id).with_for_update()
    ).scalar_one()
    connection.execute(sa.delete(refill_silence).where(refill_silence.c.patient_id == row))
    if not is_wanted:
        connection.execute(sa.insert(refill_silence).values(patient_id=row, asked_at=clock()))
