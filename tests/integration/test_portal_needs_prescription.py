"""What is on prescription only: a patient without an accepted one reads what to do, and cannot have it set aside."""

import io
import re
from html import unescape
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image

from remedy.stock import codes
from remedy.stock import service as stock
from tests.integration.portal_cast import SECRET_KEY, Cast, a_cast, prescribe
from web_portal.parts import parts_of

SET_ASIDE = "Set aside for 2 hours"


@pytest.fixture(scope="module")
def made(database_url: str, database: sa.Engine) -> Cast:
    made = a_cast(database_url, database)
    with made.engine.begin() as connection:
        stock.set_price(
            connection, made.ids["corner"], made.ids["amoxil"], 700, "EUR", clock=made.watch
        )
    return made


@pytest.fixture
def cast(made: Cast) -> Cast:
    """Nobody has an accepted prescription for Bactonil, nor any of it set aside; one of Ben's waits, and none of Asha's."""
    of_bactonil = "medicine_id = (SELECT id FROM medicine WHERE brand_name = 'Bactonil')"
    of_asha = "patient_id = (SELECT id FROM patient WHERE public_id = :asha)"
    with made.engine.begin() as connection:
        for change in (
            f"UPDATE prescription_line SET ends_at = '2026-01-01' WHERE {of_bactonil}",
            f"UPDATE prescription SET state = 'withdrawn' WHERE state = 'waiting' AND {of_asha}",
            "UPDATE stock_hold SET state = 'released' WHERE stock_item_id IN"
            f" (SELECT id FROM stock_item WHERE {of_bactonil})",
        ):
            connection.execute(sa.text(change), {"asha": made.ids["asha"].bytes})
    return made


def held(cast: Cast) -> list[UUID]:
    """What is set aside of Bactonil now."""
    rows = cast.rows(
        "SELECT h.public_id FROM stock_hold h JOIN stock_item i ON i.id = h.stock_item_id"
        " JOIN medicine m ON m.id = i.medicine_id WHERE m.brand_name = 'Bactonil' AND h.state = 'held'"
    )
    return [UUID(bytes=bytes(row.public_id)) for row in rows]


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def page(cast: Cast, who: str | None = "asha", medicine: str = "amoxil") -> str:
    browser = cast.of(who) if who else cast.browser()
    return browser.get(f"/medicines/{cast.ids[medicine]}").text


def hold(cast: Cast, packs: str = "1", pharmacy: str = "corner", who: str = "asha"):
    told = {"pharmacy_id": str(cast.ids[pharmacy]), "packs": packs}
    return cast.of(who).post(f"/medicines/{cast.ids['amoxil']}/holds", told)


def refusals(cast: Cast) -> int:
    return cast.told("stock-movements").count("remedy.stock-movements.refused.v1")


def statements(cast: Cast, ask) -> list[str]:
    seen: list[str] = []
    here = parts_of(cast.app)

    def listen(_c, _cursor, statement, *_more) -> None:
        seen.append(statement)

    for engine in (here.engine, here.reading):
        sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        ask()
    finally:
        for engine in (here.engine, here.reading):
            sa.event.remove(engine, "before_cursor_execute", listen)
    return seen


def test_without_one_the_page_says_what_to_do_and_the_hold_is_refused_whatever_it_shows(cast: Cast):
    shown = page(cast)
    assert "This medicine needs a prescription. Hand in yours" in words(shown)
    assert f"/prescriptions/new?medicine={cast.ids['amoxil']}" in shown
    assert SET_ASIDE not in shown
    assert "Put into the basket" in shown
    before = refusals(cast)
    for packs in ("1", "90"):
        answer = hold(cast, packs)
        assert answer.status_code == 422
        assert "nothing was set aside" in words(answer.text)
    # Whoever may not have it was not turned away for want of packs.
    assert refusals(cast) == before
    assert held(cast) == []


def test_one_that_waits_is_named_as_waiting(cast: Cast):
    shown = page(cast, "ben")
    assert "A prescription of yours waits for a pharmacist." in words(shown)
    assert SET_ASIDE not in shown
    assert hold(cast, who="ben").status_code == 422


