"""Reading what a till sends."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from remedy.stock.model import Recorded, Refused
from web_portal.till import lines

MEDICINE = UUID(int=7)
GOOD = {
    "line_id": "r1-1",
    "kind": "sale",
    "medicine_id": str(MEDICINE),
    "quantity": "1.5",
    "occurred_at": "2026-01-31T09:30:00+01:00",
}


def error_of(**differs: object) -> str:
    told = lines.read({**GOOD, **differs}, {})
    assert told.line is None
    assert told.error.endswith(".")
    return told.error


def test_a_sale_is_read() -> None:
    told = lines.read({**GOOD, "lot_number": "L1", "expires_on": "2027-03-31"}, {})
    assert told.line is not None
    assert (told.line.kind, told.line.quantity_milli) == ("sold", 1500)
    assert told.line.occurred_at == datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
    assert told.line.expires_on == date(2027, 3, 31)


@pytest.mark.parametrize("quantity", ["2", 2, "2.000"])
def test_a_quantity_is_packs_as_text_or_number(quantity: object) -> None:
    told = lines.read({**GOOD, "quantity": quantity}, {})
    assert told.line is not None
    assert told.line.quantity_milli == 2000


@pytest.mark.parametrize(
    "quantity", ["", "two", "1e3", "1e999999", "NaN", "Infinity", "1,5", True, None, [], "9" * 40]
)
def test_what_is_no_quantity_is_refused(quantity: object) -> None:
    assert "number of packs" in error_of(quantity=quantity)


def test_finer_than_a_thousandth_is_refused() -> None:
    assert "thousandth" in error_of(quantity="0.0005")


@pytest.mark.parametrize(
    ("differs", "words"),
    [
        ({"kind": "theft"}, "'kind'"),
        ({"kind": 3}, "'kind'"),
        ({"kind": "adjustment"}, "'reason'"),
        ({"line_id": None}, "'line_id'"),
        ({"line_id": "a\x00b"}, "'line_id'"),
        ({"line_id": "\ud800"}, "'line_id'"),
        ({"occurred_at": "yesterday"}, "time"),
        ({"occurred_at": "2026-01-31T09:30:00"}, "time zone"),
        ({"medicine_id": "7"}, "'medicine_id'"),
        ({"medicine_code": "A:1"}, "either"),
        ({"expires_on": "20270331"}, "'expires_on'"),
        ({"expires_on": "2027-02-30"}, "'expires_on'"),
        ({"reason": "x" * 1_000_000}, "'reason'"),
        ({"price": 3}, "'price'"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(differs: dict[str, object], words: str) -> None:
    assert words in error_of(**differs)


@pytest.mark.parametrize("line", [None, 3, "sale", [], True])
def test_a_line_that_is_no_object_is_refused_alone(line: object) -> None:
    assert lines.read(line, {}).error == "A line must be an object."


def test_a_code_names_a_medicine() -> None:
    raw = {**GOOD, "medicine_code": "register:A:1"}
    del raw["medicine_id"]
    assert lines.codes_in([raw, 5, {"medicine_code": 5}]) == {("register", "A:1")}
    told = lines.read(raw, {("register", "A:1"): MEDICINE})
    assert told.line is not None
    assert told.line.medicine_id == MEDICINE
    assert "'medicine_code'" in lines.read(raw, {}).error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"lines": {}}',
        b'{"lines": []}',
        b"\xff\xfe{}",
        '{"lines": "é"}'.encode("latin-1"),
        b"[" * 100_000,
        b'{"lines": [' + b"1" * 5000 + b"]}",
        json.dumps({"lines": [GOOD] * 1001}).encode(),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_in_one_sentence(body: bytes) -> None:
    with pytest.raises(lines.BadRequest, match="Nothing was applied"):
        lines.lines_of(body)


def test_a_thousand_lines_are_read() -> None:
    assert len(lines.lines_of(json.dumps({"lines": [GOOD] * 1000}).encode())) == 1000


def test_the_answer_says_what_became_of_a_line() -> None:
    told = lines.read(GOOD, {})
    recorded = Recorded(MEDICINE, 9, 2500, 500)
    assert lines.answer(told, recorded) == {
        "line_id": "r1-1",
        "result": "recorded",
        "movement_id": str(MEDICINE),
        "pharmacy_seq": 9,
        "balance": "2.5",
        "uncovered": "0.5",
    }
    assert lines.answer(told, Recorded(MEDICINE, 9, 0, 0, is_repeat=True))["result"] == "repeated"
    assert lines.answer(told, Refused("No.")) == {
        "line_id": "r1-1", "result": "refused", "error": "No."
    }  # fmt: skip
