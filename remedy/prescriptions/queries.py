"""What pages and orders read of prescriptions. Whose they are stands in every WHERE."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.prescriptions.model import Line, Prescription
from remedy.schema.people import account, patient, patient_key
from remedy.schema.pharmacy import medicine, pharmacy
from remedy.schema.prescriptions import (
    prescription,
    prescription_line,
    prescription_substitute,
    prescription_use,
    stored_file,
)
from remedy.stock.labels import LABEL, label_of

QUEUE_AT_MOST = 200


@dataclass(frozen=True)
class Confirmed:
    """A medicine that a pharmacist confirmed in place of a line's."""

    line_id: UUID
    medicine_id: UUID
    label: str
    confirmed_at: datetime
    reason_sealed: str


@dataclass(frozen=True)
class Standing:
    """How a patient stands with a medicine that is on prescription only.

    `left_milli` is what accepted prescriptions still allow; `is_prescribed` whether one that is valid names it at
    all, used up or not; `is_waiting` whether a prescription of the patient's waits for a pharmacist, for whatever.
    """

    left_milli: int
    is_prescribed: bool
    is_waiting: bool


@dataclass(frozen=True)
class Taken:
    """What a hold or an order took of an accepted prescription: of which medicine, and who accepted it when."""

    medicine_id: UUID
    label: str
    quantity_milli: int
    pharmacy_name: str
    time_zone: str
    accepted_at: datetime
    valid_until: date


@dataclass(frozen=True)
class ChoosablePharmacy:
    """A pharmacy to which a prescription can be handed in."""

    pharmacy_id: UUID
    name: str
    address: str
    district: str


def accepted_quantity(
    connection: sa.Connection, patient_id: UUID, medicine_id: UUID, *, now: datetime
) -> int:
    """Thousandths of packs of a medicine that the patient's prescriptions still allow.

    Of those that were accepted and whose last day is not over, less what holds and orders took. Where a pharmacist
    confirmed the medicine in place of a prescribed one, what that one allows counts.
    """
    rows = connection.execute(lines_allowing(patient_id, medicine_id, now))
    return sum(int(row.left_milli) for row in rows)


def standing(
    connection: sa.Connection, patient_id: UUID, medicine_id: UUID, *, now: datetime
) -> Standing:
    """How a patient stands with a medicine; what their page says before anything is asked for."""
    lines = connection.execute(lines_allowing(patient_id, medicine_id, now)).all()
    waiting = sa.exists().where(
        prescription.c.state == "waiting",
        prescription.c.patient_id
        == sa.select(patient.c.id).where(patient.c.public_id == patient_id).scalar_subquery(),
    )
    return Standing(
        sum(int(row.left_milli) for row in lines),
        bool(lines),
        bool(connection.execute(sa.select(waiting)).scalar_one()),
    )


def taken_by(connection: sa.Connection, order_id: UUID) -> list[Taken]:
    """What a hold or an order took of accepted prescriptions and still has, or has handed out."""
    rows = connection.execute(
        sa.select(
            medicine.c.public_id.label("medicine_id"),
            *LABEL,
            prescription_use.c.quantity_milli,
            pharmacy.c.name.label("pharmacy_name"),
            pharmacy.c.time_zone,
            prescription.c.decided_at,
            prescription_line.c.valid_until,
        )
        .select_from(
            prescription_use.join(
                prescription_line, prescription_line.c.id == prescription_use.c.line_id
            )
            .join(prescription, prescription.c.id == prescription_line.c.prescription_id)
            .join(pharmacy, pharmacy.c.id == prescription.c.pharmacy_id)
            .join(medicine, medicine.c.id == prescription_use.c.medicine_id)
        )
        .where(prescription_use.c.order_id == order_id, prescription_use.c.released_at.is_(None))
        .order_by(prescription_use.c.id)
    )
    return [
        Taken(
            row.medicine_id, label_of(row), int(row.quantity_milli), row.pharmacy_name,
            row.time_zone, row.decided_at, row.valid_until,
        )
        for row in rows
    ]  # fmt: skip


