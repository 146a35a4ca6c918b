"""Stories of prescriptions: handed in as a picture, reviewed, ordered by; kept in HDFS; and without JavaScript."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from remedy.gateways.airflow import Airflow
from remedy.gateways.mysql import engine_for
from tests.journeys.newcomer import register

pytestmark = pytest.mark.journey

WITHIN_MS = 30_000
MOVED_WITHIN_S = 240
SIZE = (600, 800)


class Wanted(NamedTuple):
    """A medicine on prescription only that the pharmacist's pharmacy has."""

    pharmacy: str
    medicine_id: UUID
    name: str


@pytest.fixture(scope="module")
def wanted(stack: Any) -> Wanted:
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT p.name AS pharmacy, m.public_id, m.brand_name FROM stock_item i"
                " JOIN medicine m ON m.id = i.medicine_id JOIN pharmacy p ON p.id = i.pharmacy_id"
                " JOIN account a ON a.pharmacy_id = i.pharmacy_id"
                " JOIN stock_lot l ON l.stock_item_id = i.id AND l.recalled_at IS NULL"
                " AND l.expires_on > CURRENT_DATE + INTERVAL 60 DAY"
                " WHERE a.staff_email = :email AND m.is_prescription_only AND NOT m.is_controlled"
                " AND i.price_minor IS NOT NULL AND m.brand_name IS NOT NULL"
                " ORDER BY l.quantity_milli DESC LIMIT 1"
            ),
            {"email": stack.demo("pharmacist")["email"]},
        ).one()
    engine.dispose()
    return Wanted(row.pharmacy, UUID(bytes=bytes(row.public_id)), row.brand_name)


@pytest.fixture(scope="module")
def picture() -> bytes:
    """What a telephone takes of a prescription."""
    page = Image.new("RGB", SIZE, (252, 252, 245))
    ImageDraw.Draw(page).text((60, 60), "Dr Ekow\n\nRp. as told\n2 packs", fill=(20, 20, 60))
    kept = io.BytesIO()
    page.save(kept, "JPEG")
    return kept.getvalue()


def hand_in(page: Page, stack: Any, wanted: Wanted, picture: bytes) -> str:
    """Hand the picture in to the pharmacy; the prescription's id."""
    page.goto(f"{stack.url('portal')}/prescriptions")
    page.get_by_role("link", name="Hand in a prescription").click()
    return send_picture(page, wanted, picture)


def send_picture(page: Page, wanted: Wanted, picture: bytes) -> str:
    """Choose the pharmacy and send it the picture; the prescription's id."""
    page.get_by_label("Name, street or district").fill(wanted.pharmacy)
    page.get_by_role("button", name="Find").click()
    page.locator("main").get_by_role("link", name=wanted.pharmacy, exact=True).first.click()
    page.get_by_label("Picture or PDF").set_input_files(
        {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": picture}
    )
    page.get_by_role("button", name="Send it to the pharmacy").click()
    expect(page.locator("main")).to_contain_text("Waiting for a pharmacist", timeout=WITHIN_MS)
    found = re.search(r"/prescriptions/([0-9a-f-]{36})", page.url)
    assert found is not None
    return found.group(1)


def last_day() -> str:
    return (datetime.now(UTC).date() + timedelta(days=120)).isoformat()


def open_review(page: Page, stack: Any, prescription: str) -> None:
    page.goto(f"{stack.url('portal')}/pharmacy/prescriptions")
    page.locator(f"a[href$='{prescription}']").click()
    expect(page.get_by_role("heading", name="What was handed in")).to_be_visible()


def accept(page: Page, stack: Any, prescription: str, wanted: Wanted) -> None:
    """What a pharmacist does with a mouse."""
    open_review(page, stack, prescription)
    page.get_by_role("link", name="Enter a medicine").click()
    page.get_by_label("Name, strength or form").fill(wanted.name)
    page.get_by_role("button", name="Find").click()
    page.locator(f"main a[href$='/medicines/{wanted.medicine_id}']").click()
    page.get_by_label("Packs each time").fill("2")
    page.get_by_label("Valid until").fill(last_day())
    page.get_by_label("Dose per day").fill("1")
    page.get_by_label("A pack holds").fill("10")
    page.get_by_role("button", name="Enter it").click()
    expect(page.get_by_role("heading", name="Allergies and interactions")).to_be_visible()
    # Of a fresh installation nothing can be checked, and the page says so.
    expect(page.locator("main")).to_contain_text("Not checked")
    page.get_by_label("I have read what the check found").check()
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("main .notice")).to_contain_text("The decision is made", timeout=WITHIN_MS)


