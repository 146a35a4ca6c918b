"""Calendars on their pages: kept by an admin or the doctor, read by patients as free times."""

import html
import re
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser as Chromium

from remedy.accounts import service as accounts
from remedy.appointments import queries
from remedy.appointments.model import Slot
from tests.factories import PASSWORD, SECRET_KEY, a_doctor, a_hospital
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.shown import Screen, Shown

MONDAY = date(2026, 3, 16)


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def doctor_id(cast: Cast) -> UUID:
    """A doctor of this test's own, without hours."""
    with cast.engine.begin() as c:
        return a_doctor(c, hospital_id=cast.ids["hill"], hours=(), name="Dr Ito")


def free(cast: Cast, doctor_id: UUID, day: date, kind_id: UUID | None = None) -> list[Slot]:
    with cast.engine.connect() as c:
        return queries.free_slots(
            c, doctor_id, first_day=day, days=1, now=cast.watch(), kind_id=kind_id
        )


def page(cast: Cast, address: str, who: str = "farah") -> str:
    answer = cast.of(who).get(address)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def told(cast: Cast, address: str, form: dict[str, object], who: str = "farah") -> None:
    answer = cast.of(who).post(address, form)
    assert answer.status_code == 303, html.unescape(answer.text)


def refused(cast: Cast, address: str, form: dict[str, object], who: str = "farah") -> str:
    answer = cast.of(who).post(address, form)
    assert answer.status_code == 422
    return html.unescape(answer.text)


def hours_of(cast: Cast, doctor_id: UUID) -> list[tuple[int, str]]:
    rows = cast.rows(
        "SELECT weekday, TIME_FORMAT(starts, '%H:%i') AS starts FROM doctor_hours"
        " JOIN doctor ON doctor.id = doctor_hours.doctor_id WHERE doctor.public_id = :id"
        " ORDER BY weekday, starts",
        id=doctor_id.bytes,
    )
    return [(row.weekday, row.starts) for row in rows]


def test_an_admin_makes_a_hospital_a_doctor_and_hours_and_patients_find_free_times(
    cast: Cast,
) -> None:
    answer = cast.of("farah").post(
        "/admin/hospitals/new",
        {
            "name": "Lake Hospital", "address": "1 Lake Road", "phone": "", "latitude": "41.9",
            "longitude": "12.5", "time_zone": "Europe/Rome", "country": "IT",
        },
    )  # fmt: skip
    place = answer.headers["Location"].split("?")[0]
    answer = cast.of("farah").post(
        f"{place}/doctors", {"name": "Dr Lake", "speciality": "cardiology", "minutes": "30"}
    )
    calendar = answer.headers["Location"].split("?")[0]
    assert "nobody can ask for a visit" in page(cast, calendar)
    hours = {"weekdays": ["0", "2"], "week_starts": "9.00", "week_ends": "11:00"}
    told(cast, f"{calendar}/hours", hours)
    doctor_id = UUID(calendar.rsplit("/", 1)[1])
    assert len(free(cast, doctor_id, MONDAY)) == 4
    assert free(cast, doctor_id, MONDAY + timedelta(days=1)) == []
    assert "Dr Lake" in page(cast, "/doctors?speciality=cardiology", "asha")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"weekdays": ["0"], "week_starts": "11:00", "week_ends": "13:00"}, "overlap"),
        ({"weekdays": ["0"], "week_starts": "13:02", "week_ends": "14:00"}, "steps of five"),
        ({"weekdays": ["0"], "week_starts": "9 o'clock", "week_ends": "14:00"}, "like 08:30"),
        ({"weekdays": ["0"], "week_starts": "13:00"}, "like 08:30"),
        ({"week_starts": "13:00", "week_ends": "14:00"}, "at least one weekday"),
        ({"weekdays": ["9"], "week_starts": "13:00", "week_ends": "14:00"}, "at least one weekday"),
    ],
)
def test_hours_that_cannot_be_are_said_and_nothing_changes(
    cast: Cast, doctor_id: UUID, form: dict[str, object], said: str
) -> None:
    calendar = f"/calendars/{doctor_id}"
    told(
        cast, f"{calendar}/hours", {"weekdays": ["0"], "week_starts": "9:00", "week_ends": "12:00"}
    )
    assert said in refused(cast, f"{calendar}/hours", form)
    assert hours_of(cast, doctor_id) == [(0, "09:00")]


