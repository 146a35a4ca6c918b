"""Finding a medicine and having packs set aside; and what each search and refusal tells."""

import json
import secrets

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from remedy.events.pharmacy import MedicineSearched
from tests.integration.portal_cast import Cast, a_cast
from web_portal.parts import Announcer, parts_of


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def searches(cast: Cast) -> list[dict[str, object]]:
    """The bodies of searches told through the outbox."""
    rows = cast.rows("SELECT payload FROM outbox WHERE aggregatetype = 'medicine-searches'")
    return [json.loads(row.payload) for row in rows]


def hold(cast: Cast, who: str = "asha", **told: object) -> TestResponse:
    form = {"pharmacy_id": str(cast.ids["corner"]), "packs": "1", **told}
    return cast.of(who).post(f"/medicines/{cast.ids['calmadol']}/holds", form)


def test_a_search_shows_who_has_it_for_how_much_and_how_far(cast: Cast) -> None:
    page = cast.browser().get("/?q=CALMA 500&district=Harbour").text
    assert page.index("Corner Pharmacy") < page.index("Elsewhere Pharmacy")
    for words in ("In stock (18)", "In stock (20)", "4.50 EUR", "0.0 km away", "10.0 km away"):
        assert words in page
    assert "Stock last changed just now" in page
    assert "licence LIC-" in page


def test_words_that_several_medicines_share_show_all_of_them(cast: Cast) -> None:
    page = cast.browser().get("/?q=m").text
    assert "Fortidol (morphine)" in page


def test_htmx_is_given_the_part_that_changed(cast: Cast) -> None:
    browser = cast.browser()
    part = browser.get("/?q=calmadol", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "<title>Calmadol" in part.text
    assert "HX-Request" in part.headers["Vary"]
    whole = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in browser.get("/?q=calmadol", headers=whole).text


def test_searching_again_from_elsewhere_finds_the_same_medicine(cast: Cast) -> None:
    page = cast.browser().get(f"/medicines/{cast.ids['calmadol']}").text
    words = page.split('name="q" type="search" value="')[1].split('"')[0]
    again = cast.browser().get("/", query_string={"q": words, "district": "Hills"}).text
    assert "<title>Calmadol" in again
    assert "10.0 km away" in again


def test_a_search_that_found_something_goes_to_kafka_and_not_to_the_outbox(cast: Cast) -> None:
    before = searches(cast)
    cast.announced.clear()
    cast.browser().get(f"/medicines/{cast.ids['calmadol']}?district=Hills")
    (told,) = (envelope.event() for envelope in cast.announced)
    assert isinstance(told, MedicineSearched)
    assert told.medicine_id == cast.ids["calmadol"]
    assert (told.pharmacies_found, told.district, told.query) == (2, "Hills", None)
    assert searches(cast) == before


def test_a_search_for_words_nobody_knows_is_kept_with_its_words(cast: Cast) -> None:
    cast.announced.clear()
    page = cast.browser().get("/?q=Nosuchine  forte").text
    assert "No medicine is called" in page
    told = searches(cast)[-1]
    assert (told["query"], told["medicine_id"], told["pharmacies_found"]) == (
        "nosuchine forte", None, 0
    )  # fmt: skip
    assert cast.announced == []


def test_a_search_for_what_nobody_has_is_kept_without_words(cast: Cast) -> None:
    cast.browser().get("/?q=unobtan")
    told = searches(cast)[-1]
    assert (told["query"], told["medicine_id"]) == (None, str(cast.ids["rare"]))


def test_who_searched_is_a_pseudonym_of_the_day(cast: Cast) -> None:
    def searcher(who: str | None) -> str:
        browser = cast.of(who) if who else cast.browser()
        cast.announced.clear()
        browser.get(f"/medicines/{cast.ids['calmadol']}")
        return str(cast.announced[0].body["searcher"])

    anonymous, asha = searcher(None), searcher("asha")
    assert len(anonymous) == 32
    assert anonymous == searcher(None)
    assert asha == searcher("asha") != anonymous
    assert cast.of("asha").client.get_cookie("remedy", domain="localhost")
    cast.watch.wait(days=1)
    assert searcher(None) != anonymous
    cast.watch.wait(days=-1)


def test_looking_ahead_and_asking_for_headers_counts_nothing(cast: Cast) -> None:
    cast.announced.clear()
    address = f"/medicines/{cast.ids['calmadol']}"
    cast.browser().get(address, headers={"Sec-Purpose": "prefetch;prerender"})
    cast.browser().client.head(address)
    assert cast.announced == []


def test_a_page_is_shown_though_nobody_can_be_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: Announcer) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(Announcer, "_client", refuse)
    object.__setattr__(parts_of(cast.app), "announce", Announcer("127.0.0.1:1"))
    try:
        assert cast.browser().get(f"/medicines/{cast.ids['calmadol']}").status_code == 200
    finally:
        object.__setattr__(parts_of(cast.app), "announce", cast.announced.append)
    assert "was not announced: ConnectionError" in caplog.text


