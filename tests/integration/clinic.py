"""A doctor, two patients and an admin on a real database, and what they do: shared by the appointment tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import holds, moves, queries, service
from remedy.appointments.model import Hold, Slot, Visit
from remedy.events.base import from_body
from remedy.gateways.mysql import in_transaction
from remedy.schema.hospital import appointment_cell, doctor
from remedy.schema.people import mail_owed, outbox
from remedy.vault import Vault
from tests import factories
from tests.factories import Watch

SYMPTOMS = "A cough for two weeks"
NEXT_WEEK = date(2026, 3, 9)


def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a control: a look before the lock leaves most races to chance; without it only the key decides."""
    monkeypatch.setattr(queries, "is_taken", lambda *_told, **_named: False)


@contextmanager
def cells_without_their_key(database: sa.Engine) -> Iterator[None]:
    """For a control: a copy of the table of cells in which one cell may stand twice."""
    with database.begin() as c:
        c.execute(sa.text("RENAME TABLE appointment_cell TO appointment_cell_kept"))
        c.execute(
            sa.text(
                "CREATE TABLE appointment_cell (doctor_id BIGINT NOT NULL, cell_at DATETIME(6) NOT NULL,"
                " appointment_id BIGINT, hold_id BIGINT)"
            )
        )
    try:
        yield
    finally:
        with database.begin() as c:
            c.execute(sa.text("DROP TABLE appointment_cell"))
            c.execute(sa.text("RENAME TABLE appointment_cell_kept TO appointment_cell"))


@dataclass
class Clinic:
    """A doctor, two patients and an admin of one test."""

    database: sa.Engine
    watch: Watch
    vault: Vault
    doctor_id: UUID
    asha: UUID
    ben: UUID
    farah: UUID

    def slots(
        self, days: int = 1, first_day: date = NEXT_WEEK, kind_id: UUID | None = None
    ) -> list[Slot]:
        with self.database.connect() as c:
            return queries.free_slots(
                c,
                self.doctor_id,
                first_day=first_day,
                days=days,
                now=self.watch(),
                kind_id=kind_id,
            )

    def ask(
        self,
        starts_at: datetime,
        patient_id: UUID | None = None,
        kind_id: UUID | None = None,
        **differs: str,
    ) -> Visit:
        told = {"urgency": "routine", "symptoms": SYMPTOMS, **differs}
        return in_transaction(
            self.database,
            lambda c: service.request_visit(
                c,
                self.vault,
                doctor_id=self.doctor_id,
                patient_id=patient_id or self.asha,
                starts_at=starts_at,
                urgency=told["urgency"],
                symptoms=told["symptoms"],
                clock=self.watch,
                kind_id=kind_id,
            ),
        )

    def decide(
        self, visit: Visit, *, accept: bool, by: UUID | None = None, note: str = ""
    ) -> Visit:
        return in_transaction(
            self.database,
            lambda c: service.decide(
                c,
                self.vault,
                visit.appointment_id,
                accept=accept,
                note=note,
                decided_by=by or self.farah,
                version=visit.version,
                clock=self.watch,
            ),
        )

    def cancel(self, visit: Visit, patient_id: UUID) -> Visit:
        return in_transaction(
            self.database,
            lambda c: service.cancel(
                c, visit.appointment_id, patient_id=patient_id, clock=self.watch
            ),
        )

    def hold(self, starts_at: datetime, patient_id: UUID | None = None) -> Hold:
        return in_transaction(
            self.database,
            lambda c: holds.hold_slot(
                c,
                doctor_id=self.doctor_id,
                patient_id=patient_id or self.asha,
                starts_at=starts_at,
                clock=self.watch,
            ),
        )

    def release(self, patient_id: UUID, hold_id: UUID | None = None) -> bool:
        return in_transaction(
            self.database, lambda c: holds.release(c, patient_id=patient_id, hold_id=hold_id)
        )

    def propose(self, visit: Visit, starts_at: datetime, *, note: str = "") -> Visit:
        return in_transaction(
            self.database,
            lambda c: moves.propose(
                c,
                self.vault,
                visit.appointment_id,
                starts_at=starts_at,
                note=note,
                decided_by=self.farah,
                version=visit.version,
                clock=self.watch,
            ),
        )

    def answer(self, visit: Visit, *, accept: bool, patient_id: UUID | None = None) -> Visit:
        return in_transaction(
            self.database,
            lambda c: moves.answer(
                c,
                visit.appointment_id,
                accept=accept,
                patient_id=patient_id or self.asha,
                version=visit.version,
                clock=self.watch,
            ),
        )

    def move(self, visit: Visit, starts_at: datetime, patient_id: UUID | None = None) -> Visit:
        return in_transaction(
            self.database,
            lambda c: moves.move(
                c,
                visit.appointment_id,
                patient_id=patient_id or self.asha,
                starts_at=starts_at,
                version=visit.version,
                clock=self.watch,
            ),
        )

    def owed(self, visit: Visit) -> list[str]:
        """The mails the visit's patient is owed."""
        with self.database.connect() as c:
            query = sa.select(mail_owed.c.kind).where(mail_owed.c.about == visit.appointment_id)
            return list(c.execute(query.order_by(mail_owed.c.id)).scalars())

    def lapse(self) -> list[UUID]:
        return in_transaction(self.database, lambda c: service.lapse_due(c, clock=self.watch))

    def events(self) -> list[object]:
        with self.database.connect() as c:
            rows = c.execute(
                sa.select(outbox.c.type, outbox.c.payload)
                .where(outbox.c.aggregateid == str(self.doctor_id))
                .order_by(outbox.c.id)
            ).all()
        return [from_body(row.type, json.loads(row.payload)) for row in rows]

    def cell_count(self) -> int:
        with self.database.connect() as c:
            query = sa.select(sa.func.count()).select_from(
                appointment_cell.join(doctor, doctor.c.id == appointment_cell.c.doctor_id)
            )
            return c.execute(query.where(doctor.c.public_id == self.doctor_id)).scalar_one()


def a_clinic(database: sa.Engine, **doctor_differs: object) -> Clinic:
    watch = Watch()
    vault = factories.a_vault(watch)
    with database.begin() as c:
        return Clinic(
            database,
            watch,
            vault,
            factories.a_doctor(c, **doctor_differs),  # type: ignore[arg-type]
            factories.a_patient(c, vault, name="Asha"),
            factories.a_patient(c, vault, name="Ben"),
            factories.an_admin(c, name="Farah"),
        )
