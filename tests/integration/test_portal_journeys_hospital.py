"""The hospital's people at work in a real browser by keyboard alone, with JavaScript and without: decisions and visits."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Locator, expect

from remedy.appointments import queries, service
from remedy.appointments.model import Visit
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import overdue
from tests.factories import Watch, a_doctor, a_patient
from tests.integration.by_keyboard import Keys, at_keyboards
from tests.integration.portal_cast import Cast, a_cast, mails
from web_portal.parts import parts_of

pytestmark = pytest.mark.long

KeysOf = Callable[[str], Keys]
MONDAY = datetime(2026, 3, 16, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database, Watch(MONDAY))


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def keys_of(made: Cast, browser: Browser, request: pytest.FixtureRequest) -> Iterator[KeysOf]:
    made.watch.now = MONDAY
    made._browsers.clear()
    with at_keyboards(made, browser, has_script=request.param) as found:
        yield found


@pytest.fixture
def cast(made: Cast, keys_of: KeysOf) -> Cast:
    return made


@pytest.fixture
def name() -> str:
    """What this test's own doctor is called."""
    return f"Dr Hart {secrets.token_hex(3)}"


@pytest.fixture
def doctor_id(cast: Cast, name: str) -> UUID:
    """A cardiologist of this test's own."""
    with cast.engine.begin() as c:
        return a_doctor(c, hospital_id=cast.ids["hill"], name=name, speciality="cardiology")


def ask(cast: Cast, doctor_id: UUID, day: date, urgency: str = "routine") -> Visit:
    """Somebody asks for the first free time of a day."""
    vault = parts_of(cast.app).vault

    def work(c: sa.Connection) -> Visit:
        slot = queries.free_slots(c, doctor_id, first_day=day, days=1, now=cast.watch())[0]
        return service.request_visit(
            c, vault, doctor_id=doctor_id, patient_id=a_patient(c, vault), urgency=urgency,
            starts_at=slot.starts_at, symptoms="A cough for two weeks", clock=cast.watch,
        )  # fmt: skip

    return in_transaction(cast.engine, work)


def accept(cast: Cast, visit: Visit) -> Visit:
    return in_transaction(
        cast.engine,
        lambda c: service.decide(
            c, parts_of(cast.app).vault, visit.appointment_id, accept=True, note="",
            decided_by=cast.ids["farah_account"], version=visit.version, clock=cast.watch,
        ),
    )  # fmt: skip


def state(cast: Cast, visit: Visit) -> str:
    with cast.engine.connect() as c:
        found = queries.visit(c, visit.appointment_id)
    assert found is not None
    return found.state


def box(keys: Keys, visit: Visit) -> Locator:
    return keys.page.locator(f"#choose-{visit.appointment_id}")


def test_an_admin_decides_many_requests_and_proposes_another_time(
    cast: Cast, keys_of: KeysOf, doctor_id: UUID, name: str
) -> None:
    first, second, third = (ask(cast, doctor_id, date(2026, 3, 23 + n)) for n in range(3))
    later = [ask(cast, doctor_id, date(2026, 4, 13 + n), "soon") for n in range(2)]
    keys = keys_of("farah")
    keys.follow("Requests", within="header")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("Waiting for you")
    keys.choose("Doctor", name)
    keys.choose("Urgency", "Routine")
    keys.press("Show")
    expect(box(keys, later[0])).to_have_count(0)
    keys.arrives("Waiting for you")
    keys.tick(box(keys, first))
    keys.tick(box(keys, second))
    keys.press("Accept the chosen")
    keys.arrives("What was decided")
    expect(keys.page.locator(".tag-accepted")).to_have_count(2)
    assert [state(cast, one) for one in (first, second, third)] == ["accepted"] * 2 + ["requested"]
    keys.follow("Waiting for you")
    keys.arrives("Waiting for you")
    keys.choose("Urgency", "Soon")
    keys.choose("Doctor", name)
    keys.press("Show")
    expect(box(keys, third)).to_have_count(0)
    for visit in later:
        keys.tick(box(keys, visit))
    keys.press("Decline the chosen")
    keys.is_told("Tell the patients why the requests are declined.")
    # What was chosen stays, and the sentence leads to its field.
    expect(box(keys, later[1])).to_be_checked()
    keys.follow("Tell the patients why")
    expect(keys.page.locator("#note")).to_be_focused()
    keys.page.keyboard.type("Dr Hart teaches in those weeks.")
    keys.press("Decline the chosen")
    keys.arrives("What was decided")
    assert [state(cast, one) for one in later] == ["declined"] * 2
    keys.follow("Waiting for you")
    keys.to(keys.page.locator(f"#open-{third.appointment_id}"))
    keys.page.keyboard.press("Enter")
    keys.arrives("Request for a visit", says="A cough for two weeks")
    keys.press("Propose this time")
    keys.is_told("Choose the time that you propose.")
    keys.to(keys.page.get_by_label("Another time"))
    keys.page.keyboard.press("ArrowDown")
    keys.press("Propose this time")
    keys.arrives("Waiting for you", says="The other time is proposed and the patient is asked.")
    assert state(cast, third) == "proposed"


