"""Requests are counted by room, minute and step of time; nothing that says who asked for what."""

import threading

import pytest
from flask import Blueprint, Flask, abort

from web_portal import metrics
from web_portal.metrics import STEPS_MS, Counts
from web_portal.parts import EXTENSION

MINUTE = 29_000_000


def counts() -> Counts:
    return Counts(lambda: MINUTE * 60 + 59.9)


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(0.0, 1), (0.001, 1), (0.0011, 2), (0.0421, 50), (9.9, 10_000), (7200.0, STEPS_MS[-1])],
)
def test_a_request_counts_for_the_first_step_that_is_no_shorter(seconds, step):
    here = counts()
    here.add("search", seconds, 200)
    assert here.take() == {(MINUTE, "search", step): (1, 0, 0)}


def test_refused_and_failed_are_told_apart():
    here = counts()
    for status in (200, 303, 404, 409, 500, 503):
        here.add("orders", 0.002, status)
    assert here.take() == {(MINUTE, "orders", 2): (6, 2, 2)}
    assert here.take() == {}


def test_what_could_not_be_written_is_counted_with_what_came_since():
    here = counts()
    here.add("orders", 0.002, 500)
    taken = here.take()
    here.add("orders", 0.002, 200)
    here.put_back(taken)
    assert here.take() == {(MINUTE, "orders", 2): (2, 0, 1)}


def test_no_thread_loses_anothers_request():
    here = counts()

    def add() -> None:
        for _ in range(2000):
            here.add("search", 0.001, 200)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert here.take() == {(MINUTE, "search", 1): (16_000, 0, 0)}


@pytest.fixture
def app() -> Flask:
    made = Flask("counted")
    made.extensions[EXTENSION] = object()
    metrics.init_app(made)
    room = Blueprint("search", __name__)

    def found(word: str) -> str:
        return word

    def lost() -> str:
        raise OSError("The database is away.")

    found.__module__ = lost.__module__ = "web_portal.search.routes"
    room.add_url_rule("/medicine/<word>", view_func=found)
    room.add_url_rule("/lost", view_func=lost)
    room.add_url_rule("/gone", view_func=lambda: abort(410), endpoint="gone")
    made.register_blueprint(room)
    probes = Blueprint("health", __name__)

    def alive() -> str:
        return ""

    alive.__module__ = "web_portal.health"
    probes.add_url_rule("/health", view_func=alive)
    made.register_blueprint(probes)
    return made


def rooms(app: Flask) -> dict[str, metrics.Ends]:
    return {key[1]: ends for key, ends in metrics.of(app).counts.take().items()}


def test_a_request_is_its_room_and_never_its_address(app):
    client = app.test_client()
    client.get("/medicine/asha-canary")
    client.get("/lost")
    client.get("/no/such/page")
    client.get("/health")
    taken = metrics.of(app).counts.take()
    assert "canary" not in str(taken)
    by_room: dict[str, list[int]] = {}
    for (_, room, _), ends in taken.items():
        by_room[room] = [a + b for a, b in zip(by_room.get(room, [0, 0, 0]), ends, strict=True)]
    assert by_room == {"search": [2, 0, 1], "nowhere": [1, 1, 0]}


def test_a_socket_is_not_a_request(app):
    app.test_client().get("/medicine/x", headers={"Upgrade": "websocket"})
    assert rooms(app) == {}
