"""A doctor is absent and a patient waits: an admin sees who is affected, the patient accepts; a free time is claimed."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.newcomer import link_in_mail, register
from tests.journeys.test_portal_visits import (
    fill,
    go_to,
    last_free,
    open_doctor,
    some_words,
    visit_of,
)

pytestmark = [pytest.mark.journey, pytest.mark.long]

OFFERED_WITHIN_S = 60
"""The round beside the relay looks every half minute."""

WEEKS_AHEAD = 9
"""Where no other journey has booked anything."""


def day_shown(page: Page) -> date:
    """The day of the visit whose page is open."""
    found = re.search(r"\d{1,2} [A-Z][a-z]{2} \d{4}", page.locator("#visit .facts").inner_text())
    assert found is not None
    return datetime.strptime(found.group(), "%d %b %Y").replace(tzinfo=UTC).date()


def booked(page: Page, admin: Page, stack: Any) -> str:
    """An accepted visit some weeks ahead; the patient's page of it is open."""
    open_doctor(page, stack, weeks=WEEKS_AHEAD)
    last_free(page).click()
    fill(page, some_words(), "Routine")
    admin.goto(f"{stack.url('portal')}/admin/requests/{visit_of(page)}")
    admin.get_by_role("button", name="Accept").click()
    expect(page.locator("#visit")).to_contain_text("Accepted", timeout=15_000)
    return visit_of(page)


def test_an_absence_from_declaring_to_an_accepted_time(
    stack: Any, browser: Any, page_as: Any
) -> None:
    context = browser.new_context()
    patient, admin = context.new_page(), page_as("admin")
    register(patient, stack)
    visit = booked(patient, admin, stack)
    day = day_shown(patient)
    # By keyboard alone.
    admin.goto(stack.url("portal") + "/absences")
    go_to(admin, admin.get_by_label("Who is absent?"))
    admin.keyboard.type("Dr Ekow")
    for label in ("First day", "Last day"):
        go_to(admin, admin.get_by_label(label))
        admin.keyboard.type(f"{day:%m%d%Y}")
    go_to(admin, admin.get_by_role("button", name="See who is affected"))
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("heading", level=1)).to_have_text("Who is affected")
    # The town may have booked something there too.
    expect(admin.locator("#affected")).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(patient.locator("#visit")).to_contain_text("Accepted")
    go_to(admin, admin.get_by_role("button", name="Declare the absence and tell them"))
    admin.keyboard.press("Enter")
    expect(admin.locator("#absence")).to_contain_text(re.compile(r"\b(\d+) of \1 patients told"))
    expect(patient.locator("#visit")).to_contain_text("The doctor is absent", timeout=15_000)
    link_in_mail(stack, f"/requests/{visit}", "absent")
    patient.get_by_role("button", name="Accept this time").click()
    expect(patient.locator("main")).to_contain_text("The visit is accepted")
    # The admin's page follows by itself.
    expect(admin.locator("#absence .facts").last).to_contain_text(
        re.compile(r"Time accepted\s*[1-9]"), timeout=15_000
    )
    context.close()


def test_waiting_and_claiming_without_javascript(stack: Any, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    register(page, stack)
    open_doctor(page, stack, weeks=WEEKS_AHEAD)
    page.get_by_role("link", name="Wait for an earlier time").click()
    first = datetime.now(UTC).date() + timedelta(days=20)
    page.get_by_label("From which day on?").fill(f"{first}")
    page.get_by_label("Until which day?").fill(f"{first + timedelta(days=7)}")
    page.get_by_role("button", name="Put me on the list").click()
    expect(page.locator("#problem")).to_contain_text("Choose how urgent it is.")
    page.get_by_label("Soon").check()
    page.get_by_label("What is the visit for?").fill(some_words())
    page.get_by_role("button", name="Put me on the list").click()
    expect(page.locator("main")).to_contain_text("You are on the waiting list.")
    deadline = time.monotonic() + OFFERED_WITHIN_S
    while not page.get_by_role("button", name="Claim this time").count():
        # Without a script the page does not follow by itself.
        assert time.monotonic() < deadline, "Nothing was offered."
        page.wait_for_timeout(1000)
        page.reload()
    page.goto(link_in_mail(stack, "/waiting", "first to claim it has it"))
    page.get_by_role("button", name="Claim this time").first.click()
    expect(page.locator("main")).to_contain_text("Accepted")
    page.goto(stack.url("portal") + "/waiting")
    expect(page.locator("main")).to_contain_text("You wait for nothing")
    context.close()