def test_with_an_accepted_one_packs_are_set_aside_until_it_is_used_up(cast: Cast):
    prescribe(cast, "amoxil", 2)
    shown = page(cast)
    assert "Packs that your prescription still allows: 2." in words(shown)
    assert SET_ASIDE in shown
    assert hold(cast, "3").status_code == 422
    answer = hold(cast, "2")
    assert answer.headers["Location"] == "/holds?done=held"
    shown = page(cast)
    assert "All that your prescription allows is set aside, ordered or handed out." in words(shown)
    assert SET_ASIDE not in shown
    assert hold(cast, pharmacy="elsewhere").status_code == 422
    # Let go, it can be had at the other pharmacy.
    (hold_id,) = held(cast)
    cast.of("asha").post(f"/holds/{hold_id}/release")
    assert hold(cast, pharmacy="elsewhere").status_code == 303


def test_a_signed_out_visitor_and_a_medicine_for_all_cost_no_extra_look(cast: Cast):
    def of_prescriptions(who: str | None, medicine: str) -> int:
        page(cast, who, medicine)
        seen = statements(cast, lambda: page(cast, who, medicine))
        return sum("prescription_line" in one or "FROM prescription" in one for one in seen)

    assert of_prescriptions(None, "amoxil") == 0
    assert of_prescriptions("asha", "calmadol") == 0
    assert of_prescriptions("chitra", "amoxil") == 0
    assert of_prescriptions("asha", "amoxil") == 2
    assert "This medicine needs a prescription" in words(page(cast, None))
    assert "Sign in to set packs aside" in page(cast, None)


def test_handing_one_in_leads_back_to_the_medicine(cast: Cast):
    medicine, asha = f"medicine={cast.ids['amoxil']}", cast.of("asha")
    chosen = asha.get(f"/prescriptions/new?{medicine}").text
    assert f"/prescriptions/new/{cast.ids['corner']}?{medicine}" in chosen
    address = f"/prescriptions/new/{cast.ids['corner']}?{medicine}"
    assert f'action="{address}"' in asha.get(address).text
    kept = io.BytesIO()
    Image.new("RGB", (40, 60), (250, 250, 240)).save(kept, "PNG")
    kept.seek(0)
    told = {"file": (kept, "mine.png"), "csrf_token": asha.token(), "nonce": "one-picture"}
    answer = asha.client.post(address, data=told, content_type="multipart/form-data")
    assert answer.status_code == 303, words(answer.text)
    shown = asha.get(answer.headers["Location"]).text
    assert f'href="/medicines/{cast.ids["amoxil"]}">Back to the medicine' in shown


def test_a_whole_prescription_says_which_of_it_wants_an_accepted_one(cast: Cast):
    address = f"/whole-prescription?item={cast.ids['amoxil']}&item={cast.ids['calmadol']}"
    asha = cast.of("asha")
    shown = asha.get(address).text
    assert "Needs an accepted prescription" in shown
    assert "Set all of it aside" not in shown
    lines = " ".join(f"{cast.ids['corner']}:{cast.ids[one]}:1000" for one in ("amoxil", "calmadol"))
    before = refusals(cast)
    answer = asha.post("/whole-prescription/holds", {"lines": lines})
    assert (answer.status_code, refusals(cast)) == (422, before)
    prescribe(cast, "amoxil", 1)
    shown = asha.get(address).text
    assert "Covered by your prescription" in shown
    assert "Set all of it aside" in shown
    assert asha.post("/whole-prescription/holds", {"lines": lines}).status_code == 303


def test_the_counter_shows_who_accepted_it_and_says_where_nobody_did(cast: Cast):
    prescribe(cast, "amoxil", 1)
    hold(cast)
    (hold_id,) = held(cast)
    code = codes.code_of(SECRET_KEY, hold_id)
    shown = words(cast.of("chitra").post("/pharmacy/holds", {"code": code}).text)
    assert "prescription accepted by Corner Pharmacy on Monday 2 March 2026" in shown
    assert "I have seen the prescription" in shown
    with cast.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM prescription_use"))
    shown = words(cast.of("chitra").post("/pharmacy/holds", {"code": code}).text)
    assert "No accepted prescription stands behind this hold" in shown
