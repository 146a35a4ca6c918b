"""A calendar from a doctor's hands to a patient's visit, in browsers whose clocks are of other parts of the world."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from icalendar import Calendar
from playwright.sync_api import Browser, Page, expect

from remedy.appointments import service
from remedy.gateways.mysql import in_transaction
from tests.factories import PASSWORD, Watch
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.serving import served
from web_portal.parts import parts_of

pytestmark = pytest.mark.long

# Three hours on the wall of a night in Rome, in visits of an hour.
NIGHTS = {
    date(2026, 3, 22): ["01:00", "02:00", "03:00"],
    date(2026, 3, 29): ["01:00", "03:00"],
    date(2026, 10, 25): ["01:00", "02:00", "02:00", "03:00"],
}


@pytest.fixture
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database, Watch(datetime(2026, 3, 16, 8, tzinfo=UTC)))


@pytest.fixture
def page_in(cast: Cast, browser: Browser) -> Iterator[object]:
    """page_in("asha", "America/New_York"): a page of hers, in a browser there."""
    contexts = []
    with served(cast.app) as address:

        def open_page(who: str, time_zone: str) -> Page:
            context = browser.new_context(base_url=address, timezone_id=time_zone)
            context.set_default_timeout(20_000)
            contexts.append(context)
            page = context.new_page()
            page.goto("/sign-in")
            page.get_by_label("E-mail").fill(cast.emails[who])
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("button", name="Sign out")).to_be_attached()
            return page

        yield open_page
        for context in contexts:
            context.close()


def add_nights(page: Page) -> None:
    """A doctor adds hours on Sunday nights and two kinds of visit to the own calendar."""
    page.get_by_role("link", name="My calendar").click()
    page.get_by_label("Sunday").check()
    page.locator("#week_starts").fill("01:00")
    page.locator("#week_ends").fill("04:00")
    page.get_by_role("button", name="Add the hours").click()
    expect(page.locator("main")).to_contain_text("Sunday 01:00–04:00")
    for kind, minutes in (("Look", "15"), ("Talk", "60")):
        page.locator("#kind_name").fill(kind)
        page.locator("#kind_minutes").fill(minutes)
        page.get_by_role("button", name="Add the kind").click()
        expect(page.locator("main").get_by_text(kind, exact=True).first).to_be_visible()


def times_of(page: Page) -> list[str]:
    day = page.locator("section.day", has_text="Sunday")
    return [text[:5] for text in day.locator(".slots .btn").all_inner_texts()]


def test_a_night_the_clocks_change_is_the_same_in_every_part_of_the_world(cast: Cast, page_in):
    add_nights(page_in("ekow", "Pacific/Auckland"))
    for now, nights in (
        (cast.watch(), [date(2026, 3, 22), date(2026, 3, 29)]),
        (datetime(2026, 10, 19, 8, tzinfo=UTC), [date(2026, 10, 25)]),
    ):
        cast.watch.now = now
        patient, doctor = page_in("asha", "America/New_York"), page_in("ekow", "Pacific/Auckland")
        for night in nights:
            address = f"/doctors/{cast.ids['ekow']}?from={night}"
            for page in (doctor, patient):
                page.goto(address)
                page.get_by_label("Kind of visit").select_option(label="Talk, 60 minutes")
                page.get_by_role("button", name="Show its free times").click()
                expect(page.locator("main")).to_contain_text("A visit takes 60 minutes")
                assert times_of(page) == NIGHTS[night]
        ask_for_the_last(patient)
        # Whoever wants a short visit finds that hour taken, and every quarter of the others free.
        patient.goto(address)
        short = patient.locator("section.day", has_text="Sunday")
        assert short.locator(".taken").count() == 4
        assert short.locator("button").count() == (len(NIGHTS[night]) - 1) * 4
        assert_confirmed_in_the_hospitals_time(cast, patient, night)


def assert_confirmed_in_the_hospitals_time(cast: Cast, patient: Page, night: date) -> None:
    """An admin accepts: page and calendar file say the hospital's time with its zone, wherever they are read."""
    row = cast.rows("SELECT public_id FROM appointment ORDER BY id DESC LIMIT 1")[0]
    visit_id = UUID(bytes=bytes(row.public_id))
    vault = parts_of(cast.app).vault
    visit = in_transaction(
        cast.engine,
        lambda c: service.decide(
            c, vault, visit_id, accept=True, note="", decided_by=cast.ids["farah_account"],
            version=1, clock=cast.watch,
        ),
    )  # fmt: skip
    zone_name, hour = ("CEST", 1) if night.month == 3 else ("CET", 2)
    said = f"{night:%a} {night.day} {night:%b} 2026, 03:00 ({zone_name})"
    patient.goto(f"/requests/{visit_id}")
    expect(patient.locator("#visit")).to_contain_text("Accepted")
    expect(patient.locator(".facts")).to_contain_text(said)
    with patient.expect_download() as download:
        patient.get_by_role("link", name="Put it into your calendar (.ics)").click()
    (entry,) = Calendar.from_ical(download.value.path().read_bytes()).walk("VEVENT")
    assert (
        entry["DTSTART"].dt == visit.starts_at == datetime(*night.timetuple()[:3], hour, tzinfo=UTC)
    )
    assert entry["DTEND"].dt - entry["DTSTART"].dt == timedelta(hours=1)
    assert f"{said} at the hospital" in str(entry["DESCRIPTION"])


def ask_for_the_last(patient: Page) -> None:
    patient.locator("section.day", has_text="Sunday").locator("button").last.click()
    expect(patient.locator("main")).to_contain_text("Talk, 60 minutes")
    patient.get_by_label("Routine").check()
    patient.get_by_label("What is the visit for?").fill("I cannot sleep.")
    patient.get_by_role("button", name="Continue").click()
    patient.get_by_role("button", name="Send the request").click()
    expect(patient.locator("main")).to_contain_text("Waiting for a decision")
    expect(patient.locator(".facts")).to_contain_text("03:00")
    expect(patient.locator(".facts")).to_contain_text("Talk")
