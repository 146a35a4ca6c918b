"""A portal, a doctor, a mailbox and the SMS provider that is shipped: shared by the tests of reminders."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments.model import Slot, Visit
from remedy.gateways.sms import HttpSms
from remedy.messages.service import NotSent
from remedy.messages.sms_catcher import SmsCatcher
from remedy.pipeline import reminding as planning
from remedy.reminders.model import Step
from remedy.schema.people import patient
from remedy.schema.reminders import out_reminder, reminder_choice, visit_reminder
from tests.factories import A_MONDAY, Watch, a_doctor, a_patient
from tests.integration.clinic import Clinic
from tests.integration.portal_cast import Cast
from web_portal.parts import parts_of
from web_portal.reminding import Reminding

KEY = "the key of a test's SMS provider"
MAIL, SMS = Step("mail", 48), Step("sms", 3)
SPECIALITY = "clinic for what nobody says"


class Ward:
    """What one test has of them."""

    def __init__(self, cast: Cast, catcher: SmsCatcher) -> None:
        self.cast, self.watch, self.catcher = cast, cast.watch, catcher
        self.vault = parts_of(cast.app).vault
        self.mails: list[tuple[str, str, str]] = []
        self.refused: set[str] = set()
        with cast.engine.begin() as connection:
            doctor = a_doctor(connection, name="Dr Ekow", speciality=SPECIALITY)
        asha, ben, farah = (cast.ids[name] for name in ("asha", "ben", "farah_account"))
        self.clinic = Clinic(cast.engine, cast.watch, self.vault, doctor, asha, ben, farah)
        self.slots = self.clinic.slots()
        self.texts = HttpSms(catcher.url, KEY)
        self.round = Reminding(cast.app, self._take, self.texts)

    def _take(self, to: str, subject: str, text: str) -> None:
        if to in self.refused:
            raise NotSent("The mail server did not take the mail (SMTPRecipientsRefused).")
        self.mails.append((to, subject, text))

    def patient(self, name: str, phone: str | None) -> UUID:
        with self.cast.engine.begin() as connection:
            made = a_patient(connection, self.vault, name=name)
            if phone is not None:
                sealed = self.vault.seal(connection, made, made, "phone", phone)
                mine = patient.c.public_id == made
                connection.execute(sa.update(patient).where(mine).values(phone_sealed=sealed))
        return made

    def visit(self, slot: Slot, patient_id: UUID) -> Visit:
        return self.clinic.decide(self.clinic.ask(slot.starts_at, patient_id), accept=True)

    def go_to(self, moment: datetime) -> None:
        self.watch.now = moment

    def plan(self, *steps: Step) -> int:
        return planning.plan(self.cast.engine, steps or (MAIL, SMS), clock=self.watch)

    def look(self) -> int:
        return self.round.look()

    def sms(self) -> list[tuple[str, str]]:
        """Number and text of what the provider took, the oldest first."""
        return [(one["to"], one["text"]) for one in reversed(self.catcher.folder.messages())]

    def log(self) -> list[tuple[str, str, int, str | None]]:
        with self.cast.engine.connect() as connection:
            told = visit_reminder.c
            query = sa.select(told.step, told.state, told.attempts, told.last_error)
            return [tuple(row) for row in connection.execute(query.order_by(told.id))]

    def next_at(self) -> datetime | None:
        """When the first one that waits is tried next."""
        with self.cast.engine.connect() as connection:
            waits = visit_reminder.c.state == "waiting"
            return connection.execute(
                sa.select(sa.func.min(visit_reminder.c.next_at)).where(waits)
            ).scalar()


def a_ward(cast: Cast, folder: Path) -> Iterator[Ward]:
    """As on the first morning, with nothing written down yet and a doctor nobody has visits with."""
    cast.watch.now = A_MONDAY
    cast._browsers.clear()
    with cast.engine.begin() as connection:
        for table in (out_reminder, visit_reminder, reminder_choice):
            connection.execute(sa.delete(table))
        connection.execute(
            sa.text("UPDATE appointment SET state = 'cancelled' WHERE state = 'accepted'")
        )
    catcher = SmsCatcher(0, folder, KEY, clock=Watch())
    catcher.start()
    yield Ward(cast, catcher)
    catcher.stop()


def before(visit_or_slot: Visit | Slot, hours: float) -> datetime:
    return visit_or_slot.starts_at - timedelta(hours=hours)
