"""The live socket through a real server, while Kafka is away: who may listen, what arrives, when it ends."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from simple_websocket import Client, ConnectionClosed, ConnectionError

from remedy.events.base import Envelope
from remedy.stock import service as stock
from remedy.stock.model import Line
from tests.integration.portal_cast import CANARY, Cast, a_cast
from tests.integration.serving import served
from web_portal import live
from web_portal.parts import parts_of
from web_portal.screens import ENDED

WITHIN_SECONDS = 60
"""Far longer than it takes: only a screen that is never told waits it out."""


class Silence:
    """The tail of a broker that is away: nothing comes."""

    def __init__(self) -> None:
        self._never = threading.Event()

    def read(self, seconds: float) -> list[Envelope]:
        self._never.wait(seconds)
        return []

    def close(self) -> None:
        """Nothing was opened."""


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    made = a_cast(database_url, database)
    made.app.extensions[live.EXTENSION] = live.Hub(parts_of(made.app), make_tail=Silence)
    return made


@pytest.fixture(scope="module")
def server(cast: Cast) -> Iterator[str]:
    with served(cast.app) as address:
        yield address


def token_of(cast: Cast, who: str) -> str:
    cookie = cast.of(who).client.get_cookie("remedy", domain="localhost")
    assert cookie is not None
    return cookie.value


def counter(cast: Cast, pharmacy: str = "corner") -> int:
    found = cast.rows(
        "SELECT pharmacy_seq FROM pharmacy WHERE public_id = :p", p=cast.ids[pharmacy].bytes
    )
    return int(found[0].pharmacy_seq)


class Listener(Client):
    """A client that closes its socket also where the server ended or refused the talk."""

    def __init__(self, *told: Any, **named: Any) -> None:
        try:
            super().__init__(*told, **named)
        except ConnectionError:
            self.sock.close()
            raise

    def end(self) -> None:
        with suppress(ConnectionClosed):
            self.close()
        self.thread.join()
        self.sock.close()


def socket_of(server: str) -> str:
    return server.replace("http:", "ws:") + "/live"


def connect(
    cast: Cast, server: str, who: str | None, *, after: object = 0, origin: str = ""
) -> Listener:
    # This client leaves the port out of its Host header; a browser's origin has what its host has.
    headers = {"Origin": origin or "http://127.0.0.1"}
    if who:
        headers["Cookie"] = f"remedy={token_of(cast, who)}"
    return Listener(f"{socket_of(server)}?after={after}", headers=headers)


def hear(screen: Listener) -> Any:
    message = screen.receive(timeout=WITHIN_SECONDS)
    assert message is not None, "Nothing was told."
    return json.loads(message)


def hear_rows(screen: Listener) -> Any:
    """What changed; that nothing did is passed over."""
    while not (told := hear(screen))["rows"]:
        pass
    return told["rows"]


def hear_until_the_end(screen: Listener) -> None:
    while True:
        hear(screen)


def sell(cast: Cast, pharmacy: str = "corner") -> int:
    """A sale through the core; the pharmacy's counter afterwards."""
    line = Line("sold", cast.ids["calmadol"], 1000, cast.watch())
    with cast.engine.begin() as connection:
        recorded = stock.record_movement(connection, cast.ids[pharmacy], line, clock=cast.watch)
    return recorded.pharmacy_seq


def test_a_screen_catches_up_and_then_follows(cast: Cast, server: str) -> None:
    drawn_at = counter(cast)
    missed = sell(cast)
    screen = connect(cast, server, "chitra", after=drawn_at)
    first = hear(screen)
    assert [row["seq"] for row in first["rows"]] == [missed]
    sold = sell(cast)
    assert [row["seq"] for row in hear_rows(screen)] == [sold]
    screen.end()


