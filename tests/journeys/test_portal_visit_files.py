"""Stories of files for a visit: handed in, opened by the admin, kept in HDFS; the visit's record as a PDF."""

import io
import time
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from remedy.gateways.airflow import Airflow
from tests.journeys.test_portal_visits import fill, last_free, open_doctor, visit_of

pytestmark = pytest.mark.journey

DONE_WITHIN_S = 240
LANDED_WITHIN_S = 240
SIZE = (600, 800)


@pytest.fixture(scope="module")
def picture() -> bytes:
    """What a telephone takes of a letter."""
    page = Image.new("RGB", SIZE, (252, 252, 245))
    ImageDraw.Draw(page).text((60, 60), "Dr Ekow\n\nResult: as expected", fill=(20, 20, 60))
    kept = io.BytesIO()
    page.save(kept, "JPEG")
    return kept.getvalue()


def ask(page: Page, stack: Any, words: str, weeks: int) -> str:
    open_doctor(page, stack, weeks=weeks)
    last_free(page).click()
    fill(page, words)
    return visit_of(page)


def hand_in(page: Page, picture: bytes, name: str) -> None:
    page.get_by_role("link", name="Hand in a file").click()
    page.get_by_label("Picture or PDF for the visit").set_input_files(
        {"name": name, "mimeType": "image/jpeg", "buffer": picture}
    )
    page.get_by_role("button", name="Hand it in").click()
    expect(page.locator("main .notice")).to_contain_text("handed in and kept encrypted")
    expect(page.locator("main")).to_contain_text(name)


@pytest.mark.parametrize("with_javascript", [True, False], ids=["with", "without-javascript"])
def test_a_letter_is_handed_in_and_the_admin_opens_it_and_the_patient_reads_who_did(
    page_as: Any, stack: Any, picture: bytes, with_javascript: bool
) -> None:
    patient = page_as("patient", java_script_enabled=with_javascript)
    visit = ask(patient, stack, "A letter of another doctor", 3 if with_javascript else 4)
    hand_in(patient, picture, "letter.jpg")
    admin = page_as("admin", java_script_enabled=with_javascript)
    admin.goto(f"{stack.url('portal')}/admin/requests/{visit}")
    address = admin.get_by_role("link", name="letter.jpg").get_attribute("href")
    shown = admin.request.get(f"{stack.url('portal')}{address}")
    assert Image.open(io.BytesIO(shown.body())).size == SIZE
    patient.goto(f"{stack.url('portal')}/requests/{visit}")
    patient.get_by_text("Who looked at them").click()
    expect(patient.locator("details")).to_contain_text("letter.jpg")


def test_the_keyboard_alone_opens_who_looked_and_reaches_the_file(
    page_as: Any, stack: Any, picture: bytes
) -> None:
    patient = page_as("patient")
    ask(patient, stack, "By keyboard", 5)
    hand_in(patient, picture, "keys.jpg")
    patient.locator("h1").focus()
    reached = ""
    for _ in range(60):
        patient.keyboard.press("Tab")
        reached = str(patient.evaluate("() => document.activeElement.textContent.trim()"))
        if reached == "keys.jpg":
            break
    assert reached == "keys.jpg"


def test_record_and_file_lie_in_hdfs_and_are_read_from_there(
    page_as: Any, stack: Any, picture: bytes
) -> None:
    patient = page_as("patient")
    visit = ask(patient, stack, "For the record", 6)
    hand_in(patient, picture, "kept.jpg")
    address = patient.get_by_role("link", name="kept.jpg").get_attribute("href")
    before = patient.request.get(f"{stack.url('portal')}{address}").body()
    settings = stack.settings("owner")
    airflow = Airflow(settings.airflow_url, settings.airflow_user, settings.airflow_password)
    run = airflow.trigger("move_files")
    assert airflow.wait("move_files", run, seconds=DONE_WITHIN_S) == "success"
    after = patient.request.get(f"{stack.url('portal')}{address}")
    assert (after.status, after.body()) == (200, before)
    record = f"{stack.url('portal')}/requests/{visit}/record.pdf"
    deadline = time.monotonic() + LANDED_WITHIN_S
    while not (answer := patient.request.get(record)).body().startswith(b"%PDF-"):
        # Not landed yet, or not filed: whoever asks is told that, and the next run files it.
        assert "not filed yet" in answer.text()
        assert time.monotonic() < deadline
        run = airflow.trigger("file_appointments", {"again": True})
        assert airflow.wait("file_appointments", run, seconds=DONE_WITHIN_S) == "success"
    assert answer.headers["content-type"] == "application/pdf"
    patient.goto(f"{stack.url('portal')}/requests/{visit}")
    expect(patient.get_by_role("link", name="Open the record as PDF")).to_be_visible()