def offer_of(page: Page, stack: Any, wanted: Wanted) -> Locator:
    """The pharmacy's offer on the page of the medicine, leafed to."""
    page.goto(f"{stack.url('portal')}/medicines/{wanted.medicine_id}")
    for _ in range(20):
        offer = page.locator(".offer-row").filter(
            has=page.get_by_role("link", name=wanted.pharmacy, exact=True)
        )
        if offer.count():
            break
        page.get_by_role("link", name="Next").click()
        page.wait_for_load_state()
    return offer.first


def put_into_basket(page: Page, stack: Any, wanted: Wanted) -> None:
    offer_of(page, stack, wanted).get_by_role("button", name="Put into the basket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Basket", timeout=WITHIN_MS)


def place(page: Page) -> None:
    page.get_by_label(re.compile("I collect it")).check()
    cash = page.get_by_label("When I get it, in cash or by card")
    if cash.count():
        cash.check()
    page.get_by_role("button", name="Place the order").click()


def emptied(page: Page) -> None:
    """A basket as it was before any other story."""
    takes_out = page.get_by_role("button", name="Take out")
    while left := takes_out.count():
        takes_out.first.click()
        expect(takes_out).to_have_count(left - 1)


def test_what_is_on_prescription_only_is_ordered_with_an_accepted_one_and_not_without(
    page_as: Any, stack: Any, wanted: Wanted, picture: bytes
) -> None:
    patient, pharmacist = page_as("patient"), page_as("pharmacist")
    patient.goto(f"{stack.url('portal')}/basket")
    emptied(patient)
    put_into_basket(patient, stack, wanted)
    expect(patient.locator("main")).to_contain_text("Needs an accepted prescription")
    place(patient)
    expect(patient.locator("#problem")).to_be_visible(timeout=WITHIN_MS)
    prescription = hand_in(patient, stack, wanted, picture)
    accept(pharmacist, stack, prescription, wanted)
    patient.goto(f"{stack.url('portal')}/prescriptions/{prescription}")
    expect(patient.locator("main")).to_contain_text("packs left: 2")
    patient.goto(f"{stack.url('portal')}/basket")
    expect(patient.locator("main")).to_contain_text("Covered by your prescription")
    place(patient)
    patient.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}"))
    patient.goto(f"{stack.url('portal')}/prescriptions/{prescription}")
    expect(patient.locator("main")).to_contain_text("packs left: 1")


def test_it_is_set_aside_only_once_a_pharmacist_accepted_the_prescription_and_is_collected(
    browser: Any, page_as: Any, stack: Any, wanted: Wanted, picture: bytes
) -> None:
    patient, pharmacist = browser.new_context().new_page(), page_as("pharmacist")
    register(patient, stack)
    offer = offer_of(patient, stack, wanted)
    expect(offer).to_contain_text("Needs an accepted prescription")
    expect(offer.get_by_role("button", name="Set aside")).to_have_count(0)
    advice = patient.locator("main .advice").first
    expect(advice).to_contain_text("This medicine needs a prescription. Hand in yours")
    advice.get_by_role("link", name="Hand in a prescription").click()
    prescription = send_picture(patient, wanted, picture)
    patient.get_by_role("link", name="Back to the medicine").click()
    expect(patient.locator("main .advice").first).to_contain_text("waits for a pharmacist")
    accept(pharmacist, stack, prescription, wanted)
    offer = offer_of(patient, stack, wanted)
    expect(patient.locator("main .advice").first).to_contain_text("still allows: 2.")
    offer.get_by_role("textbox").fill("2")
    offer.get_by_role("button", name="Set aside").click()
    expect(patient.locator("main .notice")).to_contain_text("set aside for you")
    code = patient.locator(".collect .code").first.inner_text()
    expect(offer_of(patient, stack, wanted)).to_contain_text("Needs an accepted prescription")
    expect(patient.locator("main .advice").first).to_contain_text("All that your prescription")
    pharmacist.goto(f"{stack.url('portal')}/pharmacy/holds")
    pharmacist.get_by_label("Collection code").fill(code)
    pharmacist.get_by_role("button", name="Show what it collects").click()
    expect(pharmacist.locator("main")).to_contain_text(
        f"prescription accepted by {wanted.pharmacy} on", timeout=WITHIN_MS
    )
    pharmacist.get_by_label("I have seen the prescription").check()
    pharmacist.get_by_role("button", name="Hand out and book as sold").click()
    expect(pharmacist.locator("main .notice")).to_contain_text("booked as sold")
    patient.goto(f"{stack.url('portal')}/holds")
    expect(patient.locator(".card-item").first).to_contain_text("Collected")
    patient.goto(f"{stack.url('portal')}/prescriptions/{prescription}")
    expect(patient.locator("main")).to_contain_text("lasts until about")
    patient.context.close()


