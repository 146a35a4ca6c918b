"""Allergies and interactions, looked for before a medicine is handed out. What cannot be checked is said, never passed over.

The check knows the medicines entered, what else the patient's accepted prescriptions allow, the allergies the
patient told, and one table of interactions. It decides nothing: a pharmacist does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.events.prescriptions import Checked
from remedy.prescriptions import ingredients
from remedy.prescriptions.allergies import Allergies, allergies_of
from remedy.prescriptions.interactions import SEVERITIES, Source, current_source
from remedy.schema.people import patient
from remedy.schema.pharmacy import medicine, medicine_word
from remedy.schema.prescriptions import interaction, prescription, prescription_line
from remedy.stock.labels import LABEL, label_of
from remedy.vault import Unreadable, Vault

ALLERGY = "allergy"
AGAIN = "again"
"""Another accepted prescription still allows the same ingredient: one picture can be handed in to two pharmacies."""


@dataclass(frozen=True)
class Looked:
    """A medicine as the check sees it."""

    medicine_id: UUID
    label: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Something a pharmacist should know. `severity` is `allergy`, `again` or one of the table's.

    `one` is the medicine, `other` what it does not go with: another medicine, or the patient's own words.
    """

    severity: str
    one: str
    other: str
    effect: str
    told_by: str


@dataclass(frozen=True)
class Unchecked:
    """Something that could not be checked: `why` is a code, `what` the name it is about (or empty)."""

    why: str
    what: str = ""


@dataclass(frozen=True)
class Check:
    """What was found, what could not be checked, and by which table."""

    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    source: Source | None

    @property
    def state(self) -> Checked:
        """What it says in one word; anything that could not be checked is never `clear`."""
        if self.findings:
            return "found"
        return "not_checked" if self.unchecked else "clear"


def check(
    connection: sa.Connection,
    vault: Vault,
    patient_id: UUID,
    medicine_ids: Sequence[UUID],
    *,
    prescription_id: UUID | None = None,
    now: datetime,
) -> Check:
    """Look at these medicines, among each other, with what else the patient may take, and with the allergies.

    `prescription_id` is the prescription that they are on, which does not count as another one.
    """
    asked = _looked(connection, medicine.c.public_id.in_(list(medicine_ids)))
    others = [
        one
        for one in _looked(connection, medicine.c.id.in_(_taken(patient_id, now)))
        if one.medicine_id not in set(medicine_ids)
    ]
    source = current_source(connection)
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    _check_interactions(connection, source, asked, others, findings, unchecked)
    allowed = _looked(connection, medicine.c.id.in_(_allowed(patient_id, prescription_id, now)))
    findings.extend(
        Finding(AGAIN, one.label, other.label, "", "")
        for one in asked
        for other in allowed
        if other.medicine_id == one.medicine_id or set(one.keys) & set(other.keys)
    )
    try:
        told = allergies_of(connection, vault, patient_id)
    except Unreadable:
        unchecked.append(Unchecked("allergies_erased"))
    else:
        _check_allergies(connection, source, told, asked, findings, unchecked)
    order = (ALLERGY, AGAIN, *SEVERITIES)
    findings.sort(key=lambda one: (order.index(one.severity), one.one, one.other))
    return Check(tuple(findings), tuple(dict.fromkeys(unchecked)), source)


def _check_interactions(
    connection: sa.Connection,
    source: Source | None,
    asked: list[Looked],
    others: list[Looked],
    findings: list[Finding],
    unchecked: list[Unchecked],
) -> None:
    if source is None:
        unchecked.append(Unchecked("no_table"))
        return
    keys = {key for one in (*asked, *others) for key in one.keys}
    known = _known(connection, source, keys)
    for one in (*asked, *others):
        missing = [key for key in one.keys if key not in known]
        if missing or not one.keys:
            unchecked.extend(Unchecked("ingredient", key) for key in missing or [one.label])
    pairs = connection.execute(
        sa.select(interaction).where(
            interaction.c.source_id == source.row_id,
            interaction.c.one.in_(keys),
            interaction.c.other.in_(keys),
        )
    ).all()
    for place, one in enumerate(asked):
        for other in (*asked[place + 1 :], *others):
            findings.extend(
                Finding(row.severity, one.label, other.label, row.effect, row.told_by)
                for row in pairs
                if (row.one in one.keys and row.other in other.keys)
                or (row.other in one.keys and row.one in other.keys)
            )


def _check_allergies(
    connection: sa.Connection,
    source: Source | None,
    told: Allergies,
    asked: list[Looked],
    findings: list[Finding],
    unchecked: list[Unchecked],
) -> None:
    if not told.is_answered:
        unchecked.append(Unchecked("allergies_not_told"))
    for one in told.told:
        keys = ingredients.parts_of(one.substance)
        if not keys or not all(_is_known(connection, source, key) for key in keys):
            unchecked.append(Unchecked("allergy", one.substance))
        findings.extend(
            Finding(ALLERGY, looked.label, one.substance, "", "")
            for looked in asked
            if any(ingredients.is_meant(key, each) for key in keys for each in looked.keys)
        )


def _is_known(connection: sa.Connection, source: Source | None, key: str) -> bool:
    """Whether that names an ingredient at all: else an allergy to it cannot be looked for."""
    if ingredients.is_family(key) or (source and _known(connection, source, {key})):
        return True
    words = key.split()
    found = connection.execute(
        sa.select(sa.func.count(medicine_word.c.word.distinct())).where(
            medicine_word.c.word.in_(words)
        )
    ).scalar_one()
    return int(found) == len(set(words))


def _known(connection: sa.Connection, source: Source, keys: set[str]) -> set[str]:
    named: set[str] = set()
    for column in (interaction.c.one, interaction.c.other):
        named |= set(
            connection.execute(
                sa.select(column)
                .distinct()
                .where(interaction.c.source_id == source.row_id, column.in_(keys))
            ).scalars()
        )
    return named


def _taken(patient_id: UUID, now: datetime) -> sa.Select[tuple[int]]:
    """The medicines of the patient's accepted prescriptions that are valid."""
    return (
        sa.select(prescription_line.c.medicine_id)
        .select_from(
            prescription_line.join(
                prescription, prescription.c.id == prescription_line.c.prescription_id
            ).join(patient, patient.c.id == prescription.c.patient_id)
        )
        .where(
            patient.c.public_id == patient_id,
            prescription.c.state == "accepted",
            prescription_line.c.ends_at > now,
        )
    )


def _allowed(
    patient_id: UUID, prescription_id: UUID | None, now: datetime
) -> sa.Select[tuple[int]]:
    """The medicines that other prescriptions of the patient still allow some of."""
    query = _taken(patient_id, now).where(
        prescription_line.c.used_milli < prescription_line.c.allowed_milli
    )
    if prescription_id is not None:
        query = query.where(prescription.c.public_id != prescription_id)
    return query


def _looked(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> list[Looked]:
    rows = connection.execute(
        sa.select(
            medicine.c.public_id, *LABEL,
        )
        .where(wanted)
        .order_by(medicine.c.id)
    )  # fmt: skip
    return [
        Looked(
            row.public_id,
            label_of(row),
            ingredients.parts_of(row.generic_name),
        )
        for row in rows
    ]