def test_a_visit_left_outside_the_hours_is_shown_and_stays(cast: Cast) -> None:
    ekow = cast.ids["ekow"]
    slot = free(cast, ekow, MONDAY)[0]
    asked = cast.of("asha").post(
        f"/doctors/{ekow}/request?starts_at={slot.starts_at.isoformat()}",
        {"starts_at": slot.starts_at.isoformat(), "urgency": "routine", "symptoms": "a cough"},
    )
    visit_id = UUID(asked.headers["Location"].split("?")[0].rsplit("/", 1)[1])
    before = page(cast, f"/calendars/{ekow}", "ekow")
    assert "Visits outside the hours" not in before
    monday = {"weekday": "0", "starts": "09:00", "ends": "17:00"}
    told(cast, f"/calendars/{ekow}/hours/remove", monday, "ekow")
    with cast.engine.connect() as c:
        found = queries.visit(c, visit_id)
    assert found is not None
    assert found.state == "requested"
    after = page(cast, f"/calendars/{ekow}", "ekow")
    assert "Visits outside the hours" in after
    assert found.reference in after
    # The doctor reads of which visit, not of whom; the admin goes on to settle it.
    assert f"/admin/requests/{visit_id}" not in after
    assert f"/admin/requests/{visit_id}" in page(cast, f"/calendars/{ekow}")
    assert "outside the hours" in page(cast, f"/admin/hospitals/{cast.ids['hill']}")
    extra = {"day": str(MONDAY), "differs": "extra", "date_starts": "9:00", "date_ends": "10:00"}
    told(cast, f"/calendars/{ekow}/dates", extra, "ekow")
    assert "Visits outside the hours" not in page(cast, f"/calendars/{ekow}", "ekow")
    week = {"weekdays": ["0"], "week_starts": "9:00", "week_ends": "17:00"}
    told(cast, f"/calendars/{ekow}/hours", week, "ekow")


def test_a_doctor_cannot_see_or_change_another_doctors_calendar(
    cast: Cast, doctor_id: UUID
) -> None:
    hours = {"weekdays": ["0"], "week_starts": "9:00", "week_ends": "12:00"}
    for answer in (
        cast.of("ekow").get(f"/calendars/{doctor_id}"),
        cast.of("ekow").post(f"/calendars/{doctor_id}/hours", hours),
        cast.of("ekow").post(f"/calendars/{cast.ids['ekow']}/details", {"name": "Dr Who"}),
    ):
        assert answer.status_code == 404
    assert hours_of(cast, doctor_id) == []
    own = cast.of("ekow").get("/calendars")
    assert own.headers["Location"] == f"/calendars/{cast.ids['ekow']}"


def test_a_date_without_hours_has_no_free_times_and_one_with_more_has_more(
    cast: Cast, doctor_id: UUID
) -> None:
    calendar = f"/calendars/{doctor_id}"
    week = {"weekdays": ["0"], "week_starts": "9:00", "week_ends": "10:00"}
    told(cast, f"{calendar}/hours", week)
    assert len(free(cast, doctor_id, MONDAY)) == 3
    told(cast, f"{calendar}/dates", {"day": str(MONDAY), "differs": "off"})
    assert free(cast, doctor_id, MONDAY) == []
    assert "already" in refused(cast, f"{calendar}/dates", {"day": str(MONDAY), "differs": "off"})
    extra = {"day": str(MONDAY), "differs": "extra", "date_starts": "14:00", "date_ends": "16:00"}
    told(cast, f"{calendar}/dates", extra)
    assert len(free(cast, doctor_id, MONDAY)) == 6
    assert "overlap" in refused(cast, f"{calendar}/dates", {**extra, "date_starts": "15:00"})
    past = {"day": "2026-01-01", "differs": "off"}
    assert "past" in refused(cast, f"{calendar}/dates", past)
    assert "like 08:30" in refused(cast, f"{calendar}/dates", {**extra, "date_ends": ""})
    assert "different" in refused(cast, f"{calendar}/dates", {**extra, "differs": ""})
    for exception in re.findall(r"/dates/([0-9a-f-]{36})/remove", page(cast, calendar)):
        told(cast, f"{calendar}/dates/{exception}/remove", {})
    assert len(free(cast, doctor_id, MONDAY)) == 3


