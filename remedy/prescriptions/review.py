"""What a pharmacist does with a prescription that waits: enter its medicines, accept it, refuse it.

Every change locks the prescription first. A decision names the version that was looked at: of two pharmacists one
wins, and the other reads who did what.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NoReturn
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.accounts.queries import staff_name
from remedy.catalogue import queries as catalogue
from remedy.catalogue.model import Medicine
from remedy.events.prescriptions import (
    Checked,
    PrescribedMedicine,
    PrescriptionAccepted,
    PrescriptionRefused,
)
from remedy.prescriptions import model, queries, writing
from remedy.prescriptions.model import Changed, Prescription, Refused
from remedy.schema.pharmacy import medicine
from remedy.schema.prescriptions import (
    prescription,
    prescription_line,
)
from remedy.stock.locks import place_of
from remedy.values import Clock, day_bounds, local_day, uuid7, zone
from remedy.vault import Unreadable, Vault

REASON = "reason"
"""The field its reason is sealed for."""


@dataclass(frozen=True)
class NewLine:
    """What a pharmacist reads on the prescription about one medicine.

    `daily_dose_milli` is thousandths of a tablet, dose or millilitre a day, `units_per_pack` how many of them a
    pack holds; both or neither.
    """

    medicine_id: UUID
    quantity_milli: int
    repeats: int
    valid_until: date
    is_as_written: bool
    daily_dose_milli: int | None = None
    units_per_pack: int | None = None


def add_line(
    connection: sa.Connection,
    pharmacy_id: UUID,
    prescription_id: UUID,
    new: NewLine,
    *,
    may_be_controlled: bool = False,
    clock: Clock,
) -> None:
    """Enter one medicine of a prescription that waits.

    Raises:
        Refused: if what was entered makes no sense, or the medicine cannot be prescribed here.
        Changed: if the prescription waits no more.
    """
    now = clock()
    found, row = _lock_waiting(connection, pharmacy_id, prescription_id)
    _check(new, local_day(now, found.time_zone))
    known = product(connection, new.medicine_id)
    if known.is_controlled and not may_be_controlled:
        raise Refused(
            "A controlled medicine is not prescribed here; it needs the paper at the pharmacy."
        )
    if any(line.medicine_id == new.medicine_id for line in found.lines):
        raise Refused("This medicine is entered already; remove it first to enter it anew.")
    if len(found.lines) >= model.MEDICINES_AT_MOST:
        raise Refused("A prescription has at most 12 medicines here.")
    connection.execute(
        sa.insert(prescription_line).values(
            public_id=uuid7(clock),
            prescription_id=row,
            medicine_id=sa.select(medicine.c.id)
            .where(medicine.c.public_id == new.medicine_id)
            .scalar_subquery(),
            quantity_milli=new.quantity_milli,
            repeats=new.repeats,
            allowed_milli=new.quantity_milli * (1 + new.repeats),
            valid_until=new.valid_until,
            ends_at=day_bounds(new.valid_until, found.time_zone)[1],
            is_as_written=new.is_as_written,
            daily_dose_milli=new.daily_dose_milli,
            units_per_pack=new.units_per_pack,
        )
    )


def remove_line(
    connection: sa.Connection, pharmacy_id: UUID, prescription_id: UUID, line_id: UUID
) -> None:
    """Take a medicine out again, while the prescription waits.

    Raises:
        Changed: if the prescription waits no more.
        Refused: if it has no such line.
    """
    _found, row = _lock_waiting(connection, pharmacy_id, prescription_id)
    done = connection.execute(
        sa.delete(prescription_line).where(
            prescription_line.c.prescription_id == row, prescription_line.c.public_id == line_id
        )
    )
    if done.rowcount != 1:
        raise Refused("This medicine was removed already.")


def accept(
    connection: sa.Connection,
    pharmacy_id: UUID,
    prescription_id: UUID,
    *,
    version: int,
    checked: Checked,
    decided_by: UUID,
    clock: Clock,
) -> Prescription:
    """Accept a prescription as it was looked at; its medicines can be ordered from now on.

    `checked` is what the check for allergies and interactions said on the page that was looked at.

    Raises:
        Changed: if somebody changed or decided it since; the text says who did what.
        Refused: if no medicine was entered, or the pharmacy's licence is withdrawn: what it accepts would be
            handed out at others.
    """
    now = clock()
    check_licence(connection, pharmacy_id)
    found = _waiting(connection, pharmacy_id, prescription_id)
    if not found.lines:
        raise Refused("Enter the medicines of the prescription first.")
    decided, row = _decide(
        connection, found, version, decided_by, now, state="accepted", checked=checked
    )
    told = PrescriptionAccepted(
        **writing.facts(connection, row, now),
        decided_by=decided_by,
        checked=checked,
        lines=tuple(
            PrescribedMedicine(
                line.line_id, line.medicine_id, line.quantity_milli, line.allowed_milli,
                line.valid_until.isoformat(), line.is_as_written,
            )
            for line in decided.lines
        ),
    )  # fmt: skip
    writing.tell(connection, told, now, clock)
    return decided


def refuse(
    connection: sa.Connection,
    vault: Vault,
    pharmacy_id: UUID,
    prescription_id: UUID,
    *,
    version: int,
    reason: str,
    decided_by: UUID,
    clock: Clock,
) -> Prescription:
    """Refuse a prescription, with a reason that the patient reads.

    Raises:
        Changed: if somebody changed or decided it since; the text says who did what.
        Refused: if no reason is given.
    """
    now = clock()
    found = _waiting(connection, pharmacy_id, prescription_id)
    sealed = sealed_reason(vault, connection, found.patient_id, prescription_id, REASON, reason)
    decided, row = _decide(
        connection, found, version, decided_by, now, state="refused", reason_sealed=sealed
    )
    told = PrescriptionRefused(
        **writing.facts(connection, row, now), decided_by=decided_by, reason_sealed=sealed
    )
    writing.tell(connection, told, now, clock)
    return decided


def _check(new: NewLine, today: date) -> None:
    if not 0 < new.quantity_milli <= model.PACKS_AT_MOST * 1000:
        raise Refused("Enter between 0.001 and 100 packs.")
    if not 0 <= new.repeats <= model.REPEATS_AT_MOST:
        raise Refused("Enter between 0 and 24 repeats.")
    if new.valid_until < today:
        raise Refused("The last day is past; such a prescription is refused, not entered.")
    if new.valid_until > today + timedelta(days=366 * model.YEARS_AT_MOST):
        raise Refused("A prescription is valid for two years at most; look at the date again.")
    if (new.daily_dose_milli is None) != (new.units_per_pack is None):
        raise Refused("Enter both the dose per day and what a pack holds, or neither.")
    if new.daily_dose_milli is not None and not 0 < new.daily_dose_milli <= 1_000_000:
        raise Refused("Enter a dose per day between 0.001 and 1,000.")
    if new.units_per_pack is not None and not 0 < new.units_per_pack <= 10_000:
        raise Refused("Enter between 1 and 10,000 for what a pack holds.")


def lock(connection: sa.Connection, prescription_id: UUID) -> int:
    """Lock a prescription and raise its version; its row id.

    Raises:
        Refused: if there is none.
    """
    row = writing.row_of(connection, prescription_id)
    if row is None:
        raise Refused("There is no such prescription.")
    writing.lock(connection, [row])
    return row


def _lock_waiting(
    connection: sa.Connection, pharmacy_id: UUID, prescription_id: UUID
) -> tuple[Prescription, int]:
    of_pharmacy(connection, pharmacy_id, prescription_id)
    row = lock(connection, prescription_id)
    return _waiting(connection, pharmacy_id, prescription_id), row


def of_pharmacy(
    connection: sa.Connection, pharmacy_id: UUID, prescription_id: UUID
) -> Prescription:
    """A prescription that this pharmacy was chosen for.

    Raises:
        Refused: if there is none.
    """
    found = queries.prescription_of(connection, prescription_id, pharmacy_id=pharmacy_id)
    if found is None:
        raise Refused("There is no such prescription.")
    return found


def check_licence(connection: sa.Connection, pharmacy_id: UUID) -> None:
    """Look whether the pharmacy may answer for what is handed out.

    Raises:
        Refused: if it was never checked, or is suspended.
    """
    if not place_of(connection, pharmacy_id).is_verified:
        raise Refused(
            "Your pharmacy is suspended: it cannot accept prescriptions now. Refuse this one with that reason, so"
            " that its patient can ask another pharmacy."
        )


def _waiting(connection: sa.Connection, pharmacy_id: UUID, prescription_id: UUID) -> Prescription:
    found = of_pharmacy(connection, pharmacy_id, prescription_id)
    if found.state != "waiting":
        _refuse_late(connection, found)
    return found


def _decide(
    connection: sa.Connection,
    found: Prescription,
    version: int,
    decided_by: UUID,
    now: datetime,
    **values: object,
) -> tuple[Prescription, int]:
    done = connection.execute(
        sa.update(prescription)
        .where(
            prescription.c.public_id == found.prescription_id,
            prescription.c.state == "waiting",
            prescription.c.version == version,
        )
        .values(version=prescription.c.version + 1, decided_at=now, decided_by=decided_by, **values)
    )
    decided = of_pharmacy(connection, found.pharmacy_id, found.prescription_id)
    if done.rowcount != 1:
        _refuse_late(connection, decided)
    row = writing.row_of(connection, found.prescription_id)
    assert row is not None
    owed.owe(connection, "prescription_decided", found.prescription_id, found.patient_id, now=now)
    return decided, row


def _refuse_late(connection: sa.Connection, found: Prescription) -> NoReturn:
    if found.state == "waiting":
        raise Changed("Somebody changed this prescription since you opened it; look at it again.")
    if found.state == "withdrawn" or found.decided_by is None or found.decided_at is None:
        raise Changed("The patient took this prescription back; nothing was changed.")
    who = staff_name(connection, found.decided_by) or "Somebody"
    at = found.decided_at.astimezone(zone(found.time_zone))
    when = f"{at:%A %d %B %Y, %H:%M} ({at.tzname()})"
    if found.state == "accepted":
        raise Changed(f"{who} accepted this prescription: {when}. Nothing was changed.")
    raise Changed(f"{who} refused this prescription: {when}. Nothing was changed.")


def product(connection: sa.Connection, medicine_id: UUID) -> Medicine:
    """A medicine that can be prescribed.

    Raises:
        UnknownMedicine: if there is none of that id.
    """
    found = catalogue.medicine(connection, medicine_id)
    if found is None or found.kind != "product":
        raise model.UnknownMedicine()
    return found


def sealed_reason(
    vault: Vault,
    connection: sa.Connection,
    patient_id: UUID,
    record_id: UUID,
    field: str,
    text: str,
) -> str:
    """What a pharmacist writes to a patient, as a vault token.

    Raises:
        Refused: if it is empty or too long, or the patient's record was erased.
    """
    told = text.strip()
    if not told:
        raise Refused("Say why, in a few words.")
    if len(told) > model.REASON_AT_MOST:
        raise Refused("A reason has at most 500 letters.")
    try:
        return vault.seal(connection, patient_id, record_id, field, told)
    except Unreadable:
        raise Refused("The patient's record was erased; nothing can be written to it.") from None
