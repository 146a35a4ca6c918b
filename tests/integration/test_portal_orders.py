"""Orders in the portal: a basket at one pharmacy, ordered whole and once; each reads only their own."""

import html
import re
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.accounts import own
from remedy.orders import basket as baskets
from remedy.orders import queries
from remedy.stock import codes, service
from remedy.stock.model import Line
from tests.factories import SECRET_KEY
from tests.integration.portal_cast import Cast, a_cast
from web_portal import postman
from web_portal.parts import parts_of


@pytest.fixture
def cast(database_url: str, database: sa.Engine, request: pytest.FixtureRequest) -> Cast:
    """The cast once; each test begins with empty baskets."""
    if not hasattr(request.module, "made"):
        request.module.made = a_cast(database_url, database)
        _stock_rare(request.module.made)
    made: Cast = request.module.made
    with database.begin() as connection:
        connection.execute(sa.text("DELETE FROM basket_line"))
        connection.execute(sa.text("DELETE FROM basket"))
    made.posted.clear()
    return made


def _stock_rare(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        line = Line("received", cast.ids["rare"], 5000, cast.watch())
        service.record_movement(connection, cast.ids["corner"], line, clock=cast.watch)
        service.set_price(
            connection, cast.ids["corner"], cast.ids["rare"], 1250, "EUR", clock=cast.watch
        )


def words(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def put(cast: Cast, medicine: str = "calmadol", packs: str = "1", at: str = "corner"):
    told = {"pharmacy_id": str(cast.ids[at]), "packs": packs}
    return cast.of("asha").post(f"/basket/{cast.ids[medicine]}", told)


def goods(cast: Cast) -> str:
    page = cast.of("asha").get("/basket").text
    return re.search(r'name="goods" value="(\d+)"', page).group(1)


def order(cast: Cast, way: str = "pickup", **told: object):
    return cast.of("asha").post(
        "/basket/order", {"way": way, "payment": "cash", "goods": goods(cast), **told}
    )


def an_order(cast: Cast, **told: object) -> UUID:
    put(cast)
    answer = order(cast, **told)
    assert answer.status_code == 303, words(answer.text)
    return UUID(re.search(r"/orders/([0-9a-f-]+)", answer.headers["Location"]).group(1))


def state(cast: Cast, order_id: UUID) -> tuple[str, int]:
    with cast.engine.connect() as connection:
        found = queries.order(connection, order_id)
    assert found is not None
    return found.state, found.version


def step(cast: Cast, order_id: UUID, to: str, who: str = "chitra", version: int | None = None):
    told = {"to": to, "version": version or state(cast, order_id)[1]}
    return cast.of(who).post(f"/pharmacy/orders/{order_id}/step", told)


def test_a_basket_holds_medicines_of_one_pharmacy_and_is_ordered_whole(cast: Cast) -> None:
    assert put(cast, packs="2").headers["Location"] == "/basket?done=in-basket"
    put(cast, "rare", "1")
    elsewhere = put(cast, at="elsewhere")
    assert elsewhere.status_code == 409
    assert "Your basket is at Corner Pharmacy." in words(elsewhere.text)
    page = words(cast.of("asha").get("/basket").text)
    assert "Medicines: 21.50 EUR" in page
    assert "Unobtan" not in words(cast.of("ben").get("/basket").text)
    answer = order(cast)
    assert answer.status_code == 303
    shown = words(cast.of("asha").get(answer.headers["Location"]).text)
    assert "Your order is placed." in shown
    assert "Together 21.50 EUR" in shown
    assert "Your basket is empty" in words(cast.of("asha").get("/basket").text)
    assert "Corner Pharmacy · 21.50 EUR" in words(cast.of("asha").get("/orders").text)


def test_packs_in_the_basket_are_changed_and_taken_out(cast: Cast) -> None:
    put(cast)
    path = f"/basket/{cast.ids['calmadol']}/packs"
    assert cast.of("asha").post(path, {"packs": "3"}).status_code == 303
    assert goods(cast) == "1350"
    wrong = cast.of("asha").post(path, {"packs": "many"})
    assert (wrong.status_code, 'value="many"' in wrong.text) == (422, True)
    assert cast.of("asha").post(path, {"packs": "101"}).status_code == 409
    cast.of("asha").post(path, {"packs": "0"})
    assert "Your basket is empty" in cast.of("asha").get("/basket").text


def test_one_form_sent_24_times_at_once_is_one_order(cast: Cast) -> None:
    put(cast)
    asha, before = cast.of("asha"), cast.rows("SELECT COUNT(*) AS n FROM pharmacy_order")[0].n
    cookie = asha.client.get_cookie("remedy", domain="localhost")
    form = {
        "csrf_token": asha.token(), "nonce": "sent-24-times", "way": "pickup", "payment": "cash",
        "goods": goods(cast),
    }  # fmt: skip

    def send(_number: int) -> tuple[int, str]:
        client = cast.app.test_client()
        client.set_cookie("remedy", cookie.value, domain="localhost")
        answer = client.post("/basket/order", data=form)
        return answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(24)))
    assert len(answers) == 1
    assert answers.pop()[0] == 303
    assert cast.rows("SELECT COUNT(*) AS n FROM pharmacy_order")[0].n == before + 1


