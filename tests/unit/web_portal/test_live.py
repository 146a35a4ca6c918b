"""Who is told what over the live socket, without a socket."""

import json
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from wsproto.frame_protocol import FrameProtocol

from remedy.events.base import Envelope
from remedy.stock.model import StockRow
from tests.unit.web_portal.settings import an_app
from web_portal import live
from web_portal.live import Hub
from web_portal.parts import parts_of
from web_portal.screens import Screen, text_frame

CORNER, ELSEWHERE = uuid4(), uuid4()
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def a_row(seq: int, available_milli: int = 1000) -> StockRow:
    return StockRow(
        uuid4(), uuid4(), "paracetamol", None, None, None, None, None, 2000, 1000, available_milli,
        1, seq, NOW, None, None,
    )  # fmt: skip


class Link:
    """A connection that remembers what it was sent; it takes `room` bytes at a time."""

    def __init__(self, room: int = 10**9) -> None:
        self.sock, self.room = self, room
        self.frames: list[bytes] = []
        self.is_open = True

    def send(self, data: bytes, flags: int = 0) -> int:
        if not self.is_open:
            raise OSError
        if self.room == 0:
            raise BlockingIOError
        self.frames.append(data[: self.room])
        return min(len(data), self.room)

    def shutdown(self, how: int) -> None:
        self.is_open = False


