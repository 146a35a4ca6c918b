"""What must hold over several processes: the throttle of signing in, and that a session ended is ended everywhere."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from remedy.accounts.model import FAILURES_PER_ACCOUNT
from tests.factories import PASSWORD
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.streams import await_that
from tests.integration.two_workers import Served, Visitor, two_workers

GUESSES, GUESSERS = 1000, 8


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture(scope="module")
def served(
    cast: Cast, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with two_workers(database_url, tmp_path_factory.mktemp("portal")) as running:
        yield running


def guess(port: int, email: str, guesses: int) -> Counter[str]:
    """What so many wrong passwords are answered with."""
    visitor, heard = Visitor(port), Counter[str]()
    visitor.ask("GET", "/sign-in")
    for number in range(guesses):
        if number % 10 == 0:
            # Another connection, and perhaps another worker: a thread stays with whom it answered.
            visitor.end()
        # As htmx asks: the part of the page alone, which is less to draw.
        status, text = visitor.ask(
            "POST", "/sign-in", {"email": email, "password": f"guess {number}"},
            **{"HX-Request": "true"},
        )  # fmt: skip
        assert status == 422
        is_looked_at = "is not right" in text
        assert is_looked_at or "Too many attempts" in text
        heard["looked at" if is_looked_at else "refused unseen"] += 1
    visitor.end()
    return heard


def test_a_thousand_guesses_over_two_workers_get_five_looks(cast: Cast, served: Served) -> None:
    email, each = cast.emails["asha"], GUESSES // GUESSERS
    before = served.workers()
    with ThreadPoolExecutor(GUESSERS) as pool:
        parts = list(pool.map(lambda _: guess(served.port, email, each), range(GUESSERS)))
    heard = sum(parts, Counter[str]())
    assert heard == {
        "looked at": FAILURES_PER_ACCOUNT,
        "refused unseen": GUESSES - FAILURES_PER_ACCOUNT,
    }
    # Both workers had their share, so that no memory of one can have done it.
    answered = served.workers() - before
    assert len(answered) == 2
    assert min(answered.values()) > GUESSES / 20
    visitor = Visitor(served.port)
    visitor.ask("GET", "/sign-in")
    status, text = visitor.ask("POST", "/sign-in", {"email": email, "password": PASSWORD})
    assert (status, "Too many attempts" in text) == (422, True)
    visitor.end()


def test_a_session_signed_out_on_one_worker_is_dead_on_all(cast: Cast, served: Served) -> None:
    visitor = Visitor(served.port)
    visitor.ask("GET", "/sign-in")
    told = {"email": cast.emails["ben"], "password": PASSWORD}
    assert visitor.ask("POST", "/sign-in", told)[0] == 303
    assert visitor.ask("GET", "/account")[0] == 200
    token = visitor.cookies["remedy"]
    assert visitor.ask("POST", "/sign-out", {})[0] == 303
    visitor.end()
    before, statuses = served.workers(), Counter[int]()

    def both_are_asked() -> bool:
        """After one more connection: which worker takes it is chance."""
        thief = Visitor(served.port, {"remedy": token})
        statuses[thief.ask("GET", "/account")[0]] += 1
        thief.end()
        return len(served.workers() - before) == 2

    await_that(both_are_asked)
    assert set(statuses) == {303}
