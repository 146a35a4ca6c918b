"""Whether a trained version is put in use at once, or waits for a person's word; and what that word does.

Most trainings change little, and nobody wants to be asked each Sunday. One that changes much is either right, and then
a person should know, or was taught by days that were counted wrong, and then it should not order for anyone. What is
much, and why, is in docs/decisions/0021-promotion.md. Until somebody says so the model in use stays in use.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import sqlalchemy as sa

from models.dataset import Panel
from models.demand_model import DemandModel, UnreadableModel
from models.registry import (
    NoModel,
    Run,
    WrongArtefact,
    alone,
    answered,
    champion,
    load,
    promote,
    run_of,
)
from remedy.gateways.hdfs import Files, FileStoreError
from remedy.gateways.mysql import in_transaction
from remedy.schema.pipeline import model_choice, model_run
from remedy.values import Clock, utc_now

log = logging.getLogger(__name__)

MOST_TOTAL = 0.10
"""What all items together are foretold for 28 days may move so much, of what the model in use foretells."""
MOVED = 0.25
MOVED_MILLI = 2_000
"""An item moves when its 28-day total does by so much of itself and by so many thousandths of a pack."""
MOST_MOVED = 0.20
"""So many of the items may move."""
WORSE = 0.05
"""The error of 28-day totals, relative to the 28-day mean's, may be so much higher than the model in use had."""
LEAST_LEARNED = 0.5
"""A model that has seen less than this of what is known now is nobody's choice: its successor need not ask."""


@dataclass(frozen=True)
class Decision:
    """What came of an answer: whether the version is in use now, and the sentence that says so."""

    version: str
    is_in_use: bool
    sentence: str


def reasons_to_ask(
    connection: sa.Connection,
    files: Files,
    panel: Panel,
    new: DemandModel,
    methods: Mapping[str, str],
    relative_error: float | None,
) -> tuple[str, ...]:
    """Why a person should decide whether `new` is put in use; nothing when it may be at once.

    Nobody is asked where there is nothing worth keeping: before the first model, where the one in use was never measured,
    cannot be read, or has seen less than half of what is known now.

    Args:
        connection: to the database.
        files: where the model in use lies.
        panel: what the new one learned from.
        new: the new one.
        methods: its method by class of series.
        relative_error: its error at past origins, relative to the 28-day mean's.
    """
    try:
        run = champion(connection)
        old = load(files, run)
    except NoModel:
        return ()
    except (WrongArtefact, UnreadableModel) as error:
        log.warning(
            "The model in use is of no use, so the new one need not be asked for: %s", error
        )
        return ()
    except FileStoreError:
        if files.exists(run.path):
            raise
        log.warning("%s is not in HDFS any more: the new model takes its place.", run.path)
        return ()
    if run.relative_error is None or learned(old, panel) < LEAST_LEARNED:
        return ()
    return (
        *_other_methods(_methods(connection, run), methods),
        *moved(old, new, panel),
        *_worse(run.relative_error, relative_error),
    )


def learned(model: DemandModel, panel: Panel) -> float:
    """Of the days and items known in the panel, the share that the model learned from."""
    days = max(0, min(panel.day_count, (model.data_until - panel.first_day).days + 1))
    mine = set(model.items)
    rows = np.array([item in mine for item in panel.items], dtype=bool)
    known = int(panel.is_known.sum())
    return float(panel.is_known[rows, :days].sum() / known) if known else 1.0


def moved(old: DemandModel, new: DemandModel, panel: Panel) -> Iterator[str]:
    """How far two models differ in what they foretell from the same panel, where that is much."""
    first_day = panel.last_day + timedelta(days=1)
    before, after = (model.forecast(panel, first_day) for model in (old, new))
    is_told = before.is_active
    was, will = (told.expected[is_told].sum(axis=1) for told in (before, after))
    if not np.isfinite(will).all():
        yield "Some of what it foretells is not a number."
        return
    if not was.sum():
        return
    part = float(will.sum() / was.sum() - 1)
    if abs(part) > MOST_TOTAL:
        yield (
            f"All items together: it foretells {abs(part):.0%} {'more' if part > 0 else 'less'} for the next 28 days "
            "than the model in use."
        )
    off = np.abs(will - was)
    share = float(((off > MOVED * was) & (off >= MOVED_MILLI)).mean())
    if share > MOST_MOVED:
        yield (
            f"{share:.0%} of the items: their 28-day total moves by more than {MOVED:.0%} "
            f"and {MOVED_MILLI // 1000} packs."
        )


def decide(
    engine: sa.Engine,
    files: Files,
    version: str,
    *,
    is_approved: bool,
    by: str | None,
    clock: Clock = utc_now,
) -> Decision:
    """Do what was answered about a proposed version; `by` is None when nobody answered in time.

    An answer that comes too late (a newer version was trained, or somebody chose another) changes nothing.

    Raises:
        WrongArtefact, UnreadableModel, FileStoreError: if what was approved cannot be used any more; it goes on waiting.
    """

    def work(connection: sa.Connection) -> Decision:
        alone(connection)
        waits = connection.execute(
            sa.select(model_run.c.is_proposed).where(model_run.c.version == version)
        ).scalar()
        if not waits:
            return Decision(
                version, False, f"{version} no longer waits for an answer: nothing is changed."
            )
        if is_approved:
            # Days may lie between the training and the answer.
            load(files, run_of(connection, version))
            words = f"Approved by {by}: it is in use."
        elif by is None:
            words = "Nobody answered in time: the model before it stays in use."
        else:
            words = f"Rejected by {by}: the model before it stays in use."
        answered(connection, version, words, by=by, at=clock())
        if is_approved:
            promote(connection, version, by=by, at=clock())
        return Decision(version, is_approved, f"{version}. {words}")

    decision = in_transaction(engine, work)
    log.info("%s", decision.sentence)
    return decision


def use(
    engine: sa.Engine, files: Files, version: str, *, by: str, clock: Clock = utc_now
) -> Decision:
    """Put a version in use by hand, if what lies in HDFS under its name can be used; what waits for a word falls.

    Raises:
        NoModel: if no version is called so.
        WrongArtefact, UnreadableModel, FileStoreError: if it cannot be used; nothing is changed.
    """
    with engine.connect() as connection:
        run = run_of(connection, version)
    load(files, run)

    def work(connection: sa.Connection) -> None:
        at = clock()
        alone(connection)
        answered(connection, version, f"Put in use by {by}.", by=by, at=at)
        promote(connection, version, by=by, at=at)

    in_transaction(engine, work)
    return Decision(version, True, f"{version} is in use; forecasts follow at their next run.")


def _methods(connection: sa.Connection, run: Run) -> dict[str, str]:
    choice = model_choice.c
    rows = connection.execute(
        sa.select(choice.kind, choice.method)
        .join_from(model_choice, model_run, model_run.c.id == choice.model_run_id)
        .where(model_run.c.version == run.version, choice.is_used, choice.series_count > 0)
    )
    return {row.kind: row.method for row in rows}


def _other_methods(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for kind, method in before.items():
        if after.get(kind, method) != method:
            yield f"Items of the class {kind}: {after[kind]} instead of {method}."


def _worse(before: float, after: float | None) -> Iterator[str]:
    if after is not None and after > before + WORSE:
        yield (
            f"Its error of 28-day totals at past origins is {after:.3f} of the 28-day mean's; "
            f"the model in use had {before:.3f}."
        )
