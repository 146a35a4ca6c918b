"""A medicine may run out: a pharmacist reads what patients will read and sends it, the mail comes, the patient reads and ends such mails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from remedy.gateways.mysql import engine_for
from remedy.values import utc_now
from tests.integration.notice_scene import at_risk
from tests.journeys.newcomer import caught, link_in_mail, register
from tests.journeys.test_portal_prescriptions import (
    Wanted,
    accept,
    hand_in,
    picture,
    wanted,
)

pytestmark = [pytest.mark.journey, pytest.mark.long]

__all__ = ["picture", "wanted"]
WITHIN_MS = 15_000
WORDS = "We have asked for more; call us if you have fewer than five days left."


@pytest.fixture
def risky(stack: Any, wanted: Wanted) -> Iterator[UUID]:
    """The medicine, once last night's advice says that the pharmacist's pharmacy may run out of it."""
    engine = engine_for(stack.settings("owner").database_url)
    yield wanted.medicine_id
    with engine.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM out_stock_risk WHERE medicine_id = :medicine"),
            {"medicine": wanted.medicine_id.bytes},
        )
    engine.dispose()


def may_run_out(stack: Any, wanted: Wanted) -> None:
    """Let it be so, and the newest prescription have repeats."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE prescription_line SET repeats = 2, allowed_milli = 3 * quantity_milli"
                " ORDER BY id DESC LIMIT 1"
            )
        )
        pharmacy_id = connection.execute(
            sa.text("SELECT public_id FROM pharmacy WHERE name = :name"), {"name": wanted.pharmacy}
        ).scalar_one()
        at_risk(
            connection, UUID(bytes=bytes(pharmacy_id)), wanted.medicine_id, utc_now,
            delivery=(utc_now() + timedelta(days=5)).date(),
        )  # fmt: skip
    engine.dispose()


def review(page: Page, stack: Any, risky: UUID) -> None:
    """From My pharmacy's notices to the medicine's own."""
    page.goto(f"{stack.url('portal')}/pharmacy/notices")
    page.locator(f"main a[href$='{risky}']").click()
    expect(page.get_by_role("heading", name="What the patients will read")).to_be_visible()


def test_from_a_risk_to_a_patient_who_reads_and_ends_such_mails(
    browser: Any, page_as: Any, stack: Any, wanted: Wanted, picture: bytes, risky: UUID
) -> None:
    # Scripts play no part in any of it.
    patient = browser.new_context(java_script_enabled=False).new_page()
    pharmacist = page_as("pharmacist", java_script_enabled=False)
    email = register(patient, stack, "Sana")
    accept(pharmacist, stack, hand_in(patient, stack, wanted, picture), wanted)
    may_run_out(stack, wanted)
    review(pharmacist, stack, risky)
    pharmacist.get_by_label("Your own words").fill(WORDS)
    pharmacist.get_by_role("button", name="Show the notice with my words").click()
    shown = pharmacist.locator("main .card-item")
    expect(shown).to_contain_text(WORDS)
    will_read = shown.inner_text().split("Decided by")[0]
    pharmacist.get_by_label("I have read what the patients will read").check()
    pharmacist.get_by_role("button", name="Send it to").click()
    expect(pharmacist.locator("main .notice")).to_contain_text("The notice is sent")
    address = link_in_mail(stack, "/shortages", email)
    mails = [mail for mail in caught(stack) if email in mail and "/shortages" in mail]
    assert len(mails) == 1
    assert "News from a pharmacy of yours" in mails[0]
    for secret in (wanted.name, wanted.pharmacy, WORDS):
        assert secret not in mails[0]
    patient.goto(address)
    read = patient.locator("main .card-item").first
    # Word for word what the pharmacist read.
    assert read.inner_text().split("Decided by")[0].split() == will_read.split()
    patient.goto(f"{stack.url('portal')}/prescriptions")
    expect(patient.locator("main .note")).to_contain_text(f"may run out at {wanted.pharmacy}")
    patient.get_by_role("link", name="Read how sure it is").click()
    patient.get_by_role("button", name="Send me none").click()
    expect(patient.locator("main")).to_contain_text("You get no such notices.", timeout=WITHIN_MS)
    pharmacist.goto(f"{stack.url('portal')}/pharmacy/notices")
    expect(pharmacist.locator("main")).to_contain_text("told.")
    expect(pharmacist.locator(f"main a[href$='{risky}']")).to_have_count(0)
    patient.context.close()
