"""`./run bench live`: how soon a stock edit stands on every other open screen of the pharmacy.

500 sockets of one asynchronous client, over the portal's two workers; 500 edits at 2 a second through the
table's own form. An edit's time on a screen is from sending its form until the frame that tells of it has
come. Beside it, in the same run, screens that ask for the page every 2 s. The client's own idle delay (how
late it is for an appointment with itself) is printed: below it nothing can be told apart.
"""

import argparse
import asyncio
import json
import random
import secrets
import threading
import time

from bench.own_stack import OwnStack, own_stack
from bench.pharmacist import Pharmacist, more_sessions
from bench.socket_screen import SocketScreen, open_screen
from remedy.gateways.mysql import engine_for

SCREENS_PER_SESSION = 10
FIGURES = {"p50_ms": 100.0, "p99_ms": 300.0}
POLL_SECONDS = 2.0
ANSWER_SECONDS = 10.0
"""An edit that no screen has heard of after that is counted as missed."""


AT_ONCE = 25
Sent = dict[int, float]
"""When each edit was sent, by the number it gave the pharmacy's counter."""


def measure(arguments: list[str]) -> tuple[dict[str, float], bool]:
    """Edit, listen, and compare with the figures of design section 5."""
    parser = argparse.ArgumentParser(prog="bench live")
    parser.add_argument("--screens", type=int, default=500)
    parser.add_argument("--edits", type=int, default=500)
    parser.add_argument("--rate", type=float, default=2)
    parser.add_argument("--polling-screens", type=int, default=20)
    parser.add_argument("--polling-edits", type=int, default=20)
    chosen = parser.parse_args(arguments)
    with own_stack() as stack:
        pharmacist = Pharmacist(stack.url("portal"))
        who = stack.running.demo("pharmacist")
        pharmacist.sign_in(who["email"], who["password"])
        tokens = _tokens(stack, pharmacist, chosen.screens)
        told = asyncio.run(_listen(pharmacist, tokens, chosen.edits, chosen.rate))
        polled = _poll(pharmacist, tokens[: chosen.polling_screens], chosen.polling_edits)
    report = {"screens": chosen.screens, **told, **polled}
    print(f"the client's own idle delay: p50 {report['client_delay_p50_ms']} ms,", end=" ")
    print(f"p99 {report['client_delay_p99_ms']} ms")
    is_met = all(report[name] <= limit for name, limit in FIGURES.items())
    return report, is_met and report["missed"] == 0


def _tokens(stack: OwnStack, pharmacist: Pharmacist, screens: int) -> list[str]:
    """A session for each screen; each session for several."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.begin() as connection:
        made = more_sessions(connection, pharmacist.token, -(-screens // SCREENS_PER_SESSION))
    engine.dispose()
    return [made[number // SCREENS_PER_SESSION] for number in range(screens)]


async def _listen(
    pharmacist: Pharmacist, tokens: list[str], edits: int, rate: float
) -> dict[str, float]:
    table = await asyncio.to_thread(pharmacist.stock)
    heard: list[list[tuple[bytes, float]]] = [[] for _ in tokens]
    screens = await _connect_all(pharmacist.url, tokens, table.seq, heard)
    delays: list[float] = []
    watching = asyncio.create_task(_own_delay(delays))
    sent = await asyncio.to_thread(_edit, pharmacist, table.seq, edits, 1 / rate)
    await asyncio.sleep(ANSWER_SECONDS / 2)
    watching.cancel()
    for screen in screens:
        screen.close()
    # Read only now: reading would have delayed the frames behind.
    times = [time_ms for one in heard for time_ms in _times(one, sent)]
    return {
        "p50_ms": _quantile(times, 0.50),
        "p99_ms": _quantile(times, 0.99),
        "max_ms": _quantile(times, 1.0),
        "edits": len(sent),
        "missed": len(sent) * len(tokens) - len(times),
        "client_delay_p50_ms": _quantile(delays, 0.50),
        "client_delay_p99_ms": _quantile(delays, 0.99),
    }


async def _connect_all(
    url: str, tokens: list[str], after: int, heard: list[list[tuple[bytes, float]]]
) -> list[SocketScreen]:
    """Open every screen; a worker that is full says so, and the other is tried, as a page does."""

    async def connect(number: int) -> SocketScreen:
        for _ in range(40):
            screen = await open_screen(
                url, tokens[number], after, lambda text, at: heard[number].append((text, at))
            )
            if await screen.is_open:
                return screen
            await asyncio.sleep(random.uniform(0.1, 0.5))
        raise AssertionError("A screen was refused forty times.")

    begun = time.monotonic()
    screens = []
    for start in range(0, len(tokens), AT_ONCE):
        some = range(start, min(start + AT_ONCE, len(tokens)))
        screens += await asyncio.gather(*(connect(number) for number in some))
    print(f"{len(screens)} screens connected in {time.monotonic() - begun:.1f} s", flush=True)
    return screens


def _edit(pharmacist: Pharmacist, counter: int, edits: int, pause: float) -> Sent:
    """Sell and receive a pack in turn, of one medicine after the other."""
    table, form_token = pharmacist.stock(), pharmacist.forms_token()
    assert table.seq == counter, (
        "Somebody else changes this pharmacy's stock; nothing can be told apart."
    )
    rows, start = list(table.rows.values()), time.monotonic()
    sent: Sent = {}
    for number in range(edits):
        time.sleep(max(0.0, start + number * pause - time.monotonic()))
        kind = "received" if number % 2 == 0 else "sold"
        at = time.monotonic()
        row = rows[number // 2 % len(rows)]
        if pharmacist.change(row, kind, "1", form_token=form_token, nonce=secrets.token_hex(8)):
            counter += 1
            sent[counter] = at
    return sent


def _times(messages: list[tuple[bytes, float]], sent: Sent) -> list[float]:
    """Of each edit, the milliseconds until this screen's counter reached it."""
    reached = sorted((json.loads(text).get("seq", 0), at) for text, at in messages)
    times = []
    for seq, sent_at in sent.items():
        came = [at for got, at in reached if got >= seq]
        if came:
            times.append((min(came) - sent_at) * 1000)
    return times


async def _own_delay(delays: list[float]) -> None:
    while True:
        due = time.monotonic() + 0.02
        await asyncio.sleep(0.02)
        delays.append((time.monotonic() - due) * 1000)


def _poll(pharmacist: Pharmacist, tokens: list[str], edits: int) -> dict[str, float]:
    """The same edits, seen by screens that ask every 2 s; fewer, for each asks for a whole page."""
    seen: list[list[tuple[int, float]]] = [[] for _ in tokens]
    stop = threading.Event()

    def ask(number: int) -> None:
        page = Pharmacist(pharmacist.url, tokens[number])
        stop.wait(random.uniform(0, POLL_SECONDS))
        while not stop.is_set():
            table = page.stock()
            seen[number].append((table.seq, time.monotonic()))
            stop.wait(POLL_SECONDS)

    pollers = [threading.Thread(target=ask, args=(number,)) for number in range(len(tokens))]
    for poller in pollers:
        poller.start()
    sent = _edit(pharmacist, pharmacist.stock().seq, edits, POLL_SECONDS + 0.37)
    time.sleep(2 * POLL_SECONDS)
    stop.set()
    for poller in pollers:
        poller.join()
    times = [
        (min(came) - at) * 1000
        for one in seen
        for seq, at in sent.items()
        if (came := [when for got, when in one if got >= seq])
    ]
    return {
        "polling_screens": len(tokens),
        "polling_p50_ms": _quantile(times, 0.50),
        "polling_p99_ms": _quantile(times, 0.99),
    }


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
