"""Who is told what over the live socket, without a socket."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from remedy.events.base import Envelope
from remedy.stock.model import StockRow
from tests.unit.web_portal.settings import an_app
from web_portal import live
from web_portal.live import Hub, Screen
from web_portal.parts import parts_of

CORNER, ELSEWHERE = uuid4(), uuid4()
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def a_row(seq: int, available_milli: int = 1000) -> StockRow:
    return StockRow(
        uuid4(), uuid4(), "paracetamol", None, None, None, None, None, 2000, 1000, available_milli,
        1, seq, NOW, None, None,
    )  # fmt: skip


class Link:
    """A connection that remembers what it was sent."""

    def __init__(self, said: Iterable[str] = ()) -> None:
        self.connected, self.sock = True, self
        self.sent: list[str] = []
        self.closed_with: int | None = None
        self.said = list(said)

    def send(self, data: str) -> None:
        self.sent.append(data)

    def receive(self, timeout: float | None = None) -> str | None:
        return self.said.pop(0) if self.said else None

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        self.connected, self.closed_with = False, reason

    def shutdown(self, how: int) -> None:
        self.connected = False


class Ledger:
    """The rows of each pharmacy, and a hub over them that reads no Kafka."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: dict[UUID, list[StockRow]] = {CORNER: [], ELSEWHERE: []}
        self.here = parts_of(an_app())
        self.alive: set[bytes] = set()
        monkeypatch.setattr(type(self.here), "read", lambda here, look: look(None))
        monkeypatch.setattr(live, "counters", lambda c, wanted: self.counters(wanted))
        monkeypatch.setattr(live, "sessions_alive", lambda c, digests, now: self.alive & digests)
        monkeypatch.setattr(Hub, "_run", lambda hub: None)
        self.hub = Hub(self.here, rows_after=self.after)

    def after(self, pharmacy_id: UUID, seq: int) -> list[StockRow]:
        return [row for row in self.rows[pharmacy_id] if row.changed_seq > seq]

    def counters(self, wanted: Iterable[UUID]) -> dict[UUID, int]:
        return {
            each: max((row.changed_seq for row in self.rows[each]), default=0) for each in wanted
        }

    def screen(self, pharmacy_id: UUID = CORNER, after_seq: int = 0, who: bytes = b"c") -> Screen:
        made = Screen(pharmacy_id, who, Link())
        self.alive.add(who)
        self.hub.join(made, after_seq)
        return made


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    return Ledger(monkeypatch)


def waiting(screen: Screen) -> list[Any]:
    found = []
    while not screen.waiting.empty():
        message = screen.waiting.get_nowait()
        found.append(message if message is None else json.loads(message))
    return found


def an_event(pharmacy_id: UUID) -> Envelope:
    return Envelope(uuid4(), "remedy.stock-movements.sold.v1", NOW, str(pharmacy_id), {})


def test_a_screen_that_joins_is_sent_what_came_after_it_was_drawn(ledger: Ledger) -> None:
    ledger.rows[CORNER] = [a_row(4), a_row(5)]
    (told,) = waiting(ledger.screen(after_seq=4))
    assert told["seq"] == 5
    assert [row["seq"] for row in told["rows"]] == [5]


def test_an_event_sends_the_rows_changed_since_the_last(ledger: Ledger) -> None:
    screen = ledger.screen()
    waiting(screen)
    ledger.rows[CORNER] = [a_row(1)]
    ledger.hub.hear([an_event(CORNER)])
    ledger.rows[CORNER] = [a_row(1), a_row(2, available_milli=2500)]
    ledger.hub.hear([an_event(CORNER), an_event(CORNER)])
    first, second = waiting(screen)
    assert [row["seq"] for row in first["rows"]] == [1]
    assert [(row["seq"], row["available"]) for row in second["rows"]] == [(2, "2.5")]