def test_a_pharmacist_reads_and_refuses_by_keyboard_and_the_patient_reads_why(
    page_as: Any, stack: Any, wanted: Wanted, picture: bytes
) -> None:
    patient, pharmacist = page_as("patient"), page_as("pharmacist")
    prescription = hand_in(patient, stack, wanted, picture)
    pharmacist.goto(f"{stack.url('portal')}/pharmacy/prescriptions")
    pharmacist.locator(f"a[href$='{prescription}']").focus()
    pharmacist.keyboard.press("Enter")
    shown = pharmacist.locator("img.handed-in")
    expect(shown).to_be_visible()
    pharmacist.wait_for_function("() => document.querySelector('img.handed-in').naturalWidth > 0")
    assert shown.evaluate("image => [image.naturalWidth, image.naturalHeight]") == list(SIZE)
    reached = False
    for _ in range(40):
        pharmacist.keyboard.press("Tab")
        if pharmacist.evaluate("() => document.activeElement.id") == "reason":
            reached = True
            break
    assert reached
    # First without a reason: the page says what is missing and keeps the place.
    pharmacist.keyboard.press("Tab")
    pharmacist.keyboard.press("Enter")
    expect(pharmacist.locator("#problem")).to_contain_text("Say why it is refused")
    # The page takes the focus there; what is typed before it has would be typed nowhere.
    expect(pharmacist.locator("#problem")).to_be_focused()
    pharmacist.locator("#reason").focus()
    pharmacist.keyboard.type("The date cannot be read.")
    pharmacist.keyboard.press("Tab")
    pharmacist.keyboard.press("Enter")
    expect(pharmacist.locator("main .notice")).to_contain_text("The decision is made")
    patient.goto(f"{stack.url('portal')}/prescriptions/{prescription}")
    expect(patient.locator("main")).to_contain_text("The date cannot be read.")


def test_without_javascript_a_prescription_is_handed_in_and_accepted(
    page_as: Any, stack: Any, wanted: Wanted, picture: bytes
) -> None:
    patient = page_as("patient", java_script_enabled=False)
    pharmacist = page_as("pharmacist", java_script_enabled=False)
    prescription = hand_in(patient, stack, wanted, picture)
    accept(pharmacist, stack, prescription, wanted)
    patient.goto(f"{stack.url('portal')}/prescriptions/{prescription}")
    expect(patient.locator("main")).to_contain_text("packs left: 2")


def test_a_file_is_moved_to_hdfs_and_reads_the_same_there(
    page_as: Any, stack: Any, wanted: Wanted, picture: bytes
) -> None:
    patient = page_as("patient")
    prescription = hand_in(patient, stack, wanted, picture)
    before = patient.request.get(
        f"{stack.url('portal')}/prescriptions/{prescription}/picture"
    ).body()
    settings = stack.settings("owner")
    airflow = Airflow(settings.airflow_url, settings.airflow_user, settings.airflow_password)
    run = airflow.trigger("move_files")
    assert airflow.wait("move_files", run, seconds=MOVED_WITHIN_S) == "success"
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        waiting = connection.execute(
            sa.text(
                "SELECT COUNT(*) FROM file_spool_part s JOIN stored_file f"
                " ON f.public_id = s.file_public_id JOIN prescription p ON p.file_id = f.id"
                " WHERE p.public_id = :id"
            ),
            {"id": UUID(prescription).bytes},
        ).scalar_one()
    engine.dispose()
    assert waiting == 0
    after = patient.request.get(f"{stack.url('portal')}/prescriptions/{prescription}/picture")
    assert after.status == 200
    assert after.body() == before
    assert Image.open(io.BytesIO(before)).size == SIZE
