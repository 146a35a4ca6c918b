"""Boosted trees and an LSTM, trained on what was counted and compared with what is served; never served themselves.

Each is told the past origins that the served methods were compared at, and held to the same measures; how it did is
written beside them as rows of `model_choice` that are not used. Why they are not served is in
docs/decisions/0018-forecasts.md and 0021-promotion.md.

They learn in a process of their own, at a low priority, in one thread and with a bound on memory, so that JAX neither
stays with who asked nor takes the processor from those who serve. Only numbers go there and come back: it knows neither the
database nor anyone's password.
"""

import logging
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from models import boosting, lstm
from models.baseline import HORIZON
from models.boosting import BOOSTING
from models.choice import Choice, choices_of
from models.dataset import Floats, Panel, read_panel
from models.evaluation import Trial
from models.lstm import LSTM
from models.panel import Calendar, Signs
from models.registry import run_of
from models.regression import TooLittleHistory
from models.window import rows_of
from remedy.gateways.mysql import in_transaction
from remedy.schema.pipeline import model_choice, model_run

log = logging.getLogger(__name__)

CHALLENGERS = (BOOSTING, LSTM)
REFIT = 13
"""Origins that one fit serves, from the one it was learned at on: a quarter of weeks, because a fit is dear."""
PATIENCE_S = 900
"""A challenge that takes longer is given up."""
MEMORY_BYTES = 3 << 30
NICE = 5
"""A third of the processor's turns that the stack's own processes get: the last priority would starve it on a busy day."""
ENVIRONMENT = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
_PARTS: dict[str, Any] = {"signs": Signs, "calendar": Calendar}
"""Parts of a panel that are made of arrays themselves."""
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")
"""Of the caller's environment; the rest holds passwords."""


class ChallengeFailed(RuntimeError):
    """The process that learns ended without an answer."""


@dataclass(frozen=True)
class Told:
    """What a challenger foretold at every origin (origins by items by days, NaN where it had nothing to learn from)."""

    days: Floats
    seconds: float


def run(engine: sa.Engine, version: str) -> dict[str, float]:
    """Compare the challengers on what a version was trained on, and write how they did beside its methods.

    Returns:
        The error of 28-day totals of each in multiples of the champion's, `LSTM seconds` and the like.

    Raises:
        NoModel: if no version is called so.
        ChallengeFailed: if the process that learns did not answer.
    """
    with engine.connect() as connection:
        panel = read_panel(connection, run_of(connection, version).data_until)
    trial = Trial.of(panel)
    if not trial.reported_on:
        log.info("%s has no past origin to be compared at: no challenger learns.", version)
        return {}
    reported = trial.origins.reported
    told = tell_apart(panel, trial.origins.ends[reported])
    rows: list[Choice] = []
    for method, its in told.items():
        # Nothing is chosen by them: they are asked at the origins that are reported, and at no other.
        days: Floats = np.full(trial.came.shape, np.nan)
        days[reported] = its.days
        rows += choices_of(trial, panel, method, days, its.seconds)
    champions = in_transaction(engine, lambda at: _put(at, version, rows))
    found = {f"{method} seconds": round(its.seconds, 1) for method, its in told.items()}
    for method in told:
        mine = [
            (row, champions[row.kind])
            for row in rows
            if row.method == method and row.kind in champions and row.total_error is not None
        ]
        best = sum(error * row.series_count for row, error in mine)
        if best:
            error = sum((row.total_error or 0.0) * row.series_count for row, _ in mine)
            found[f"{method} error, of the champion's"] = round(error / best, 4)
    log.info("The challengers on what %s learned: %s; they are not used.", version, found)
    return found


def _put(connection: sa.Connection, version: str, rows: Sequence[Choice]) -> dict[str, float]:
    """Write the rows in place of those of an earlier try; the champion's error by class."""
    choice = model_choice.c
    run_id = connection.execute(
        sa.select(model_run.c.id).where(model_run.c.version == version)
    ).scalar_one()
    mine = choice.model_run_id == run_id
    connection.execute(model_choice.delete().where(mine, choice.method.in_(CHALLENGERS)))
    if rows:
        connection.execute(
            model_choice.insert(),
            [{"model_run_id": run_id, **asdict(row)} for row in rows],
        )
    used = connection.execute(
        sa.select(choice.kind, choice.total_error).where(
            mine, choice.is_used, choice.total_error.is_not(None)
        )
    )
    return {row.kind: row.total_error for row in used}


