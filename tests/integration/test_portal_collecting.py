"""The counter: a hold is collected by the code its patient shows, at its pharmacy, once."""

import html
import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.orders import pickup
from remedy.stock import codes
from remedy.values import uuid7
from tests.factories import SECRET_KEY
from tests.integration.portal_cast import Cast, a_cast, prescribe


@pytest.fixture
def cast(database_url: str, database: sa.Engine, request: pytest.FixtureRequest) -> Cast:
    """The cast once; each test sets its own packs aside."""
    if not hasattr(request.module, "made"):
        request.module.made = a_cast(database_url, database)
    made: Cast = request.module.made
    with database.begin() as connection:
        connection.execute(sa.text("DELETE FROM collection_failure"))
    return made


def a_hold(cast: Cast, medicine: str = "calmadol", packs: int = 1, minutes: int = 60) -> UUID:
    with cast.engine.begin() as connection:
        return pickup.hold(
            connection, cast.ids["corner"], cast.ids[medicine], packs * 1000,
            patient_id=cast.ids["asha"], minutes=minutes, clock=cast.watch,
        ).hold_id  # fmt: skip


def code_of(hold_id: UUID) -> str:
    return codes.grouped(codes.code_of(SECRET_KEY, hold_id))


def state(cast: Cast, hold_id: UUID) -> str:
    rows = cast.rows("SELECT state FROM stock_hold WHERE public_id = :id", id=hold_id.bytes)
    return str(rows[0].state)


def sales(cast: Cast) -> int:
    return int(cast.rows("SELECT COUNT(*) AS n FROM stock_movement WHERE kind = 'sold'")[0].n)


def words(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def test_a_patient_reads_the_code_and_its_qr_on_the_page_of_holds(cast: Cast) -> None:
    hold_id = a_hold(cast)
    page = cast.of("asha").get("/holds").text
    assert code_of(hold_id) in page
    assert re.search(r'<svg class="qr" viewBox="0 0 29 29".*?<path d="M4 4h7', page, re.DOTALL)
    assert code_of(hold_id) not in cast.of("ben").get("/holds").text


def test_the_pharmacists_queue_shows_what_waits_and_no_code(cast: Cast) -> None:
    hold_id = a_hold(cast, packs=3)
    page = cast.of("chitra").get("/pharmacy/holds").text
    assert "Calmadol" in page
    assert code_of(hold_id) not in page
    assert "Calmadol" not in words(cast.of("dev").get("/pharmacy/holds").text)
    seen = re.search(r'name="seen" value="([^"]+)"', page).group(1)
    quiet = cast.of("chitra").get(f"/pharmacy/holds/waiting?seen={seen}")
    assert quiet.status_code == 204
    a_hold(cast)
    assert cast.of("chitra").get(f"/pharmacy/holds/waiting?seen={seen}").status_code == 200


def test_a_code_shows_what_to_take_and_handing_out_sells_it_once(cast: Cast) -> None:
    hold_id, before = a_hold(cast, packs=2), sales(cast)
    chitra = cast.of("chitra")
    shown = chitra.post("/pharmacy/holds", {"code": code_of(hold_id).lower()})
    assert shown.status_code == 200
    assert "2 of lot LOT-chitra" in words(shown.text)
    assert "To pay at the counter: 9.00 EUR" in words(shown.text)
    assert (state(cast, hold_id), sales(cast)) == ("held", before)
    form = {"code": code_of(hold_id), "nonce": "one-number"}
    for _ in range(3):
        answer = chitra.post("/pharmacy/holds/hand-out", form)
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/pharmacy/holds?done=handed-out"
    assert (state(cast, hold_id), sales(cast)) == ("collected", before + 1)
    # Another form, and the field itself, say what became of it.
    for path in ("/pharmacy/holds/hand-out", "/pharmacy/holds"):
        again = chitra.post(path, {"code": code_of(hold_id)})
        assert again.status_code == 409
        assert "These packs were handed out already" in words(again.text)
    assert sales(cast) == before + 1
    assert "Collected" in words(cast.of("asha").get("/holds").text)


def test_a_wrong_code_gets_a_sentence_and_after_too_many_none_is_looked_up(cast: Cast) -> None:
    hold_id, chitra = a_hold(cast), cast.of("chitra")
    short = chitra.post("/pharmacy/holds", {"code": "K7"})
    assert (short.status_code, "eight letters" in short.text) == (422, True)
    wrong = codes.code_of(SECRET_KEY, uuid7())
    for _ in range(20):
        answer = chitra.post("/pharmacy/holds", {"code": wrong})
        assert answer.status_code == 422
        assert "Nothing at this pharmacy waits under that code" in words(answer.text)
        assert wrong in answer.text
    for path in ("/pharmacy/holds", "/pharmacy/holds/hand-out"):
        answer = chitra.post(path, {"code": code_of(hold_id)})
        assert answer.status_code == 429
        assert "Too many wrong codes were typed here" in words(answer.text)
    assert state(cast, hold_id) == "held"


def test_a_code_whose_time_is_over_says_so(cast: Cast) -> None:
    hold_id = a_hold(cast, minutes=5)
    cast.watch.wait(minutes=5)
    answer = cast.of("chitra").post("/pharmacy/holds", {"code": code_of(hold_id)})
    cast.watch.wait(minutes=-5)
    assert answer.status_code == 409
    assert "The time of this hold is over since" in words(answer.text)


def test_dev_cannot_hand_out_what_waits_at_chitras_pharmacy(cast: Cast) -> None:
    hold_id = a_hold(cast)
    answer = cast.of("dev").post("/pharmacy/holds/hand-out", {"code": code_of(hold_id)})
    assert answer.status_code == 422
    assert state(cast, hold_id) == "held"


def test_a_prescription_is_looked_at_before_its_medicine_is_handed_out(cast: Cast) -> None:
    prescribe(cast, "amoxil", 1)
    hold_id, chitra = a_hold(cast, "amoxil"), cast.of("chitra")
    shown = chitra.post("/pharmacy/holds", {"code": code_of(hold_id)})
    assert "I have seen the prescription" in shown.text
    assert "× 1: prescription accepted by Corner Pharmacy on" in words(shown.text)
    refused = chitra.post("/pharmacy/holds/hand-out", {"code": code_of(hold_id)})
    assert (refused.status_code, state(cast, hold_id)) == (422, "held")
    assert "Look at the prescription first" in words(refused.text)
    done = chitra.post("/pharmacy/holds/hand-out", {"code": code_of(hold_id), "seen": "y"})
    assert (done.status_code, state(cast, hold_id)) == (303, "collected")