def test_another_pharmacys_changes_never_arrive(cast: Cast, server: str) -> None:
    corner = connect(cast, server, "chitra", after=counter(cast))
    elsewhere = connect(cast, server, "dev", after=counter(cast, "elsewhere"))
    assert (hear(corner)["rows"], hear(elsewhere)["rows"]) == ([], [])
    sold_elsewhere = sell(cast, "elsewhere")
    assert [row["seq"] for row in hear_rows(elsewhere)] == [sold_elsewhere]
    # What Chitra hears next is her own sale, and nothing came before it.
    sold = sell(cast)
    assert [row["seq"] for row in hear_rows(corner)] == [sold]
    corner.end()
    elsewhere.end()


@pytest.mark.parametrize(
    ("who", "after", "origin"),
    [
        ("chitra", 0, "https://evil.example"),
        ("chitra", 0, "null"),
        ("chitra", 0, "http://127.0.0.1:1"),
        ("chitra", "x", ""),
        ("chitra", -1, ""),
        ("chitra", "", ""),
        ("asha", 0, ""),
        ("farah", 0, ""),
        (None, 0, ""),
    ],
)
def test_who_may_not_listen_is_refused_before_the_handshake(
    cast: Cast, server: str, who: str | None, after: object, origin: str
) -> None:
    with pytest.raises(ConnectionError) as refused:
        connect(cast, server, who, after=after, origin=origin)
    assert refused.value.status_code in {400, 401, 404}


def test_a_page_that_talks_is_cut_off(cast: Cast, server: str) -> None:
    screen = connect(cast, server, "chitra", after=counter(cast))
    hear(screen)
    screen.send("hello")
    sell(cast)
    # The sale may be told before the talking is noticed; nothing comes after that.
    with pytest.raises(ConnectionClosed):
        hear_until_the_end(screen)
    screen.end()


def test_a_session_that_ends_closes_its_screens(cast: Cast, server: str) -> None:
    screen = connect(cast, server, "dev", after=counter(cast, "elsewhere"))
    hear(screen)
    cast.of("dev").post("/sign-out")
    cast._browsers.pop("dev")
    with pytest.raises(ConnectionClosed) as closed:
        hear_until_the_end(screen)
    assert closed.value.reason == ENDED
    screen.end()


def test_a_cookie_replayed_after_signing_out_opens_no_screen(cast: Cast, server: str) -> None:
    drawn_at, token = counter(cast, "elsewhere"), token_of(cast, "dev")
    cast.of("dev").post("/sign-out")
    cast._browsers.pop("dev")
    with pytest.raises(ConnectionError) as refused:
        Listener(
            f"{socket_of(server)}?after={drawn_at}",
            headers={"Origin": "http://127.0.0.1", "Cookie": f"remedy={token}"},
        )
    assert refused.value.status_code == 401


def test_what_a_screen_is_told_names_nobody(cast: Cast, server: str) -> None:
    screen = connect(cast, server, "chitra", after=0)
    first = hear(screen)
    assert len(first["rows"]) == 2
    assert not CANARY.search(json.dumps(first))
    screen.end()


def test_listening_keeps_no_session_awake_and_holds_no_connection(cast: Cast, server: str) -> None:
    screen = connect(cast, server, "chitra", after=counter(cast))
    hear(screen)
    digest = hashlib.sha256(token_of(cast, "chitra").encode()).digest()
    before = cast.rows("SELECT last_seen_at FROM session WHERE token_sha256 = :d", d=digest)
    hub: live.Hub = cast.app.extensions[live.EXTENSION]
    hub.look_after()
    after = cast.rows("SELECT last_seen_at FROM session WHERE token_sha256 = :d", d=digest)
    assert before == after
    assert parts_of(cast.app).engine.pool.checkedout() <= 1
    screen.end()


def test_nobody_reads_kafka_any_more_for_a_server_that_ended(cast: Cast) -> None:
    with served(cast.app) as address:
        screen = connect(cast, address, "chitra", after=counter(cast))
        hear(screen)
        assert "live" in {thread.name for thread in threading.enumerate()}
        screen.end()
    assert "live" not in {thread.name for thread in threading.enumerate()}
