"""A request for a visit from both sides: asked, decided, read; and what must not be booked or told."""

import html
import re
import secrets
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from tests.integration.portal_cast import Cast, a_cast, mails

TIMES = iter(range(1000))


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def a_time(cast: Cast) -> str:
    """A free time of Dr Ekow's that no other test asks for."""
    page = cast.browser().get(f"/doctors/{cast.ids['ekow']}?from=2026-03-16").text
    times = re.findall(r"starts_at=([^\"&]+)\"", page)
    return html.unescape(times[next(TIMES) * 2]).replace("%2B", "+").replace("%3A", ":")


def ask(cast: Cast, who: str = "asha", **told: object) -> TestResponse:
    form = {
        "starts_at": told.pop("starts_at", None) or a_time(cast),
        "urgency": "routine",
        "symptoms": "a cough",
        **told,
    }
    return cast.of(who).post(f"/doctors/{cast.ids['ekow']}/request", form)


def asked(cast: Cast, who: str = "asha", **told: object) -> str:
    """The address of a new request, as its patient opens it."""
    answer = ask(cast, who, **told)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].split("?")[0]


def decide(cast: Cast, address: str, decision: str, note: str = "", **told: str) -> TestResponse:
    form = {"decision": decision, "note": note, "version": "1", **told}
    return cast.of("farah").post(f"/admin{address}", form)


def requests_in(cast: Cast) -> int:
    return len(cast.rows("SELECT 1 FROM appointment"))


def test_free_times_are_buttons_by_local_day(cast: Cast) -> None:
    page = cast.browser().get(f"/doctors/{cast.ids['ekow']}").text
    assert "Tuesday 3 March 2026" in page
    # Asha holds the first slot of that day, at nine in Rome.
    times = re.findall(r'btn-outline-primary"[^>]*>(\d\d:\d\d)<', page.split("Tuesday 3")[1])
    assert times[0] == "09:20"
    assert "Saturday" not in page.split("<h3")[1]


def test_who_is_not_signed_in_signs_in_first_and_comes_back(cast: Cast) -> None:
    address = f"/doctors/{cast.ids['ekow']}/request?starts_at=2026-03-16T08:00:00%2B00:00"
    answer = cast.browser().get(address)
    assert answer.headers["Location"].startswith("/sign-in?next=/doctors/")


def test_the_emergency_advice_stands_above_the_symptoms(cast: Cast) -> None:
    address = f"/doctors/{cast.ids['ekow']}/request?starts_at=2026-03-16T08:00:00%2B00:00"
    page = cast.of("asha").get(address).text
    assert "call 112 now" in page
    assert page.index("call 112 now") < page.index("<textarea")


def test_an_emergency_books_nothing_and_says_whom_to_call(cast: Cast) -> None:
    before = requests_in(cast)
    answer = ask(cast, urgency="emergency", symptoms="")
    assert answer.status_code == 422
    assert "Call 112 now" in answer.text
    assert 'href="tel:112"' in answer.text
    assert requests_in(cast) == before


def test_a_request_waits_and_its_patient_reads_it(cast: Cast) -> None:
    address = asked(cast, symptoms="A cough for 3 weeks.\nWorse at night.")
    page = cast.of("asha").get(f"{address}?done=requested").text
    assert "Your request is sent." in page
    assert "Waiting for a decision" in page
    assert "A cough for 3 weeks.\nWorse at night." in page
    assert address in cast.of("asha").get("/requests").text
    assert cast.told("appointments")[-1] == "remedy.appointments.requested.v1"


def test_a_request_sent_twice_is_one(cast: Cast) -> None:
    told = {"nonce": secrets.token_hex(8), "starts_at": a_time(cast)}
    assert asked(cast, **told) == asked(cast, **told)


