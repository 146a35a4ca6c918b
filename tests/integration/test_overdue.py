"""What falls due by the clock, looked at once: requests lapse, and what is kept for a while only goes."""

from datetime import timedelta

import sqlalchemy as sa

from remedy.pipeline import overdue
from remedy.schema.hospital import appointment
from remedy.schema.people import sign_in_failure
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
