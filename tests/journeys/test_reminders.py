"""A patient chooses how to be reminded of visits; Airflow writes one down, and the SMS stands on the provider's page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from remedy.gateways.airflow import Airflow
from remedy.gateways.mysql import engine_for
from remedy.values import utc_now, uuid7
from tests.journeys.newcomer import caught, register
from tests.journeys.test_portal_accounts import press, tab_to

pytestmark = [pytest.mark.journey, pytest.mark.long]

PLANNED_WITHIN_S = 180
SENT_WITHIN_S = 60


@pytest.fixture
def database(stack: Any) -> Iterator[sa.Engine]:
    engine = engine_for(stack.settings("owner").database_url)
    yield engine
    # No event told of them: nobody may find them later.
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM appointment WHERE symptoms_sealed = ''"))
    engine.dispose()


def newest_patient(database: sa.Engine) -> int:
    with database.connect() as connection:
        return connection.execute(sa.text("SELECT MAX(id) FROM patient")).scalar_one()


def a_visit_soon(database: sa.Engine, patient_row: int) -> UUID:
    """An accepted visit in two hours and a half, decided three days ago; it takes no doctor's time."""
    visit, now = uuid7(), utc_now().replace(tzinfo=None)
    starts = now + timedelta(hours=2, minutes=30)
    with database.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO appointment (public_id, doctor_id, patient_id, state, urgency, starts_at,"
                " ends_at, symptoms_sealed, version, requested_at, lapses_at, decided_at)"
                " SELECT :visit, MIN(id), :patient, 'accepted', 'routine', :starts, :ends, '', 2,"
                " :asked, :starts, :asked FROM doctor"
            ),
            {
                "visit": visit.bytes, "patient": patient_row, "starts": starts,
                "ends": starts + timedelta(minutes=20), "asked": now - timedelta(days=3),
            },
        )  # fmt: skip
    return visit


def reminded(database: sa.Engine, visit: UUID) -> dict[str, str]:
    """What became of a visit's reminders, by step."""
    with database.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT step, state FROM visit_reminder WHERE appointment_public_id = :visit"),
            {"visit": visit.bytes},
        )
        return {row.step: row.state for row in rows}


def choose(page: Page, stack: Any, words: str) -> None:
    """By keyboard alone."""
    page.goto(stack.url("portal") + "/account")
    press(page, "Change how you are reminded of visits")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reminders of visits")
    tab_to(page, "By e-mail and by SMS")
    for _ in range(4):
        if page.evaluate("document.activeElement.labels[0].textContent.trim()") == words:
            break
        page.keyboard.press("ArrowDown")
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_label(words)).to_be_checked()


def test_a_patient_is_reminded_until_they_opt_out(
    stack: Any, browser: Any, database: sa.Engine
) -> None:
    context = browser.new_context()
    page = context.new_page()
    register(page, stack, "Rosalind")
    rosalind = newest_patient(database)
    wanted = a_visit_soon(database, rosalind)
    settings = stack.settings("owner")
    airflow = Airflow(settings.airflow_url, settings.airflow_user, settings.airflow_password)
    run = airflow.trigger("remind_patients")
    assert airflow.wait("remind_patients", run, seconds=PLANNED_WITHIN_S) == "success"
    await_state(page, database, wanted, {"mail-48": "sent", "sms-3": "sent"})
    shown = requests.get(stack.url("sms"), timeout=10).text
    assert str(wanted) in shown
    assert any(str(wanted) in mail for mail in caught(stack))

    choose(page, stack, "Not at all")
    unwanted = a_visit_soon(database, rosalind)
    run = airflow.trigger("remind_patients")
    assert airflow.wait("remind_patients", run, seconds=PLANNED_WITHIN_S) == "success"
    await_state(page, database, unwanted, {"mail-48": "unwanted", "sms-3": "unwanted"})
    assert str(unwanted) not in requests.get(stack.url("sms"), timeout=10).text
    assert not any(str(unwanted) in mail for mail in caught(stack))
    context.close()


def test_the_choice_is_made_without_javascript_on_a_small_screen(stack: Any, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 640})
    page = context.new_page()
    register(page, stack, "Sunniva")
    page.get_by_role("link", name="My account").click()
    page.get_by_role("link", name="Change how you are reminded of visits").click()
    page.get_by_label("By SMS only").check()
    page.get_by_label("Language of the reminders").select_option("fr")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("By SMS only")).to_be_checked()
    expect(page.get_by_label("Language of the reminders")).to_have_value("fr")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def await_state(page: Page, database: sa.Engine, visit: UUID, wanted: dict[str, str]) -> None:
    for _ in range(SENT_WITHIN_S):
        if reminded(database, visit) == wanted:
            return
        # The portal's round comes every fifteen seconds.
        page.wait_for_timeout(1000)
    raise AssertionError(f"The visit's reminders stand at {reminded(database, visit)}.")
