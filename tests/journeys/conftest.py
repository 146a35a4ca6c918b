"""What journeys share: people who are signed in, a till, the real data."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page

from bench.till import Till
from remedy.accounts.keys import new_api_key
from remedy.gateways.mysql import engine_for
from remedy.schema.hospital import hospital
from remedy.schema.pharmacy import medicine, pharmacy
from remedy.values import utc_now


@pytest.fixture(scope="session", autouse=True)
def asha_stands_for_many(stack) -> None:
    """One demo patient asks in every journey, more than a hospital lets one patient ask; the limits have tests of their own."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.begin() as connection:
        connection.execute(sa.update(hospital).values(open_requests=1000, visits_ahead=1000))
    engine.dispose()


@pytest.fixture
def page_as(browser, stack):
    """page_as("patient"): a page of somebody who has signed in at the portal; each has a context of its own."""
    contexts = []

    def open_page(role: str, **options) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.goto(stack.url("portal") + "/sign-in")
        who = stack.demo(role)
        page.get_by_label("E-mail").fill(who["email"])
        page.get_by_label("Password").fill(who["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def admin_page(page_as, stack):
    """admin_page("/forecast"): that dashboard page as an admin sees it."""

    def open_page(path: str) -> Page:
        page = page_as("admin")
        page.goto(stack.url("streamlit") + path)
        return page

    return open_page


@pytest.fixture
def till_for(stack):
    """till_for("prefix", rate=5): a till of the first pharmacy."""
    engine = engine_for(stack.settings("owner").database_url)

    def make(prefix: str, *, rate: float) -> Till:
        with engine.begin() as connection:
            pharmacy_id = connection.execute(
                sa.select(pharmacy.c.public_id).order_by(pharmacy.c.id).limit(1)
            ).scalar_one()
            medicine_id = connection.execute(
                sa.select(medicine.c.public_id).order_by(medicine.c.id).limit(1)
            ).scalar_one()
            key = new_api_key(connection, pharmacy_id, prefix, clock=utc_now)
        return Till(stack.url("portal"), key, str(medicine_id), rate, prefix)

    return make


@pytest.fixture(scope="session")
def data_dir() -> Path | None:
    """The folder of real data, where there is one."""
    path = os.environ.get("REMEDY_DATA_DIR")
    return Path(path) if path else None
