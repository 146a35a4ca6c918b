"""Which rows the relay may mark when some of them were not delivered."""

from types import SimpleNamespace
from typing import Any

from remedy.gateways.kafka import Failure
from remedy.pipeline.relay import delivered_rows


def row(id_: int, key: str | None, topic: str = "stock-movements") -> Any:
    return SimpleNamespace(id=id_, aggregatetype=topic, aggregateid=key, event_id=f"event {id_}")


def test_all_are_marked_when_all_were_delivered() -> None:
    assert delivered_rows([row(1, "a"), row(2, "b")], []) == [1, 2]


def test_after_a_failed_delivery_the_keys_later_rows_wait_and_others_do_not() -> None:
    rows = [row(1, "a"), row(2, "b"), row(3, "a"), row(4, "b"), row(5, "a", topic="orders")]
    assert delivered_rows(rows, [Failure(1, "timed out")]) == [1, 3, 5]


def test_rows_without_a_key_stand_for_themselves() -> None:
    rows = [row(1, None), row(2, None), row(3, None)]
    assert delivered_rows(rows, [Failure(0, "timed out")]) == [2, 3]
