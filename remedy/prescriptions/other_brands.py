"""Another brand in place of a prescribed one: which may be, and a pharmacist's word for it, with a reason."""

from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.by_words import of_ingredient
from remedy.catalogue.model import Medicine
from remedy.catalogue.substitution import why_not_in_place
from remedy.events.prescriptions import PrescriptionSubstituted
from remedy.prescriptions import writing
from remedy.prescriptions.model import Changed, Line, Prescription, Refused
from remedy.prescriptions.review import (
    check_licence,
    lock,
    of_pharmacy,
    product,
    sealed_reason,
)
from remedy.schema.pharmacy import medicine
from remedy.schema.prescriptions import prescription_line, prescription_substitute
from remedy.values import Clock
from remedy.vault import Vault

WHY_OTHER = "substitution"
"""The field of a line its reason is sealed for."""


def candidates(connection: sa.Connection, prescribed: Medicine) -> list[Medicine]:
    """The other brands that may be given in place of a prescribed one, by name; none where it is never swapped."""
    return [
        one
        for one in of_ingredient(connection, prescribed)
        if why_not_in_place(prescribed, one) is None
    ]


def confirm_substitute(
    connection: sa.Connection,
    vault: Vault,
    pharmacy_id: UUID,
    prescription_id: UUID,
    line_id: UUID,
    substitute_id: UUID,
    *,
    reason: str,
    decided_by: UUID,
    clock: Clock,
) -> None:
    """Let another brand be had by a line of an accepted prescription; doing it twice changes nothing.

    Only the same ingredient, strength, form and pack, nothing that is never swapped, and nothing where the
    prescription says "as written".

    Raises:
        Refused: with the sentence why not.
        Changed: if the prescription is not accepted (any more).
    """
    now = clock()
    check_licence(connection, pharmacy_id)
    found = of_pharmacy(connection, pharmacy_id, prescription_id)
    row = lock(connection, prescription_id)
    if found.state != "accepted":
        raise Changed("Only of an accepted prescription can a medicine be replaced.")
    line = _line(found, line_id)
    if line.is_as_written:
        raise Refused("The prescription says: as written. No other brand may be given.")
    if line.ends_at <= now:
        raise Refused("This prescription is not valid any more.")
    why_not = why_not_in_place(
        product(connection, line.medicine_id), product(connection, substitute_id)
    )
    if why_not:
        raise Refused(why_not)
    sealed = sealed_reason(vault, connection, found.patient_id, line_id, WHY_OTHER, reason)
    line_row, other_row = (
        connection.execute(sa.select(table.c.id).where(table.c.public_id == public_id)).scalar_one()
        for table, public_id in ((prescription_line, line_id), (medicine, substitute_id))
    )
    there = connection.execute(
        sa.select(sa.func.count()).where(
            prescription_substitute.c.line_id == line_row,
            prescription_substitute.c.medicine_id == other_row,
        )
    ).scalar_one()
    if there:
        return
    connection.execute(
        sa.insert(prescription_substitute).values(
            line_id=line_row,
            medicine_id=other_row,
            confirmed_by=decided_by,
            confirmed_at=now,
            reason_sealed=sealed,
        )
    )
    told = PrescriptionSubstituted(
        **writing.facts(connection, row, now),
        line_id=line_id,
        medicine_id=line.medicine_id,
        substitute_id=substitute_id,
        decided_by=decided_by,
        reason_sealed=sealed,
    )
    writing.tell(connection, told, now, clock)


def _line(found: Prescription, line_id: UUID) -> Line:
    for line in found.lines:
        if line.line_id == line_id:
            return line
    raise Refused("This prescription has no such medicine.")
