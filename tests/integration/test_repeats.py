"""A click that is safe to repeat, on a real database: also fifty at once, and after a failure."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import sqlalchemy as sa

from remedy.accounts import repeats, service
from remedy.accounts.model import Refused
from remedy.gateways.mysql import in_transaction
from tests.factories import Watch

pytestmark = pytest.mark.integration


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_the_same_key_and_body_get_the_same_answer_and_another_body_none(
    database: sa.Engine, watch: Watch
) -> None:
    done: list[int] = []

    def click(body: bytes) -> repeats.Answer:
        def work() -> repeats.Answer:
            done.append(1)
            return 201, f"order {len(done)}"

        return in_transaction(
            database,
            lambda c: repeats.answer_once(
                c, scope="asha", route="/orders", key=key, body=body, work=work, clock=watch
            ),
        )

    key = uuid4().hex
    assert click(b"two packs") == (201, "order 1")
    assert click(b"two packs") == (201, "order 1")
    with pytest.raises(repeats.DifferentBody):
        click(b"three packs")
    assert len(done) == 1


def test_fifty_clicks_at_once_are_one_change(database: sa.Engine, watch: Watch) -> None:
    done: list[int] = []
    key, together = uuid4().hex, threading.Barrier(10)

    def work() -> repeats.Answer:
        done.append(1)
        return 201, "order"

    def click(turn: int) -> repeats.Answer:
        if turn < 10:
            together.wait()
        return in_transaction(
            database,
            lambda c: repeats.answer_once(
                c, scope="asha", route="/orders", key=key, body=b"x", work=work, clock=watch
            ),
        )

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(click, range(50)))
    assert answers == [(201, "order")] * 50
    assert len(done) == 1


def test_when_the_work_fails_the_next_click_does_it(database: sa.Engine, watch: Watch) -> None:
    key = uuid4().hex

    def click(work: object) -> repeats.Answer:
        return in_transaction(
            database,
            lambda c: repeats.answer_once(
                c,
                scope="a",
                route="/r",
                key=key,
                body=b"x",
                work=work,
                clock=watch,  # type: ignore[arg-type]
            ),
        )

    def fails() -> repeats.Answer:
        raise Refused("Not today.")

    with pytest.raises(Refused, match="Not today"):
        click(fails)
    assert click(lambda: (200, "done")) == (200, "done")


def test_after_thirty_days_the_answer_is_forgotten(database: sa.Engine, watch: Watch) -> None:
    key = uuid4().hex

    def answer(text: str) -> repeats.Answer:
        return in_transaction(
            database,
            lambda c: repeats.answer_once(
                c, scope="a", route="/r", key=key, body=b"x", work=lambda: (200, text), clock=watch
            ),
        )

    assert answer("first") == (200, "first")
    watch.wait(days=29)
    in_transaction(database, lambda c: service.forget_old(c, clock=watch))
    assert answer("second") == (200, "first")
    watch.wait(days=2)
    in_transaction(database, lambda c: service.forget_old(c, clock=watch))
    assert answer("third") == (200, "third")
