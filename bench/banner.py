"""How soon an alert stands on a pharmacist's page: from its commit until the page's own asking is answered with it.

A page asks every three seconds and a worker keeps what it read for one: both are in the figure, and drawing it is not
(the journey `test_live_demand` sees it drawn, in Chromium).
"""

import random
import re
import threading
import time

import sqlalchemy as sa

from bench.own_stack import OwnStack, own_stack
from bench.pharmacist import Pharmacist
from remedy.gateways.mysql import engine_for
from remedy.schema.demand import demand_alert
from remedy.values import utc_now, uuid7

ALERTS = 20
ASKED_EVERY = 3.0
"""Seconds; as the page's `data-follow` says."""

LATE_SECONDS = 30.0
_SEEN = re.compile(r'name="alerts" value="(\w*)"')


def seconds() -> list[float]:
    """So long each of some alerts took to an open page, in a stack of its own."""
    with own_stack() as stack:
        page = Pharmacist(stack.url("portal"))
        who = stack.running.demo("pharmacist")
        page.sign_in(who["email"], who["password"])
        return _seconds(stack, page)


def _seconds(stack: OwnStack, page: Pharmacist) -> list[float]:
    answers: list[tuple[str, float]] = []
    stop = threading.Event()
    follower = threading.Thread(target=_follow, args=(page, answers, stop))
    follower.start()
    engine = engine_for(stack.settings("owner").database_url)
    try:
        return [_one(engine, number, answers) for number in range(ALERTS)]
    finally:
        stop.set()
        follower.join()
        engine.dispose()


def _follow(page: Pharmacist, answers: list[tuple[str, float]], stop: threading.Event) -> None:
    """Ask as an open page does: every three seconds, telling what it shows."""
    seen = ""
    while not stop.is_set():
        answer = page.web.get(
            f"{page.url}/pharmacy/demand/alerts", params={"alerts": seen}, timeout=30
        )
        if answer.status_code == 200:
            answers.append((answer.text, time.monotonic()))
            seen = (_SEEN.findall(answer.text) or [""])[0]
        stop.wait(ASKED_EVERY)


def _one(engine: sa.Engine, number: int, answers: list[tuple[str, float]]) -> float:
    # At any moment between two askings.
    time.sleep(random.uniform(0, ASKED_EVERY))
    now, name = utc_now(), f"N{number:02}"
    with engine.begin() as connection:
        # The one before has ended, so that each is the only one.
        connection.execute(sa.update(demand_alert).values(ended_at=now, open_key=None))
        connection.execute(
            sa.insert(demand_alert).values(
                public_id=uuid7(), subject_kind="group", atc_group=name, measure="sales",
                window_minutes=5, opened_at=now, opened_count=20, usual_milli=1000, band_high=9,
                highest_count=20, highest_at=now, open_key=f"group {name} sales",
            )
        )  # fmt: skip
    committed = time.monotonic()
    while time.monotonic() - committed < LATE_SECONDS:
        for text, at in reversed(answers):
            if f"group {name}:" in text:
                return at - committed
        time.sleep(0.01)
    raise AssertionError(f"No banner after {LATE_SECONDS:.0f} s.")
