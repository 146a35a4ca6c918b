"""Asking for a visit step by step, holds, live times, proposals and moves, as pages and their parts show them."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from remedy.messages.service import NotSent
from remedy.pipeline.overdue import look
from remedy.schema.hospital import hospital
from tests.factories import a_doctor
from tests.integration.portal_cast import Cast, a_cast, mails
from web_portal import postman

FREE = re.compile(r'btn-outline-primary" id="t[^>]*value="([^"]+)"')


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def address(cast: Cast, what: str = "") -> str:
    return f"/doctors/{cast.ids['ekow']}{what}"


def free_times(cast: Cast, who: str = "asha", week: str = "2026-03-16") -> list[str]:
    return FREE.findall(cast.of(who).get(address(cast, f"?from={week}")).text)


def hold(cast: Cast, time: str, who: str = "asha") -> TestResponse:
    return cast.of(who).post(address(cast, "/hold"), {"starts_at": time})


def ask(cast: Cast, time: str, who: str = "asha", **told: str) -> TestResponse:
    form = {"starts_at": time, "urgency": "soon", "symptoms": "a <b>cough</b>", **told}
    return cast.of(who).post(address(cast, "/request"), form)


def asked(cast: Cast, time: str, who: str = "asha") -> str:
    answer = ask(cast, time, who)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].split("?")[0]


def propose(cast: Cast, visit: str, time: str, note: str = "") -> TestResponse:
    told = {"decision": "propose", "other_time": time, "note": note, "version": "1"}
    return cast.of("farah").post(f"/admin{visit}", told)


def test_a_time_is_set_aside_and_the_form_says_until_when(cast: Cast) -> None:
    time = free_times(cast)[0]
    answer = hold(cast, time)
    assert answer.status_code == 303
    page = cast.of("asha").get(answer.headers["Location"]).text
    assert "set aside for you until Mon 2 Mar 2026, 09:10 (CET)" in page
    assert time in free_times(cast)
    assert time not in free_times(cast, "ben")
    refused = hold(cast, time, "ben")
    assert refused.status_code == 409
    assert "Somebody else has just asked for that time" in refused.text


def test_leaving_the_form_gives_the_time_back(cast: Cast) -> None:
    time = free_times(cast)[1]
    page = cast.of("asha").get(hold(cast, time).headers["Location"]).text
    hold_id = re.findall(r'name="hold_id" value="([^"]+)"', page)[0]
    told = {"hold_id": hold_id, "answer": "none"}
    assert cast.of("ben").post("/hold/release", told).status_code == 204
    assert time not in free_times(cast, "ben")
    assert cast.of("asha").post("/hold/release", told).status_code == 204
    assert time in free_times(cast, "ben")


def test_answers_are_checked_changed_and_sent(cast: Cast) -> None:
    time = free_times(cast)[2]
    checked = ask(cast, time, step="check")
    assert checked.status_code == 200
    assert "Check your answers" in checked.text
    assert "a &lt;b&gt;cough&lt;/b&gt;" in checked.text
    assert time not in free_times(cast, "ben")
    changed = ask(cast, time, step="change", symptoms="")
    assert changed.status_code == 200
    assert 'value="soon" checked' in changed.text
    visit = asked(cast, time)
    page = cast.of("asha").get(f"{visit}?done=requested").text
    assert re.search(r"<dt>Reference</dt><dd>[0-9A-F]{4}-[0-9A-F]{4}</dd>", page)
    assert "What happens next" in page
    assert cast.rows("SELECT COUNT(*) FROM appointment_hold")[0][0] == 0


def test_a_wrong_answer_is_said_before_it_is_checked(cast: Cast) -> None:
    answer = ask(cast, free_times(cast)[3], step="check", urgency="")
    assert answer.status_code == 422
    assert "Choose how urgent it is." in answer.text


def test_an_emergency_gives_the_time_back_and_names_the_nearest_hospital(cast: Cast) -> None:
    time = free_times(cast)[4]
    hold(cast, time)
    before = cast.rows("SELECT COUNT(*) FROM appointment")
    answer = ask(cast, time, urgency="emergency", step="check")
    assert answer.status_code == 422
    assert "Call 112 now" in answer.text
    assert "Hill Hospital" in answer.text
    assert cast.rows("SELECT COUNT(*) FROM appointment") == before
    assert time in free_times(cast, "ben")


@pytest.mark.parametrize(
    "told",
    [{"district": "Harbour"}, {"latitude": "41.9", "longitude": "12.5"}],
)
def test_the_nearest_hospital_is_found_from_a_district_or_a_position(
    cast: Cast, told: dict[str, str]
) -> None:
    page = cast.browser().post("/emergency", told).text
    assert "The nearest hospital" in page
    assert re.search(r"about \d+\.\d km away", page)


@pytest.mark.parametrize("latitude", ["nan", "91", "x"])
def test_a_place_that_is_none_shows_all_hospitals(cast: Cast, latitude: str) -> None:
    page = cast.browser().post("/emergency", {"latitude": latitude, "longitude": "12.5"}).text
    assert "Hill Hospital" in page
    assert "km away" not in page


def test_a_page_that_follows_the_times_hears_only_of_changes(cast: Cast) -> None:
    times = free_times(cast)
    part = address(cast, "/times?from=2026-03-16")
    signed_out = cast.browser()
    first = signed_out.get(part).text
    seen = re.findall(r'name="seen" value="([^"]+)"', first)[0]
    assert signed_out.get(f"{part}&seen={seen}").status_code == 204
    hold(cast, times[5])
    news = signed_out.get(f"{part}&seen={seen}")
    assert news.status_code == 200
    assert news.text.count('class="btn taken"') == first.count('class="btn taken"') + 1
    assert "canary" not in news.text
    assert str(cast.ids["asha"]) not in news.text
    cast.watch.wait(seconds=15)
    assert signed_out.get(f"{part}&seen={seen}").status_code == 200


def test_a_page_that_asks_by_itself_keeps_no_session_awake(cast: Cast) -> None:
    visit = f"/requests/{cast.ids['asha_visit']}"
    browser, now = cast.browser(), cast.watch.now
    browser.sign_in(cast.emails["asha"])
    for _ in range(4):
        cast.watch.wait(minutes=9)
        answer = browser.get(f"{visit}/state")
    cast.watch.now = now
    assert answer.status_code == 303


def test_the_patient_reads_a_decision_in_the_part_that_follows(cast: Cast) -> None:
    visit = asked(cast, free_times(cast)[6])
    part = f"{visit}/state?seen=1"
    assert cast.of("asha").get(part).status_code == 204
    told = {"decision": "accept", "note": "Bring your card", "version": "1"}
    cast.of("farah").post(f"/admin{visit}", told)
    news = cast.of("asha").get(part)
    assert news.status_code == 200
    assert "Accepted" in news.text
    assert "Bring your card" in news.text
    assert "<html" not in news.text


def test_the_admins_queue_follows(cast: Cast) -> None:
    page = cast.of("farah").get("/admin/requests").text
    seen = re.findall(r'name="seen" value="([^"]+)"', page)[0]
    part = f"/admin/requests/waiting?seen={seen}"
    assert cast.of("farah").get(part).status_code == 204
    visit = asked(cast, free_times(cast)[7])
    assert visit in cast.of("farah").get(part).text


def test_another_time_is_proposed_with_a_note_and_accepted(cast: Cast) -> None:
    times = free_times(cast)
    visit = asked(cast, times[8])
    mails(cast)
    assert propose(cast, visit, "").status_code == 422
    answer = propose(cast, visit, times[10], "Dr Ekow is away that morning.")
    assert answer.headers["Location"] == "/admin/requests?done=proposed"
    assert visit not in cast.of("farah").get("/admin/requests").text
    (mail,) = mails(cast)
    assert mail[1] == "The hospital proposes another time"
    assert visit in mail[2]
    assert "Ekow" not in mail[1] + mail[2]
    page = cast.of("asha").get(visit).text
    assert "Another time is proposed" in page
    assert "Dr Ekow is away that morning." in page
    assert times[8] in free_times(cast, "ben")
    assert times[10] not in free_times(cast, "ben")
    told = {"answer": "accept", "version": "2"}
    assert cast.of("ben").post(f"{visit}/answer", told).status_code == 404
    answer = cast.of("asha").post(f"{visit}/answer", told)
    assert answer.headers["Location"].endswith("?done=proposal-accepted")
    assert "Accepted" in cast.of("asha").get(visit).text
    assert cast.of("asha").post(f"{visit}/answer", told).status_code == 409


def test_a_proposal_is_refused(cast: Cast) -> None:
    times = free_times(cast)
    visit = asked(cast, times[11])
    propose(cast, visit, times[12])
    answer = cast.of("asha").post(f"{visit}/answer", {"answer": "refuse", "version": "2"})
    assert answer.headers["Location"].endswith("?done=cancelled")
    assert times[12] in free_times(cast, "ben")


def test_a_taken_time_cannot_be_proposed(cast: Cast) -> None:
    times = free_times(cast)
    visit = asked(cast, times[13])
    hold(cast, times[14], "ben")
    answer = propose(cast, visit, times[14], "Sorry")
    assert answer.status_code == 409
    assert ">Sorry</textarea>" in answer.text


def test_a_patient_moves_a_visit(cast: Cast) -> None:
    times = free_times(cast)
    visit = asked(cast, times[15])
    page = cast.of("asha").get(f"{visit}/move?from=2026-03-16").text
    assert times[16] in FREE.findall(page)
    told = {"version": "1", "starts_at": times[16]}
    assert cast.of("ben").post(f"{visit}/move", told).status_code == 404
    nonce = secrets.token_hex(8)
    answers = [cast.of("asha").post(f"{visit}/move", {**told, "nonce": nonce}) for _ in range(2)]
    assert [answer.headers["Location"][-5:] for answer in answers] == ["moved", "moved"]
    assert times[15] in free_times(cast, "ben")
    assert cast.told("appointments")[-1] == "remedy.appointments.moved.v1"
    taken = cast.of("asha").post(f"{visit}/move", {**told, "version": "2"})
    assert taken.status_code == 422
    stale = cast.of("asha").post(f"{visit}/move", {"version": "1", "starts_at": times[17]})
    assert stale.status_code == 409


def test_a_lapsed_requests_patient_is_written_to(cast: Cast) -> None:
    visit, now = asked(cast, free_times(cast, week="2026-03-23")[0]), cast.watch.now
    mails(cast)
    cast.watch.now = now + timedelta(hours=48)
    look(cast.engine, clock=cast.watch)
    told = [mail for mail in mails(cast) if visit in mail[2]]
    cast.watch.now = now
    assert [mail[1] for mail in told] == ["Your request has lapsed"]


def test_a_mail_the_server_does_not_take_is_tried_again(cast: Cast) -> None:
    visit = asked(cast, free_times(cast, week="2026-03-23")[1])
    mails(cast)
    cast.of("farah").post(f"/admin{visit}", {"decision": "accept", "note": "", "version": "1"})
    man = postman.of(cast.app)
    kept = man.hand_over

    def away(*_mail: str) -> None:
        raise NotSent("The mail server did not take the mail (ConnectionRefusedError).")

    man.hand_over = away
    assert man.look() == 0
    man.hand_over = kept
    assert mails(cast) == []
    cast.watch.wait(seconds=60)
    (mail,) = mails(cast)
    assert visit in mail[2]


def test_doctors_are_found_by_speciality_and_hospital(cast: Cast) -> None:
    page = cast.browser().get("/doctors").text
    hospital = re.findall(r'<option value="([0-9a-f-]{36})"', page)[0]
    assert "Dr Ekow" in cast.browser().get(f"/doctors?hospital={hospital}").text
    assert "Dr Ekow" not in cast.browser().get("/doctors?speciality=dermatology").text


@contextmanager
def limited(cast: Cast, **most: int) -> Iterator[None]:
    """At a hospital where one patient may ask for little."""
    with cast.engine.begin() as c:
        c.execute(sa.update(hospital).values(most))
    yield
    with cast.engine.begin() as c:
        c.execute(sa.update(hospital).values(open_requests=1000, visits_ahead=1000))


@pytest.mark.parametrize(
    ("most", "sentence"),
    [
        ({"open_requests": 1}, "At most 1 may wait at a time"),
        ({"visits_ahead": 1}, "are ahead of you, asked for or accepted"),
    ],
)
def test_who_has_asked_for_enough_reads_it_before_the_form_and_finds_what_is_open(
    cast: Cast, most: dict[str, int], sentence: str
) -> None:
    visit = asked(cast, free_times(cast)[0])
    time, other = free_times(cast)[-2:]
    before = address(cast, f"/request?starts_at={time.replace('+', '%2B')}")
    assert 'name="symptoms"' in cast.of("asha").get(before).text
    with limited(cast, **most):
        for page in (address(cast), before):
            answer = cast.of("asha").get(page)
            assert answer.status_code == 200
            assert sentence in answer.text
            assert f'href="{visit}"' in answer.text
            assert 'name="symptoms"' not in answer.text
        for refused in (hold(cast, other), ask(cast, other)):
            assert refused.status_code == 409
            assert refused.text.count(sentence) == 1
            assert f'href="{visit}"' in refused.text
        # What was written is kept, and others and signed out people read nothing of it.
        assert "a &lt;b&gt;cough" in refused.text
        assert sentence not in cast.of("ben").get(address(cast)).text
        assert sentence not in cast.browser().get(address(cast)).text
        assert cast.of("asha").post(f"{visit}/cancel", {}).status_code == 303
        at_once = cast.of("asha").get(address(cast)).text
    assert f'href="{visit}"' not in at_once


def test_a_time_at_which_the_patient_has_another_visit_is_refused_with_a_link_to_it(
    cast: Cast,
) -> None:
    time, other = free_times(cast)[:2]
    visit = asked(cast, time)
    with cast.engine.begin() as c:
        second = a_doctor(c, name="Dr Ito")
    told = {"starts_at": time, "urgency": "soon", "symptoms": "a cough"}
    refused = cast.of("asha").post(f"/doctors/{second}/request", told)
    assert refused.status_code == 409
    assert "There is another visit at that time already, with Dr Ekow" in refused.text
    assert f'href="{visit}"' in refused.text
    answer = cast.of("asha").post(f"/doctors/{second}/request", {**told, "starts_at": other})
    moved = answer.headers["Location"].split("?")[0]
    refused = cast.of("asha").post(f"{moved}/move", {"starts_at": time, "version": "1"})
    assert refused.status_code == 409
    assert f'href="{visit}"' in refused.text
    for one in (visit, moved):
        cast.of("asha").post(f"{one}/cancel", {})