def test_an_admin_makes_a_rule_that_accepts_and_takes_it_off(
    cast: Cast, keys_of: KeysOf, doctor_id: UUID, name: str
) -> None:
    keys = keys_of("farah")
    keys.goto("/admin/requests")
    keys.follow("Rules that accept, and limits")
    keys.arrives("Rules that accept, and limits", says="There is no rule")
    keys.choose("Requests to", name)
    keys.write("At least so many hours ahead", "soon")
    keys.press("Make the rule, switched off")
    keys.is_told("whole number")
    keys.write("At least so many hours ahead", "24")
    keys.press("Make the rule, switched off")
    keys.arrives("Rules that accept, and limits", says=f"Requests to {name}, routine")
    assert state(cast, ask(cast, doctor_id, date(2026, 3, 24))) == "requested"
    keys.press("Switch on")
    keys.arrives("Rules that accept, and limits", says="Saved.")
    by_rule = ask(cast, doctor_id, date(2026, 3, 25))
    assert state(cast, by_rule) == "accepted"
    keys.goto(f"/admin/requests/{by_rule.appointment_id}")
    expect(keys.page.locator("main")).to_contain_text("Accepted by a rule, not by an admin:")
    keys.follow("Waiting for you")
    keys.follow("Rules that accept, and limits")
    keys.press("Switch off")
    expect(keys.page.get_by_role("button", name="Switch on")).to_be_visible()
    keys.press("Remove")
    keys.arrives("Rules that accept, and limits", says="There is no rule")
    assert state(cast, ask(cast, doctor_id, date(2026, 3, 26))) == "requested"


def test_who_came_is_noted_on_the_page_of_the_day(
    cast: Cast, keys_of: KeysOf, doctor_id: UUID
) -> None:
    visits = [accept(cast, ask(cast, doctor_id, date(2026, 3, 17))) for _ in range(2)]
    cast.watch.now = visits[0].starts_at - timedelta(minutes=5)
    keys = keys_of("farah")
    keys.goto("/admin/requests")
    keys.follow("Visits of a day: who came")
    keys.arrives("Visits of a day", says="Tuesday 17 March 2026")

    def note(visit: Visit, button: str) -> None:
        row = keys.page.locator(f"#visit-{visit.appointment_id}")
        keys.to(row.get_by_role("button", name=button))
        keys.page.keyboard.press("Enter")
        expect(row.get_by_role("button", name=button)).to_have_count(0)
        keys.arrives("Visits of a day", says="Saved.")

    note(visits[0], "Check in")
    expect(keys.page.locator("main")).to_contain_text("Checked in at")
    # Nobody stays signed in for long: the second visit begins, and a minute later its patient is not there.
    cast.watch.now = visits[1].starts_at + timedelta(minutes=1)
    keys.to(keys.page.get_by_label("Day", exact=True))
    keys.page.keyboard.type("03172026")
    keys.press("Show")
    keys.arrives("Visits of a day")
    # Who is there is never missed: that button is not shown.
    there = keys.page.locator(f"#visit-{visits[0].appointment_id}")
    expect(there.get_by_role("button", name="Did not come")).to_have_count(0)
    note(visits[0], "Took place")
    note(visits[1], "Did not come")
    assert [state(cast, one) for one in visits] == ["attended", "missed"]


def test_an_urgent_request_turns_red_is_said_and_is_mailed(
    cast: Cast, keys_of: KeysOf, doctor_id: UUID
) -> None:
    with cast.engine.begin() as c:
        c.execute(sa.text("UPDATE hospital SET urgent_minutes = 10"))
    urgent = ask(cast, doctor_id, date(2026, 3, 18), "urgent")
    keys = keys_of("farah")
    keys.goto(f"/admin/requests?doctor={doctor_id}")
    row = keys.page.locator("tr", has=box(keys, urgent))
    expect(row).not_to_have_class(re.compile("late"))
    link = keys.page.locator(f"#open-{urgent.appointment_id}")
    keys.to(link)
    cast.watch.wait(minutes=11)
    mails(cast)
    overdue.look(cast.engine, clock=cast.watch)
    told = [one for one in mails(cast) if one[1] == "An urgent request waits for a decision"]
    assert [one[0] for one in told] == [cast.emails["farah"]]
    assert str(urgent.appointment_id) in told[0][2]
    if keys.has_script:
        # The page looks by itself: it says so aloud, and whoever is in the list stays where they are.
        expect(keys.page.locator("#waiting-told")).to_contain_text(
            "1 urgent request has waited too long."
        )
        expect(row).to_have_class(re.compile("late"))
        expect(link).to_be_focused()
        keys.looks_right()
    else:
        keys.page.reload()
        keys.to(link)
    expect(row).to_contain_text("Too long: decide now")
    keys.page.keyboard.press("Enter")
    keys.arrives("Request for a visit", says="has waited for more than 10 minutes: decide now")
    keys.press("Accept")
    keys.arrives("Waiting for you", says="The decision is made and the patient is told.")
    assert state(cast, urgent) == "accepted"