def test_public_holidays_close_the_hospital_until_an_admin_opens_it(
    cast: Cast, doctor_id: UUID
) -> None:
    liberation = date(2026, 4, 25)
    place = f"/admin/hospitals/{cast.ids['hill']}"
    week = {"weekdays": ["5"], "week_starts": "9:00", "week_ends": "10:00"}
    told(cast, f"/calendars/{doctor_id}/hours", week)
    assert len(free(cast, doctor_id, liberation)) == 3
    told(cast, f"{place}/holidays/bring", {"country": "IT", "year": "2026"})
    assert free(cast, doctor_id, liberation) == []
    assert "Anniversario della Liberazione" in page(cast, place)
    assert "Anniversario della Liberazione" in page(cast, f"/calendars/{doctor_id}")
    told(cast, f"{place}/holidays/open", {"opened": str(liberation)})
    assert len(free(cast, doctor_id, liberation)) == 3
    # Bringing them in anew does not take back what an admin said.
    told(cast, f"{place}/holidays/bring", {"country": "IT", "year": "2026"})
    assert len(free(cast, doctor_id, liberation)) == 3
    patron = date(2026, 6, 27)
    told(cast, f"{place}/holidays", {"holiday": str(patron), "holiday_name": "Town's day"})
    assert free(cast, doctor_id, patron) == []
    assert "country" in refused(cast, f"{place}/holidays/bring", {"country": "", "year": "2026"})
    assert "four digits" in refused(cast, f"{place}/holidays/bring", {"country": "IT", "year": "x"})
    assert "Say in" in refused(cast, f"{place}/holidays", {"holiday": str(patron)})


def test_a_patient_chooses_the_kind_and_is_offered_its_own_times(
    cast: Cast, doctor_id: UUID
) -> None:
    calendar = f"/calendars/{doctor_id}"
    week = {"weekdays": ["0"], "week_starts": "9:00", "week_ends": "12:00"}
    told(cast, f"{calendar}/hours", week)
    assert "Kind of visit" not in page(cast, f"/doctors/{doctor_id}?from={MONDAY}", "asha")
    first = {"kind_name": "First visit", "kind_minutes": "45", "kind_buffer": "15"}
    told(cast, f"{calendar}/kinds", first)
    assert "Kind of visit" not in page(cast, f"/doctors/{doctor_id}?from={MONDAY}", "asha")
    told(
        cast,
        f"{calendar}/kinds",
        {"kind_name": "Check-up", "kind_minutes": "15", "kind_buffer": "0"},
    )
    assert "name already" in refused(cast, f"{calendar}/kinds", first)
    assert "steps of five" in refused(cast, f"{calendar}/kinds", {**first, "kind_minutes": "44"})
    assert "whole number" in refused(cast, f"{calendar}/kinds", {**first, "kind_buffer": "x"})
    shown = page(cast, f"/doctors/{doctor_id}?from={MONDAY}", "asha")
    kinds = {
        name: UUID(kind)
        for kind, name in re.findall(r'<option value="([^"]+)"[^>]*>([^,<]+), \d+ minutes', shown)
    }
    assert list(kinds) == ["First visit", "Check-up"]
    assert len(free(cast, doctor_id, MONDAY, kinds["First visit"])) == 3
    assert len(free(cast, doctor_id, MONDAY, kinds["Check-up"])) == 12
    slot = free(cast, doctor_id, MONDAY, kinds["First visit"])[1]
    address = f"/doctors/{doctor_id}/request?kind={kinds['First visit']}&starts_at={slot.starts_at.isoformat()}"
    asked = cast.of("asha").post(
        address,
        {"starts_at": slot.starts_at.isoformat(), "urgency": "routine", "symptoms": "a cough"},
    )
    visit_page = page(cast, asked.headers["Location"].split("?")[0], "asha")
    assert "First visit" in visit_page
    # The visit and the quarter of an hour after it are taken for every kind.
    left = free(cast, doctor_id, MONDAY, kinds["Check-up"])
    assert len(left) == 8
    assert all(one.ends_at <= slot.starts_at or one.starts_at >= slot.busy_until for one in left)
    told(cast, f"{calendar}/kinds/{kinds['First visit']}/end", {})
    gone = cast.of("asha").post(address, {"starts_at": slot.starts_at.isoformat()})
    assert gone.status_code == 404
    assert "First visit" in page(cast, asked.headers["Location"].split("?")[0], "asha")


def test_a_doctor_in_two_places_is_in_one_at_a_time_and_pages_say_where(
    cast: Cast, doctor_id: UUID
) -> None:
    with cast.engine.begin() as c:
        bay = a_hospital(c, name="Bay Clinic", address="3 Bay Street")
        far = a_hospital(c, name="Far Clinic", time_zone="America/New_York")
    calendar = f"/calendars/{doctor_id}"
    hours = {"weekdays": ["0"], "week_starts": "9:00", "week_ends": "12:00"}
    told(cast, f"{calendar}/hours", {**hours, "place": str(cast.ids["hill"])})
    assert "overlap" in refused(cast, f"{calendar}/hours", {**hours, "place": str(bay)})
    afternoon = {**hours, "week_starts": "12:00", "week_ends": "14:00"}
    told(cast, f"{calendar}/hours", {**afternoon, "place": str(bay)})
    later = {**afternoon, "week_starts": "15:00", "week_ends": "16:00", "place": str(far)}
    assert "time zone" in refused(cast, f"{calendar}/hours", later)
    slots = free(cast, doctor_id, MONDAY)
    assert [slot.hospital_id == bay for slot in slots] == [False] * 9 + [True] * 6
    assert "Bay Clinic" in page(cast, f"/doctors/{doctor_id}?from={MONDAY}", "asha")
    last = slots[-1].starts_at.isoformat()
    address = f"/doctors/{doctor_id}/request?starts_at={last.replace('+', '%2B')}"
    assert "Bay Clinic, 3 Bay Street" in page(cast, address, "asha")
    asked = cast.of("asha").post(
        address, {"starts_at": last, "urgency": "routine", "symptoms": "a cough"}
    )
    shown = page(cast, asked.headers["Location"].split("?")[0], "asha")
    assert "Bay Clinic, 3 Bay Street" in shown