def test_a_taken_time_offers_the_nearest_and_keeps_what_was_typed(cast: Cast) -> None:
    time = a_time(cast)
    asked(cast, "ben", starts_at=time)
    answer = ask(cast, starts_at=time, symptoms="a long story", urgency="soon")
    assert answer.status_code == 409
    assert "Somebody else has just asked" in answer.text
    assert ">a long story</textarea>" in answer.text
    assert 'value="soon" checked' in answer.text
    other = re.findall(r'name="other_time" value="([^"]+)"', answer.text)
    assert len(other) == 3
    assert ask(cast, starts_at=time, other_time=other[0]).status_code == 303


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"symptoms": "  "}, "Say in a few words"),
        ({"symptoms": "x" * 4001}, "4,000 characters"),
        ({"urgency": ""}, "Choose how urgent"),
        ({"urgency": "whenever"}, "Choose how urgent"),
        ({"starts_at": "2026-03-16T03:00:00+00:00"}, "does not offer that time"),
        ({"starts_at": "2020-03-16T08:00:00+00:00"}, "choose a later one"),
    ],
)
def test_what_cannot_be_asked_is_said(cast: Cast, told: dict[str, str], words: str) -> None:
    before = requests_in(cast)
    answer = ask(cast, **told)
    assert answer.status_code == 422
    assert words in answer.text
    assert "<title>Error: " in answer.text
    assert requests_in(cast) == before


@pytest.mark.parametrize(
    "starts_at",
    ["soon", "2026-03-16T08:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:00:00Z"],
)
def test_a_time_that_is_none_is_refused(cast: Cast, starts_at: str) -> None:
    assert ask(cast, starts_at=starts_at).status_code == 400


def test_an_admin_declines_with_a_note_and_the_patient_reads_why(cast: Cast) -> None:
    address = asked(cast, symptoms="a rash")
    page = cast.of("farah").get(f"/admin{address}").text
    assert "a rash" in page
    assert decide(cast, address, "decline").status_code == 422
    mails(cast)
    answer = decide(cast, address, "decline", "Please see the skin clinic instead.")
    assert answer.headers["Location"] == "/admin/requests?done=decided"
    assert address not in cast.of("farah").get("/admin/requests").text
    page = cast.of("asha").get(address).text
    assert "Declined" in page
    assert "Please see the skin clinic instead." in page
    (mail,) = mails(cast)
    assert mail[0] == cast.emails["asha"]
    assert address in mail[2]
    assert "skin" not in mail[1] + mail[2]


def test_an_admin_accepts(cast: Cast) -> None:
    address = asked(cast)
    assert decide(cast, address, "accept").status_code == 303
    assert "Accepted" in cast.of("asha").get(address).text


def test_who_decides_second_reads_who_did_what(cast: Cast) -> None:
    address = asked(cast)
    decide(cast, address, "accept")
    mails(cast)
    answer = decide(cast, address, "decline", "No.")
    assert answer.status_code == 409
    assert "Farah accepted this request" in answer.text
    assert mails(cast) == []


