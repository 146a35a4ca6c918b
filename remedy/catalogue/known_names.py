"""Which medicine a line of a pharmacist's list names."""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pharmacy import medicine
from remedy.stock.barcodes import GTIN_DIGITS
from remedy.stock.model import StockRow


class KnownMedicines:
    """The medicines that these names may mean: by id, by code, by the code on the pack, or as the stock table
    calls them.

    `rows` are the pharmacy's stock items by medicine, `row_ids` the database's own ids of all that are meant.
    `own_codes` are what the pharmacy itself keeps codes of packs for.
    """

    def __init__(
        self,
        connection: sa.Connection,
        rows: list[StockRow],
        names: set[str],
        own_codes: Mapping[str, UUID],
    ) -> None:
        self.rows = {row.medicine_id: row for row in rows}
        self._by_name: dict[str, set[UUID]] = {}
        for row in rows:
            for name in {row.label, row.code, row.code.partition(":")[2]} - {""}:
                self._by_name.setdefault(name.casefold(), set()).add(row.medicine_id)
        ids = {UUID(name) for name in names if _is_id(name)} | self.rows.keys()
        codes = [tuple(name.split(":", 1)) for name in names if ":" in name]
        gtins = {name.zfill(GTIN_DIGITS) for name in names if name.isascii() and name.isdigit()}
        for gtin in gtins & own_codes.keys():
            self._by_name.setdefault(gtin, set()).add(own_codes[gtin])
            ids.add(own_codes[gtin])
        of = medicine.c
        columns = of.id, of.public_id, of.source, of.source_key, of.gtin
        wanted: sa.ColumnElement[bool] = medicine.c.public_id.in_(ids)
        if codes:
            wanted |= sa.tuple_(medicine.c.source, medicine.c.source_key).in_(codes)
        if gtins:
            wanted |= of.gtin.in_(gtins)
        self.row_ids: dict[UUID, int] = {}
        for found in connection.execute(sa.select(*columns).where(wanted)):
            self.row_ids[found.public_id] = found.id
            code = f"{found.source}:{found.source_key}" if found.source_key else ""
            for name in {str(found.public_id), code, found.gtin or ""} - {""}:
                self._by_name.setdefault(name.casefold(), set()).add(found.public_id)

    def find(self, named: str) -> tuple[UUID | None, str]:
        """The medicine of that name, or why there is none."""
        found = self._by_name.get(named.casefold(), set())
        if not found and named.isascii() and named.isdigit():
            found = self._by_name.get(named.zfill(GTIN_DIGITS), set())
        if len(found) == 1:
            return next(iter(found)), ""
        if found:
            return None, f"{len(found)} medicines are called that; use the code."
        return None, "No medicine has that code, and none in your stock that name."


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
