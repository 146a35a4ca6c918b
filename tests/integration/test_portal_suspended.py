"""A pharmacy nobody checked, or whose licence is withdrawn: seen nowhere, told to who waits, nothing lost."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.catalogue.pharmacies import districts, place_meant
from remedy.catalogue.queries import alternatives, medicine, offers, shelf
from remedy.orders import pickup
from remedy.stock.model import Line, Refused
from remedy.stock.service import record_movement
from remedy.stock.transfers import propose
from tests.factories import a_pharmacy
from tests.integration.portal_cast import Cast, a_cast
from web_portal import postman

REASON = "The register says the licence ended on 1 March."


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    everybody.posted.clear()
    with everybody.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM mail_owed"))
        connection.execute(
            sa.text(
                "UPDATE pharmacy SET verified_at = '2026-01-01', suspended_at = NULL,"
                " suspended_reason = NULL WHERE suspended_at IS NOT NULL"
            )
        )
    return everybody


def decide(cast: Cast, decision: str, reason: str = REASON):
    told = {"decision": decision, "reason": reason}
    return cast.of("farah").post(f"/admin/pharmacies/{cast.ids['corner']}", told)


def seen(cast: Cast) -> dict[str, bool]:
    """Where a patient or somebody signed out comes across Corner Pharmacy."""
    ids, stranger = cast.ids, cast.browser()
    name, address = "Corner Pharmacy", f"/pharmacies/{ids['corner']}"
    form = {"pharmacy_id": str(ids["corner"]), "packs": "1"}
    with cast.engine.connect() as connection:
        now = cast.watch()
        known = districts(connection)
        pages = {
            "a medicine's page": name in stranger.get(f"/medicines/{ids['calmadol']}").text,
            "a search": name in stranger.get("/?q=calmadol").text,
            "a whole prescription": name
            in stranger.get(f"/whole-prescription?item={ids['calmadol']}").text,
            "all pharmacies": name in stranger.get("/pharmacies").text,
            "the map": "Harbour" in stranger.get("/districts.json").text,
            "where to hand in a prescription": name
            in cast.of("asha").get("/prescriptions/new").text,
            "a transfer": _may_be_sent(connection, cast),
            "its own page": stranger.get(address).status_code == 200,
            "its page, to a patient": cast.of("asha").get(address).status_code == 200,
            "offers": ids["corner"]
            in {one.pharmacy_id for one in offers(connection, ids["calmadol"], now=now)},
            "its shelf": bool(shelf(connection, ids["corner"], now=now)),
            "districts": "Harbour" in known,
            "streets": place_meant(connection, "Mill Lane Harbour", known) is not None,
        }
        connection.rollback()
    held = cast.of("ben").post(f"/medicines/{ids['calmadol']}/holds", form)
    lines = {"lines": f"{ids['corner']}:{ids['calmadol']}:1000"}
    all_held = cast.of("ben").post("/whole-prescription/holds", lines)
    ordered = cast.of("ben").post(f"/basket/{ids['calmadol']}", form)
    return pages | {
        "a hold": held.status_code == 303,
        "holding all": all_held.status_code == 303,
        "a basket": ordered.status_code == 303,
    }


def _may_be_sent(connection: sa.Connection, cast: Cast) -> bool:
    """Whether another pharmacy may ask it for packs; nothing is kept of having asked."""
    with connection.begin_nested() as asked:
        try:
            propose(
                connection, cast.ids["elsewhere"], cast.ids["corner"], cast.ids["calmadol"], 1000,
                offers=False, clock=cast.watch,
            )  # fmt: skip
        except Refused:
            return False
        finally:
            asked.rollback()
    return True


def test_a_suspended_pharmacy_is_seen_nowhere_until_it_is_reinstated(cast: Cast) -> None:
    assert all(seen(cast).values())
    stock = cast.rows("SELECT * FROM stock_lot ORDER BY id")
    assert decide(cast, "suspend").status_code == 303
    assert not any(seen(cast).values()), seen(cast)
    assert cast.rows("SELECT * FROM stock_lot ORDER BY id") == stock
    assert decide(cast, "reinstate", "The licence was renewed.").status_code == 303
    assert all(seen(cast).values())


def test_an_unchecked_pharmacy_is_not_offered_as_another_brand_either(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        hidden = a_pharmacy(
            connection, name="Hidden Pharmacy", verified_at=None, address="7 Dark Row"
        )
        line = Line("received", cast.ids["rare"], 5000, cast.watch(), line_id="hidden")
        record_movement(connection, hidden, line, clock=cast.watch)
    with cast.engine.connect() as connection:
        meant = medicine(connection, cast.ids["rare"])
        assert meant is not None
        now = cast.watch()
        assert offers(connection, cast.ids["rare"], now=now) == []
        assert alternatives(connection, meant, now=now) == []
        assert place_meant(connection, "7 Dark Row", districts(connection)) is None
        with pytest.raises(Refused, match="not been checked"):
            pickup.hold(
                connection, hidden, cast.ids["rare"], 1000, patient_id=cast.ids["asha"],
                minutes=60, clock=cast.watch,
            )  # fmt: skip
    page = cast.browser().get(f"/medicines/{cast.ids['rare']}").text
    assert "Hidden Pharmacy" not in page


def test_who_has_packs_waiting_is_told_once_by_mail_and_again_when_it_is_over(cast: Cast) -> None:
    decide(cast, "suspend")
    assert postman.of(cast.app).look() == 2
    assert postman.of(cast.app).look() == 0
    told = {to: (subject, text) for to, subject, text in cast.posted}
    assert set(told) == {"asha@town.example", "ben@town.example"}
    subject, text = told["asha@town.example"]
    assert subject == "Do not go to Corner Pharmacy"
    assert "Calmadol" not in text
    cast.posted.clear()
    decide(cast, "reinstate")
    assert postman.of(cast.app).look() == 2
    assert {subject for _, subject, _ in cast.posted} == {"Corner Pharmacy is open to you again"}


def test_my_holds_say_that_the_pharmacy_is_suspended_and_what_to_do(cast: Cast) -> None:
    page = cast.of("asha").get("/holds").text
    assert "Set aside until" in page
    code = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}", page)[0]
    decide(cast, "suspend")
    page = cast.of("asha").get("/holds").text
    assert "Do not go there: this pharmacy is suspended" in page
    assert f'href="/medicines/{cast.ids["calmadol"]}"' in page
    assert ("Set aside until" in page, code in page) == (False, False)
    assert "I do not need it" in page
    decide(cast, "reinstate")
    page = cast.of("asha").get("/holds").text
    assert ("Do not go there" in page, code in page) == (False, True)


def test_a_mail_that_cannot_be_sent_stays_owed(cast: Cast) -> None:
    from remedy.messages.service import NotSent

    def fail(*_mail: str) -> None:
        raise NotSent("The mail server does not answer.")

    decide(cast, "suspend")
    man = postman.of(cast.app)
    kept, man.hand_over = man.hand_over, fail
    assert man.look() == 0
    man.hand_over = kept
    cast.watch.wait(seconds=60)
    assert man.look() == 2


def test_its_people_read_why_and_go_on_keeping_their_stock(cast: Cast) -> None:
    decide(cast, "suspend")
    for who in ("chitra", "gwen"):
        page = cast.of(who).get("/pharmacy/stock")
        assert page.status_code == 200
        assert REASON in page.text
    assert REASON not in cast.of("dev").get("/pharmacy/stock").text
    sold = {"kind": "sold", "packs": "1", "version": "0"}
    address = f"/pharmacy/stock/{cast.ids['calmadol']}/movements"
    assert cast.of("gwen").post(address, sold).status_code == 303
    till = cast.browser().client.post(
        "/api/v1/stock-movements",
        json={
            "lines": [
                {
                    "line_id": "t-1", "kind": "sale", "medicine_id": str(cast.ids["calmadol"]),
                    "quantity": "1", "occurred_at": cast.watch().isoformat(),
                }
            ]
        },
        headers={"Authorization": f"Bearer {cast.keys['chitra']}", "Idempotency-Key": "one"},
    )  # fmt: skip
    assert till.get_json()["recorded"] == 1
    decide(cast, "reinstate")
    assert REASON not in cast.of("chitra").get("/pharmacy/stock").text


def test_it_accepts_no_prescription_that_others_would_hand_out_by_and_may_refuse_it(
    cast: Cast,
) -> None:
    address = f"/pharmacy/prescriptions/{cast.ids['asha_prescription']}"
    brand = f"/pharmacy/prescriptions/{cast.ids['asha_accepted']}/lines/{cast.ids['asha_accepted_line']}/other"
    decide(cast, "suspend")
    page = cast.of("chitra").get(address).text
    told = {"version": _value(page, "version"), "seen": _value(page, "seen"), "is_read": "y"}
    answer = cast.of("chitra").post(address, {**told, "decision": "accept"})
    assert answer.status_code != 303
    assert "cannot accept prescriptions now" in answer.text
    other = {"medicine_id": str(cast.ids["rare"]), "reason": "Not there."}
    assert "cannot accept prescriptions now" in cast.of("chitra").post(brand, other).text
    assert _state(cast, "asha_prescription") == "waiting"
    refused = {**told, "decision": "refuse", "reason": "We are closed; ask another pharmacy."}
    assert cast.of("chitra").post(address, refused).status_code == 303
    decide(cast, "reinstate")


def test_nobody_is_told_to_come_for_an_order_that_it_may_not_hand_out(cast: Cast) -> None:
    asha = cast.of("asha")
    asha.post(
        f"/basket/{cast.ids['calmadol']}", {"pharmacy_id": str(cast.ids["corner"]), "packs": "1"}
    )
    placed = asha.post("/basket/order", {"way": "pickup", "payment": "cash", "goods": "450"})
    assert placed.status_code == 303
    order = placed.headers["Location"].partition("/orders/")[2][:36]
    decide(cast, "suspend")
    answer = cast.of("chitra").post(
        f"/pharmacy/orders/{order}/step", {"to": "picking", "version": "1"}
    )
    assert answer.status_code == 409
    assert "not allowed to hand anything out" in answer.text
    cancelled = cast.of("chitra").post(
        f"/pharmacy/orders/{order}/cancel", {"version": "1", "reason": "We are closed."}
    )
    assert cancelled.status_code == 303
    decide(cast, "reinstate")


def test_it_takes_no_offer_and_sends_nothing_and_what_is_on_its_way_arrives(cast: Cast) -> None:
    corner, elsewhere = cast.ids["corner"], cast.ids["elsewhere"]

    def offered() -> UUID:
        with cast.engine.begin() as connection:
            return propose(
                connection, corner, elsewhere, cast.ids["calmadol"], 1000, offers=True,
                clock=cast.watch,
            )  # fmt: skip

    def step(who: str, transfer: UUID, name: str, **told: str):
        return cast.of(who).post(f"/pharmacy/transfers/{transfer}", {"step": name, **told})

    first, second, third = offered(), offered(), offered()
    for one in (first, second):
        assert step("dev", one, "agree").status_code == 303
    assert step("chitra", first, "send").status_code == 303
    decide(cast, "suspend")
    for who, transfer, name in (("chitra", second, "send"), ("dev", third, "agree")):
        answer = step(who, transfer, name)
        assert answer.status_code == 422
        assert "one of the two has not" in answer.text
    assert step("dev", first, "receive", **{"arrived-0": "1"}).status_code == 303
    decide(cast, "reinstate")


def _value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return found.group(1)


def _state(cast: Cast, name: str) -> str:
    rows = cast.rows(
        "SELECT state FROM prescription WHERE public_id = :id", id=cast.ids[name].bytes
    )
    return str(rows[0].state)


def test_of_two_admins_who_suspend_one_reads_that_it_was_done(cast: Cast) -> None:
    assert decide(cast, "suspend").status_code == 303
    again = decide(cast, "suspend", "Another reason.")
    assert again.status_code == 409
    assert "suspended already" in again.text
    assert REASON in again.text


def test_a_decision_needs_its_reason(cast: Cast) -> None:
    for reason in ("", "x" * 501):
        answer = decide(cast, "suspend", reason)
        assert answer.status_code == 422
        assert "<title>Error: " in answer.text
    assert all(seen(cast).values())


def test_an_admin_finds_a_pharmacy_by_its_name(cast: Cast) -> None:
    page = cast.of("farah").get("/admin/pharmacies?q=corn").text
    assert "Corner Pharmacy" in page
    assert "Elsewhere Pharmacy" not in page
    assert "No pharmacy is called that." in cast.of("farah").get("/admin/pharmacies?q=%25").text
