"""The table of interactions: where it comes from, and bringing one in.

There is one table at a time, the newest import. Until an admin loads one that is licensed, every result says that
it is not for clinical use.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from remedy.catalogue.csvfile import ImportRefused, records
from remedy.prescriptions.ingredients import key_of
from remedy.schema.prescriptions import interaction, interaction_source
from remedy.values import Clock

COLUMNS = ("drug1", "drug2", "severity", "source", "effect")
SEVERITIES = ("critical", "significant", "minor")
CHUNK = 1000
EFFECT_AT_MOST, TOLD_BY_AT_MOST, NAME_AT_MOST = 400, 60, 120
_OF_LISTS = {"onc-highpriority": "critical", "onc-noninteruptive": "minor"}
"""How grave a list's pairs are that names no severity: one is of what must never be, one of what need not interrupt."""


@dataclass(frozen=True)
class Source:
    """Where the table that counts comes from; `as_of` is how old it is, as its owner says it."""

    row_id: int
    name: str
    as_of: str
    is_licensed: bool
    pair_count: int
    imported_at: datetime


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    records: int
    pairs: int
    refused: int
    source: str
    is_licensed: bool

    def __str__(self) -> str:
        use = "licensed" if self.is_licensed else "not for clinical use"
        return (
            f"{self.records:,} records read: {self.pairs:,} interactions of '{self.source}' count now ({use}), "
            f"{self.refused:,} refused."
        )


def current_source(connection: sa.Connection) -> Source | None:
    """The table that counts; None where none was ever brought in."""
    row = connection.execute(
        sa.select(interaction_source).order_by(interaction_source.c.id.desc()).limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Source(
        row.id, row.name, row.as_of, bool(row.is_licensed), int(row.pair_count), row.imported_at
    )


def severity_of(written: str, told_by: str) -> str:
    """How grave an interaction is: what the record says, else what its list is for.

    What says neither is taken as significant, not as minor.
    """
    plain = written.strip().casefold()
    if plain in {"critical", "contraindicated", "major", "severe"}:
        return "critical"
    if plain in {"minor", "mild"}:
        return "minor"
    if plain:
        return "significant"
    return _OF_LISTS.get(told_by.strip().casefold(), "significant")


def import_interactions(
    engine: sa.Engine,
    path: Path,
    *,
    as_of: str,
    name: str | None = None,
    is_licensed: bool = False,
    clock: Clock,
) -> Imported:
    """Bring in a table of interactions in place of the one before, in one transaction.

    Args:
        engine: of the database.
        path: a CSV file with `drug1, drug2, severity, source, effect`; other columns may be there.
        as_of: how old the table is, as its owner says it, such as 2017 or 2026-06-30.
        name: what the table is called; by default the file's name.
        is_licensed: whether it is licensed for clinical use.
        clock: what tells the time.

    Raises:
        ImportRefused: if the file is no such table, or holds no pair; then the one before still counts.
    """
    found: dict[tuple[str, str, str, str, str], None] = {}
    read = refused = 0
    for record in records(path, COLUMNS, has_more=True):
        read += 1
        told = record.values
        pair = sorted((key_of(told.get("drug1", "")), key_of(told.get("drug2", ""))))
        if record.problem is not None or not all(pair) or pair[0] == pair[1]:
            refused += 1
            continue
        told_by = told["source"].strip()[:TOLD_BY_AT_MOST] or path.stem[:TOLD_BY_AT_MOST]
        effect = told["effect"].strip()[:EFFECT_AT_MOST]
        found[(pair[0], pair[1], severity_of(told["severity"], told_by), effect, told_by)] = None
    if not found:
        raise ImportRefused(f"'{path.name}' names no two ingredients that interact.")
    called = (name or path.stem)[:NAME_AT_MOST]
    with engine.begin() as connection:
        made = connection.execute(
            sa.insert(interaction_source).values(
                name=called,
                as_of=as_of,
                is_licensed=is_licensed,
                pair_count=len(found),
                imported_at=clock(),
            )
        )
        rows = [
            {
                "source_id": made.lastrowid, "one": one, "other": other, "severity": severity,
                "effect": effect, "told_by": told_by,
            }
            for one, other, severity, effect, told_by in found
        ]  # fmt: skip
        for start in range(0, len(rows), CHUNK):
            connection.execute(sa.insert(interaction), rows[start : start + CHUNK])
        connection.execute(sa.delete(interaction).where(interaction.c.source_id != made.lastrowid))
    return Imported(read, len(found), refused, called, is_licensed)
