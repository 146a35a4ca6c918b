"""Trained models: kept in HDFS with a card, listed in `model_run`, one of them in use.

A model is found by its row and believed by its SHA-256: what HDFS holds under its name is loaded only if
it is byte for byte what was trained.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from models.baseline import HORIZON
from models.choice import Choice
from models.demand_model import BY_CLASS, DemandModel
from models.evaluation import Comparison
from models.group_band import GroupBand
from remedy.gateways.hdfs import Files, model_folder
from remedy.schema.pipeline import model_choice, model_error, model_run

FAMILY = "demand"
"""The question our models answer; at most one of them is in use for it."""
TRAINING = "train_models"
"""Who decided, when it was no person."""
_RUN = ("version", "model", "trained_at", "data_until", "path", "sha256", "relative_error")
"""The columns of a `Run`, in order."""


class WrongArtefact(ValueError):
    """What lies in HDFS is not what was trained."""


class NoModel(LookupError):
    """No model is in use yet."""


@dataclass(frozen=True)
class Stored:
    """Where an artefact lies and how it is known."""

    version: str
    path: str
    sha256: bytes
    trained_at: datetime


@dataclass(frozen=True)
class Run:
    """A row of `model_run`: which method was chosen, trained when, on what, how far off."""

    version: str
    method: str
    trained_at: datetime
    data_until: date
    path: str
    sha256: bytes
    relative_error: float | None


def version_of(artefact: bytes, trained_at: datetime) -> str:
    """The version's name: when it was trained and the first digits of its SHA-256."""
    digest = hashlib.sha256(artefact).hexdigest()
    return f"{trained_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:12]}"


def save(files: Files, model: DemandModel, card: str, *, trained_at: datetime) -> Stored:
    """Write a model and its card to HDFS. A model that no row names is never used, and harms nothing."""
    artefact = model.to_bytes()
    version = version_of(artefact, trained_at)
    folder = model_folder(FAMILY, version)
    files.write_once(f"{folder}/card.md", [card.encode()])
    _, sha256 = files.write_once(f"{folder}/model.json", [artefact])
    return Stored(version, f"{folder}/model.json", sha256, trained_at)


def record(
    connection: sa.Connection,
    stored: Stored,
    model: DemandModel,
    comparison: Comparison,
    card: str,
    reasons: Sequence[str] = (),
    choices: Sequence[Choice] = (),
    groups: GroupBand | None = None,
) -> None:
    """List a model with the errors of all compared methods and how they did by class, in the caller's transaction.

    `groups` is how groups of items are told their bands. It is put in use, unless there are `reasons` to ask a person first.
    """
    # Before the new row, not after it: who holds its own and waits for the others' waits for ever.
    alone(connection)
    made = connection.execute(
        model_run.insert().values(
            model=model.method,
            version=stored.version,
            trained_at=stored.trained_at,
            data_until=model.data_until,
            series_count=len(model.items),
            relative_error=comparison.relative_error(model.champions),
            total_error_milli=comparison.total_error_milli(model.champions),
            origin_count=len(comparison.origins),
            path=stored.path,
            sha256=stored.sha256,
            card=card,
            shared_error=None if groups is None else groups.shared,
            group_inside=None if groups is None else groups.inside,
        )
    )
    run_id = made.inserted_primary_key[0] if made.inserted_primary_key else None
    for table, rows in (
        (model_error, list(_errors(comparison, model))),
        (model_choice, [asdict(choice) for choice in choices]),
    ):
        if rows:
            connection.execute(table.insert(), [{"model_run_id": run_id, **row} for row in rows])
    settle(connection, stored, reasons)


def settle(connection: sa.Connection, stored: Stored, reasons: Sequence[str]) -> None:
    """Put a recorded version in use, or, where there are reasons to ask a person, let it wait for one.

    Either way what waited before falls: at most one version waits, and it is newer than all that were answered.
    """
    alone(connection)
    if not reasons:
        promote(connection, stored.version, by=TRAINING, at=stored.trained_at)
        return
    _fall(connection, stored.version, by=TRAINING, at=stored.trained_at)
    connection.execute(
        model_run.update()
        .where(model_run.c.version == stored.version)
        .values(is_proposed=True, proposal="\n".join(reasons))
    )


