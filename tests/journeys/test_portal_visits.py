"""The hospital's story: a patient asks, an admin declines with a note, the patient reads why."""

import re
import time
import uuid

import pytest
import requests
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

MAIL_WITHIN_S = 30


def test_an_admin_declines_a_request_and_the_patient_reads_why(stack, page_as):
    patient, admin = page_as("patient"), page_as("admin")
    words = f"A cough for {uuid.uuid4().hex[:6]} weeks."
    patient.goto(stack.url("portal") + "/doctors")
    patient.get_by_role("link", name="Dr Ekow").click()
    patient.locator(".slots a").last.click()
    expect(patient.locator(".emergency")).to_contain_text("112")
    patient.get_by_label("Urgent").check()
    patient.get_by_label("What is the visit for?").fill(words)
    patient.get_by_role("button", name="Send the request").click()
    expect(patient.locator("main")).to_contain_text("Waiting for a decision")
    visit = re.search(r"/requests/([0-9a-f-]{36})", patient.url)
    assert visit is not None
    # Where "Waiting for you" of the dashboards leads.
    admin.goto(f"{stack.url('portal')}/admin/requests/{visit.group(1)}")
    expect(admin.locator("main")).to_contain_text(words)
    admin.get_by_role("button", name="Decline").click()
    expect(admin.get_by_role("alert").filter(has_text="There is a problem")).to_be_focused()
    admin.get_by_label("Note for the patient").fill("Please come to the walk-in clinic tomorrow.")
    admin.get_by_role("button", name="Decline").click()
    expect(admin.get_by_role("status")).to_contain_text("the patient is told")
    patient.reload()
    expect(patient.locator("main")).to_contain_text("Declined")
    expect(patient.locator("main")).to_contain_text("walk-in clinic tomorrow")
    _await_mail(stack, visit.group(1))


def _await_mail(stack, text: str) -> None:
    """The mail catcher's page shows a mail with that text."""
    deadline = time.monotonic() + MAIL_WITHIN_S
    while time.monotonic() < deadline:
        page = requests.get(stack.url("mail-web"), timeout=10).text
        links = re.findall(r'href="([^"]+)"', page)
        bodies = [
            requests.get(
                requests.compat.urljoin(stack.url("mail-web") + "/", link), timeout=10
            ).text
            for link in links[:20]
        ]
        if any(text in body for body in (page, *bodies)):
            return
        time.sleep(0.2)
    raise AssertionError("No mail of the decision was caught.")


def test_an_emergency_is_sent_to_the_telephone(stack, page_as):
    patient = page_as("patient")
    patient.goto(stack.url("portal") + "/doctors")
    patient.locator(".card-item a").first.click()
    patient.locator(".slots a").last.click()
    patient.get_by_label("Emergency").check()
    patient.get_by_role("button", name="Send the request").click()
    expect(patient.get_by_role("heading", level=1)).to_have_text("Call 112 now")
    expect(patient.get_by_role("link", name="Call 112", exact=True)).to_be_visible()


PAGES = {
    "patient": ("/", "/?q=a", "/doctors", "/holds", "/requests", "/nowhere"),
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
