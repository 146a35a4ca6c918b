"""`./run bench freshness`: how old an event is when it can be read in MySQL, and in HDFS.

20 sales a second go through the portal for 25 minutes, over at least two hand-overs of the landing task.
Age in MySQL: from the moment the portal recorded the sale (before its commit) until a second connection
sees the raw row, polled every 20 ms. Age in HDFS: until the file that holds it was ready.
"""

import argparse
import threading
from datetime import UTC, datetime

import sqlalchemy as sa

from bench import landed
from bench.own_stack import own_stack
from bench.till import Till
from remedy.gateways.mysql import engine_for
from remedy.schema.pipeline import RAW, landing_file
from remedy.values import instant_of

PREFIX = "fresh"
POLL_SECONDS = 0.02
FIGURES = {"p50_ms": 250, "p99_ms": 5000, "max_ms": 15000, "hdfs_max_s": 90}


def measure(arguments: list[str]) -> tuple[dict[str, float], bool]:
    """Sell, watch, and compare with the figures of design section 5."""
    parser = argparse.ArgumentParser(prog="bench freshness")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--rate", type=float, default=20)
    chosen = parser.parse_args(arguments)
    with own_stack() as stack:
        engine = engine_for(stack.settings("owner").database_url)
        watcher = Watcher(engine)
        watching = threading.Thread(target=watcher.run, name="watcher")
        watching.start()
        till = Till(stack.url("portal"), stack.api_key(), stack.medicine_id(), chosen.rate, PREFIX)
        till.run(chosen.minutes * 60)
        landed.wait_until(
            lambda: len(watcher.ages) >= len(till.acknowledged),
            "The last sale's landing",
            seconds=120,
        )
        watcher.stop.set()
        watching.join()
        with engine.connect() as connection:
            landed.wait_until(
                lambda: _is_filed(connection), "The last sale's file", seconds=180, every=1
            )
            hdfs_max = _hdfs_ages(connection, watcher)
    ages = sorted(watcher.ages.values())
    report = {
        "p50_ms": round(_quantile(ages, 0.50) * 1000, 1),
        "p99_ms": round(_quantile(ages, 0.99) * 1000, 1),
        "max_ms": round(ages[-1] * 1000, 1),
        "hdfs_max_s": round(hdfs_max, 1),
        "events": len(ages),
        "acknowledged": len(till.acknowledged),
    }
    is_met = all(report[name] <= limit for name, limit in FIGURES.items())
    return report, is_met and len(ages) >= len(till.acknowledged) > 0


class Watcher:
    """Sees raw rows appear: `ages` in seconds by row id, `recorded` when each sale was recorded."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.stop = threading.Event()
        self.ages: dict[int, float] = {}
        self.recorded: dict[tuple[int, int], datetime] = {}

    def run(self) -> None:
        """Poll until told to stop."""
        raw = RAW[landed.TOPIC]
        with self.engine.connect() as connection:
            last = connection.execute(sa.select(sa.func.max(raw.c.id))).scalar() or 0
            connection.rollback()
            # One lander writes, so ids are in commit order here.
            while not self.stop.wait(POLL_SECONDS):
                rows = connection.execute(sa.select(raw).where(raw.c.id > last)).all()
                seen_at = datetime.now(UTC)
                connection.rollback()
                for row in rows:
                    last = max(last, row.id)
                    if row.id not in self.ages and f'"line_id":"{PREFIX}-' in row.event:
                        recorded_at = instant_of(
                            row.event.split('"recorded_at":"')[1].split('"')[0]
                        )
                        self.ages[row.id] = (seen_at - recorded_at).total_seconds()
                        self.recorded[row.partition_no, row.record_offset] = recorded_at


def _is_filed(connection: sa.Connection) -> bool:
    connection.rollback()
    return landed.is_drained(connection)


def _hdfs_ages(connection: sa.Connection, watcher: Watcher) -> float:
    """The oldest any sale was when its file was ready, in seconds."""
    files = connection.execute(
        sa.select(landing_file).where(
            landing_file.c.topic == landed.TOPIC, landing_file.c.state == "ready"
        )
    ).all()
    worst = 0.0
    for (partition, offset), recorded_at in watcher.recorded.items():
        ready_at = next(
            file.ready_at
            for file in files
            if file.partition_no == partition and file.first_offset <= offset < file.next_offset
        )
        worst = max(worst, (ready_at - recorded_at).total_seconds())
    return worst


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
