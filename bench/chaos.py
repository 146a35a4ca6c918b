"""`./run chaos landing`: kill -9 of the relay, the landing task, the broker and the database under load.

A till sells 20 times a second while each role is killed five times. Every sale the portal acknowledged
must then be in MySQL and in HDFS once, and nothing may be there that was never committed. The control
publishes without an outbox: it must lose.
"""

import argparse
import random
import threading
import time

import psutil

from bench import landed, unsafe
from bench.own_stack import OwnStack, own_stack
from bench.till import Till
from remedy.gateways.hdfs import connect
from remedy.gateways.mysql import engine_for

ROLES = ("relay", "landing task", "kafka", "mariadb")
RATE = 20.0
SECONDS_BETWEEN = 8.0
"""Each role is then killed every 32 s: the supervisor gives up only after five deaths in two minutes."""

PREFIX = "chaos"
RETURN_SECONDS = 90


def measure(arguments: list[str]) -> tuple[dict[str, int], bool]:
    """Kill and count; met when nothing is lost, doubled or invented, and the control does lose."""
    parser = argparse.ArgumentParser(prog="bench chaos")
    parser.add_argument("what", choices=["landing"])
    parser.add_argument("--times", type=int, default=5, help="how often each role is killed")
    chosen = parser.parse_args(arguments)
    with own_stack() as stack:
        report = landing(stack, times=chosen.times)
        report["control_lost"] = unsafe.lost_without_outbox(stack, kills=chosen.times)
    bad = report["lost"] + report["duplicated"] + report["phantom"]
    return report, bad == 0 and report["acknowledged"] > 0 and report["control_lost"] > 0


def landing(stack: OwnStack, *, times: int, rate: float = RATE) -> dict[str, int]:
    """Sell while killing; returns kills, acknowledged, lost, duplicated, phantom."""
    till = Till(stack.url("portal"), stack.api_key(), stack.medicine_id(), rate, PREFIX)
    selling = threading.Thread(target=till.run, name="till")
    selling.start()
    kills = 0
    try:
        order = [role for _ in range(times) for role in random.Random(7).sample(ROLES, len(ROLES))]
        for role in order:
            time.sleep(SECONDS_BETWEEN)
            victim = _victim(stack, role)
            print(f"{time.strftime('%H:%M:%S')} kill -9 {role} (process {victim.pid})", flush=True)
            victim.kill()
            kills += 1
        time.sleep(SECONDS_BETWEEN)
    finally:
        till.stop.set()
        selling.join()
    return {"kills": kills, **_compare(stack, till)}


def _victim(stack: OwnStack, role: str) -> psutil.Process:
    """The process of a role, waited for while it is being started again."""
    until = time.monotonic() + RETURN_SECONDS
    while time.monotonic() < until:
        found = stack.landing_task() if role == "landing task" else stack.process(role)
        if found is not None:
            return found
        time.sleep(0.5)
    raise TimeoutError(f"The {role} was not back within {RETURN_SECONDS} s.")


def _compare(stack: OwnStack, till: Till) -> dict[str, int]:
    settings = stack.settings("owner")
    engine = engine_for(settings.database_url)

    def drained() -> bool:
        try:
            with engine.connect() as connection:
                return landed.is_drained(connection)
        except Exception as error:  # the database may still be starting
            print(f"not yet: {type(error).__name__}", flush=True)
            return False

    landed.wait_until(drained, "The landing of everything told", seconds=300, every=2)
    files = connect(settings.hdfs_url, settings.hdfs_user, settings.hdfs_root)
    with engine.connect() as connection:
        committed = landed.movements(connection, PREFIX)
        rows = landed.in_mysql(connection, PREFIX)
        lines = landed.in_hdfs(connection, files, PREFIX)
    acknowledged = set(till.acknowledged)
    print(
        f"{len(till.attempted)} attempted, {len(acknowledged)} acknowledged, {len(committed)} committed, "
        f"{len(rows)} in MySQL, {len(lines)} in HDFS"
    )
    return {
        "acknowledged": len(acknowledged),
        "lost": len((acknowledged | committed) - set(rows))
        + len((acknowledged | committed) - set(lines)),
        "duplicated": sum(n - 1 for n in rows.values()) + sum(n - 1 for n in lines.values()),
        "phantom": len(set(rows) - committed) + len(set(lines) - committed),
    }