def lines_allowing(
    patient_id: UUID, medicine_id: UUID, now: datetime
) -> sa.Select[tuple[Any, ...]]:
    """The patient's lines by which a medicine may be had at that instant, with what each still allows."""
    wanted = sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id).scalar_subquery()
    confirmed = sa.select(prescription_substitute.c.line_id).where(
        prescription_substitute.c.medicine_id == wanted
    )
    return (
        sa.select(
            prescription_line.c.id,
            prescription_line.c.public_id,
            prescription_line.c.prescription_id,
            prescription_line.c.ends_at,
            (prescription_line.c.allowed_milli - prescription_line.c.used_milli).label(
                "left_milli"
            ),
        )
        .select_from(prescription_line.join(prescription).join(patient))
        .where(
            patient.c.public_id == patient_id,
            prescription.c.state == "accepted",
            prescription_line.c.ends_at > now,
            sa.or_(
                prescription_line.c.medicine_id == wanted, prescription_line.c.id.in_(confirmed)
            ),
        )
    )


def prescription_of(
    connection: sa.Connection,
    prescription_id: UUID,
    *,
    patient_id: UUID | None = None,
    pharmacy_id: UUID | None = None,
) -> Prescription | None:
    """A prescription that is this patient's, or that this pharmacy was chosen for; None for anybody else's.

    Raises:
        ValueError: if nobody is named whose it should be.
    """
    if patient_id is None and pharmacy_id is None:
        raise ValueError("Say whose prescription is looked for: a patient's or a pharmacy's.")
    wanted = _prescriptions().where(prescription.c.public_id == prescription_id)
    if patient_id is not None:
        wanted = wanted.where(patient.c.public_id == patient_id)
    if pharmacy_id is not None:
        wanted = wanted.where(pharmacy.c.public_id == pharmacy_id)
    found = _read(connection, wanted)
    return found[0] if found else None


def prescriptions_of(connection: sa.Connection, patient_id: UUID) -> list[Prescription]:
    """A patient's own prescriptions, the newest first."""
    return _read(
        connection,
        _prescriptions()
        .where(patient.c.public_id == patient_id)
        .order_by(prescription.c.uploaded_at.desc(), prescription.c.id.desc()),
    )


def review_queue(connection: sa.Connection, pharmacy_id: UUID) -> list[Prescription]:
    """What waits for a pharmacy's pharmacists, the oldest first. A patient who was erased waits for nothing."""
    return _read(
        connection,
        _prescriptions()
        .join(patient_key, patient_key.c.patient_public_id == patient.c.public_id)
        .where(
            pharmacy.c.public_id == pharmacy_id,
            prescription.c.state == "waiting",
            patient_key.c.erased_at.is_(None),
        )
        .order_by(prescription.c.uploaded_at, prescription.c.id)
        .limit(QUEUE_AT_MOST),
    )


def accepted_here(
    connection: sa.Connection, pharmacy_id: UUID, *, now: datetime
) -> list[Prescription]:
    """What a pharmacy accepted and is still valid: where another brand can be confirmed; the newest first."""
    living = sa.select(prescription_line.c.prescription_id).where(prescription_line.c.ends_at > now)
    return _read(
        connection,
        _prescriptions()
        .where(
            pharmacy.c.public_id == pharmacy_id,
            prescription.c.state == "accepted",
            prescription.c.id.in_(living),
        )
        .order_by(prescription.c.decided_at.desc(), prescription.c.id.desc())
        .limit(QUEUE_AT_MOST),
    )


def confirmed_for(connection: sa.Connection, prescription_id: UUID) -> list[Confirmed]:
    """The other brands that were confirmed for a prescription's lines."""
    rows = connection.execute(
        sa.select(
            prescription_line.c.public_id.label("line_id"),
            medicine.c.public_id.label("medicine_id"),
            *LABEL,
            prescription_substitute.c.confirmed_at,
            prescription_substitute.c.reason_sealed,
        )
        .select_from(
            prescription_substitute.join(
                prescription_line, prescription_line.c.id == prescription_substitute.c.line_id
            )
            .join(prescription, prescription.c.id == prescription_line.c.prescription_id)
            .join(medicine, medicine.c.id == prescription_substitute.c.medicine_id)
        )
        .where(prescription.c.public_id == prescription_id)
        .order_by(prescription_substitute.c.confirmed_at)
    )
    return [
        Confirmed(row.line_id, row.medicine_id, label_of(row), row.confirmed_at, row.reason_sealed)
        for row in rows
    ]


