"""Tells the town's prescriptions: pictures handed in to a pharmacy, each with what became of it, at its own past time."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.files.model import Examined, examine
from remedy.prescriptions import allergies, review, service
from remedy.prescriptions.queries import prescription_of
from remedy.prescriptions.review import NewLine
from remedy.schema.people import account
from remedy.schema.pharmacy import medicine, pharmacy, stock_item
from remedy.schema.prescriptions import prescription
from remedy.values import at_that, local_day, uuid7
from remedy.vault import Vault

FATES = ("hand out", "refuse", "accept", "accept", "", "")
"""What becomes of the first pharmacy's prescriptions, one after the other; empty: it waits."""

REFUSED_BECAUSE = "The date cannot be read; please take the picture again by daylight."
ALLERGIES = ("penicillin", "aspirin")


@dataclass(frozen=True)
class Desk:
    """Where prescriptions go: the pharmacy whose pharmacist signs in first, and the patients who hand them in."""

    vault: Vault
    patients: tuple[UUID, ...]
    pharmacist: UUID
    time_zone: str

    def tell(self, connection: sa.Connection, now: datetime) -> None:
        """Hand them in and review them, unless that was told before."""
        if connection.execute(sa.select(prescription.c.id).limit(1)).first() is not None:
            return
        found = connection.execute(
            sa.select(pharmacy.c.id, pharmacy.c.public_id, pharmacy.c.name)
            .select_from(account.join(pharmacy, pharmacy.c.id == account.c.pharmacy_id))
            .where(account.c.public_id == self.pharmacist)
        ).one()
        on_prescription = connection.execute(
            sa.select(medicine.c.public_id, medicine.c.generic_name, medicine.c.strength)
            .select_from(stock_item.join(medicine, medicine.c.id == stock_item.c.medicine_id))
            .where(
                stock_item.c.pharmacy_id == found.id,
                medicine.c.is_prescription_only,
                sa.not_(medicine.c.is_controlled),
            )
            .order_by(medicine.c.id)
            .limit(len(FATES))
        ).all()
        if not on_prescription:
            return
        self._tell_allergies(connection, now - timedelta(days=40))
        for number, fate in enumerate(FATES):
            meant = on_prescription[number % len(on_prescription)]
            at = now - timedelta(days=12 if fate else 0, hours=7 * (len(FATES) - number))
            written = f"Rp. {meant.generic_name} {meant.strength or ''}\n2 packs, two repeats\n3 x 1 a day"
            self._one(connection, found.public_id, meant.public_id, number, fate, at, written)

    def _tell_allergies(self, connection: sa.Connection, at: datetime) -> None:
        for patient_id, substance in zip(self.patients, ALLERGIES, strict=False):
            allergies.add_allergy(connection, self.vault, patient_id, substance, clock=at_that(at))
        for patient_id in self.patients[len(ALLERGIES) : len(FATES)]:
            allergies.has_none(connection, patient_id, clock=at_that(at))

    def _one(
        self,
        connection: sa.Connection,
        pharmacy_id: UUID,
        medicine_id: UUID,
        number: int,
        fate: str,
        at: datetime,
        written: str,
    ) -> None:
        patient_id = self.patients[number % len(self.patients)]
        made = service.upload(
            connection, self.vault, patient_id, pharmacy_id, picture_of(written), clock=at_that(at)
        )
        if not fate:
            return
        clock = at_that(at + timedelta(hours=2))
        if fate == "refuse":
            review.refuse(
                connection, self.vault, pharmacy_id, made, version=1, reason=REFUSED_BECAUSE,
                decided_by=self.pharmacist, clock=clock,
            )  # fmt: skip
            return
        line = NewLine(
            medicine_id, 2000, 2, local_day(at, self.time_zone) + timedelta(days=180), number % 2 > 0,
            daily_dose_milli=3000, units_per_pack=30,
        )  # fmt: skip
        review.add_line(connection, pharmacy_id, made, line, clock=clock)
        seen = prescription_of(connection, made, pharmacy_id=pharmacy_id)
        assert seen is not None
        review.accept(
            connection, pharmacy_id, made, version=seen.version, checked="not_checked",
            decided_by=self.pharmacist, clock=clock,
        )  # fmt: skip
        if fate == "hand out":
            order_id = uuid7(clock)
            service.use(connection, patient_id, medicine_id, 2000, order_id, clock=clock)
            service.hand_out(connection, order_id, clock=clock)


def picture_of(written: str, size: Sequence[int] = (700, 900)) -> Examined:
    """A sheet of paper with these words, as a telephone takes it."""
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (size[0], size[1]), (250, 249, 240))
    draw = ImageDraw.Draw(page)
    draw.text((60, 60), "Dr Ekow\nHill Hospital", fill=(30, 30, 60), font_size=32)
    draw.text((60, 240), written, fill=(20, 20, 90), font_size=30)
    kept = io.BytesIO()
    page.save(kept, "JPEG")
    return examine("prescription.jpg", kept.getvalue())