def tell(panel: Panel, ends: Sequence[int]) -> dict[str, Told]:
    """Have both foretell after each of `ends` days, from what was known then."""
    rows = rows_of(panel)
    fits: dict[str, Callable[[int], Any]] = {
        BOOSTING: lambda end: boosting.fit(rows, end),
        LSTM: lambda end: lstm.fit(panel, rows, end),
    }
    return {method: _tell(panel, ends, fit) for method, fit in fits.items()}


def _tell(panel: Panel, ends: Sequence[int], fit: Callable[[int], Any]) -> Told:
    began = time.perf_counter()
    days = np.full((len(ends), len(panel.items), HORIZON), np.nan)
    model, served = None, 0
    for row in np.argsort(ends):
        if model is None or served == REFIT:
            try:
                model, served = fit(ends[row]), 0
            except TooLittleHistory:
                continue
        days[row] = model.forecast(panel.until(ends[row]))
        served += 1
    return Told(days, time.perf_counter() - began)


def tell_apart(panel: Panel, ends: Sequence[int]) -> dict[str, Told]:
    """The same, by a process of its own.

    Raises:
        ChallengeFailed: if it needs more time or memory than it may, or ends otherwise than well.
    """
    with tempfile.TemporaryDirectory(prefix="challenge-") as folder:
        asked, said = Path(folder) / "asked.npz", Path(folder) / "said.npz"
        numbers: dict[str, Any] = {"ends": np.array(ends, dtype=int), **_numbers_of(panel)}
        np.savez(asked, **numbers)
        environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "models.challenge", str(asked), str(said)],
                cwd=Path(__file__).parents[1],
                env=environ | ENVIRONMENT,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
        except subprocess.TimeoutExpired:
            raise ChallengeFailed(f"The challengers were not done after {PATIENCE_S} s.") from None
        if done.returncode:
            # Its last words are of numbers and libraries: it was told nothing else.
            raise ChallengeFailed(
                f"The challengers' process ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        with np.load(said) as found:
            return {
                method: Told(found[f"days {method}"], float(found[f"seconds {method}"]))
                for method in CHALLENGERS
            }


def _numbers_of(panel: Panel) -> dict[str, Any]:
    """A panel as named arrays; an item is known by its place."""
    made = {name: getattr(panel, name) for name in ("demand", "is_known", "is_open")}
    made["first_day"] = np.array(panel.first_day.toordinal())
    for part in _PARTS:
        whole = getattr(panel, part)
        if whole is not None:
            made |= {f"{part} {each.name}": getattr(whole, each.name) for each in fields(whole)}
    return made


def _panel_of(found: Mapping[str, Any]) -> Panel:
    parts: dict[str, Any] = {}
    for part, kind in _PARTS.items():
        names = [each.name for each in fields(kind)]
        if f"{part} {names[0]}" in found:
            parts[part] = kind(**{name: found[f"{part} {name}"] for name in names})
    return Panel(
        tuple((UUID(int=0), UUID(int=row)) for row in range(len(found["demand"]))),
        date.fromordinal(int(found["first_day"])),
        found["demand"],
        found["is_known"],
        found["is_open"],
        **parts,
    )


def _end_with(parent: int) -> None:
    """A task that is called off leaves nobody who waits for the answer."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main(words: Sequence[str]) -> int:
    """What the process does: learn what it was asked, and say it into a file."""
    asked, said = words
    os.nice(NICE)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    with np.load(asked) as found:
        told = tell(_panel_of(found), found["ends"].tolist())
    answer: dict[str, Any] = {f"days {method}": its.days for method, its in told.items()}
    answer |= {f"seconds {method}": its.seconds for method, its in told.items()}
    np.savez(said, **answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
