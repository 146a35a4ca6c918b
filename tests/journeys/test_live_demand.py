"""The story of a rush: many people look for one medicine at once, and pharmacists and admins are told without asking."""

import re
import time
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from remedy import outbox
from remedy.events.pharmacy import MedicineSearched
from remedy.gateways.mysql import engine_for
from remedy.schema.demand import demand_alert
from remedy.values import utc_now, uuid7

pytestmark = pytest.mark.journey

PEOPLE = 25
WITHIN_MS = 120_000
BANNER = "Searches for"


@pytest.fixture
def database(stack):
    engine = engine_for(stack.settings("owner").database_url)
    yield engine
    engine.dispose()


def rush(engine: sa.Engine) -> str:
    """Many people look for one medicine of the town now; its brand name."""
    now = utc_now()
    with engine.begin() as connection:
        row = connection.execute(
            sa.text(
                "SELECT m.public_id, m.brand_name FROM medicine m JOIN stock_item s ON s.medicine_id = m.id"
                " WHERE m.kind = 'product' AND m.brand_name IS NOT NULL"
                " GROUP BY m.id ORDER BY m.brand_name LIMIT 1"
            )
        ).one()
        medicine_id = UUID(bytes=bytes(row.public_id))
        told = [
            outbox.Told(
                MedicineSearched(
                    searcher=f"{number:032x}",
                    district="Harbour",
                    medicine_id=medicine_id,
                    pharmacies_found=0,
                    query=None,
                    occurred_at=now - timedelta(seconds=number),
                ),
                uuid7(),
                now - timedelta(seconds=number),
                now,
            )
            for number in range(PEOPLE)
        ]
        outbox.record_many(connection, None, told)
    return str(row.brand_name)


def test_a_rush_is_named_within_two_minutes_above_every_page_of_pharmacists_and_admins(
    database, page_as, admin_page
):
    pharmacist, admin = page_as("pharmacist"), admin_page("/forecast")
    expect(pharmacist.locator("main h1")).to_be_visible()
    expect(admin.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
    began = time.monotonic()
    brand = rush(database)
    words = re.compile(rf"{BANNER}.*{re.escape(brand)}.* in \d+ minutes")
    banner = pharmacist.locator("#demand-alerts")
    expect(banner).to_contain_text(words, timeout=WITHIN_MS)
    shown_after, shown_at = time.monotonic() - began, utc_now()
    expect(admin.get_by_text("More than usual")).to_be_visible(timeout=WITHIN_MS)
    expect(admin.locator("main, [data-testid=stMain]").first).to_contain_text(brand)
    with database.connect() as connection:
        opened_at = connection.execute(sa.select(sa.func.min(demand_alert.c.opened_at))).scalar()
    print(
        f"The rush stood on a pharmacist's page after {shown_after:.1f} s,"
        f" {(shown_at - opened_at).total_seconds():.1f} s after the watch had named it."
    )

    banner.get_by_role("link", name="Live demand").click()
    expect(pharmacist.get_by_role("heading", name="Live demand", level=1)).to_be_visible()
    expect(pharmacist.locator("#demand")).to_contain_text(brand)
    expect(pharmacist.locator("#demand")).to_contain_text("lasts")

    admin.goto(re.sub(r"/forecast.*", "/live", admin.url))
    expect(admin.get_by_role("heading", name="Live demand", level=1)).to_be_visible(timeout=60_000)
    expect(admin.get_by_text("Searches, 5 min").first).to_be_visible(timeout=60_000)

    with database.connect() as connection:
        # In one statement: another alert may open between two.
        told, alerts = connection.execute(
            sa.text(
                "SELECT (SELECT COUNT(*) FROM outbox WHERE type = 'remedy.demand-alerts.opened.v1'),"
                " (SELECT COUNT(*) FROM demand_alert)"
            )
        ).one()
    assert told == alerts >= 1