def test_a_patient_has_packs_set_aside_and_lets_them_go(cast: Cast) -> None:
    answer = hold(cast, packs="2")
    assert answer.headers["Location"] == "/holds?done=held"
    page = cast.of("asha").get("/holds?done=held").text
    assert "The packs are set aside for you." in page
    assert "Set aside until Mon 2 Mar 2026, 11:00 (CET)" in page
    release = page.split('action="/holds/')[1].split('"')[0]
    answer = cast.of("asha").post(f"/holds/{release}")
    assert answer.headers["Location"] == "/holds?done=released"
    assert cast.told("stock-movements")[-2:] == [
        "remedy.stock-movements.held.v1", "remedy.stock-movements.released.v1"
    ]  # fmt: skip
    again = cast.of("asha").post(f"/holds/{release}")
    assert (again.status_code, "This hold has ended already." in again.text) == (409, True)


def test_a_hold_sent_twice_is_one(cast: Cast) -> None:
    told = {"nonce": secrets.token_hex(8), "packs": "1"}
    first, second = hold(cast, "ben", **told), hold(cast, "ben", **told)
    assert first.headers["Location"] == second.headers["Location"]
    held = cast.rows("SELECT 1 FROM stock_hold WHERE state = 'held' AND quantity_milli = 1000")
    # One each from the beginning, and this one.
    assert len(held) == 3


def test_a_form_number_used_for_another_wish_is_refused(cast: Cast) -> None:
    nonce = secrets.token_hex(8)
    hold(cast, "ben", nonce=nonce, packs="1")
    assert hold(cast, "ben", nonce=nonce, packs="2").status_code == 400


def test_a_refused_hold_is_told_once_as_demand(cast: Cast) -> None:
    told = {"nonce": secrets.token_hex(8), "packs": "99"}
    before = cast.told("stock-movements").count("remedy.stock-movements.refused.v1")
    answer = hold(cast, "ben", **told)
    assert answer.status_code == 409
    assert "This pharmacy has only" in answer.text
    assert "<title>Error:" in answer.text
    hold(cast, "ben", **told)
    after = cast.told("stock-movements").count("remedy.stock-movements.refused.v1")
    assert after == before + 1


@pytest.mark.parametrize("packs", ["", "0", "-1", "many", "0.0001"])
def test_a_hold_of_no_number_of_packs_is_refused_in_words(cast: Cast, packs: str) -> None:
    answer = hold(cast, packs=packs)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text


def test_a_controlled_medicine_is_not_held(cast: Cast) -> None:
    address = f"/medicines/{cast.ids['strong']}"
    assert "controlled medicine" in cast.of("asha").get(address).text
    told = {"pharmacy_id": str(cast.ids["corner"]), "packs": "1"}
    assert cast.of("asha").post(f"{address}/holds", told).status_code == 404


def test_a_medicine_on_prescription_says_so(cast: Cast) -> None:
    assert "This medicine needs a prescription" in cast.browser().get("/?q=bactonil").text


def test_what_is_searched_for_is_shown_as_text(cast: Cast) -> None:
    page = cast.browser().get("/?q=<script>alert(1)</script>&district=<b>x").text
    assert "<script>alert" not in page
    assert "<b>x" not in page