def promote(
    connection: sa.Connection, version: str, *, by: str | None = TRAINING, at: datetime
) -> None:
    """Put a version in use, take its predecessor out of use and let what waits fall, all at once.

    Raises:
        NoModel: if no version is called so; nothing is changed then.
    """
    alone(connection)
    run_of(connection, version)
    _fall(connection, version, by=by, at=at)
    family = model_run.c.champion_of
    connection.execute(model_run.update().where(family == FAMILY).values(champion_of=None))
    connection.execute(
        model_run.update().where(model_run.c.version == version).values(champion_of=FAMILY)
    )


def alone(connection: sa.Connection) -> None:
    """Until the transaction ends nobody else settles, promotes or answers: all rows are held."""
    connection.execute(sa.select(model_run.c.id).order_by(model_run.c.id).with_for_update()).all()


def answered(
    connection: sa.Connection, version: str, words: str, *, by: str | None, at: datetime
) -> None:
    """Write below a version's reasons what was answered, when and by whom; it waits no longer."""
    _close(connection, model_run.c.version == version, words, by=by, at=at)


def _fall(connection: sa.Connection, version: str, *, by: str | None, at: datetime) -> None:
    """Nothing but this version waits any longer."""
    _close(
        connection,
        sa.and_(model_run.c.is_proposed, model_run.c.version != version),
        f"Fell unanswered: {version} came after it.",
        by=by,
        at=at,
    )


def _close(
    connection: sa.Connection,
    which: sa.ColumnElement[bool],
    words: str,
    *,
    by: str | None,
    at: datetime,
) -> None:
    above = sa.func.coalesce(sa.func.concat(model_run.c.proposal, "\n"), "")
    connection.execute(
        model_run.update()
        .where(which)
        .values(
            is_proposed=False,
            proposal=sa.func.concat(above, words),
            decided_at=at,
            decided_by=by,
        )
    )


def champion(connection: sa.Connection) -> Run:
    """The model in use.

    Raises:
        NoModel: before the first training.
    """
    row = connection.execute(_runs().where(model_run.c.champion_of == FAMILY)).one_or_none()
    if row is None:
        raise NoModel("No model is in use yet; run the DAG train_models first.")
    return Run(*row)


def run_of(connection: sa.Connection, version: str) -> Run:
    """The row of a version.

    Raises:
        NoModel: if no version is called so.
    """
    row = connection.execute(_runs().where(model_run.c.version == version)).one_or_none()
    if row is None:
        raise NoModel(f"No version is called '{version}'; `./run models` lists those there are.")
    return Run(*row)


def _runs() -> sa.Select[Any]:
    return sa.select(*(model_run.c[name] for name in _RUN))


def load(files: Files, run: Run) -> DemandModel:
    """The model of a row.

    Raises:
        WrongArtefact: if the file in HDFS is not the one that was trained.
    """
    artefact = files.read(run.path)
    if hashlib.sha256(artefact).digest() != bytes(run.sha256):
        raise WrongArtefact(
            f"{run.path} is not the file that was trained as version {run.version}: its SHA-256 "
            "differs. Train again, and find out who changed it."
        )
    return DemandModel.from_bytes(artefact)


def _errors(comparison: Comparison, model: DemandModel) -> Iterable[dict[str, object]]:
    """The errors of every method at every reported origin, and of the model's own mixture of them if it is one."""
    said = dict(comparison.told)
    if model.method == BY_CLASS:
        said[BY_CLASS] = comparison.said_by(model.champions)
    reported = comparison.trial.origins.reported
    for method, days in said.items():
        told, came, _ = comparison.trial.past(days).sums(HORIZON)
        for origin, foretold, actual in zip(
            comparison.origins, told[reported], came[reported], strict=True
        ):
            is_scored = np.isfinite(foretold) & np.isfinite(actual)
            if is_scored.any():
                yield {
                    "method": method,
                    "origin_on": origin,
                    "series_count": int(is_scored.sum()),
                    "total_error_milli": float(np.abs(actual - foretold)[is_scored].sum()),
                    "total_actual_milli": float(actual[is_scored].sum()),
                }