def test_another_pharmacys_changes_never_arrive(ledger: Ledger) -> None:
    corner, elsewhere = ledger.screen(CORNER), ledger.screen(ELSEWHERE)
    waiting(corner), waiting(elsewhere)
    ledger.rows[ELSEWHERE] = [a_row(1)]
    ledger.hub.hear([an_event(ELSEWHERE)])
    ledger.hub.look_after()
    assert waiting(corner) == []
    assert len(waiting(elsewhere)) == 1


def test_what_kafka_did_not_tell_is_told_all_the_same(ledger: Ledger) -> None:
    screen = ledger.screen()
    waiting(screen)
    ledger.rows[CORNER] = [a_row(1)]
    ledger.hub.look_after()
    ledger.hub.look_after()
    assert [told["seq"] for told in waiting(screen)] == [1]


def test_a_screen_far_behind_is_told_to_draw_itself_anew(ledger: Ledger) -> None:
    ledger.rows[CORNER] = [a_row(seq) for seq in range(1, live.MOST_ROWS + 2)]
    assert waiting(ledger.screen()) == [{"reload": True}]


def test_a_number_nobody_gave_is_not_believed(ledger: Ledger) -> None:
    ledger.rows[CORNER] = [a_row(1)]
    assert waiting(ledger.screen(after_seq=10**17)) == [{"reload": True}]
    other = ledger.screen()
    waiting(other)
    ledger.rows[CORNER] = [a_row(2)]
    ledger.hub.hear([an_event(CORNER)])
    assert len(waiting(other)) == 1


def test_a_screen_that_does_not_keep_up_is_cut(ledger: Ledger) -> None:
    slow, quick = ledger.screen(who=b"s"), ledger.screen(who=b"q")
    for seq in range(1, live.WAITING_MESSAGES + 2):
        waiting(quick)
        ledger.rows[CORNER] = [a_row(seq)]
        ledger.hub.hear([an_event(CORNER)])
    assert not slow.link.connected
    assert quick.link.connected


def test_a_screen_stuck_in_sending_is_cut(ledger: Ledger) -> None:
    screen = ledger.screen()
    screen.sending_since = -live.SLOW_SECONDS
    ledger.hub.look_after()
    assert not screen.link.connected


def test_an_ended_session_closes_its_screens_and_no_others(ledger: Ledger) -> None:
    mine, other = ledger.screen(who=b"mine"), ledger.screen(who=b"other")
    ledger.alive.discard(b"mine")
    ledger.hub.look_after()
    mine.serve()
    assert isinstance(mine.link, Link)
    assert mine.link.closed_with == live.ENDED
    assert None not in waiting(other)


def test_a_page_that_talks_is_closed(ledger: Ledger) -> None:
    screen = Screen(CORNER, b"c", Link(said=["hello"]))
    ledger.hub.join(screen, 0)
    screen.serve()
    assert not screen.link.connected


def test_who_left_is_sent_nothing_more(ledger: Ledger) -> None:
    screen = ledger.screen()
    waiting(screen)
    ledger.hub.leave(screen)
    ledger.rows[CORNER] = [a_row(1)]
    ledger.hub.hear([an_event(CORNER)])
    assert waiting(screen) == []


def test_a_worker_and_a_session_have_room_for_so_many(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_SCREENS", 3)
    monkeypatch.setattr(live, "MOST_PER_SESSION", 2)
    ledger.screen(who=b"a"), ledger.screen(who=b"a")
    assert not ledger.hub.has_room(b"a")
    assert ledger.hub.has_room(b"b")
    ledger.screen(who=b"b")
    assert not ledger.hub.has_room(b"c")


def test_a_key_that_is_no_pharmacy_stops_nothing(ledger: Ledger) -> None:
    screen = ledger.screen()
    waiting(screen)
    ledger.rows[CORNER] = [a_row(1)]
    strange = Envelope(uuid4(), "remedy.stock-movements.sold.v1", NOW, "not-an-id", {})
    ledger.hub.hear([strange, an_event(CORNER)])
    assert len(waiting(screen)) == 1
