"""A calendar from an admin's hands to a patient's visit, each in a browser whose clock is of another part of the world."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from remedy.appointments.model import FURTHEST
from remedy.values import zone
from tests.journeys.test_portal_visits import fill

pytestmark = [pytest.mark.journey, pytest.mark.long]

# Three hours on the wall at night, in slots of an hour, on the Sunday the clocks change, and on any other.
SHOWN = {
    0: ["01:00", "02:00", "03:00"],
    1: ["01:00", "03:00"],
    -1: ["01:00", "02:00", "02:00", "03:00"],
}


def a_sunday(time_zone: str) -> tuple[date, int]:
    """The next Sunday on which clocks are changed, if it can be booked, else one in three weeks; and by how many hours."""
    today = datetime.now(UTC).date()
    sunday = today + timedelta(days=7 + (6 - today.weekday()) % 7)
    found = [sunday + timedelta(weeks=n) for n in range(FURTHEST.days // 7 - 2)]
    for one in found:
        night = [
            datetime.combine(one, datetime.min.time(), zone(time_zone)) + timedelta(hours=h)
            for h in (0, 5)
        ]
        before, after = (at.utcoffset() for at in night)
        assert before is not None
        assert after is not None
        if before != after:
            return one, int((after - before) / timedelta(hours=1))
    return found[2], 0


def make_doctor(admin: Page, stack, name: str) -> str:
    """An admin makes a doctor with hours on Sunday nights and two kinds of visit; the doctor's id."""
    admin.goto(stack.url("portal") + "/admin/hospitals")
    admin.locator(".card-item h2 a").first.click()
    admin.get_by_label("Name", exact=True).fill(name)
    admin.get_by_label("Speciality").fill("night watch")
    admin.get_by_role("button", name="Add the doctor").click()
    expect(admin.locator("main")).to_contain_text("nobody can ask for a visit")
    admin.get_by_label("Sunday").check()
    admin.get_by_label("From").first.fill("01:00")
    admin.get_by_label("To", exact=True).first.fill("04:00")
    admin.get_by_role("button", name="Add the hours").click()
    expect(admin.locator("main")).to_contain_text("01:00–04:00")
    for kind, minutes in (("Look", "15"), ("Talk", "60")):
        admin.locator("#kind_name").fill(kind)
        admin.locator("#kind_minutes").fill(minutes)
        admin.get_by_role("button", name="Add the kind").click()
        expect(admin.locator("main .cards")).to_contain_text([kind])
    found = re.search(r"/calendars/([0-9a-f-]{36})", admin.url)
    assert found is not None
    return found.group(1)


def times_of(page: Page) -> list[str]:
    return [text[:5] for text in page.locator(".slots .btn-outline-primary").all_inner_texts()]


def test_a_night_the_clocks_change_is_the_same_in_every_part_of_the_world(stack, page_as):
    name = f"Dr Night {uuid.uuid4().hex[:6]}"
    admin = page_as("admin", timezone_id="Pacific/Auckland")
    doctor_id = make_doctor(admin, stack, name)
    time_zone = "Europe/Rome"
    expect(admin.locator("main")).to_contain_text(time_zone)
    sunday, change = a_sunday(time_zone)
    address = f"{stack.url('portal')}/doctors/{doctor_id}?from={sunday}"
    patient = page_as("patient", timezone_id="America/New_York")
    for page in (patient, admin):
        page.goto(address)
        page.get_by_label("Kind of visit").select_option(label="Talk, 60 minutes")
        page.get_by_role("button", name="Show its free times").click()
        expect(page.locator("main")).to_contain_text("A visit takes 60 minutes")
    shown = times_of(patient)
    assert shown == SHOWN[change]
    assert [text[:5] for text in admin.locator(".slots .btn").all_inner_texts()] == shown
    patient.locator(".slots .btn-outline-primary").last.click()
    expect(patient.locator("main")).to_contain_text("Talk, 60 minutes")
    fill(patient, "I cannot sleep.")
    expect(patient.locator(".facts")).to_contain_text("03:00")
    expect(patient.locator(".facts")).to_contain_text("Talk")
    # The hour is taken for those who want a short visit, too.
    patient.goto(address)
    short = times_of(patient)
    assert [one for one in short if one.startswith("03")] == []
    assert len(short) == (len(shown) - 1) * 4
