"""Screens tell the truth while workers are killed: every one ends as the database is, and none skipped a change."""

import asyncio
import json
import random
import secrets
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID

import psutil
import pytest
import sqlalchemy as sa

from bench.pharmacist import Pharmacist, more_sessions
from bench.socket_screen import open_screen
from remedy.gateways.mysql import engine_for
from remedy.stock.queries import stock_rows
from remedy.values import packs_text, utc_now

SENDERS = 4
RIGHT_WITHIN_S = 60
"""How long is waited for the screens at all; the figure is measured, and asked for in the long form."""


class FollowingScreen:
    """A stock page as `live.js` keeps it: draws, follows, notices a gap, and comes back after a loss."""

    def __init__(self, page: Pharmacist) -> None:
        self.page = page
        self.at = 0
        self.shown: dict[str, tuple[int, str]] = {}
        self.gaps = 0
        self.losses = 0

    async def follow(self) -> None:
        await self._draw()
        while True:
            with suppress(OSError):
                await self._listen()
            self.losses += 1
            await asyncio.sleep(random.uniform(0.1, 0.3))

    async def _listen(self) -> None:
        """Be told until the connection is lost, or is not to be believed."""
        messages: asyncio.Queue[bytes | None] = asyncio.Queue()
        screen = await open_screen(
            self.page.url, self.page.token, self.at, lambda text, _at: messages.put_nowait(text)
        )
        screen.ended.add_done_callback(lambda _: messages.put_nowait(None))
        try:
            while (text := await messages.get()) is not None:
                if not await self._told(json.loads(text)):
                    return
        finally:
            screen.close()

    async def _draw(self) -> None:
        table = await asyncio.to_thread(self.page.stock)
        self.at = table.seq
        self.shown = {row.item_id: (row.seq, row.on_hand) for row in table.rows.values()}

    async def _told(self, message: dict) -> bool:
        """Whether this connection may go on."""
        if message.get("reload"):
            await self._draw()
            return False
        if message["after"] > self.at:
            self.gaps += 1
            return False
        self.at = max(self.at, message["seq"])
        for row in message["rows"]:
            if row["seq"] > self.shown.get(row["id"], (0, ""))[0]:
                self.shown[row["id"]] = (row["seq"], row["on_hand"])
        return True

    def figures(self) -> dict[str, str]:
        return {item: on_hand for item, (_, on_hand) in self.shown.items()}


class Senders:
    """Edits through the table's form; one that is not answered is sent again as it was, and so counts once."""

    def __init__(self, pharmacist: Pharmacist, edits: int) -> None:
        self.pharmacist, self.edits = pharmacist, edits
        self.rows = list(pharmacist.stock().rows.values())
        self.form_token = pharmacist.forms_token()
        self.lock = threading.Lock()
        self.done = 0
        self.begun = 0

    def run(self) -> None:
        threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self) -> None:
        page = Pharmacist(self.pharmacist.url, self.pharmacist.token)
        while True:
            with self.lock:
                if self.begun >= self.edits:
                    return
                self.begun += 1
                number = self.begun
            row, nonce = self.rows[number % len(self.rows)], secrets.token_hex(8)
            kind = "received" if number % 3 else "sold"
            while not page.change(row, kind, "1", form_token=self.form_token, nonce=nonce):
                time.sleep(0.1)
            with self.lock:
                self.done += 1


def workers_of(stack) -> list[psutil.Process]:
    return psutil.Process(stack.pid("portal")).children()


def kill_a_worker(stack) -> None:
    """End the worker that holds most screens: one without any would show nothing."""
    max(workers_of(stack), key=held_by).send_signal(signal.SIGKILL)


def held_by(worker: psutil.Process) -> int:
    """How many connections a worker holds; none when it is just going."""
    try:
        return len(worker.net_connections("tcp"))
    except psutil.NoSuchProcess:
        return 0


async def until(is_so: Callable[[], bool], what: str, seconds: float = RIGHT_WITHIN_S) -> None:
    """Wait until it is so."""
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < seconds, f"{what} did not come about in {seconds} s."
        await asyncio.sleep(0.02)


async def edits_while_workers_die(stack, edits: int, screens: int, kills: int) -> float:
    """Seconds from the last edit until every screen shows what the database holds."""
    pharmacist, who = Pharmacist(stack.url("portal")), stack.demo("pharmacist")
    pharmacist.sign_in(who["email"], who["password"])
    engine = engine_for(stack.settings("owner").database_url)
    with engine.begin() as connection:
        tokens = more_sessions(connection, pharmacist.token, screens)
        pharmacy_id = connection.execute(
            sa.text(
                "SELECT p.public_id FROM pharmacy p JOIN account a ON a.pharmacy_id = p.id"
                " WHERE a.staff_email = :email"
            ),
            {"email": who["email"]},
        ).scalar_one()
    followers = [FollowingScreen(Pharmacist(pharmacist.url, token)) for token in tokens]
    following = [asyncio.create_task(screen.follow()) for screen in followers]
    await until(lambda: all(screen.at for screen in followers), "Every screen's first drawing")
    senders = Senders(pharmacist, edits)
    sending = asyncio.create_task(asyncio.to_thread(senders.run))
    for number in range(1, kills + 1):
        due = edits * number // (kills + 1)
        await until(lambda: senders.done >= due, "Enough edits", seconds=600)  # noqa: B023
        kill_a_worker(stack)
    await sending
    last_edit = time.monotonic()

    def truth() -> dict[str, str]:
        with engine.connect() as connection:
            rows = stock_rows(connection, UUID(bytes=bytes(pharmacy_id)), now=utc_now())
        return {str(row.stock_item_id): packs_text(row.on_hand_milli) for row in rows}

    right = truth()
    await until(
        lambda: all(screen.figures().items() <= right.items() for screen in followers),
        "Every screen's being right",
    )
    took = time.monotonic() - last_edit
    assert truth() == right, "Somebody else changed the stock."
    assert sum(screen.losses for screen in followers) >= kills, "No screen noticed a kill."
    assert sum(screen.gaps for screen in followers) == 0
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    engine.dispose()
    return took


def run(story: Coroutine[Any, Any, float]) -> float:
    """Run it in a thread of its own: where a test before opened a browser, this one's loop is playwright's."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(asyncio.run, story).result()


def test_screens_end_as_the_database_is_though_a_worker_was_killed(stack):
    run(edits_while_workers_die(stack, edits=40, screens=5, kills=1))


@pytest.mark.long
def test_a_thousand_edits_twenty_screens_five_kills(stack):
    took = run(edits_while_workers_die(stack, edits=1000, screens=20, kills=5))
    print(f"All screens were right {took:.2f} s after the last edit.")
    assert took <= 2
