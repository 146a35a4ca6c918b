"""Paying online, with the provider that we ship as a real server: told and given back once, however often it is said."""

import argparse
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.commands.service import run_payment_desk
from remedy.orders import payments, queries, service
from remedy.orders.model import AlreadyChanged
from remedy.orders.paper_money import PaperMoney
from remedy.orders.payments import NotTaken
from remedy.orders.provider import HEADER, HttpProvider, signed
from remedy.values import uuid7
from tests.factories import Watch
from tests.integration.portal_cast import Cast, a_cast, settings_for
from tests.integration.serving import served
from web_portal.orders import cashier

KEY = "a key shared with the test provider"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperMoney]:
    server = PaperMoney(0, tmp_path_factory.mktemp("money"), KEY, clock=Watch())
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine, desk: PaperMoney) -> Iterator[Cast]:
    """The portal behind a real port, so that the provider can tell it."""
    made = a_cast(database_url, database, payment_url=desk.url, payment_key=KEY)
    with served(made.app) as address:
        cashier.of(made.app).provider = HttpProvider(
            desk.url, KEY, f"{address}{cashier.WEBHOOK}", clock=made.watch
        )
        yield made


def an_order(cast: Cast) -> UUID:
    asha = cast.of("asha")
    asha.post(
        f"/basket/{cast.ids['calmadol']}", {"pharmacy_id": str(cast.ids["corner"]), "packs": "1"}
    )
    told = {"way": "pickup", "payment": "online", "goods": "450"}
    answer = asha.post("/basket/order", told)
    assert answer.status_code == 303, answer.text
    return UUID(re.search(r"/orders/([0-9a-f-]{36})", answer.headers["Location"]).group(1))


def paid(cast: Cast, order_id: UUID) -> str:
    with cast.engine.connect() as connection:
        found = queries.order(connection, order_id)
    assert found is not None
    return found.paid


def payment_of(cast: Cast, order_id: UUID) -> sa.Row:
    return cast.rows(
        "SELECT y.* FROM order_payment y JOIN pharmacy_order o ON o.id = y.order_id"
        " WHERE o.public_id = :id",
        id=order_id.bytes,
    )[0]


def pay(cast: Cast, order_id: UUID) -> str:
    """What a patient does at the provider's page; where it sends them afterwards."""
    request = urllib.request.Request(payment_of(cast, order_id).address, b"", method="POST")
    with urllib.request.build_opener(_StayHere).open(request) as answer:
        return str(answer.headers["Location"])


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None

    def http_error_303(self, _req, fp, _code, _msg, _headers):
        return fp


def told(cast: Cast, body: dict[str, object], *, header: str | None = None) -> int:
    content = json.dumps(body).encode()
    given = header if header is not None else signed(KEY, content, cast.watch())
    answer = cast.app.test_client().post(
        "/payments/told", data=content, headers={HEADER: given}, content_type="application/json"
    )
    return answer.status_code


def word(cast: Cast, order_id: UUID, **differs: object) -> dict[str, object]:
    row = payment_of(cast, order_id)
    return {
        "id": str(UUID(bytes=bytes(row.public_id))), "state": "paid",
        "amount_minor": row.amount_minor, "currency": row.currency, **differs,
    }  # fmt: skip


def step(cast: Cast, order_id: UUID, to: str) -> None:
    with cast.engine.begin() as connection:
        found = queries.order(connection, order_id)
        assert found is not None
        service.step(
            connection, order_id, to, pharmacy_id=cast.ids["corner"], version=found.version,
            account_id=cast.ids["chitra_account"], clock=cast.watch,
        )  # fmt: skip


def test_an_order_is_paid_at_the_provider_and_then_picked(cast: Cast) -> None:
    order_id = an_order(cast)
    page = cast.of("asha").get(f"/orders/{order_id}").text
    assert "Waiting for your payment" in page
    assert payment_of(cast, order_id).address in page
    with pytest.raises(AlreadyChanged, match="not paid yet"):
        step(cast, order_id, "picking")
    assert pay(cast, order_id).endswith(f"/orders/{order_id}")
    assert paid(cast, order_id) == "paid"
    assert "Paid online" in cast.of("asha").get(f"/orders/{order_id}").text
    step(cast, order_id, "picking")
    step(cast, order_id, "ready")


def test_told_many_times_it_is_paid_once(cast: Cast) -> None:
    order_id = an_order(cast)
    for _ in range(5):
        assert told(cast, word(cast, order_id)) == 200
    pay(cast, order_id)
    pay(cast, order_id)
    mine = [
        row
        for row in cast.rows("SELECT payload FROM outbox WHERE type = 'remedy.orders.paid.v1'")
        if str(order_id) in row.payload
    ]
    assert len(mine) == 1


def test_what_is_not_the_providers_word_is_not_believed(cast: Cast) -> None:
    order_id = an_order(cast)
    body = word(cast, order_id)
    content = json.dumps(body).encode()
    old = signed(KEY, content, cast.watch().replace(hour=7, minute=0))
    for header in ("", "t=1,v1=00", signed("another key", content, cast.watch()), old):
        assert told(cast, body, header=header) == 401
    assert told(cast, word(cast, order_id, amount_minor=1)) == 422
    assert told(cast, word(cast, order_id, currency="USD")) == 422
    assert told(cast, word(cast, order_id, id=str(uuid7()))) == 422
    assert told(cast, word(cast, order_id, state="failed")) == 422
    assert told(cast, {"id": "none"}) == 400
    # Believed as little, and no error of ours: a number for an id, an amount that is no whole number.
    assert told(cast, word(cast, order_id, id=7)) == 400
    for amount in (450.0, 450.9, float("inf"), "450", True):
        assert told(cast, word(cast, order_id, amount_minor=amount)) == 400
    assert paid(cast, order_id) == "waiting"


