"""A calendar kept by keyboard in a real browser, with JavaScript and without; the free times that patients read follow."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from remedy.accounts import service as accounts
from remedy.appointments import hospitals
from tests.factories import PASSWORD, SECRET_KEY, Watch, a_doctor, a_hospital
from tests.integration.by_keyboard import Keys, at_keyboards
from tests.integration.portal_cast import Cast, a_cast

pytestmark = pytest.mark.long

KeysOf = Callable[[str], Keys]
NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)
MONDAY, SATURDAY, EASTER_MONDAY = date(2026, 3, 30), date(2026, 4, 4), date(2026, 4, 6)
TITLE = "Calendar of Dr Ito"
FROM_TEN = ["10:00", "10:45", "11:30"]
"""Visits of 30 minutes with 15 after each, from ten until a quarter past twelve."""


@pytest.fixture(scope="module")
def made(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database, Watch(NOW))


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def keys_of(made: Cast, browser: Browser, request: pytest.FixtureRequest) -> Iterator[KeysOf]:
    with at_keyboards(made, browser, has_script=request.param) as found:
        yield found


@pytest.fixture
def hospital_id(made: Cast) -> UUID:
    """A hospital of this test's own, closed on Italy's public holidays."""
    with made.engine.begin() as c:
        place = a_hospital(c, name="Shore Hospital")
        hospitals.bring_holidays(c, place, country="IT", year=2026)
    return place


@pytest.fixture
def doctor_id(made: Cast, hospital_id: UUID) -> UUID:
    """A doctor of it, who has signed up as "ito" and has hours on weekdays from nine to five."""
    made.emails["ito"] = f"ito-{secrets.token_hex(4)}@town.example"
    with made.engine.begin() as c:
        found = a_doctor(c, hospital_id=hospital_id, name="Dr Ito")
        accounts.create_account(
            c, role="doctor", email=made.emails["ito"], staff_name="Dr Ito", doctor_id=found,
            secret_key=SECRET_KEY, clock=made.watch, password=PASSWORD,
        )  # fmt: skip
    return found


def times(page: Page, doctor_id: UUID, day: date) -> list[str]:
    """The free times of a day as a patient reads them."""
    page.goto(f"/doctors/{doctor_id}?from={day}")
    shown = page.locator(f"section.day:has(#day-{day}) .slots .btn:not(.taken)")
    return [text[:5] for text in shown.all_inner_texts()]


def test_a_doctor_keeps_the_own_calendar_and_patients_read_it(
    keys_of: KeysOf, doctor_id: UUID
) -> None:
    patient = keys_of("asha").page
    assert times(patient, doctor_id, MONDAY)[:2] == ["09:00", "09:20"]
    assert times(patient, doctor_id, SATURDAY) == []
    keys = keys_of("ito")
    keys.follow("My calendar", within="header")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text(TITLE)
    # Hours of the week, changed where they stand; what cannot be is said first.
    keys.follow("Change Monday 09:00")
    keys.arrives("Change weekly hours", says="Now: Monday 09:00–17:00")
    keys.write("From", "10")
    keys.press("Save")
    keys.is_told("Write the time like 08:30.")
    keys.write("From", "10:00")
    keys.write("Until", "12:15")
    keys.press("Save")
    keys.arrives(TITLE, says="Monday 10:00–12:15")
    # A kind of visit with its length and the doctor's time after it.
    keys.write_in(keys.page.locator("#kind_name"), "Talk")
    keys.write_in(keys.page.locator("#kind_minutes"), "30")
    keys.write_in(keys.page.locator("#kind_buffer"), "15")
    keys.press("Add the kind")
    keys.arrives(TITLE, says="30 minutes, then 15 minutes for the doctor")
    assert times(patient, doctor_id, MONDAY) == FROM_TEN
    # A second place, on Saturdays.
    keys.tick(keys.page.get_by_label("Saturday", exact=True))
    keys.write_in(keys.page.locator("#week_starts"), "09:00")
    keys.write_in(keys.page.locator("#week_ends"), "10:30")
    keys.choose("Place", "Hill Hospital")
    keys.press("Add the hours")
    keys.arrives(TITLE, says="Saturday 09:00–10:30")
    assert times(patient, doctor_id, SATURDAY) == ["09:00", "09:45"]
    expect(patient.locator(f"section.day:has(#day-{SATURDAY})")).to_contain_text("Hill Hospital")
    # A date that differs.
    keys.date(keys.page.locator("#day"), "03302026")
    keys.press("Add the date")
    keys.is_told("Choose what is different on that date.")
    keys.tick(keys.page.get_by_label("The hours of the week do not count"))
    keys.press("Add the date")
    keys.arrives(TITLE, says="Monday 30 March 2026")
    assert times(patient, doctor_id, MONDAY) == []
    keys.press("Remove Monday 30 March 2026")
    keys.arrives(TITLE, says="Every date is as the week says.")
    assert times(patient, doctor_id, MONDAY) == FROM_TEN
    # Whole days away, from the link beside the dates.
    expect(keys.page.locator("main")).to_contain_text("Admins keep them for the whole hospital")
    keys.follow("Declare an absence")
    keys.arrives("Absences")
    keys.date(keys.page.locator("#first_day"), "03302026")
    keys.date(keys.page.locator("#last_day"), "03312026")
    keys.press("See who is affected")
    keys.arrives("Who is affected", says="Nobody has a visit in that time.")
    keys.press("Declare the absence")
    keys.arrives("Absence of Dr Ito")
    assert times(patient, doctor_id, MONDAY) == []
    keys.press("The doctor is back")
    keys.arrives("Absence of Dr Ito", says="The doctor is back.")
    assert times(patient, doctor_id, MONDAY) == FROM_TEN


def test_an_admin_keeps_a_hospital_and_its_holidays(
    keys_of: KeysOf, hospital_id: UUID, doctor_id: UUID
) -> None:
    patient = keys_of("asha").page
    assert times(patient, doctor_id, EASTER_MONDAY) == []
    keys = keys_of("farah")
    keys.follow("Hospitals", within="header")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("Hospitals")
    keys.to(keys.page.locator(f"main a[href$='/admin/hospitals/{hospital_id}']"))
    keys.page.keyboard.press("Enter")
    keys.arrives("Shore Hospital")
    keys.press("Open that day Monday 6 April 2026")
    keys.arrives("Shore Hospital", says="open all the same")
    assert len(times(patient, doctor_id, EASTER_MONDAY)) == 24
    keys.date(keys.page.locator("#holiday"), "04062026")
    keys.press("Close that day")
    keys.is_told("Say in at most 120 characters why the hospital is closed that day.")
    keys.write("Why", "Town's day")
    keys.press("Close that day")
    keys.arrives("Shore Hospital", says="Town's day")
    assert times(patient, doctor_id, EASTER_MONDAY) == []
    keys.follow("Change name and address")
    keys.arrives("Change the hospital")
    keys.write("Name", " ")
    keys.press("Save")
    keys.is_told("Enter the name, at most 120 letters.")
    keys.write("Name", "Pier Hospital")
    keys.write("Address", "5 Pier Road")
    keys.press("Save")
    keys.arrives("Pier Hospital", says="5 Pier Road")
    keys.to(keys.page.locator("summary", has_text="What was changed, and by whom"))
    keys.page.keyboard.press("Enter")
    expect(keys.page.locator("main details")).to_contain_text("Until then: Shore Hospital")
    keys.looks_right()
    patient.goto(f"/doctors/{doctor_id}")
    expect(patient.locator("main")).to_contain_text("Pier Hospital, 5 Pier Road")
