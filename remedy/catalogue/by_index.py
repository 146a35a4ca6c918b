"""Finding medicines by the search index, and whether it may be believed."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.by_words import MEDICINE_FIELDS
from remedy.catalogue.index import Position, Snapshot, index_of
from remedy.catalogue.meaning import Asked, asked
from remedy.catalogue.model import MAX_SEARCH_LENGTH, Medicine
from remedy.schema.pharmacy import catalogue_state
from remedy.schema.pharmacy import medicine as medicines

Fits = tuple[dict[int, float], ...]


def find_by_index(
    connection: sa.Connection, text: str, look: Callable[[Snapshot, list[Asked]], Fits]
) -> list[list[Medicine]] | None:
    """What the index finds; None where there is none, or it has not taken in the catalogue as it is now.

    Whether it has is asked in the statement that reads the medicines: they are as the index knew them.
    """
    index = index_of(connection)
    known = index.now() if index is not None else None
    if index is None or known is None:
        return None
    things = asked(text[:MAX_SEARCH_LENGTH])
    if not things:
        return [[] for _ in look(known, things)]
    for is_last in (False, True):
        fits = look(known, things)
        at, rows = _read(connection, [row_id for some in fits for row_id in some])
        if known.position == at:
            return [_ordered(some, rows) for some in fits]
        if is_last:
            break
        opened = index.open_again()
        if opened is None or opened.position != at:
            break
        known = opened
    return None


def _read(connection: sa.Connection, row_ids: list[int]) -> tuple[Position, dict[int, Medicine]]:
    """Where the catalogue stands, and these medicines by row id, in one statement."""
    if not row_ids:
        return _position(connection), {}
    rows = connection.execute(_STATE_AND_MEDICINES, {"row_ids": row_ids}).all()
    found = {row_id: _medicine(told) for _, _, row_id, told in rows if row_id is not None}
    return Position(rows[0][0], rows[0][1]), found


def _medicine(told: str) -> Medicine:
    public_id, *fields, is_prescription_only, is_controlled = json.loads(told)
    flags = (bool(is_prescription_only), bool(is_controlled))
    values: list[Any] = [UUID(hex=public_id), *fields, *flags]
    return Medicine(*values)


_STATE = sa.select(catalogue_state.c.public_id, catalogue_state.c.changed_seq)
_STATE_AND_MEDICINES = sa.select(
    catalogue_state.c.public_id,
    catalogue_state.c.changed_seq,
    medicines.c.id,
    # A medicine is one value and not ten: taking values apart is most of what reading a page of them costs.
    sa.func.json_array(sa.func.hex(medicines.c.public_id), *MEDICINE_FIELDS[1:]),
).select_from(
    catalogue_state.outerjoin(
        medicines, medicines.c.id.in_(sa.bindparam("row_ids", expanding=True))
    )
)


def _position(connection: sa.Connection) -> Position:
    return Position(*connection.execute(_STATE).one())


def _ordered(fits: dict[int, float], rows: dict[int, Medicine]) -> list[Medicine]:
    def rank(row_id: int) -> tuple[float, str, str, int]:
        one = rows[row_id]
        return -fits[row_id], one.generic_name.lower(), (one.brand_name or "").lower(), row_id

    return [rows[row_id] for row_id in sorted(fits.keys() & rows.keys(), key=rank)]


def search_state(connection: sa.Connection) -> str:
    """How searches are answered now, in a few words: by the index, or why by the words in the database."""
    index = index_of(connection)
    if index is None:
        return "words"
    at = _position(connection)
    known = index.now()
    if known is not None and known.position != at:
        known = index.open_again()
    if known is None or known.position.catalogue != at.catalogue:
        return "words, there is no index"
    if known.position == at:
        return "index"
    return f"words, the index is {at.seq - known.position.seq} changes behind"