class Ledger:
    """The rows of each pharmacy, and a hub over them that reads no Kafka."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: dict[UUID, list[StockRow]] = {CORNER: [], ELSEWHERE: []}
        self.here = parts_of(an_app())
        self.alive: set[bytes] = set()
        monkeypatch.setattr(type(self.here), "read", lambda here, look: look(None))
        monkeypatch.setattr(live, "counters", lambda c, wanted: self.counters(wanted))
        monkeypatch.setattr(live, "sessions_alive", lambda c, digests, now: self.alive & digests)
        monkeypatch.setattr(Hub, "_run", lambda hub, stop: None)
        self.hub = Hub(self.here, rows_after=self.after)

    def after(self, pharmacy_id: UUID, seq: int) -> list[StockRow]:
        return [row for row in self.rows[pharmacy_id] if row.changed_seq > seq]

    def counters(self, wanted: Iterable[UUID]) -> dict[UUID, int]:
        return {
            each: max((row.changed_seq for row in self.rows[each]), default=0) for each in wanted
        }

    def screen(
        self, pharmacy_id: UUID = CORNER, after_seq: int = 0, who: bytes = b"c", room: int = 10**9
    ) -> Screen:
        made = Screen(pharmacy_id, who, Link(room))
        self.alive.add(who)
        self.hub.join(made, after_seq)
        return made


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    return Ledger(monkeypatch)


def link_of(screen: Screen) -> Link:
    assert isinstance(screen.link, Link)
    return screen.link


def told(screen: Screen) -> list[Any]:
    """What a screen was sent since this was last asked, read as a browser reads it."""
    frames, link_of(screen).frames = link_of(screen).frames, []
    wire = FrameProtocol(client=True, extensions=[])
    for frame in frames:
        wire.receive_bytes(frame)
    return [json.loads(got.payload) for got in wire.received_frames()]


def an_event(pharmacy_id: UUID) -> Envelope:
    return Envelope(uuid4(), "remedy.stock-movements.sold.v1", NOW, str(pharmacy_id), {})


def test_a_screen_that_joins_is_sent_what_came_after_it_was_drawn(ledger: Ledger) -> None:
    ledger.rows[CORNER] = [a_row(4), a_row(5)]
    (first,) = told(ledger.screen(after_seq=4))
    assert (first["after"], first["seq"]) == (4, 5)
    assert [row["seq"] for row in first["rows"]] == [5]


def test_an_event_sends_the_rows_changed_since_the_last(ledger: Ledger) -> None:
    screen = ledger.screen()
    told(screen)
    ledger.rows[CORNER] = [a_row(1)]
    ledger.hub.hear([an_event(CORNER)])
    ledger.rows[CORNER] = [a_row(1), a_row(2, available_milli=2500)]
    ledger.hub.hear([an_event(CORNER), an_event(CORNER)])
    first, second = told(screen)
    assert [row["seq"] for row in first["rows"]] == [1]
    assert [(row["seq"], row["available"]) for row in second["rows"]] == [(2, "2.5")]


def test_another_pharmacys_changes_never_arrive(ledger: Ledger) -> None:
    corner, elsewhere = ledger.screen(CORNER), ledger.screen(ELSEWHERE)
    told(corner), told(elsewhere)
    ledger.rows[ELSEWHERE] = [a_row(1)]
    ledger.hub.hear([an_event(ELSEWHERE)])
    ledger.hub.look_after()
    assert [message["rows"] for message in told(corner)] == [[]]
    assert [len(message["rows"]) for message in told(elsewhere)] == [1, 0]


def test_what_kafka_did_not_tell_is_told_all_the_same(ledger: Ledger) -> None:
    screen = ledger.screen()
    told(screen)
    ledger.rows[CORNER] = [a_row(1)]
    ledger.hub.look_after()
    ledger.hub.look_after()
    assert [len(message["rows"]) for message in told(screen)] == [1, 0]


def test_a_screen_far_behind_is_told_to_draw_itself_anew(ledger: Ledger) -> None:
    ledger.rows[CORNER] = [a_row(seq) for seq in range(1, live.MOST_ROWS + 2)]
    assert told(ledger.screen()) == [{"reload": True}]


def test_a_number_nobody_gave_is_not_believed(ledger: Ledger) -> None:
    ledger.rows[CORNER] = [a_row(1)]
    assert told(ledger.screen(after_seq=10**17)) == [{"reload": True}]
    other = ledger.screen()
    told(other)
    ledger.rows[CORNER] = [a_row(2)]
    ledger.hub.hear([an_event(CORNER)])
    assert len(told(other)) == 1


@pytest.mark.parametrize("room", [0, 10])
def test_a_screen_that_does_not_keep_up_is_cut(ledger: Ledger, room: int) -> None:
    slow, quick = ledger.screen(who=b"s"), ledger.screen(who=b"q")
    link_of(slow).room = room
    ledger.rows[CORNER] = [a_row(1)]
    ledger.hub.hear([an_event(CORNER)])
    assert not link_of(slow).is_open
    assert link_of(quick).is_open
    assert len(told(quick)) == 2


def test_an_ended_session_closes_its_screens_and_no_others(ledger: Ledger) -> None:
    mine, other = ledger.screen(who=b"mine"), ledger.screen(who=b"other")
    told(mine), told(other)
    ledger.alive.discard(b"mine")
    ledger.hub.look_after()
    assert link_of(mine).frames == [b"\x88\x02" + (4401).to_bytes(2, "big")]
    assert not link_of(mine).is_open
    assert [message["rows"] for message in told(other)] == [[]]


def test_a_message_goes_on_from_the_one_before(ledger: Ledger) -> None:
    ledger.rows[CORNER] = [a_row(3)]
    screen = ledger.screen(after_seq=1)
    for seq in (4, 7):
        ledger.rows[CORNER].append(a_row(seq))
        ledger.hub.hear([an_event(CORNER)])
    ledger.hub.look_after()
    steps = [(message["after"], message["seq"]) for message in told(screen)]
    assert steps == [(1, 3), (3, 4), (4, 7), (7, 7)]


def test_who_joins_while_others_are_told_misses_nothing(ledger: Ledger) -> None:
    first = ledger.screen()
    ledger.rows[CORNER] = [a_row(1)]
    looked = ledger.hub._rows_after

    def told_meanwhile(pharmacy_id: UUID, seq: int) -> list[StockRow]:
        found = looked(pharmacy_id, seq)
        if len(ledger.rows[CORNER]) == 1:
            ledger.rows[CORNER].append(a_row(2))
            ledger.hub.hear([an_event(CORNER)])
        return found

    ledger.hub._rows_after = told_meanwhile
    late = ledger.screen(who=b"late")
    assert [message["seq"] for message in told(late)] == [1, 2]
    assert [message["seq"] for message in told(first)] == [0, 2]


def test_a_change_without_rows_does_not_keep_a_screen_out(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A refused hold raises the counter and changes no row.
    monkeypatch.setattr(live, "counters", lambda c, wanted: dict.fromkeys(wanted, 9))
    ledger.screen(after_seq=9, who=b"new")
    older = ledger.screen(after_seq=8, who=b"old")
    assert [(message["after"], message["seq"]) for message in told(older)] == [(8, 9)]


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_of_any_size_is_read_as_it_was_written(size: int) -> None:
    wire = FrameProtocol(client=True, extensions=[])
    wire.receive_bytes(text_frame("é" * size))
    parts = [part.payload for part in wire.received_frames()]
    assert "".join(parts) == "é" * size


def test_who_left_is_sent_nothing_more(ledger: Ledger) -> None:
    screen = ledger.screen()
    told(screen)
    ledger.hub.leave(screen)
    ledger.rows[CORNER] = [a_row(1)]
    ledger.hub.hear([an_event(CORNER)])
    assert told(screen) == []


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
    told(screen)
    ledger.rows[CORNER] = [a_row(1)]
    strange = Envelope(uuid4(), "remedy.stock-movements.sold.v1", NOW, "not-an-id", {})
    ledger.hub.hear([strange, an_event(CORNER)])
    assert len(told(screen)) == 1


class Quiet:
    """The tail of a broker with nothing to tell."""

    def __init__(self) -> None:
        self.is_read, self.is_closed = threading.Event(), False

    def read(self, seconds: float) -> list[Envelope]:
        self.is_read.set()
        threading.Event().wait(0.01)
        return []

    def close(self) -> None:
        self.is_closed = True


def names_of_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_a_closed_hub_reads_no_more_and_the_next_screen_has_it_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "counters", lambda c, wanted: {})
    here, tails = parts_of(an_app()), []
    monkeypatch.setattr(type(here), "read", lambda here, look: look(None))

    def make_tail() -> Quiet:
        tails.append(Quiet())
        return tails[-1]

    hub = Hub(here, make_tail=make_tail, rows_after=lambda pharmacy_id, seq: [])
    for times in (1, 2):
        hub.join(Screen(CORNER, b"c", Link()), 0)
        assert tails[-1].is_read.wait(10)
        assert "live" in names_of_threads()
        hub.close()
        assert "live" not in names_of_threads()
        assert [tail.is_closed for tail in tails] == [True] * times
    hub.close()
