"""Trained models: kept in HDFS with a card, listed in `model_run`, one of them in use.

A model is found by its row and believed by its SHA-256: what HDFS holds under its name is loaded only if
it is byte for byte what was trained.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import sqlalchemy as sa

from models.demand_model import DemandModel
from models.evaluation import Comparison, totals
from remedy.gateways.hdfs import Files, model_folder
from remedy.schema.pipeline import model_error, model_run

FAMILY = "demand"
"""The question our models answer; at most one of them is in use for it."""


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
) -> None:
    """List a model with the errors of all compared methods, and put it in use, in the caller's transaction."""
    made = connection.execute(
        model_run.insert().values(
            model=model.method,
            version=stored.version,
            trained_at=stored.trained_at,
            data_until=model.data_until,
            series_count=len(model.items),
            relative_error=comparison.relative_error(model.method),
            total_error_milli=comparison.total_error_milli(model.method),
            origin_count=len(comparison.origins),
            path=stored.path,
            sha256=stored.sha256,
            card=card,
        )
    )
    run_id = made.inserted_primary_key[0] if made.inserted_primary_key else None
    rows = [{"model_run_id": run_id, **row} for row in _errors(comparison)]
    if rows:
        connection.execute(model_error.insert(), rows)
    promote(connection, stored.version)


def promote(connection: sa.Connection, version: str) -> None:
    """Put a version in use and take its predecessor out of use, at once."""
    family = model_run.c.champion_of
    connection.execute(model_run.update().where(family == FAMILY).values(champion_of=None))
    connection.execute(
        model_run.update().where(model_run.c.version == version).values(champion_of=FAMILY)
    )


def champion(connection: sa.Connection) -> Run:
    """The model in use.

    Raises:
        NoModel: before the first training.
    """
    columns = model_run.c
    row = connection.execute(
        sa.select(
            columns.version,
            columns.model,
            columns.trained_at,
            columns.data_until,
            columns.path,
            columns.sha256,
            columns.relative_error,
        ).where(columns.champion_of == FAMILY)
    ).one_or_none()
    if row is None:
        raise NoModel("No model is in use yet; run the DAG train_models first.")
    return Run(*row)


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


def _errors(comparison: Comparison) -> Iterable[Mapping[str, object]]:
    for method, errors in comparison.errors.items():
        for row, origin in enumerate(comparison.origins):
            total = totals(errors[row])
            actual = totals(comparison.actual[row])
            is_scored = np.isfinite(total)
            if is_scored.any():
                yield {
                    "method": method,
                    "origin_on": origin,
                    "series_count": int(is_scored.sum()),
                    "total_error_milli": float(np.abs(total[is_scored]).sum()),
                    "total_actual_milli": float(actual[is_scored].sum()),
                }