def test_a_doctor_who_sees_nobody_is_not_found_and_the_visits_are_shown(cast: Cast) -> None:
    with cast.engine.begin() as c:
        leaving = a_doctor(c, hospital_id=cast.ids["hill"], name="Dr Leaving")
        accounts.create_account(
            c, role="doctor", email="leaving@town.example", staff_name="Dr Leaving",
            doctor_id=leaving, secret_key=SECRET_KEY, clock=cast.watch, password=PASSWORD,
        )  # fmt: skip
    slot = free(cast, leaving, MONDAY)[0].starts_at.isoformat()
    cast.of("ben").post(
        f"/doctors/{leaving}/request?starts_at={slot.replace('+', '%2B')}",
        {"starts_at": slot, "urgency": "routine", "symptoms": "a cough"},
    )
    details = {"name": "Dr Leaving", "speciality": "surgery", "minutes": "20"}
    told(cast, f"/calendars/{leaving}/details", details)
    assert cast.browser().get(f"/doctors/{leaving}").status_code == 404
    assert "Visits outside the hours" in page(cast, f"/calendars/{leaving}")
    told(cast, f"/calendars/{leaving}/details", {**details, "is_active": "y"})
    assert cast.browser().get(f"/doctors/{leaving}").status_code == 200


def test_a_time_of_the_calendar_is_what_the_clock_shows_there(cast: Cast, doctor_id: UUID) -> None:
    """On both days the clocks change: three hours on the wall are two, three and four hours of slots."""
    calendar = f"/calendars/{doctor_id}"
    week = {"weekdays": ["6"], "week_starts": "01:00", "week_ends": "04:00"}
    told(cast, f"{calendar}/hours", week)
    told(cast, f"{calendar}/kinds", {"kind_name": "A", "kind_minutes": "60", "kind_buffer": "0"})
    before, counts = cast.watch.now, {}
    for day in (date(2026, 3, 22), date(2026, 3, 29), date(2026, 10, 25)):
        cast.watch.now = datetime.combine(day - timedelta(days=5), time(8), UTC)
        counts[day.isoformat()] = len(free(cast, doctor_id, day))
    cast.watch.now = before
    assert counts == {"2026-03-22": 3, "2026-03-29": 2, "2026-10-25": 4}


def test_a_full_calendar_and_the_choice_of_a_kind_are_fit_for_every_reader(
    cast: Cast, doctor_id: UUID, browser: Chromium
) -> None:
    calendar = f"/calendars/{doctor_id}"
    with cast.engine.begin() as c:
        bay = a_hospital(c, name="Bay Clinic")
    hours = {"weekdays": ["0", "1"], "week_starts": "9:00", "week_ends": "12:00"}
    told(cast, f"{calendar}/hours", hours)
    later = {"week_starts": "14:00", "week_ends": "17:00", "place": str(bay)}
    told(cast, f"{calendar}/hours", {**hours, **later})
    for name, minutes, after in (("First visit", "40", "10"), ("Check-up", "20", "0")):
        kind = {"kind_name": name, "kind_minutes": minutes, "kind_buffer": after}
        told(cast, f"{calendar}/kinds", kind)
    place = f"/admin/hospitals/{cast.ids['hill']}"
    told(cast, f"{place}/holidays", {"holiday": "2026-05-01", "holiday_name": "Labour Day"})
    slot = free(cast, doctor_id, MONDAY)[0].starts_at.isoformat()
    cast.of("ben").post(
        f"/doctors/{doctor_id}/request?starts_at={slot.replace('+', '%2B')}",
        {"starts_at": slot, "urgency": "routine", "symptoms": "a cough"},
    )
    told(cast, f"{calendar}/dates", {"day": str(MONDAY), "differs": "off"})
    with Screen(browser, cast.app) as screen:
        for address, who in (
            (calendar, "farah"), (place, "farah"), (f"/doctors/{doctor_id}", "asha"),
        ):  # fmt: skip
            shown = Shown(address, cast.of(who).get(address))
            assert not screen.problems(shown)
