"""After a request on the portal's pages: the cut-off, the calendar file, many decisions at once, rules, who came."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from icalendar import Calendar
from werkzeug.test import TestResponse

from remedy.appointments import queries
from remedy.appointments.model import Visit
from remedy.pipeline import overdue
from remedy.schema.hospital import acceptance_rule
from remedy.schema.hospital import hospital as hospital_table
from tests.integration.portal_cast import Cast, a_cast, mails
from tests.integration.test_portal_visits import asked, decide


@pytest.fixture(scope="module")
def made(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(made: Cast) -> Iterator[Cast]:
    """Every test begins on the same Monday, with nothing owed; a session of another time is not used."""
    before = made.watch.now
    mails(made)
    yield made
    made.watch.now = before
    made._browsers.clear()


def visit_of(cast: Cast, address: str) -> Visit:
    with cast.engine.connect() as c:
        found = queries.visit(c, UUID(address.rpartition("/")[2]))
    assert found is not None
    return found


def at(cast: Cast, instant: datetime) -> None:
    cast.watch.now = instant
    cast._browsers.clear()


def accepted(cast: Cast, who: str = "asha", **told: object) -> tuple[str, Visit]:
    address = asked(cast, who, **told)
    assert decide(cast, address, "accept").status_code == 303
    return address, visit_of(cast, address)


def file_of(cast: Cast, address: str) -> dict[str, object]:
    answer = cast.of("asha").get(f"/visits/{address.rpartition('/')[2]}.ics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    (entry,) = Calendar.from_ical(answer.data).walk("VEVENT")
    return entry


def note(cast: Cast, visit: Visit, step: str, who: str = "farah", **told: str) -> TestResponse:
    form = {"step": step, "version": str(visit.version), **told}
    return cast.of(who).post(f"/visits/{visit.appointment_id}/note", form)


def test_until_the_cut_off_a_visit_is_changed_here_and_afterwards_by_telephone(cast: Cast) -> None:
    address, visit = accepted(cast)
    page = cast.of("asha").get(address).text
    assert "You can cancel or move it here until" in page
    assert 'href="tel:+39065550200"' in page
    mark = re.findall(r'id="visit-seen" name="seen" value="([^"]+)"', page)[0]
    at(cast, visit.starts_at - timedelta(hours=24))
    page = cast.of("asha").get(address).text
    assert "in less than 24 hours" in page
    assert f"{address}/cancel" not in page
    # A page that was open is drawn anew.
    assert cast.of("asha").get(f"{address}/state?seen={mark}").status_code == 200
    for change, told in (
        ("cancel", {}),
        ("move", {"starts_at": visit.starts_at + timedelta(days=1), "version": visit.version}),
    ):
        answer = cast.of("asha").post(f"{address}/{change}", told)
        assert answer.status_code in {409, 422}
        assert "Now please telephone: +39 06 5550 200" in answer.text
    assert visit_of(cast, address).state == "accepted"


def test_a_request_that_waits_may_be_taken_back_however_late(cast: Cast) -> None:
    address = asked(cast)
    visit = visit_of(cast, address)
    with cast.engine.begin() as c:
        c.execute(sa.update(hospital_table).values(change_hours=336))
    assert cast.of("asha").post(f"{address}/cancel").status_code == 303
    with cast.engine.begin() as c:
        c.execute(sa.update(hospital_table).values(change_hours=24))
    assert visit_of(cast, address).state == "cancelled"
    assert visit.version == 1


def test_the_calendar_file_is_one_entry_through_every_change(cast: Cast) -> None:
    address = asked(cast, symptoms="canary-symptom")
    assert decide(cast, address, "accept", "canary-note").status_code == 303
    first = file_of(cast, address)
    visit = visit_of(cast, address)
    assert (first["STATUS"], int(first["SEQUENCE"]), first["DTSTART"].dt) == (  # type: ignore[attr-defined]
        "CONFIRMED", 2, visit.starts_at,
    )  # fmt: skip
    ((to, _subject, _text, attached),) = mails(cast)
    assert to == cast.emails["asha"]
    assert attached.parameters["method"] == "REQUEST"  # type: ignore[attr-defined]
    assert Calendar.from_ical(attached.content).walk("VEVENT")[0]["UID"] == first["UID"]  # type: ignore[attr-defined]
    free = cast.of("asha").get(f"{address}/move?from=2026-03-30").text
    goal = re.findall(r'name="starts_at" value="([^"]+)"', free)[0].replace("&#43;", "+")
    told = {"starts_at": goal, "version": visit.version}
    assert cast.of("asha").post(f"{address}/move", told).status_code == 303
    moved = file_of(cast, address)
    assert moved["UID"] == first["UID"]
    assert int(moved["SEQUENCE"]) > int(first["SEQUENCE"])  # type: ignore[call-overload]
    assert (moved["STATUS"], moved["DTSTART"].dt) != (first["STATUS"], first["DTSTART"].dt)  # type: ignore[attr-defined]
    (mail,) = mails(cast)
    assert (mail[1], len(mail)) == ("You have moved your visit", 4)
    decide(cast, address, "accept", version="3")
    mails(cast)
    assert cast.of("asha").post(f"{address}/cancel").status_code == 303
    gone = file_of(cast, address)
    assert (gone["UID"], gone["STATUS"]) == (first["UID"], "CANCELLED")
    assert int(gone["SEQUENCE"]) > int(moved["SEQUENCE"])  # type: ignore[call-overload]
    (mail,) = mails(cast)
    assert mail[1] == "Your visit is cancelled"
    assert b"METHOD:CANCEL" in mail[3].content  # type: ignore[attr-defined,misc]
    for entry in (first, moved, gone):
        words = entry.to_ical().decode()  # type: ignore[attr-defined]
        assert "canary" not in words
        assert "general practice" not in words


def test_a_first_request_that_is_declined_sends_no_calendar_file(cast: Cast) -> None:
    address = asked(cast)
    decide(cast, address, "decline", "We are full")
    (mail,) = mails(cast)
    assert len(mail) == 3


def test_many_requests_are_decided_and_one_refused_stops_no_other(cast: Cast) -> None:
    addresses = [asked(cast) for _ in range(3)]
    gone = visit_of(cast, addresses[1])
    assert cast.of("asha").post(f"{addresses[1]}/cancel").status_code == 303
    chosen = [f"{visit_of(cast, address).appointment_id}:1" for address in addresses]
    answer = cast.of("farah").post(
        "/admin/requests/decide", {"decision": "accept", "note": "", "chosen": chosen}
    )
    assert answer.status_code == 200
    assert answer.text.count("tag tag-accepted") == 2
    assert answer.text.count("Not done:") == 1
    assert "The patient called this request off" in answer.text
    states = [visit_of(cast, address).state for address in addresses]
    assert states == ["accepted", "cancelled", "accepted"]
    again = cast.of("farah").post(
        "/admin/requests/decide", {"decision": "decline", "note": "no", "chosen": chosen}
    )
    assert again.text.count("accepted this request") == 2
    assert [visit_of(cast, address).state for address in addresses] == states
    assert gone.version == 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"decision": "accept", "chosen": []}, "Choose at least one request."),
        ({"decision": "accept", "chosen": ["x", "y:1"]}, "Choose at least one request."),
        ({"decision": "destroy", "chosen": []}, "Choose to accept or to decline."),
        ({"decision": "decline", "note": " ", "chosen": []}, "Tell the patients why"),
    ],
)
def test_many_decisions_that_are_none_change_nothing(
    cast: Cast, told: dict[str, object], words: str
) -> None:
    answer = cast.of("farah").post("/admin/requests/decide", {"note": "", **told})
    assert answer.status_code == 422
    assert words in answer.text


def test_the_queue_is_narrowed_and_keeps_what_is_chosen(cast: Cast) -> None:
    soon = visit_of(cast, asked(cast, urgency="soon"))
    routine = visit_of(cast, asked(cast))
    day = soon.starts_at.date()
    browser = cast.of("farah")
    for narrowed in (
        "urgency=soon",
        f"urgency=soon&doctor={soon.doctor_id}&speciality=general+practice&day={day}",
    ):
        page = browser.get(f"/admin/requests?{narrowed}").text
        assert str(soon.appointment_id) in page
        assert str(routine.appointment_id) not in page
    for strange in ("doctor=x&day=x&hours=x", f"urgency={'x' * 500}", "hours=9999999999"):
        assert browser.get(f"/admin/requests?{strange}").status_code == 200
    assert "None of the requests that wait" in browser.get("/admin/requests?hours=9").text
    kept = browser.get(f"/admin/requests/waiting?seen=x&chosen={soon.appointment_id}:1").text
    row = kept[kept.index(f"{soon.appointment_id}:1") :][:400]
    assert " checked" in row
    changed = browser.get(f"/admin/requests/waiting?seen=x&chosen={soon.appointment_id}:7").text
    assert " checked" not in changed


def test_an_urgent_request_is_red_after_an_hour_and_admins_read_it_once(cast: Cast) -> None:
    address = asked(cast, urgency="urgent")
    assert "Too long: decide now" not in cast.of("farah").get("/admin/requests").text
    at(cast, cast.watch.now + timedelta(minutes=61))
    page = cast.of("farah").get("/admin/requests").text
    assert '<tr class="late">' in page
    assert "Too long: decide now" in page
    overdue.look(cast.engine, clock=cast.watch)
    overdue.look(cast.engine, clock=cast.watch)
    told = [mail for mail in mails(cast) if address.rpartition("/")[2] in mail[2]]
    assert [(mail[0], mail[1]) for mail in told] == [
        (cast.emails["farah"], "An urgent request waits for a decision")
    ]
    assert "canary" not in told[0][2]
    overdue.look(cast.engine, clock=cast.watch)
    assert mails(cast) == []


def test_admins_are_not_written_about_what_was_decided_meanwhile(cast: Cast) -> None:
    address = asked(cast, urgency="urgent")
    at(cast, cast.watch.now + timedelta(minutes=61))
    overdue.look(cast.engine, clock=cast.watch)
    decide(cast, address, "accept")
    assert [mail[0] for mail in mails(cast) if address.rpartition("/")[2] in mail[2]] == [
        cast.emails["asha"]
    ]


def test_a_rule_is_made_off_switched_on_and_says_what_it_accepted(cast: Cast) -> None:
    farah, ekow = cast.of("farah"), cast.ids["ekow"]
    told = {"of": f"doctor:{ekow}", "urgency": "routine", "hours": "24"}
    assert farah.post("/admin/rules", told).status_code == 303
    (rule,) = cast.rows("SELECT public_id, is_on FROM acceptance_rule WHERE ended_at IS NULL")
    assert not rule.is_on
    address = f"/admin/rules/{UUID(bytes=bytes(rule.public_id))}"
    assert visit_of(cast, asked(cast)).state == "requested"
    assert farah.post(address, {"step": "on"}).status_code == 303
    accepted_at = asked(cast)
    assert visit_of(cast, accepted_at).state == "accepted"
    assert "Nobody has read yet what you wrote" in cast.of("asha").get(accepted_at).text
    page = farah.get(f"/admin{accepted_at}").text
    assert "Accepted by a rule, not by an admin:" in page
    assert "Requests to Dr Ekow" in page
    assert farah.post(address, {"step": "end"}).status_code == 303
    assert visit_of(cast, asked(cast)).state == "requested"
    assert "Requests to Dr Ekow" in farah.get(f"/admin{accepted_at}").text
    for wrong in ({"of": ""}, {"hours": "-1"}, {"hours": "soon"}, {"urgency": "emergency"}):
        assert farah.post("/admin/rules", {**told, **wrong}).status_code == 422
    with cast.engine.begin() as c:
        c.execute(sa.delete(acceptance_rule))


BEFORE = {
    "change_hours": "24", "urgent_minutes": "60", "open_requests": "3", "visits_ahead": "2"
}  # fmt: skip


def test_an_admin_sets_a_hospitals_limits(cast: Cast) -> None:
    _address, visit = accepted(cast)
    page = f"/admin/rules/limits/{visit.hospital_id}"
    told = dict(zip(BEFORE, ("48", "15", "5", "4"), strict=True))
    assert cast.of("farah").post(page, told).status_code == 303
    with cast.engine.connect() as c:
        found = queries.visit(c, visit.appointment_id)
    assert found is not None
    assert (found.change_hours, found.urgent_minutes) == (48, 15)
    for wrong in (
        {"change_hours": "500"},
        {"urgent_minutes": "0"},
        {"change_hours": "a day"},
        {"open_requests": "0"},
        {"visits_ahead": "51"},
    ):
        assert cast.of("farah").post(page, {**told, **wrong}).status_code == 422
    assert cast.of("farah").post(page, {**told, **BEFORE}).status_code == 303
    with cast.engine.begin() as c:
        c.execute(sa.update(hospital_table).values(open_requests=1000, visits_ahead=1000))


def test_who_came_is_noted_on_the_page_of_the_day(cast: Cast) -> None:
    _address, visit = accepted(cast)
    _other, missing = accepted(cast, "ben")
    at(cast, visit.starts_at - timedelta(minutes=30))
    day = f"/visits/day?day={visit.starts_at.date()}"
    page = cast.of("ekow").get(day).text
    assert "canary-asha" in page
    assert note(cast, visit, "check-in", "ekow").status_code == 303
    assert "Checked in at" in cast.of("farah").get(day).text
    late = note(cast, visit, "check-in")
    assert late.status_code == 409
    assert "noted that the patient is there" in late.text
    there = visit_of(cast, str(visit.appointment_id))
    assert note(cast, there, "attend").status_code == 422
    assert "You are checked in." in cast.of("asha").get(f"/requests/{visit.appointment_id}").text
    at(cast, missing.ends_at)
    assert note(cast, there, "miss").status_code == 409
    assert note(cast, there, "attend").status_code == 303
    assert note(cast, missing, "miss").status_code == 303
    assert note(cast, there, "levitate").status_code == 422
    states = [visit_of(cast, str(v.appointment_id)).state for v in (visit, missing)]
    assert states == ["attended", "missed"]
    assert cast.told("appointments")[-3:] == [
        "remedy.appointments.checked-in.v1",
        "remedy.appointments.attended.v1",
        "remedy.appointments.missed.v1",
    ]
    for strange in ("x", "0001-01-01", "9999-12-31"):
        assert cast.of("farah").get(f"/visits/day?day={strange}").status_code in {200, 400}


def test_an_admin_calls_a_visit_off_for_a_patient_who_telephoned(cast: Cast) -> None:
    address, visit = accepted(cast)
    mails(cast)
    at(cast, visit.starts_at - timedelta(hours=2))
    page = f"/admin{address}/call-off"
    assert page in cast.of("farah").get(f"/admin{address}").text
    told = {"version": visit.version, "note": "", "why": "hospital"}
    assert cast.of("farah").post(page, told).status_code == 422
    assert cast.of("farah").post(page, {**told, "why": "patient"}).status_code == 303
    assert cast.of("farah").post(page, {**told, "why": "patient"}).status_code == 409
    (mail,) = mails(cast)
    assert mail[1] == "Your visit is cancelled"
    called_off = visit_of(cast, address)
    assert (called_off.state, called_off.has_lapsed) == ("cancelled", False)
    at(cast, visit.ends_at + timedelta(days=3))
    overdue.look(cast.engine, clock=cast.watch)
    assert visit_of(cast, address).state == "cancelled"