def test_a_decision_sent_twice_is_one_with_one_mail(cast: Cast) -> None:
    address, nonce = asked(cast), secrets.token_hex(8)
    mails(cast)
    answers = [decide(cast, address, "accept", nonce=nonce) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(mails(cast)) == 1
    assert mails(cast) == []


@pytest.mark.parametrize("told", [{"decision": ""}, {"decision": "maybe"}, {"version": "x"}])
def test_a_decision_that_is_none_changes_nothing(cast: Cast, told: dict[str, str]) -> None:
    address = asked(cast)
    form = {"decision": "accept", "note": "", "version": "1", **told}
    assert cast.of("farah").post(f"/admin{address}", form).status_code == 422
    assert "Waiting for a decision" in cast.of("asha").get(address).text


def test_urgent_requests_stand_first_in_the_queue_without_names(cast: Cast) -> None:
    cast.watch.wait(seconds=5)
    routine, urgent = asked(cast), asked(cast, urgency="urgent")
    page = cast.of("farah").get("/admin/requests").text
    assert page.index(urgent) < page.index(routine)
    assert "canary-asha" not in page


def test_a_patient_cancels_and_the_time_is_free_again(cast: Cast) -> None:
    time = a_time(cast)
    address = asked(cast, starts_at=time)
    answer = cast.of("asha").post(f"{address}/cancel")
    assert answer.headers["Location"].endswith("?done=cancelled")
    assert "Cancelled" in cast.of("asha").get(address).text
    assert asked(cast, "ben", starts_at=time)
    assert cast.of("asha").post(f"{address}/cancel").status_code == 409


def test_a_request_nobody_decides_is_not_accepted_late(cast: Cast) -> None:
    address, now = asked(cast), cast.watch.now
    cast.watch.now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    cast._browsers.pop("farah")
    assert "Accept</button>" not in cast.of("farah").get(f"/admin{address}").text
    assert decide(cast, address, "accept").status_code == 409
    cast.watch.now = now


def test_what_patients_and_admins_wrote_is_shown_as_text(cast: Cast) -> None:
    trap = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    address = asked(cast, symptoms=trap)
    decide(cast, address, "decline", trap)
    for page in (cast.of("asha").get(address).text, cast.of("farah").get(f"/admin{address}").text):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert page.count("&lt;script&gt;alert(1)") >= 1


def test_erased_texts_are_said_to_be_erased(cast: Cast) -> None:
    address = asked(cast, "ben", symptoms="a secret")
    with cast.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE patient_key SET wrapped_key = NULL WHERE patient_public_id ="
                " (SELECT p.public_id FROM patient p JOIN appointment a ON a.patient_id = p.id"
                " WHERE a.public_id = :visit)"
            ),
            {"visit": bytes.fromhex(address.rpartition("/")[2].replace("-", ""))},
        )
    page = cast.of("farah").get(f"/admin{address}").text
    assert "(erased)" in page
    assert "(This text was erased.)" in page
    assert "a secret" not in page


def test_weeks_ahead_can_be_looked_at_but_not_for_ever(cast: Cast) -> None:
    address = f"/doctors/{cast.ids['ekow']}"
    later = cast.browser().get(f"{address}?from=2026-04-06").text
    assert "Monday 6 April 2026" in later
    for strange in ("9999-12-31", "0001-01-01", "x", "2026-13-01"):
        assert cast.browser().get(f"{address}?from={strange}").status_code == 200


def test_figures_leave_as_csv_without_formulas(cast: Cast) -> None:
    now = cast.watch.now
    with cast.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE pharmacy SET name = '=cmd|calc' WHERE name = 'Elsewhere Pharmacy'")
        )
        ids = {
            "pharmacy": cast.ids["elsewhere"].bytes, "medicine": cast.ids["calmadol"].bytes,
            "day": now.date() - timedelta(days=1), "now": now.replace(tzinfo=None),
        }  # fmt: skip
        connection.execute(
            sa.text(
                "INSERT INTO agg_daily_demand VALUES"
                " (:day, :pharmacy, :medicine, 1500, 0, 500, 0, 2, 1)"
            ),
            ids,
        )
        connection.execute(
            sa.text(
                "INSERT INTO out_stock_forecast VALUES"
                " (:pharmacy, :medicine, :day, 1200, 800, 1900, 'ridge-1', :now)"
            ),
            ids,
        )
    demand = cast.of("farah").get("/admin/export/demand.csv")
    assert demand.headers["Content-Disposition"] == 'attachment; filename="demand.csv"'
    assert demand.text.splitlines()[1] == (
        '"2026-03-01","\'=cmd|calc","Hills","Calmadol (paracetamol), 500 mg, tablet, 20 tablets",'
        '"","1.5","0","0.5","0","2","1"'
    )
    forecast = cast.of("farah").get("/admin/export/forecast.csv").text
    assert '"1.2","0.8","1.9","ridge-1"' in forecast
