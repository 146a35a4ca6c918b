"""The call list in the portal: off until an admin switches it on, true to what was known, and nobody else's."""

import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from remedy.appointments import queries as appointments
from remedy.calls import queries
from remedy.calls.model import COMING_DAYS, FEWEST_OWN_VISITS, MOST_VISITS, Known, Learnt, learnt
from remedy.schema.hospital import appointment, doctor
from remedy.schema.people import patient
from remedy.values import uuid7
from tests.factories import A_MONDAY, a_patient, row_of
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.shown import Screen, Shown, report
from web_portal import parts

LIST = "/admin/calls"


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    with everybody.engine.begin() as connection:
        for table in ("call_list_switch", "visit_call"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(sa.text("UPDATE appointment SET state = 'cancelled'"))
    everybody.watch.now = A_MONDAY
    return everybody


@pytest.fixture
def on(cast: Cast) -> Cast:
    assert cast.of("farah").post(f"{LIST}/switch", {"wanted": "on"}).status_code == 303
    return cast


def someone(cast: Cast, name: str) -> UUID:
    with cast.engine.begin() as connection:
        return a_patient(connection, parts.parts_of(cast.app).vault, name=name)


def a_visit(cast: Cast, who: UUID, **differs: object) -> UUID:
    """An accepted visit of tomorrow, booked today; `days` and `booked` move both, in days from now."""
    days, booked = differs.pop("days", 1), differs.pop("booked", 0)
    starts_at = A_MONDAY + timedelta(days=days)  # type: ignore[arg-type]
    public_id = uuid7()
    told = {
        "public_id": public_id, "state": "accepted", "urgency": "routine", "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=20), "symptoms_sealed": "", "version": 2,
        "requested_at": A_MONDAY + timedelta(days=booked), "lapses_at": starts_at,  # type: ignore[arg-type]
    }  # fmt: skip
    with cast.engine.begin() as connection:
        told["doctor_id"] = row_of(connection, doctor, cast.ids["ekow"])
        told["patient_id"] = row_of(connection, patient, who)
        connection.execute(sa.insert(appointment).values({**told, **differs}))
    return public_id


def listed(cast: Cast, now: datetime | None = None) -> list[queries.Call]:
    with cast.engine.connect() as connection:
        return list(queries.call_list(connection, learnt(), now or cast.watch()).calls)


def known_of(cast: Cast, visit: UUID) -> Known:
    (found,) = [call.known for call in listed(cast) if call.appointment_id == visit]
    return found


def test_it_is_off_until_an_admin_switches_it_on_and_says_what_it_is_not(cast: Cast) -> None:
    visit = a_visit(cast, someone(cast, "Ulla Unlisted"))
    page = cast.of("farah").get(LIST).text
    assert "switched off" in page
    assert "It is no penalty" in page
    assert "It was learnt elsewhere" in page
    assert "Ulla Unlisted" not in page
    refused = cast.of("farah").post(f"{LIST}/{visit}", {"outcome": "called"})
    assert refused.status_code == 409
    assert "The call list is switched off." in refused.text
    assert cast.rows("SELECT 1 FROM visit_call") == []


def test_switched_on_it_names_who_switched_it_and_off_again_shows_nobody(on: Cast) -> None:
    a_visit(on, someone(on, "Ulla Listed"))
    page = on.of("farah").get(LIST).text
    assert "Ulla Listed" in page
    assert "Switched on by" in page
    told = {"wanted": "off", "nonce": "twice"}
    for _ in range(2):
        assert on.of("farah").post(f"{LIST}/switch", told).status_code == 303
    assert "Ulla Listed" not in on.of("farah").get(LIST).text
    assert len(on.rows("SELECT 1 FROM call_list_switch")) == 2


def test_who_is_likeliest_to_miss_it_stands_first_with_the_reason_in_words(on: Cast) -> None:
    a_visit(on, someone(on, "Soon Siri"), booked=0)
    a_visit(on, someone(on, "Long Lars"), booked=-40)
    missing = someone(on, "Missing Mona")
    for days in (-90, -80):
        a_visit(on, missing, days=days, booked=days - 5, state="missed")
    a_visit(on, missing, days=-70, booked=-75, state="attended")
    a_visit(on, missing, booked=-39)
    page = on.of("farah").get(LIST).text
    places = [page.index(name) for name in ("Missing Mona", "Long Lars", "Soon Siri")]
    assert places == sorted(places)
    assert "Booked 40 days ahead; missed 2 of 3 earlier visits" in page
    assert "Booked 41 days ahead; no earlier visit" in page
    assert re.search(r"about [34] in 10", page)
    assert "Booked a day ahead; no earlier visit" in page


def test_only_accepted_visits_of_the_coming_days_to_which_nobody_came_yet_are_listed(
    on: Cast,
) -> None:
    who = someone(on, "Ulla")
    here = {a_visit(on, who, days=days) for days in (0.1, 1, COMING_DAYS)}
    for state in ("requested", "proposed", "declined", "cancelled", "attended", "missed"):
        a_visit(on, who, state=state)
    a_visit(on, who, checked_in_at=A_MONDAY)
    a_visit(on, who, days=-1, booked=-9)
    a_visit(on, who, days=COMING_DAYS + 1)
    assert {call.appointment_id for call in listed(on)} == here


def test_a_visit_that_was_called_off_is_no_missed_one(on: Cast) -> None:
    who = someone(on, "Ulla")
    for state in ("cancelled", "declined", "requested"):
        a_visit(on, who, days=-20, booked=-30, state=state)
    assert known_of(on, a_visit(on, who, booked=-5)) == Known(6, 0, 0)


def test_what_came_after_the_booking_is_not_known_to_it(on: Cast) -> None:
    who = someone(on, "Ulla")
    a_visit(on, who, days=-20, booked=-30, state="missed")
    a_visit(on, who, days=-3, booked=-30, state="missed")
    assert known_of(on, a_visit(on, who, booked=-10)) == Known(11, 1, 1)
    assert known_of(on, a_visit(on, who, booked=0)) == Known(1, 2, 2)


def test_another_patients_missed_visits_do_not_count(on: Cast) -> None:
    a_visit(on, someone(on, "Misser"), days=-20, booked=-30, state="missed")
    assert known_of(on, a_visit(on, someone(on, "Ulla"), booked=0)) == Known(1, 0, 0)


def test_a_call_is_noted_changed_and_taken_back(on: Cast) -> None:
    visit, farah = a_visit(on, someone(on, "Ulla")), on.of("farah")
    for outcome, left in (("called", ["called"]), ("confirmed", ["confirmed"]), ("none", [])):
        assert farah.post(f"{LIST}/{visit}", {"outcome": outcome}).status_code == 303
        assert [row.outcome for row in on.rows("SELECT outcome FROM visit_call")] == left
    assert farah.post(f"{LIST}/{visit}", {"outcome": "fined"}).status_code == 422
    assert on.rows("SELECT 1 FROM visit_call") == []


def test_who_has_been_called_makes_room_for_the_next(on: Cast) -> None:
    likeliest = a_visit(on, someone(on, "Lars"), booked=-40)
    next_one = a_visit(on, someone(on, "Ulla"))
    assert [call.appointment_id for call in listed(on)] == [likeliest, next_one]
    on.of("farah").post(f"{LIST}/{likeliest}", {"outcome": "called"})
    assert [call.appointment_id for call in listed(on)] == [next_one, likeliest]


def test_a_note_is_of_the_time_it_was_made_for(on: Cast) -> None:
    visit = a_visit(on, someone(on, "Ulla"))
    on.of("farah").post(f"{LIST}/{visit}", {"outcome": "confirmed"})
    assert [call.outcome for call in listed(on)] == ["confirmed"]
    with on.engine.begin() as connection:
        connection.execute(
            sa.update(appointment)
            .where(appointment.c.public_id == visit)
            .values(starts_at=A_MONDAY + timedelta(days=2))
        )
    assert [call.outcome for call in listed(on)] == [None]


def test_a_visit_that_was_called_off_meanwhile_is_not_noted(on: Cast) -> None:
    visit = a_visit(on, someone(on, "Ulla"), state="cancelled")
    refused = on.of("farah").post(f"{LIST}/{visit}", {"outcome": "called"})
    assert refused.status_code == 409
    assert "load the list again" in refused.text


def test_no_more_names_are_opened_than_can_be_called(on: Cast) -> None:
    who = someone(on, "Ulla")
    for number in range(MOST_VISITS + 3):
        a_visit(on, who, days=1 + number / 1000)
    page = on.of("farah").get(LIST).text
    assert page.count('scope="row">Ulla') == MOST_VISITS
    assert f"The first {MOST_VISITS} of {MOST_VISITS + 3} visits." in page


def test_an_erased_patient_is_listed_without_a_name(on: Cast) -> None:
    who = someone(on, "Ulla Erased")
    a_visit(on, who)
    with on.engine.begin() as connection:
        parts.parts_of(on.app).vault.forget(connection, who)
    page = on.of("farah").get(LIST)
    assert page.status_code == 200
    assert "(erased)" in page.text
    assert "Ulla Erased" not in page.text


def test_patients_pharmacists_and_doctors_cannot_see_it(on: Cast) -> None:
    for who in ("asha", "chitra", "ekow"):
        assert on.of(who).get(LIST).status_code == 404
        assert "Call list" not in on.of(who).get("/account").text
    assert "Call list" in on.of("farah").get("/account").text


def test_what_was_foretold_of_our_own_visits_stands_beside_what_came(on: Cast) -> None:
    assert "Too few visits here have ended" in on.of("farah").get(LIST).text
    for number in range(FEWEST_OWN_VISITS):
        state = "missed" if number < 20 else "attended"
        a_visit(on, on.ids["asha"], days=-1, booked=-9, state=state)
    for state in ("cancelled", "accepted"):
        a_visit(on, on.ids["asha"], days=-1, booked=-9, state=state)
    with on.engine.connect() as connection:
        own = queries.own_record(connection, learnt())
    expected = learnt().risk(Known(8, 0, 0)) * FEWEST_OWN_VISITS
    assert (own.visits, own.missed) == (FEWEST_OWN_VISITS, 20)
    assert own.foretold == pytest.approx(expected)
    assert (
        f"Of the latest 50 visits here it would have foretold {round(expected)} missed; 20 were."
        in on.of("farah").get(LIST).text
    )


def test_the_list_in_use_is_fit_for_every_reader(on: Cast, browser: Browser) -> None:
    mona = someone(on, "Missing Mona")
    a_visit(on, mona, days=-90, booked=-95, state="missed")
    noted = [a_visit(on, mona, days=1 + hour / 24, booked=-40) for hour in range(3)]
    for visit, outcome in zip(noted, ("called", "confirmed"), strict=False):
        on.of("farah").post(f"{LIST}/{visit}", {"outcome": outcome})
    with Screen(browser, on.app) as screen:
        problems = screen.problems(Shown(LIST, on.of("farah").get(LIST)))
        assert not problems, report(problems)
        refused = on.of("farah").post(f"{LIST}/{noted[0]}", {"outcome": "fined"})
        problems = screen.problems(Shown(LIST, refused))
        assert not problems, report(problems)


def test_free_times_are_the_same_whether_the_list_is_on_and_whoever_missed_visits(on: Cast) -> None:
    who = someone(on, "Ulla")

    def free() -> list[appointments.Slot]:
        with on.engine.connect() as connection:
            return appointments.free_slots(
                connection, on.ids["ekow"], first_day=A_MONDAY.date() + timedelta(days=1), days=10,
                now=A_MONDAY, patient_id=who,
            )  # fmt: skip

    before = free()
    assert before
    for days in (-90, -60, -30):
        a_visit(on, who, days=days, booked=days - 5, state="missed")
    assert free() == before
    on.of("farah").post(f"{LIST}/switch", {"wanted": "off"})
    assert free() == before


def test_the_order_is_the_models_and_ties_go_by_time(on: Cast) -> None:
    for days in (2, 1):
        a_visit(on, someone(on, "Ulla"), days=days, booked=days - 3)
    flat = Learnt((0.0,) * len(learnt().weights), 0, 1, 0, "", "", "", 0)
    with on.engine.connect() as connection:
        found = queries.call_list(connection, flat, A_MONDAY).calls
    assert [call.starts_at for call in found] == sorted(call.starts_at for call in found)
    assert {call.risk for call in found} == {0.5}
