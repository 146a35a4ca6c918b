"""What falls due by the clock, looked at once: requests lapse, what is kept for a while only goes, who waits is told."""

from datetime import timedelta

import sqlalchemy as sa

from remedy.catalogue import watches
from remedy.pipeline import overdue
from remedy.schema.hospital import appointment
from remedy.schema.people import mail_owed, patient, sign_in_failure
from remedy.stock.model import Line
from remedy.stock.service import record_movement
from tests.factories import Watch, a_medicine, a_patient, a_pharmacy, a_vault
from tests.integration.clinic import a_clinic


def test_a_look_lets_go_what_nobody_decided_and_deletes_what_is_old(database):
    clinic = a_clinic(database)
    visit = clinic.ask(clinic.slots()[0].starts_at)
    with database.begin() as connection:
        connection.execute(
            sa.insert(sign_in_failure).values(
                email_lookup=b"x" * 32, address="127.0.0.1", failed_at=clinic.watch()
            )
        )
    assert overdue.look(database, clock=clinic.watch) == (0, 0, 0)

    def later():
        return clinic.watch() + timedelta(hours=49)

    assert overdue.look(database, clock=later) == (1, 0, 0)
    with database.connect() as connection:
        state = connection.execute(
            sa.select(appointment.c.state).where(appointment.c.public_id == visit.appointment_id)
        ).scalar()
        failures = connection.execute(
            sa.select(sa.func.count()).select_from(sign_in_failure)
        ).scalar()
    assert (state, failures) == ("cancelled", 0)


def test_one_that_cannot_be_done_stops_no_other(database):
    watch = Watch()
    with database.begin() as connection:
        medicine_id, pharmacy_id = a_medicine(connection), a_pharmacy(connection)
        line = Line("received", medicine_id, 5000, watch())
        record_movement(connection, pharmacy_id, line, clock=watch)
        vault = a_vault(watch)
        first, second = (a_patient(connection, vault) for _ in range(2))
        for patient_id in (first, second):
            watches.watch(connection, patient_id, medicine_id, clock=watch)
        row = connection.execute(
            sa.select(patient.c.id).where(patient.c.public_id == first)
        ).scalar_one()
        connection.exec_driver_sql(
            "ALTER TABLE medicine_watch ADD CONSTRAINT ck_bad"
            f" CHECK (told_at IS NULL OR patient_id <> {int(row)})"
        )
    overdue.look(database, clock=watch)
    with database.connect() as connection:
        told = sa.select(mail_owed.c.patient_public_id).where(mail_owed.c.kind == "medicine_back")
        assert connection.execute(told).scalars().all() == [second]
