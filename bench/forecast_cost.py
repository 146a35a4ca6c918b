"""Time and memory of the champion beside AutoETS, on invented series of two years: 1,000 of them, then 20,000.

Each is measured in a process of its own, two threads, after a small trial of the same has been thrown away: neither
imports nor compilation are counted, and their time is printed. AutoETS is timed on a sample of the same series, one
process a thread, and its time taken as it grows: with the number of series.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from uuid import UUID

import numpy as np

from bench.forecast_peers import AUTO_ETS, stats_forecasts
from models.baseline import HORIZON
from models.dataset import Panel
from models.mixing_past import WaysPast

DAYS = 730
FEW, MANY = 1_000, 20_000
SAMPLE = 100
"""Series that AutoETS is timed on."""
THREADS = 2
SEED = 7
FIRST = date(2024, 1, 1)


def measure() -> tuple[float, float]:
    """The champion's time relative to AutoETS at 1,000 series, and its peak memory at 20,000 in GB."""
    ours, others = _apart("ours", FEW), _apart("autoets", SAMPLE)
    autoets = others["seconds"] * FEW / SAMPLE
    many = _apart("ours", MANY)
    print(f"\n{'':<34}{'seconds':>10}{'not counted':>13}{'peak GB':>9}")
    for name, what in (
        (f"champion, {FEW:,} series", ours),
        (f"AutoETS, {SAMPLE:,} series", others),
        (f"champion, {MANY:,} series", many),
    ):
        print(f"{name:<34}{what['seconds']:10.2f}{what['aside']:13.2f}{what['peak']:9.2f}")
    print(
        f"AutoETS for {FEW:,}: {autoets:.0f} s; the champion takes {ours['seconds'] / autoets:.4f} of it, and from"
        f" {FEW:,} to {MANY:,} series {many['seconds'] / ours['seconds']:.1f} times as long"
    )
    return ours["seconds"] / autoets, many["peak"]


def invented(series: int) -> Panel:
    """Two years of daily sales of series large and small, with weekdays and a season."""
    random = np.random.default_rng(SEED)
    level = np.exp(random.normal(1, 1, series))[:, None]
    swing = random.uniform(0, 0.6, series)[:, None]
    day = np.arange(DAYS)
    wave = 1 + swing * np.sin(2 * np.pi * (day + random.integers(0, 365, series)[:, None]) / 365.25)
    weekday = np.array([1.2, 1.0, 1.0, 1.1, 1.2, 1.0, 0.6])[day % 7]
    demand = random.poisson(level * wave * weekday).astype(float) * 1000
    known = np.ones(demand.shape, dtype=bool)
    items = tuple((UUID(int=number), UUID(int=number)) for number in range(series))
    return Panel(items, FIRST, demand, known, known)


def _apart(what: str, series: int) -> dict[str, float]:
    threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.forecast_cost", what, str(series)],
        env={**os.environ, **threads},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _ours(panel: Panel) -> None:
    """Fit and predict: the weights from past origins, then the next 28 days."""
    end = panel.day_count
    WaysPast(panel, end - HORIZON).forecast(end, learned_until=end)


def _autoets(panel: Panel) -> None:
    stats_forecasts(panel, [panel.day_count], THREADS, [AUTO_ETS])


def main() -> None:
    """Measure one of the two in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("ours", "autoets"))
    parser.add_argument("series", type=int)
    asked = parser.parse_args()
    work: Callable[[Panel], None] = {"ours": _ours, "autoets": _autoets}[asked.what]
    # What the imports took of the processor, and the trial by the clock.
    imports, started = time.process_time(), time.perf_counter()
    work(invented(4))
    aside = imports + time.perf_counter() - started
    panel = invented(asked.series)
    started = time.perf_counter()
    work(panel)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": seconds, "aside": aside, "peak": peak}))


if __name__ == "__main__":
    main()
