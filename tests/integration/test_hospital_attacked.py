"""What somebody who means harm, or who only errs, sends to the hospital half: it answers, and harms nobody else."""

from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.accounts import service as accounts
from remedy.appointments import absence, activity, waiting_state
from remedy.appointments.model import Slot
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import overdue
from remedy.schema.hospital import appointment, doctor, doctor_hours, hospital
from tests import factories
from tests.integration.clinic import Clinic, a_clinic
from tests.integration.portal_cast import Cast, a_cast, ids_of_accounts
from tests.integration.test_waiting import (
    asked_to_claim,
    claim,
    fill_up,
    is_open,
    join,
    offer,
    offers,
    patients,
)
from web_portal import parts
from web_portal.absence import settling

LAST_DAY, FIRST_DAY = "9999-12-31", "0001-01-01"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def clinic(cast: Cast, database: sa.Engine) -> Clinic:
    """Beside the cast, a doctor who is there for an hour on Mondays only, three times; and of a speciality of their own."""
    return a_clinic(
        database, speciality=f"attacked {next(_names)}", hours=((0, time(9), time(10)),)
    )


_names = iter(range(1000))


def spoil(engine: sa.Engine, visit_id: UUID) -> None:
    """Give a visit a row that takes no change: its version can rise no more."""
    with engine.begin() as c:
        c.execute(
            sa.update(appointment)
            .where(appointment.c.public_id == visit_id)
            .values(version=2**63 - 1)
        )


def state_of(engine: sa.Engine, visit_id: UUID) -> str:
    with engine.connect() as c:
        query = sa.select(appointment.c.state).where(appointment.c.public_id == visit_id)
        return str(c.execute(query).scalar_one())


def test_one_bad_request_keeps_no_other_doctors_time(clinic: Clinic) -> None:
    """Neither the time of other doctors, nor what else falls due: here an offer of the waiting list."""
    other = a_clinic(clinic.database)
    bad, good = clinic.ask(clinic.slots()[0].starts_at), other.ask(other.slots()[0].starts_at)
    entry = join(clinic)
    clinic.watch.wait(hours=50)
    other.watch.wait(hours=50)
    spoil(clinic.database, bad.appointment_id)
    overdue.look(clinic.database, clock=clinic.watch)
    assert state_of(clinic.database, good.appointment_id) == "cancelled"
    assert state_of(clinic.database, bad.appointment_id) == "requested"
    assert offers(clinic, entry)


def test_who_only_looks_takes_no_offer_away(clinic: Clinic) -> None:
    """A time somebody has set aside for minutes is not taken: no false word, and no mail when it is let go."""
    booked = fill_up(clinic)
    entry = join(clinic)
    clinic.cancel(booked[0], clinic.ben)
    assert offer(clinic) == 1
    mails = asked_to_claim(clinic)
    (looker,) = patients(clinic, 1)
    for _ in range(3):
        clinic.hold(booked[0].starts_at, looker)
        offer(clinic)
        clinic.release(looker)
        offer(clinic)
    assert len(offers(clinic, entry)) == 1
    assert asked_to_claim(clinic) == mails


