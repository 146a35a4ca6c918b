"""The till interface on a real database: what a till tells is recorded once, whatever happens on the way."""

import json
import secrets
import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from tests.integration.portal_cast import Cast, a_cast

ADDRESS = "/api/v1/stock-movements"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def a_line(cast: Cast, **differs: object) -> dict[str, object]:
    line = {
        "line_id": f"line-{secrets.token_hex(6)}",
        "kind": "sale",
        "medicine_id": str(cast.ids["calmadol"]),
        "quantity": "1",
        "occurred_at": cast.watch.now.isoformat(),
    }
    return {**line, **differs}


def tell(cast: Cast, *lines: object, key: str | None = None, **headers: str) -> TestResponse:
    return tell_body(cast, json.dumps({"lines": lines}).encode(), key=key, **headers)


def tell_body(cast: Cast, body: bytes, *, key: str | None = None, **headers: str) -> TestResponse:
    given = {
        "Authorization": f"Bearer {key or cast.keys['chitra']}",
        "Idempotency-Key": secrets.token_hex(8),
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    kept = {name: value for name, value in given.items() if value}
    return cast.app.test_client().post(ADDRESS, data=body, headers=kept)


def movements(cast: Cast) -> int:
    return int(cast.rows("SELECT COUNT(*) FROM stock_movement")[0][0])


def answers(response: TestResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.get_json()["lines"]
    return found


def test_sales_receipts_and_adjustments_are_recorded(cast: Cast) -> None:
    (before,) = answers(tell(cast, a_line(cast, kind="receipt", quantity="4")))
    told = answers(
        tell(
            cast,
            a_line(cast, quantity="1.5"),
            a_line(cast, kind="adjustment", quantity=-1, reason="broken"),
        )
    )
    assert [one["result"] for one in told] == ["recorded", "recorded"]
    assert float(told[1]["balance"]) == float(before["balance"]) - 2.5
    assert told[1]["pharmacy_seq"] == told[0]["pharmacy_seq"] + 1
    assert cast.told("stock-movements")[-2:] == [
        "remedy.stock-movements.sold.v1", "remedy.stock-movements.adjusted.v1"
    ]  # fmt: skip


def test_a_sale_of_more_than_there_is_is_a_fact_all_the_same(cast: Cast) -> None:
    (told,) = answers(tell(cast, a_line(cast, medicine_id=str(cast.ids["rare"]), quantity="3")))
    assert (told["result"], told["uncovered"], told["balance"]) == ("recorded", "3", "0")


def test_a_medicine_may_be_named_by_its_register(cast: Cast) -> None:
    line = a_line(cast, medicine_code="register:A-1")
    del line["medicine_id"]
    assert answers(tell(cast, line))[0]["result"] == "recorded"
    assert answers(tell(cast, {**line, "medicine_code": "register:?"}))[0]["result"] == "refused"


def test_the_past_is_welcome_and_the_far_future_is_not(cast: Cast) -> None:
    then = [cast.watch.now + timedelta(days=days) for days in (-4000, 2)]
    told = answers(tell(cast, *(a_line(cast, occurred_at=at.isoformat()) for at in then)))
    assert [one["result"] for one in told] == ["recorded", "refused"]
    assert "24 hours in the future" in told[1]["error"]


def test_each_line_stands_alone(cast: Cast) -> None:
    good = [a_line(cast), a_line(cast)]
    strange = [None, {}, a_line(cast, medicine_id="nonsense"), a_line(cast, quantity="-1")]
    unknown = a_line(cast, medicine_id="01900000-0000-7000-8000-000000000000")
    before = movements(cast)
    response = tell(cast, good[0], *strange, unknown, good[1])
    told = answers(response)
    assert [one["result"] for one in told] == ["recorded", *["refused"] * 5, "recorded"]
    assert all(one["error"].endswith(".") for one in told[1:6])
    assert response.get_json()["recorded"] == 2
    assert movements(cast) == before + 2


def test_a_line_told_twice_is_recorded_once(cast: Cast) -> None:
    line = a_line(cast)
    first, second = answers(tell(cast, line))[0], answers(tell(cast, line))[0]
    assert (first["result"], second["result"]) == ("recorded", "repeated")
    assert first["movement_id"] == second["movement_id"]


def test_a_line_id_is_not_used_for_two_things(cast: Cast) -> None:
    line = a_line(cast)
    tell(cast, line)
    (told,) = answers(tell(cast, {**line, "quantity": "2"}))
    assert told["result"] == "refused"
    assert "line_id" in told["error"]


def test_the_same_request_gets_the_same_answer(cast: Cast) -> None:
    body = json.dumps({"lines": [a_line(cast), {}]}).encode()
    once = secrets.token_hex(8)
    first, second = (tell_body(cast, body, Idempotency_Key=once) for _ in range(2))
    assert first.data == second.data
    assert first.get_json()["recorded"] == 1


def test_a_key_used_for_another_request_is_refused(cast: Cast) -> None:
    once = secrets.token_hex(8)
    tell(cast, a_line(cast), Idempotency_Key=once)
    before = movements(cast)
    answer = tell(cast, a_line(cast), Idempotency_Key=once)
    assert answer.status_code == 409
    assert movements(cast) == before


def test_two_tills_may_use_the_same_idempotency_key(cast: Cast) -> None:
    told = [
        answers(tell(cast, a_line(cast), key=cast.keys[who], Idempotency_Key="1"))[0]
        for who in ("chitra", "dev")
    ]
    assert [one["result"] for one in told] == ["recorded", "recorded"]


def test_the_same_request_sent_by_many_at_once_is_one(cast: Cast) -> None:
    body = json.dumps({"lines": [a_line(cast)]}).encode()
    once, before, found = secrets.token_hex(8), movements(cast), []

    def send() -> None:
        found.append(tell_body(cast, body, Idempotency_Key=once).data)

    senders = [threading.Thread(target=send) for _ in range(12)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(found) == 12
    assert len(set(found)) == 1
    assert movements(cast) == before + 1


def test_a_till_tells_of_its_own_pharmacy_only(cast: Cast) -> None:
    line = a_line(cast)
    tell(cast, line)
    (told,) = answers(tell(cast, line, key=cast.keys["dev"]))
    assert told["result"] == "recorded"
    owners = cast.rows(
        "SELECT p.name FROM stock_movement m JOIN pharmacy p ON p.id = m.pharmacy_id"
        " WHERE m.line_id = :line",
        line=str(line["line_id"]),
    )
    assert {row.name for row in owners} == {"Corner Pharmacy", "Elsewhere Pharmacy"}


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer rmd_wrong", "Basic rmd_x", "Bearer é"])
def test_without_a_key_of_ours_nothing_is_told(cast: Cast, given: str) -> None:
    before = movements(cast)
    answer = tell(cast, a_line(cast), Authorization=given)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.get_json()["error"].endswith(".")
    assert movements(cast) == before


def test_a_revoked_key_is_worth_nothing(cast: Cast) -> None:
    made = cast.of("chitra").post("/pharmacy/keys", {"label": "till 9"}).text
    key = made.split('<code class="key">')[1].split("<")[0]
    assert answers(tell(cast, a_line(cast), key=key))[0]["result"] == "recorded"
    page = cast.of("chitra").get("/pharmacy/keys").text
    assert key not in page
    revoke = page.split("till 9")[1].split('action="')[1].split('"')[0]
    assert cast.of("chitra").post(revoke).status_code == 303
    assert tell(cast, a_line(cast), key=key).status_code == 401


def test_a_signed_in_browser_is_no_till(cast: Cast) -> None:
    answer = cast.of("chitra").client.post(ADDRESS, json={"lines": [a_line(cast)]})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Idempotency_Key": ""}, 400),
        ({"Idempotency_Key": "x" * 201}, 400),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": ""}, 415),
    ],
)
def test_a_request_without_its_headers_is_refused(
    cast: Cast, headers: dict[str, str], status: int
) -> None:
    before = movements(cast)
    answer = tell(cast, a_line(cast), **headers)
    assert answer.status_code == status
    assert answer.get_json()["error"].endswith(".")
    assert movements(cast) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b'{"lines": [', 400),
        ('{"lines": ["é"]}'.encode("latin-1"), 400),
        (b"[" * 200_000, 400),
        (b'{"lines": []}', 400),
        (b'{"lines": [' + b"1," * 1000 + b"1]}", 400),
        (b" " * 1_000_001, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_one_sentence(cast: Cast, body: bytes, status: int) -> None:
    before = movements(cast)
    answer = tell_body(cast, body)
    assert answer.status_code == status
    assert answer.get_json()["error"].endswith("Nothing was applied.")
    assert movements(cast) == before


def test_a_field_of_a_megabyte_is_refused_and_stops_nothing(cast: Cast) -> None:
    told = answers(tell(cast, a_line(cast, reason="x" * 900_000), a_line(cast)))
    assert [one["result"] for one in told] == ["refused", "recorded"]


def test_a_thousand_lines_are_one_request(cast: Cast) -> None:
    before = movements(cast)
    response = tell(cast, *(a_line(cast, quantity="0.001") for _ in range(1000)))
    assert response.get_json()["recorded"] == 1000
    assert movements(cast) == before + 1000


def test_an_error_of_ours_is_json_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("web_portal.till.routes.record_movements", fail)
    before = movements(cast)
    answer = tell(cast, a_line(cast))
    assert answer.status_code == 500
    assert "broken" not in answer.text
    assert answer.get_json()["error"]
    assert movements(cast) == before
