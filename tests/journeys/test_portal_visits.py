"""The hospital's story: a patient asks, an admin decides or proposes, the patient reads it without reloading."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.newcomer import link_in_mail, register
from tests.settled import await_settled

pytestmark = pytest.mark.journey

DECIDED_WITHIN_MS = 30_000
MOST_TABS = 250


def open_doctor(page: Page, stack, name: str = "Dr Ekow", weeks: int = 1) -> None:
    """A doctor's page some weeks ahead, where there is time."""
    page.goto(stack.url("portal") + "/doctors")
    address = page.get_by_role("link", name=name).get_attribute("href")
    day = datetime.now(UTC).date() + timedelta(weeks=weeks)
    page.goto(f"{stack.url('portal')}{address}?from={day}")
    expect(page.locator(".slots .btn-outline-primary").first).to_be_visible()


def last_free(page: Page) -> Locator:
    return page.locator(".slots .btn-outline-primary").last


def fill(page: Page, words: str, urgency: str = "Urgent") -> None:
    """Answer the form and send what was checked."""
    expect(page.locator(".emergency")).to_contain_text("112")
    page.get_by_label(urgency).check()
    page.get_by_label("What is the visit for?").fill(words)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")
    expect(page.locator("main")).to_contain_text(words)
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator("main")).to_contain_text("Waiting for a decision")


def visit_of(page: Page) -> str:
    found = re.search(r"/requests/([0-9a-f-]{36})", page.url)
    assert found is not None
    return found.group(1)


def stays(page: Page) -> None:
    """Mark the document, to see later that it was not loaded anew."""
    page.evaluate("() => { window.stayed = true; }")


def assert_stayed(page: Page) -> None:
    assert page.evaluate("() => window.stayed === true")


def decision_page(admin: Page, stack, visit: str) -> None:
    # Where "Waiting for you" of the dashboards leads.
    admin.goto(f"{stack.url('portal')}/admin/requests/{visit}")


def some_words() -> str:
    return f"A cough for {uuid.uuid4().hex[:6]} weeks."


def test_from_registering_to_an_accepted_visit(stack, browser, page_as):
    context = browser.new_context()
    patient, admin, words = context.new_page(), page_as("admin"), some_words()
    register(patient, stack)
    open_doctor(patient, stack)
    last_free(patient).click()
    expect(patient.locator("main")).to_contain_text("set aside for you until")
    fill(patient, words)
    expect(patient.locator("main")).to_contain_text("What happens next")
    stays(patient)
    decision_page(admin, stack, visit_of(patient))
    expect(admin.locator("main")).to_contain_text(words)
    admin.get_by_label("Note for the patient").fill("Please bring your card.")
    admin.get_by_role("button", name="Accept").click()
    expect(admin.get_by_role("status").filter(has_text="the patient is told")).to_be_visible()
    expect(patient.locator("#visit")).to_contain_text("Accepted", timeout=DECIDED_WITHIN_MS)
    expect(patient.locator("#visit")).to_contain_text("Please bring your card.")
    assert_stayed(patient)
    link_in_mail(stack, f"/requests/{visit_of(patient)}", "decided")
    context.close()


def go_to(page: Page, goal: Locator) -> None:
    """Press Tab until the goal has the focus, and see that it shows."""
    await_settled(page)
    handle = goal.element_handle()
    for _ in range(MOST_TABS):
        if handle.evaluate("one => one === document.activeElement"):
            outline = handle.evaluate("one => getComputedStyle(one).outlineStyle")
            assert outline != "none"
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there.")


