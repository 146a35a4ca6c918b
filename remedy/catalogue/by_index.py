"""Finding medicines by the search index, and whether it may be believed."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.index import Position, Snapshot, index_of
from remedy.catalogue.meaning import Asked, asked
from remedy.catalogue.model import MAX_SEARCH_LENGTH, Medicine
from remedy.schema.pharmacy import catalogue_state

Found = tuple[list[Medicine], ...]


def find_by_index(
    connection: sa.Connection, text: str, look: Callable[[Snapshot, list[Asked]], Found]
) -> Found | None:
    """What the index finds; None where there is none, or it has not taken in the catalogue as it is now.

    The medicines are as the index knew them, and so as the database has them: where that has gone on, its
    counter is another, and nothing of the index is shown.
    """
    index = index_of(connection)
    known = index.now() if index is not None else None
    if index is None or known is None:
        return None
    things = asked(text[:MAX_SEARCH_LENGTH])
    if not things:
        return look(known, things)
    at = _position(connection)
    if known.position != at:
        known = index.open_again()
    return look(known, things) if known is not None and known.position == at else None


_STATE = sa.select(catalogue_state.c.public_id, catalogue_state.c.changed_seq)
_STATE_SQL = str(_STATE)


def _position(connection: sa.Connection) -> Position:
    # As it was compiled: every search asks this, and little else.
    public_id, seq = connection.exec_driver_sql(_STATE_SQL).one()
    return Position(UUID(bytes=bytes(public_id)), seq)


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