def test_what_is_not_there_is_said_line_by_line_and_told_as_demand(cast: Cast) -> None:
    put(cast)
    put(cast, "rare", "50")
    before = cast.told("stock-movements")
    answer = order(cast)
    assert answer.status_code == 409
    shown = words(answer.text)
    assert "nothing was ordered" in shown
    assert re.search(r"There now of Unobtan[^:]*: [0-9.]+\.", shown)
    assert "Calmadol (paracetamol), 500 mg, tablet, 20 tablets: " not in shown
    told = cast.told("stock-movements")[len(before) :]
    assert told == ["remedy.stock-movements.refused.v1"]
    # The basket is as it was.
    assert "Unobtan" in words(cast.of("asha").get("/basket").text)


def test_a_price_that_changed_meanwhile_is_shown_first(cast: Cast) -> None:
    put(cast)
    answer = order(cast, goods="449")
    assert answer.status_code == 409
    assert "A price changed since you looked" in words(answer.text)


def test_a_medicine_on_prescription_is_ordered_only_with_an_accepted_one(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        service.set_price(
            connection, cast.ids["corner"], cast.ids["amoxil"], 700, "EUR", clock=cast.watch
        )
    put(cast, "amoxil")
    assert "Needs an accepted prescription" in words(cast.of("asha").get("/basket").text)
    answer = order(cast)
    assert answer.status_code == 422
    assert re.search(
        r"Bactonil.* needs a prescription that a pharmacist has accepted", words(answer.text)
    )
    assert f"/prescriptions/new/{cast.ids['corner']}?medicine={cast.ids['amoxil']}" in answer.text


def test_controlled_medicines_have_no_button_and_no_way_around_it(cast: Cast) -> None:
    assert "/basket/" not in cast.of("asha").get(f"/medicines/{cast.ids['strong']}").text
    answer = put(cast, "strong")
    assert (answer.status_code, "controlled medicine" in answer.text) == (409, True)


def test_an_order_is_brought_to_the_address_of_the_account(cast: Cast) -> None:
    here = parts_of(cast.app)
    put(cast)
    assert "tell us your address first" in words(cast.of("asha").get("/basket").text)
    assert order(cast, "delivery").status_code == 409
    with cast.engine.begin() as connection:
        told = own.details(connection, here.vault, cast.ids["asha"])
        own.change_details(
            connection, here.vault, cast.ids["asha"], name=told["name"], phone="+39 06 5550 102",
            birth_date="", address="7 Quay Street",
        )  # fmt: skip
    order_id = an_order(cast, way="delivery")
    assert "7 Quay Street" in cast.of("asha").get(f"/orders/{order_id}").text
    assert "7 Quay Street" in cast.of("chitra").get(f"/pharmacy/orders/{order_id}").text
    assert "8.40 EUR" in cast.of("asha").get(f"/orders/{order_id}").text
    for to in ("picking", "out", "delivered"):
        assert step(cast, order_id, to).status_code == 303
    shown = words(cast.of("chitra").get(f"/pharmacy/orders/{order_id}").text)
    assert "Delivered" in shown
    # What is over is nobody's business any more.
    assert "7 Quay Street" not in shown


def test_an_order_is_picked_made_ready_and_handed_out_by_its_code(cast: Cast) -> None:
    order_id = an_order(cast)
    chitra, code = cast.of("chitra"), codes.grouped(codes.code_of(SECRET_KEY, order_id))
    assert code in cast.of("asha").get(f"/orders/{order_id}").text
    reference = order_id.hex[-8:].upper()
    queue = chitra.get("/pharmacy/orders").text
    assert f"{reference[:4]}-{reference[4:]}" in queue
    assert code not in queue
    early = chitra.post("/pharmacy/holds", {"code": code})
    assert (early.status_code, "is not ready yet" in early.text) == (409, True)
    page = words(chitra.get(f"/pharmacy/orders/{order_id}").text)
    assert "1 of lot LOT-chitra" in page
    assert step(cast, order_id, "picking").status_code == 303
    assert step(cast, order_id, "ready").status_code == 303
    shown = chitra.post("/pharmacy/holds", {"code": code})
    assert "To pay at the counter: 4.50 EUR" in words(shown.text)
    done = chitra.post("/pharmacy/holds/hand-out", {"code": code})
    assert done.headers["Location"] == "/pharmacy/holds?done=handed-out"
    assert state(cast, order_id)[0] == "collected"
    again = chitra.post("/pharmacy/holds/hand-out", {"code": code})
    assert (again.status_code, "handed out already" in again.text) == (409, True)
    assert "Collected" in words(cast.of("asha").get(f"/orders/{order_id}").text)


def test_a_page_of_an_order_follows_it_and_a_mail_is_sent(cast: Cast) -> None:
    order_id = an_order(cast)
    asha = cast.of("asha")
    seen = re.search(r'name="seen" value="([^"]+)"', asha.get(f"/orders/{order_id}").text).group(1)
    assert asha.get(f"/orders/{order_id}/state?seen={seen}").status_code == 204
    queue = cast.of("chitra").get("/pharmacy/orders").text
    drawn = re.search(r'id="queue-seen" name="seen" value="([^"]+)"', queue).group(1)
    assert cast.of("chitra").get(f"/pharmacy/orders/waiting?seen={drawn}").status_code == 204
    step(cast, order_id, "picking")
    news = asha.get(f"/orders/{order_id}/state?seen={seen}")
    assert (news.status_code, "There is news of your order." in news.text) == (200, True)
    assert cast.of("chitra").get(f"/pharmacy/orders/waiting?seen={drawn}").status_code == 200
    step(cast, order_id, "ready")
    postman.of(cast.app).look()
    to, subject, text = cast.posted[-1]
    assert (to, subject) == (cast.emails["asha"], "Your order is ready")
    assert f"/orders/{order_id}" in text
    assert "Calmadol" not in text


def test_an_order_says_that_its_pharmacy_is_suspended_and_shows_no_code(cast: Cast) -> None:
    order_id = an_order(cast)
    asha, code = cast.of("asha"), codes.grouped(codes.code_of(SECRET_KEY, order_id))
    address, warning = f"/orders/{order_id}", "Do not go there: this pharmacy is suspended"
    seen = re.search(r'name="seen" value="([^"]+)"', asha.get(address).text).group(1)
    suspend = {"decision": "suspend", "reason": "The register says the licence ended."}
    admin = f"/admin/pharmacies/{cast.ids['corner']}"
    assert cast.of("farah").post(admin, suspend).status_code == 303
    try:
        page = asha.get(address).text
        assert (warning in page, code in page, "Cancel this order" in page) == (True, False, True)
        assert f'href="/pharmacies/{cast.ids["corner"]}"' not in page
        assert warning in asha.get("/orders").text
        assert asha.get(f"{address}/state?seen={seen}").status_code == 200
    finally:
        cast.of("farah").post(admin, {**suspend, "decision": "reinstate"})
        postman.of(cast.app).look()
    page = asha.get(address).text
    assert (warning in page, code in page) == (False, True)
    assert warning not in asha.get("/orders").text


def test_an_order_says_which_packs_were_withdrawn(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        line = Line("received", cast.ids["calmadol"], 5000, cast.watch())
        service.record_movement(connection, cast.ids["corner"], line, clock=cast.watch)
    order_id = an_order(cast)
    asha, code = cast.of("asha"), codes.grouped(codes.code_of(SECRET_KEY, order_id))
    step(cast, order_id, "picking")
    step(cast, order_id, "ready")
    chitra = cast.of("chitra")
    queue = chitra.get("/pharmacy/orders").text
    drawn = re.search(r'id="queue-seen" name="seen" value="([^"]+)"', queue).group(1)
    with cast.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE stock_hold h JOIN pharmacy_order o ON o.id = h.order_id"
                " SET h.state = 'withdrawn' WHERE o.public_id = :order_id"
            ),
            {"order_id": order_id.bytes},
        )
    page = asha.get(f"/orders/{order_id}").text
    assert "packs were withdrawn" in page
    assert (code in page, f'href="/medicines/{cast.ids["calmadol"]}"' in page) == (False, True)
    assert "Ready to be collected" not in page
    assert "packs were withdrawn" in asha.get("/orders").text
    news = chitra.get(f"/pharmacy/orders/waiting?seen={drawn}")
    assert (news.status_code, "Packs were withdrawn" in news.text) == (200, True)
    page = words(chitra.get(f"/pharmacy/orders/{order_id}").text)
    assert ("may not be handed out any more" in page, "Hand out by code" in page) == (True, False)
    shown = chitra.post("/pharmacy/holds", {"code": code})
    assert (shown.status_code, "were withdrawn, so it cannot" in shown.text) == (409, True)
    told = {"version": state(cast, order_id)[1], "reason": "The maker recalled it."}
    assert chitra.post(f"/pharmacy/orders/{order_id}/cancel", told).status_code == 303
    assert "packs were withdrawn" not in asha.get(f"/orders/{order_id}").text