def test_an_offer_that_is_near_is_not_said_to_be_taken(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    entry = join(clinic)
    clinic.cancel(booked[0], clinic.ben)
    clinic.watch.now = booked[0].starts_at - timedelta(hours=5)
    offer(clinic)
    clinic.watch.wait(minutes=90)
    offer(clinic)
    assert booked[0].starts_at in [row.starts_at for row in offers(clinic, entry)]


def test_a_visit_moved_to_an_earlier_time_is_not_given_up_for_a_later_offer(clinic: Clinic) -> None:
    slots = clinic.slots(days=28)
    later = clinic.ask(slots[-1].starts_at)
    kept = [clinic.ask(slot.starts_at, clinic.ben) for slot in slots[:-1]]
    entry = join(clinic, instead_of=later.appointment_id)
    clinic.cancel(kept[5], clinic.ben)
    assert offer(clinic) == 1
    clinic.cancel(kept[0], clinic.ben)
    moved = clinic.move(later, kept[0].starts_at)
    (made,) = offers(clinic, entry)
    claim(clinic, made.public_id)
    assert state_of(clinic.database, moved.appointment_id) == "requested"
    assert not is_open(clinic, entry)


def test_who_waits_twice_takes_one_place_of_those_offered_a_time(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    with clinic.database.connect() as c:
        query = sa.select(doctor.c.speciality).where(doctor.c.public_id == clinic.doctor_id)
        speciality = c.execute(query).scalar_one()
    greedy = [join(clinic), join(clinic, doctor_id=None, speciality=speciality)]
    modest = [join(clinic, one) for one in patients(clinic, 2)]
    clinic.cancel(booked[0], clinic.ben)
    offer(clinic)
    assert len([one for entry in greedy for one in offers(clinic, entry)]) == 1
    assert all(offers(clinic, entry) for entry in modest)


def test_an_offer_says_the_place_the_doctor_is_in_at_that_time(clinic: Clinic) -> None:
    """Not the doctor's own hospital, if the doctor is elsewhere that day: nobody travels in vain."""
    booked = fill_up(clinic)
    join(clinic)
    with clinic.database.begin() as c:
        elsewhere = factories.a_hospital(c, name="Valley Hospital")
        at = factories.row_of(c, doctor, clinic.doctor_id)
        hours = sa.update(doctor_hours).where(doctor_hours.c.doctor_id == at)
        c.execute(hours.values(hospital_id=factories.row_of(c, hospital, elsewhere)))
    clinic.cancel(booked[0], clinic.ben)
    offer(clinic)
    with clinic.database.connect() as c:
        (entry,) = waiting_state.entries_of(c, clinic.asha, now=clinic.watch())
    assert [one.hospital_name for one in entry.offers] == ["Valley Hospital"]


def declared(clinic: Clinic, slot: Slot) -> object:
    day = slot.starts_at.date()
    return in_transaction(
        clinic.database,
        lambda c: absence.declare(
            c, doctor_id=clinic.doctor_id, first_day=day, last_day=day, declared_by=clinic.farah,
            clock=clinic.watch,
        ),
    )  # fmt: skip


def test_one_bad_visit_of_an_absence_keeps_no_other_patient_untold(
    cast: Cast, clinic: Clinic
) -> None:
    clinic.watch = cast.watch
    first, second, third = clinic.slots()[:3]
    bad, good = (
        clinic.ask(first.starts_at, urgency="urgent"),
        clinic.ask(second.starts_at, clinic.ben),
    )
    away = declared(clinic, third)
    spoil(clinic.database, bad.appointment_id)
    settled = settling.settle_all(parts.parts_of(cast.app), away)  # type: ignore[arg-type]
    assert settled == 1
    assert state_of(clinic.database, good.appointment_id) != "requested"


def test_patients_of_a_doctor_who_left_are_told_of_the_absence(cast: Cast, clinic: Clinic) -> None:
    clinic.watch = cast.watch
    slot = clinic.slots()[0]
    visit = clinic.decide(clinic.ask(slot.starts_at), accept=True)
    away = declared(clinic, slot)
    with clinic.database.begin() as c:
        gone = sa.update(doctor).where(doctor.c.public_id == clinic.doctor_id)
        c.execute(gone.values(is_active=False))
    assert settling.settle_all(parts.parts_of(cast.app), away) == 1  # type: ignore[arg-type]
    assert state_of(clinic.database, visit.appointment_id) == "cancelled"
    assert "absent_waiting" in clinic.owed(visit)


@pytest.mark.parametrize(
    "day", [LAST_DAY, FIRST_DAY, "1000-01-01", "2026-13-45", "x", "9999-W52-5"]
)
def test_no_day_at_the_end_of_the_calendar_breaks_a_page(cast: Cast, day: str) -> None:
    """A day nobody can reckon from is refused in words, or shown as today; never an error of ours."""
    ekow, hill = cast.ids["ekow"], cast.ids["hill"]
    looked_at = {
        "farah": [
            f"/visits/day?day={day}",
            f"/admin/requests?day={day}&hours=999999",
            f"/admin/export/visits.csv?last={day}",
            f"/admin/export/visits.csv?first={day}",
            f"/admin/export/visits.csv?first={day}&last={day}",
            f"/admin/export/visits.pdf?first={day}&last={day}",
        ],
        "asha": [
            f"/doctors/{ekow}?from={day}",
            f"/doctors/{ekow}/times?from={day}",
            f"/requests/{cast.ids['asha_visit']}/move?from={day}",
        ],
    }
    wrong = [
        (path, answer.status_code)
        for who, paths in looked_at.items()
        for path in paths
        if (answer := cast.of(who).get(path)).status_code >= 500
    ]
    sent: list[tuple[str, str, dict[str, object]]] = [
        ("farah", "/absences", {"doctor": str(ekow), "first_day": day, "last_day": day}),
        ("farah", "/absences/declare", {"doctor": str(ekow), "first_day": day, "last_day": day}),
        ("farah", f"/calendars/{ekow}/dates", {"day": day, "differs": "off"}),
        (
            "farah", f"/calendars/{ekow}/dates",
            {"day": day, "differs": "extra", "date_starts": "09:00", "date_ends": "10:00"},
        ),
        ("farah", f"/admin/hospitals/{hill}/holidays", {"holiday": day, "holiday_name": "x"}),
        ("farah", f"/admin/hospitals/{hill}/holidays/open", {"opened": day}),
        ("farah", f"/admin/hospitals/{hill}/holidays/bring", {"country": "IT", "year": day[:4]}),
        (
            "ben", f"/waiting/new/{ekow}",
            {"whose": "doctor", "urgency": "soon", "symptoms": "x", "from_day": day, "until_day": day},
        ),
        (
            "ben", f"/waiting/new/{ekow}",
            {"whose": "doctor", "urgency": "soon", "symptoms": "x", "from_day": day, "until_day": "2026-03-20"},
        ),
    ]  # fmt: skip
    for who, path, told in sent:
        answer = cast.of(who).post(path, told)
        if answer.status_code >= 500:
            wrong.append((path, answer.status_code))
    # What was kept must not break the pages and rounds that read it.
    for who, path in (
        ("farah", f"/calendars/{ekow}"), ("farah", f"/admin/hospitals/{hill}"), ("farah", "/absences"),
        ("ben", "/waiting"), ("asha", f"/doctors/{ekow}"),
    ):  # fmt: skip
        if (answer := cast.of(who).get(path)).status_code >= 500:
            wrong.append((path, answer.status_code))
    assert not wrong


def test_a_doctor_finds_nothing_of_a_colleagues(cast: Cast) -> None:
    """Calendars, absences, days, visits, their files and records: there is no such page."""
    ids = {**cast.ids, **ids_of_accounts(cast)}
    with cast.engine.begin() as connection:
        ife = factories.a_doctor(connection, name="Dr Ife")
        accounts.create_account(
            connection, role="doctor", email="ife@town.example", staff_name="Dr Ife", doctor_id=ife,
            password=factories.PASSWORD, secret_key=factories.SECRET_KEY, clock=cast.watch,
        )  # fmt: skip
    cast.emails["ife"] = "ife@town.example"
    visit, away, file = ids["asha_visit"], ids["ekow_absence"], ids["asha_visit_file"]
    looked_at = [
        f"/calendars/{ids['ekow']}", f"/absences/{away}", f"/absences/{away}/state",
        f"/requests/{visit}", f"/requests/{visit}/files/{file}", f"/requests/{visit}/record.pdf",
        f"/visits/{visit}.ics", f"/admin/requests/{visit}", "/admin/calls", "/admin/export/visits.csv",
        f"/requests/{ids['ben_visit']}/files/{file}",
    ]  # fmt: skip
    sent = [
        f"/calendars/{ids['ekow']}/hours", f"/calendars/{ids['ekow']}/kinds", f"/absences/{away}/end",
        f"/visits/{visit}/note", f"/calendars/{ife}/details", f"/admin/requests/{visit}",
    ]  # fmt: skip
    found = [path for path in looked_at if cast.of("ife").get(path).status_code not in {403, 404}]
    found += [path for path in sent if cast.of("ife").post(path).status_code not in {403, 404}]
    assert not found
    # Whose absence it is does not come from the form.
    told = {"doctor": str(ids["ekow"]), "first_day": "2026-03-16", "last_day": "2026-03-16"}
    cast.of("ife").post("/absences/declare", told)
    rows = cast.rows(
        "SELECT d.public_id FROM doctor_absence a JOIN doctor d ON d.id = a.doctor_id"
        " WHERE a.first_day = '2026-03-16'"
    )
    assert [bytes(row.public_id) for row in rows] == [ife.bytes]
    assert cast.of("ben").get(f"/requests/{ids['ben_visit']}/files/{file}").status_code == 404


def test_a_report_of_a_speciality_that_nobody_has_is_empty(cast: Cast) -> None:
    for what in ("csv", "pdf"):
        answer = cast.of("farah").get(f"/admin/export/visits.{what}?speciality=%3D1%2B1&doctor=")
        assert answer.status_code == 200


def test_a_figure_does_not_end_where_its_rows_end(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page lists so many rows at most; the tile and the report count all of them."""
    slots = clinic.slots(days=14)[:4]
    visits = [clinic.decide(clinic.ask(slot.starts_at), accept=True) for slot in slots]
    chosen = activity.Chosen(
        visits[0].starts_at.date(), visits[-1].starts_at.date(), (clinic.doctor_id,)
    )
    monkeypatch.setattr(activity, "MOST_ROWS", 2)
    with clinic.database.connect() as c:
        assert len(activity.booked(c, chosen)) == 2
        assert activity.booked_count(c, chosen) == 4
