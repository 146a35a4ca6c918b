"""The codes printed on packs that hold for everybody, as an import or a register tells them.

What one pharmacist tells by hand holds at that pharmacy alone: `remedy.stock.own_codes`.
"""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.service import note_change
from remedy.schema.pharmacy import medicine
from remedy.stock.barcodes import gtin_of


def keep_codes(connection: sa.Connection, codes: Mapping[UUID, str]) -> None:
    """Keep the code of each of these medicines, an EAN or GTIN, in place of the one it had.

    Raises:
        ValueError: with a sentence, if one is no such code, or belongs to another medicine.
    """
    wanted = {gtin_of(code): medicine_id for medicine_id, code in codes.items()}
    if len(wanted) < len(codes):
        raise ValueError("Two medicines are given one code; a code is of one medicine.")
    if not wanted:
        return
    taken = connection.execute(
        sa.select(medicine.c.gtin, medicine.c.public_id).where(medicine.c.gtin.in_(list(wanted)))
    ).all()
    foreign = [row.gtin for row in taken if wanted[row.gtin] != row.public_id]
    if foreign:
        raise ValueError(f"The code {foreign[0]} belongs to another medicine.")
    connection.execute(
        sa.update(medicine).where(medicine.c.public_id == sa.bindparam("of")),
        [{"of": medicine_id, "gtin": gtin} for gtin, medicine_id in wanted.items()],
    )
    rows = connection.execute(
        sa.select(medicine.c.id).where(medicine.c.public_id.in_(list(wanted.values())))
    )
    note_change(connection, list(rows.scalars()))
