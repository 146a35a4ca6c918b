"""Codes of packs that a pharmacy has kept with a medicine by hand: they mean it at that pharmacy and nowhere else.

Codes that hold for everybody come from imports (`remedy/catalogue/codes.py`) and go first. What is kept by hand may
be a slip, and a wrong code sells the wrong medicine: it misleads nobody else, every page that goes by it names who
kept it, and it can be taken back.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.schema.people import account
from remedy.schema.pharmacy import medicine, pharmacy, pharmacy_code
from remedy.stock.barcodes import gtin_of
from remedy.stock.locks import place_of
from remedy.stock.model import Refused, UnknownMedicine, medicine_label
from remedy.values import Clock

_NAMES = (
    medicine.c.generic_name, medicine.c.brand_name, medicine.c.strength, medicine.c.form,
    medicine.c.pack,
)  # fmt: skip


@dataclass(frozen=True)
class OwnCode:
    """A code that a pharmacy keeps with a medicine; `by` is the name of who told it.

    `is_overruled`: the catalogue has learnt since which medicine it is, and that goes first.
    """

    gtin: str
    medicine_id: UUID
    kept_at: datetime
    by: str | None
    is_overruled: bool


@dataclass(frozen=True)
class Meaning:
    """The medicine that a code means at a pharmacy; `own` where that is known only because it kept the code."""

    medicine_id: UUID
    own: OwnCode | None = None


def meaning_of(connection: sa.Connection, pharmacy_id: UUID, gtin: str) -> Meaning | None:
    """What a code of fourteen digits means at a pharmacy; None where nobody has told."""
    found = connection.execute(
        sa.select(medicine.c.public_id).where(medicine.c.gtin == gtin)
    ).scalar_one_or_none()
    if found is not None:
        return Meaning(found)
    own = [one for one in own_codes(connection, pharmacy_id) if one.gtin == gtin]
    return Meaning(own[0].medicine_id, own[0]) if own else None


def own_codes(
    connection: sa.Connection, pharmacy_id: UUID, *, medicine_id: UUID | None = None
) -> list[OwnCode]:
    """The codes a pharmacy keeps, in their order; with `medicine_id`, those of that medicine."""
    code, known = pharmacy_code.c, medicine.alias("known")
    query = (
        sa.select(
            code.gtin, medicine.c.public_id, code.kept_at, account.c.staff_name,
            sa.exists().where(known.c.gtin == code.gtin).label("is_overruled"),
        )
        .select_from(
            pharmacy_code.join(pharmacy, pharmacy.c.id == code.pharmacy_id)
            .join(medicine, medicine.c.id == code.medicine_id)
            .join(account, account.c.id == code.account_id)
        )
        .where(pharmacy.c.public_id == pharmacy_id)
        .order_by(code.gtin)
    )  # fmt: skip
    if medicine_id is not None:
        query = query.where(medicine.c.public_id == medicine_id)
    return [
        OwnCode(gtin, medicine_id, kept_at, by, bool(is_overruled))
        for gtin, medicine_id, kept_at, by, is_overruled in connection.execute(query)
    ]


def own_meanings(connection: sa.Connection, pharmacy_id: UUID) -> dict[str, UUID]:
    """The medicines that codes mean because the pharmacy keeps them, by code."""
    return {
        one.gtin: one.medicine_id
        for one in own_codes(connection, pharmacy_id)
        if not one.is_overruled
    }


def keep_own_code(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    code: str,
    *,
    account_id: UUID,
    clock: Clock,
) -> None:
    """Keep a code, an EAN or GTIN, with a medicine at a pharmacy. Kept with it already, nothing changes.

    Raises:
        Refused: if it is no such code, means another medicine, or the medicine is unknown.
    """
    gtin, place = gtin_of(code), place_of(connection, pharmacy_id)
    row_id = connection.execute(
        sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id)
    ).scalar_one_or_none()
    if row_id is None:
        raise UnknownMedicine()
    told_by = connection.execute(
        sa.select(account.c.id).where(account.c.public_id == account_id)
    ).scalar_one()
    # The key decides between two who keep one code at once: the first stays, and the second reads what it means.
    connection.execute(
        insert(pharmacy_code)
        .values(
            pharmacy_id=place.row_id, gtin=gtin, medicine_id=row_id, account_id=told_by,
            kept_at=clock(),
        )
        .on_duplicate_key_update(gtin=pharmacy_code.c.gtin)
    )  # fmt: skip
    meant = meaning_of(connection, pharmacy_id, gtin)
    if meant is not None and meant.medicine_id != medicine_id:
        names = connection.execute(
            sa.select(*_NAMES).where(medicine.c.public_id == meant.medicine_id)
        ).one()
        raise Refused(
            f"The code {gtin} means another medicine already: {medicine_label(*names)}. Look at the pack again."
        )


def take_back_own_code(connection: sa.Connection, pharmacy_id: UUID, gtin: str) -> None:
    """Forget what a pharmacy kept of a code; what was received by it stays as it was told.

    Raises:
        Refused: if the pharmacy keeps no such code.
    """
    place = place_of(connection, pharmacy_id)
    done = connection.execute(
        sa.delete(pharmacy_code).where(
            pharmacy_code.c.pharmacy_id == place.row_id, pharmacy_code.c.gtin == gtin
        )
    )
    if not done.rowcount:
        raise Refused("Your pharmacy keeps no such code; it may have been taken back already.")