def handed_out(
    connection: sa.Connection, patient_id: UUID
) -> dict[UUID, list[tuple[datetime, int]]]:
    """What a patient was handed out by each line: when, and how many thousandths of a pack; the oldest first."""
    rows = connection.execute(
        sa.select(
            prescription_line.c.public_id,
            prescription_use.c.handed_out_at,
            prescription_use.c.quantity_milli,
        )
        .select_from(
            prescription_use.join(
                prescription_line, prescription_line.c.id == prescription_use.c.line_id
            )
            .join(prescription, prescription.c.id == prescription_line.c.prescription_id)
            .join(patient, patient.c.id == prescription.c.patient_id)
        )
        .where(patient.c.public_id == patient_id, prescription_use.c.handed_out_at.is_not(None))
        .order_by(prescription_use.c.handed_out_at, prescription_use.c.id)
    )
    found: dict[UUID, list[tuple[datetime, int]]] = defaultdict(list)
    for row in rows:
        found[row.public_id].append((row.handed_out_at, int(row.quantity_milli)))
    return dict(found)


def pharmacies_to_choose(
    connection: sa.Connection, text: str, *, limit: int = 50
) -> list[ChoosablePharmacy]:
    """Verified pharmacies whose name, district or address holds every word, by name.

    Where nobody of the pharmacy signs in, nobody would read the prescription: those are left out.
    """
    somebody = sa.exists().where(account.c.pharmacy_id == pharmacy.c.id, account.c.is_active)
    wanted = sa.select(
        pharmacy.c.public_id, pharmacy.c.name, pharmacy.c.address, pharmacy.c.district
    ).where(pharmacy.c.verified_at.is_not(None), somebody)
    for word in text.split()[:6]:
        # The collation tells letters of another size apart; a person who types does not.
        wanted = wanted.where(
            sa.or_(
                *(
                    sa.func.lower(pharmacy.c[name]).contains(word.lower(), autoescape=True)
                    for name in ("name", "district", "address")
                )
            )
        )
    rows = connection.execute(wanted.order_by(pharmacy.c.name, pharmacy.c.id).limit(limit))
    return [ChoosablePharmacy(*row) for row in rows]


def _prescriptions() -> sa.Select[tuple[Any, ...]]:
    own = prescription.c
    return sa.select(
        own.id, own.public_id, own.state, own.version, own.uploaded_at, own.decided_at,
        own.decided_by, own.reason_sealed, own.checked,
        patient.c.public_id.label("patient_id"),
        pharmacy.c.public_id.label("pharmacy_id"),
        pharmacy.c.name.label("pharmacy_name"),
        pharmacy.c.time_zone,
        stored_file.c.public_id.label("file_id"),
        stored_file.c.media_type,
    ).select_from(
        prescription.join(patient, patient.c.id == own.patient_id)
        .join(pharmacy, pharmacy.c.id == own.pharmacy_id)
        .join(stored_file, stored_file.c.id == own.file_id)
    )  # fmt: skip


def _read(connection: sa.Connection, wanted: sa.Select[tuple[Any, ...]]) -> list[Prescription]:
    rows = connection.execute(wanted).all()
    found = {
        row.id: Prescription(
            prescription_id=row.public_id,
            patient_id=row.patient_id,
            pharmacy_id=row.pharmacy_id,
            pharmacy_name=row.pharmacy_name,
            time_zone=row.time_zone,
            file_id=row.file_id,
            media_type=row.media_type,
            state=row.state,
            version=int(row.version),
            uploaded_at=row.uploaded_at,
            decided_at=row.decided_at,
            decided_by=row.decided_by,
            reason_sealed=row.reason_sealed,
            checked=row.checked,
        )
        for row in rows
    }
    lines = _lines(connection, list(found))
    return [replace(one, lines=tuple(lines.get(row, ()))) for row, one in found.items()]


def _lines(connection: sa.Connection, rows: list[int]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    if not rows:
        return found
    own = prescription_line.c
    told = connection.execute(
        sa.select(prescription_line, medicine.c.public_id.label("medicine_public_id"), *LABEL)
        .select_from(prescription_line.join(medicine, medicine.c.id == own.medicine_id))
        .where(own.prescription_id.in_(rows))
        .order_by(own.id)
    )
    for row in told:
        found[row.prescription_id].append(
            Line(
                line_id=row.public_id,
                medicine_id=row.medicine_public_id,
                label=label_of(row),
                quantity_milli=int(row.quantity_milli),
                repeats=int(row.repeats),
                allowed_milli=int(row.allowed_milli),
                used_milli=int(row.used_milli),
                valid_until=row.valid_until,
                ends_at=row.ends_at,
                is_as_written=bool(row.is_as_written),
                daily_dose_milli=row.daily_dose_milli,
                units_per_pack=row.units_per_pack,
            )
        )
    return found