def test_of_two_pharmacists_one_reads_who_was_faster(cast: Cast) -> None:
    order_id = an_order(cast)
    assert step(cast, order_id, "picking", version=1).status_code == 303
    late = step(cast, order_id, "picking", version=1)
    assert late.status_code == 409
    assert "began to pick this order" in words(late.text)


def test_a_patient_cancels_until_picked_and_a_pharmacy_with_a_reason(cast: Cast) -> None:
    first, second = an_order(cast), an_order(cast)
    asha, chitra = cast.of("asha"), cast.of("chitra")
    assert asha.post(f"/orders/{first}/cancel").status_code == 303
    assert "Cancelled by you" in words(asha.get(f"/orders/{first}").text)
    step(cast, second, "picking")
    late = asha.post(f"/orders/{second}/cancel")
    assert (late.status_code, "has begun to pick" in late.text) == (409, True)
    path, told = f"/pharmacy/orders/{second}/cancel", {"version": state(cast, second)[1]}
    silent = chitra.post(path, {**told, "reason": ""})
    assert (silent.status_code, state(cast, second)[0]) == (422, "picking")
    assert chitra.post(path, {**told, "reason": "<b>Broken</b> box."}).status_code == 303
    shown = asha.get(f"/orders/{second}").text
    assert "&lt;b&gt;Broken&lt;/b&gt; box." in shown
    postman.of(cast.app).look()
    assert cast.posted[-1][1] == "Your order is cancelled"


def test_ben_cannot_see_ashas_order_nor_dev_chitras(cast: Cast) -> None:
    order_id = an_order(cast)
    for who, path in (
        ("ben", "/orders/{}"),
        ("ben", "/orders/{}/state"),
        ("dev", "/pharmacy/orders/{}"),
    ):
        assert cast.of(who).get(path.format(order_id)).status_code == 404
    assert cast.of("ben").post(f"/orders/{order_id}/cancel").status_code == 404
    assert step(cast, order_id, "picking", who="dev").status_code == 404
    assert str(order_id) not in cast.of("dev").get("/pharmacy/orders").text
    assert state(cast, order_id) == ("placed", 1)


def test_an_empty_basket_and_a_full_one(cast: Cast) -> None:
    assert order_of_nothing(cast).status_code == 409
    with cast.engine.begin() as connection:
        found = baskets.basket_of(connection, cast.ids["asha"], now=cast.watch())
    assert found is None


def order_of_nothing(cast: Cast):
    return cast.of("asha").post("/basket/order", {"way": "pickup", "payment": "cash", "goods": "0"})