def test_a_visit_is_asked_for_by_keyboard_alone(stack, page_as):
    page, words = page_as("patient"), some_words()
    page.goto(stack.url("portal") + "/doctors")
    go_to(page, page.locator("main").get_by_role("link", name="Dr Ekow"))
    page.keyboard.press("Enter")
    go_to(page, page.get_by_role("link", name="Later"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Earlier")).to_be_visible()
    expect(page.locator("main")).to_be_focused()
    go_to(page, page.locator(".slots .btn-outline-primary").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask for a visit")
    go_to(page, page.get_by_label("Routine"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Soon")).to_be_checked()
    go_to(page, page.get_by_label("What is the visit for?"))
    page.keyboard.type(words)
    go_to(page, page.get_by_role("button", name="Continue"))
    page.keyboard.press("Enter")
    go_to(page, page.get_by_role("button", name="Send the request"))
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Waiting for a decision")
    go_to(page, page.get_by_role("button", name="Cancel this request"))
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Your request is cancelled.")


def test_asking_and_moving_work_without_javascript(stack, browser):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    register(page, stack)
    open_doctor(page, stack, weeks=2)
    last_free(page).click()
    fill(page, some_words(), "Routine")
    page.get_by_role("link", name="Move to another time").click()
    last_free(page).click()
    expect(page.locator("main")).to_contain_text("Your visit is moved")
    page.get_by_role("button", name="Cancel this request").click()
    expect(page.locator("main")).to_contain_text("Cancelled")
    context.close()


def test_a_time_greys_on_other_screens_when_it_is_set_aside_and_comes_back(stack, browser, page_as):
    patient, context = page_as("patient"), browser.new_context()
    signed_out = context.new_page()
    for page in (patient, signed_out):
        open_doctor(page, stack, weeks=3)
    stays(signed_out)
    chosen = last_free(patient).get_attribute("id")
    shown = signed_out.locator(f"#{chosen}")
    expect(shown).to_have_class(re.compile("btn-outline-primary"))
    shown.focus()
    patient.locator(f"#{chosen}").click()
    expect(shown).to_have_class(re.compile("taken"))
    # Who had the focus there keeps it, and nothing was loaded anew.
    expect(shown).to_be_focused()
    assert_stayed(signed_out)
    patient.get_by_role("link", name="Doctors", exact=True).click()
    expect(shown).to_have_class(re.compile("btn-outline-primary"))
    context.close()


def test_another_time_is_proposed_and_accepted_without_reloading(stack, page_as):
    patient, admin = page_as("patient"), page_as("admin")
    open_doctor(patient, stack)
    last_free(patient).click()
    fill(patient, some_words(), "Soon")
    stays(patient)
    decision_page(admin, stack, visit_of(patient))
    admin.get_by_role("button", name="Propose this time").click()
    expect(admin.locator("#problem")).to_be_focused()
    admin.get_by_label("Another time").select_option(index=1)
    admin.get_by_label("Note for the patient").fill("The doctor is away that day.")
    admin.get_by_role("button", name="Propose this time").click()
    expect(admin.get_by_role("status").filter(has_text="the patient is asked")).to_be_visible()
    expect(patient.locator("#visit")).to_contain_text(
        "Another time is proposed", timeout=DECIDED_WITHIN_MS
    )
    link_in_mail(stack, f"/requests/{visit_of(patient)}", "proposed")
    patient.get_by_role("button", name="Accept this time").click()
    expect(patient.locator("main")).to_contain_text("You have accepted the proposed time.")
    assert_stayed(patient)
    patient.get_by_role("button", name="Cancel this visit").click()
    expect(patient.locator("main")).to_contain_text("Cancelled")


def test_an_admin_declines_a_request_and_the_patient_reads_why(stack, page_as):
    patient, admin = page_as("patient"), page_as("admin")
    admin.goto(stack.url("portal") + "/admin/requests")
    stays(admin)
    open_doctor(patient, stack)
    last_free(patient).click()
    fill(patient, some_words())
    visit = visit_of(patient)
    # The queue shows it by itself.
    admin.locator(f"a[href$='{visit}']").click(timeout=DECIDED_WITHIN_MS)
    assert_stayed(admin)
    # The queue has a button of that name too, for many requests at once.
    expect(admin.get_by_label("Note for the patient")).to_be_visible()
    admin.get_by_role("button", name="Decline").click()
    expect(admin.get_by_role("alert").filter(has_text="There is a problem")).to_be_focused()
    admin.get_by_label("Note for the patient").fill("Please come to the walk-in clinic tomorrow.")
    admin.get_by_role("button", name="Decline").click()
    expect(admin.get_by_role("status").filter(has_text="the patient is told")).to_be_visible()
    shown = patient.locator("#visit")
    expect(shown).to_contain_text("Declined", timeout=DECIDED_WITHIN_MS)
    expect(shown).to_contain_text("walk-in clinic tomorrow")
    link_in_mail(stack, f"/requests/{visit}", "decided")


def test_an_emergency_is_sent_to_the_telephone_and_the_nearest_hospital(stack, browser, page_as):
    patient = page_as("patient", permissions=["geolocation"], geolocation={
        "latitude": 41.9, "longitude": 12.5,
    })  # fmt: skip
    open_doctor(patient, stack)
    last_free(patient).click()
    patient.get_by_label("Emergency").check()
    patient.get_by_role("button", name="Continue").click()
    expect(patient.get_by_role("heading", level=1)).to_have_text("Call 112 now")
    expect(patient.get_by_role("link", name="Call 112", exact=True)).to_be_visible()
    expect(patient.locator("main")).to_contain_text("Nothing was booked")
    patient.get_by_role("button", name="Use where I am").click()
    expect(patient.get_by_role("heading", name="The nearest hospital")).to_be_visible()
    expect(patient.locator(".card-item").first).to_contain_text("km away")


PAGES = {
    "patient": ("/", "/?q=a", "/doctors", "/emergency", "/holds", "/requests", "/nowhere"),
    "pharmacist": ("/pharmacy/stock", "/pharmacy/medicines?q=a", "/pharmacy/keys"),
    "admin": ("/admin/requests",),
}


@pytest.mark.parametrize("role", PAGES)
def test_no_page_is_wider_than_a_small_telephone(stack, page_as, role):
    page = page_as(role, viewport={"width": 320, "height": 640})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
    )
    for address in PAGES[role]:
        page.goto(stack.url("portal") + address)
        width = page.locator("html").evaluate("page => page.scrollWidth")
        assert width <= 320, f"{address} is {width} wide"
    assert complaints == []
