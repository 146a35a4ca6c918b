"""Leave over thirty booked patients, as their calendars see it: the mails as a mail server took them, one change each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from remedy.appointments import queries, service
from remedy.appointments.model import Slot, Visit
from remedy.messages.catcher import Catcher
from remedy.schema.hospital import doctor, doctor_leave
from remedy.schema.people import mail_owed
from remedy.vault import Vault
from tests import factories
from tests.integration.portal_cast import Cast, a_cast, canary
from tests.integration.test_messages import a_free_port
from web_portal import parts, postman

pytestmark = [pytest.mark.integration, pytest.mark.long]

MONDAY = date(2026, 3, 16)
PATIENTS, OTHERS = 30, 4
SPECIALITY = "the thirty's"


@dataclass(frozen=True)
class Told:
    """A mail as the mail server took it, and the entry in its one calendar file."""

    mail: EmailMessage
    method: str
    uid: str
    sequence: int
    starts_at: datetime
    status: str


@dataclass(frozen=True)
class Booked:
    """A visit of the leave's days, or of none of them, and the patient it is of."""

    visit: Visit
    email: str


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    made = Catcher(a_free_port(), 0, tmp_path / "mail")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def cast(database_url: str, database: sa.Engine, catcher: Catcher) -> Cast:
    """The portal, whose postman hands over to a real mail server."""
    smtp = f"smtp://127.0.0.1:{catcher.smtp_port}"
    made = a_cast(database_url, database, smtp_url=smtp)
    with database.begin() as connection:
        # What the cast did before is not looked at here.
        connection.execute(sa.delete(mail_owed))
    postman.of(made.app).hand_over = parts.to_the_server(parts.parts_of(made.app).settings)
    return made


def delivered(cast: Cast, catcher: Catcher) -> list[EmailMessage]:
    """What the mail server takes when the postman looks now."""
    before = set(catcher.folder.names())
    postman.of(cast.app).look()
    names = [name for name in catcher.folder.names() if name not in before]
    found = [catcher.folder.mail(name) for name in names]
    return [mail for mail in found if mail is not None]


def read(mail: EmailMessage) -> Told:
    """The one calendar file of a mail; its method stands in its type too, where mail programs look."""
    (file,) = mail.iter_attachments()
    assert file.get_content_type() == "text/calendar"
    calendar = Calendar.from_ical(file.get_payload(decode=True))
    (entry,) = calendar.walk("VEVENT")
    assert file.get_param("method") == calendar["METHOD"]
    return Told(
        mail, str(calendar["METHOD"]), str(entry["UID"]), int(entry["SEQUENCE"]),
        entry["DTSTART"].dt.astimezone(UTC), str(entry["STATUS"]),
    )  # fmt: skip


def all_of(mail: EmailMessage) -> str:
    """Every word of a mail, with what it carries."""
    pieces = [part.get_payload(decode=True) or b"" for part in mail.walk()]
    return "\n".join([*map(str, mail.values()), *(piece.decode() for piece in pieces)])  # type: ignore[union-attr]  # of a single part it is bytes


def a_booked_visit(c: sa.Connection, cast: Cast, vault: Vault, slot: Slot, number: int) -> Booked:
    """An accepted visit of a patient of its own."""
    patient_id = factories.a_patient(c, vault, name=f"p{number}")
    asked = service.request_visit(
        c, vault, doctor_id=slot.doctor_id, patient_id=patient_id, starts_at=slot.starts_at,
        urgency=("urgent", "soon", "routine")[number % 3], symptoms=canary("asha"),
        clock=cast.watch,
    )  # fmt: skip
    decided = service.decide(
        c, vault, asked.appointment_id, accept=True, note="", version=asked.version,
        decided_by=cast.ids["farah_account"], clock=cast.watch,
    )  # fmt: skip
    return Booked(decided, f"p{number}@town.example")


def away(c: sa.Connection, doctor_id: UUID, first: date, days: int) -> None:
    """Nobody is there for long."""
    starts_at = datetime.combine(first, time(), UTC)
    c.execute(
        sa.insert(doctor_leave).values(
            doctor_id=factories.row_of(c, doctor, doctor_id),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=days),
        )
    )


def booked_in(cast: Cast) -> tuple[UUID, list[Booked], list[Booked]]:
    """A doctor with thirty accepted visits in a week, and others' the week after and with a colleague."""
    vault = parts.parts_of(cast.app).vault
    with cast.engine.begin() as c:
        absent = factories.a_doctor(c, name="Dr Ama", speciality=SPECIALITY)
        colleague = factories.a_doctor(
            c, name="Dr Ife", speciality=SPECIALITY, hours=((3, time(9), time(10)),)
        )
        # After the leave one Monday is left of the doctor's, and of the colleague's weeks only one.
        away(c, absent, MONDAY + timedelta(days=8), 60)
        away(c, colleague, MONDAY + timedelta(days=7), 60)

        def slots(doctor_id: UUID, first: date, days: int) -> list[Slot]:
            return queries.free_slots(c, doctor_id, first_day=first, days=days, now=cast.watch())

        mine = slots(absent, MONDAY, 5)[::4]
        spared = [*slots(absent, MONDAY + timedelta(days=7), 1)[:3], slots(colleague, MONDAY, 5)[0]]
        assert (len(mine), len(spared)) == (PATIENTS, OTHERS)
        visits = [
            a_booked_visit(c, cast, vault, slot, number)
            for number, slot in enumerate([*mine, *spared])
        ]
    return absent, visits[:PATIENTS], visits[PATIENTS:]


def test_each_of_thirty_gets_one_mail_that_changes_one_calendar_entry_once(
    cast: Cast, catcher: Catcher
) -> None:
    absent, booked, spared = booked_in(cast)
    before = {told.uid: told for told in map(read, delivered(cast, catcher))}
    assert len(before) == PATIENTS + OTHERS
    form = {
        "doctor": f"{absent}",
        "first_day": f"{MONDAY}",
        "last_day": f"{MONDAY + timedelta(days=4)}",
    }
    answer = cast.of("farah").post("/absences/declare", dict(form))
    assert answer.status_code == 303, answer.text
    mails = delivered(cast, catcher)
    # One to each of the thirty and none to anybody else; nothing follows.
    assert sorted(mail["To"] for mail in mails) == sorted(one.email for one in booked)
    assert not {mail["To"] for mail in mails} & {one.email for one in spared}
    assert delivered(cast, catcher) == []
    told = {mail["To"]: read(mail) for mail in mails}
    for one in booked:
        file, visit = told[one.email], _now(cast, one.visit)
        # The entry that stands in the patient's calendar, one step further than what was sent before.
        assert file.uid == f"{visit.appointment_id}@visits.remedy"
        assert file.sequence == before[file.uid].sequence + 1 == visit.version
        assert file.starts_at == visit.starts_at
        is_gone = visit.state == "cancelled"
        assert (file.method, file.status) == (
            ("CANCEL", "CANCELLED") if is_gone else ("REQUEST", "TENTATIVE")
        )
        assert "canary" not in all_of(file.mail)
    methods = [file.method for file in told.values()]
    # Three with the colleague, three on the list, and the others on the Monday after.
    assert (methods.count("REQUEST"), methods.count("CANCEL")) == (21, 9)
    assert all(_now(cast, one.visit) == one.visit for one in spared)


def _now(cast: Cast, visit: Visit) -> Visit:
    with cast.engine.connect() as c:
        found = queries.visit(c, visit.appointment_id)
    assert found is not None
    return found