def test_what_was_paid_is_given_back_once_when_the_order_is_cancelled(cast: Cast) -> None:
    order_id = an_order(cast)
    pay(cast, order_id)
    assert cast.of("asha").post(f"/orders/{order_id}/cancel").status_code == 303
    assert paid(cast, order_id) == "refunding"
    assert cashier.of(cast.app).look() == 1
    assert paid(cast, order_id) == "refunded"
    assert cashier.of(cast.app).look() == 0
    assert "Paid online and given back" in cast.of("asha").get(f"/orders/{order_id}").text
    assert cast.told("orders")[-1] == "remedy.orders.refunded.v1"


def test_an_order_waits_unpaid_for_some_minutes_and_late_money_goes_back(cast: Cast) -> None:
    order_id = an_order(cast)
    cast.watch.wait(minutes=20)
    try:
        with cast.engine.begin() as connection:
            assert order_id in service.due(connection, now=cast.watch(), limit=1000)
        with cast.engine.begin() as connection:
            assert service.expire_one(connection, order_id, clock=cast.watch)
        with cast.engine.connect() as connection:
            found = queries.order(connection, order_id)
        assert found is not None
        assert (found.state, found.ended_by, found.paid) == ("cancelled", "unpaid", "ended")
        # The patient pays at the provider's page all the same.
        assert told(cast, word(cast, order_id)) == 200
        assert paid(cast, order_id) == "refunding"
    finally:
        cast.watch.wait(minutes=-20)


def test_a_refund_that_fails_stays_owed_and_is_tried_later(cast: Cast, tmp_path: Path) -> None:
    order_id = an_order(cast)
    pay(cast, order_id)
    cast.of("asha").post(f"/orders/{order_id}/cancel")
    at, found = cashier.of(cast.app), cashier.of(cast.app).provider
    at.provider = HttpProvider("http://127.0.0.1:1", KEY, "http://127.0.0.1:1", clock=cast.watch)
    try:
        assert at.look() == 0
        assert paid(cast, order_id) == "refunding"
        assert at.look() == 0
    finally:
        at.provider = found
    cast.watch.wait(minutes=1)
    assert at.look() >= 1
    assert paid(cast, order_id) == "refunded"
    cast.watch.wait(minutes=-1)


def test_without_the_provider_the_order_stands_and_its_page_offers_to_try_again(cast: Cast) -> None:
    at, found = cashier.of(cast.app), cashier.of(cast.app).provider
    at.provider = HttpProvider("http://127.0.0.1:1", KEY, "http://127.0.0.1:1", clock=cast.watch)
    try:
        order_id = an_order(cast)
        late = cast.of("asha").post(f"/orders/{order_id}/pay")
        assert (late.status_code, "does not answer" in late.text) == (503, True)
    finally:
        at.provider = found
    assert cast.of("asha").post(f"/orders/{order_id}/pay").status_code == 303
    assert payment_of(cast, order_id).address is not None


def test_begun_twice_at_the_provider_is_one_payment(cast: Cast, desk: PaperMoney) -> None:
    provider = HttpProvider(desk.url, KEY, "http://127.0.0.1:1/none", clock=cast.watch)
    payment_id = uuid7()
    first = provider.create(payment_id, 450, "EUR", "http://localhost/orders")
    assert provider.create(payment_id, 450, "EUR", "http://localhost/orders") == first
    with pytest.raises(NotTaken, match="did not give"):
        provider.refund(payment_id, first[0])
    desk.desk.pay(first[0])
    provider.refund(payment_id, first[0])
    provider.refund(payment_id, first[0])
    with pytest.raises(NotTaken, match="401"):
        HttpProvider(desk.url, "another", "http://127.0.0.1:1", clock=cast.watch).refund(
            payment_id, first[0]
        )


def test_nothing_of_a_person_goes_to_the_provider(cast: Cast, desk: PaperMoney) -> None:
    order_id = an_order(cast)
    ref = payment_of(cast, order_id).provider_ref
    kept = json.dumps(desk.desk.payment(ref))
    assert "canary" not in kept
    assert str(cast.ids["asha"]) not in kept
    assert str(cast.ids["calmadol"]) not in kept


def test_a_signature_is_of_its_body_and_of_now(cast: Cast) -> None:
    now = cast.watch()
    header = signed(KEY, b"{}", now)
    assert payments.is_signed(KEY, header, b"{}", now=now)
    assert not payments.is_signed(KEY, header, b"{ }", now=now)
    assert not payments.is_signed("", signed("", b"{}", now), b"{}", now=now)


def test_production_refuses_the_test_provider(tmp_path: Path, capsys) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    chosen = argparse.Namespace(port=0, folder=tmp_path / "money", key_file=key)
    assert run_payment_desk(chosen, settings_for("mysql://x/y", environment="production")) == 1
    assert "production refuses it" in capsys.readouterr().err
