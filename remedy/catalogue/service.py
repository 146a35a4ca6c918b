"""Adding medicines, with the words they are found by; and when a pharmacy is open."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.catalogue.hours import Hours
from remedy.catalogue.model import NewMedicine
from remedy.catalogue.slips import SHORTEST, beginnings
from remedy.schema.pharmacy import (
    catalogue_state,
    medicine,
    medicine_word,
    medicine_word_near,
    pharmacy,
    pharmacy_hours,
)
from remedy.values import Clock, utc_now, uuid7

KINDS = ("product", "group")
_COLUMNS = (
    "kind", "generic_name", "brand_name", "strength", "form", "pack", "atc_code",
    "is_prescription_only", "is_controlled", "source", "source_key", "reference_price_minor",
    "reference_currency",
)  # fmt: skip


def add_medicine(connection: sa.Connection, *, clock: Clock = utc_now, **fields: Any) -> UUID:
    """Add one medicine; `fields` are those of `NewMedicine`.

    Raises:
        ValueError: if a field is missing or longer than its column.
        TypeError: if a field is unknown.
    """
    (medicine_id,) = add_medicines(connection, [NewMedicine(**fields)], clock=clock)
    return medicine_id


def add_medicines(
    connection: sa.Connection, new: Sequence[NewMedicine], *, clock: Clock
) -> list[UUID]:
    """Add medicines; one whose source and key are known is updated and keeps its id. Their ids, in order.

    Raises:
        ValueError: with a sentence, if one cannot be kept; then none is.
    """
    for one in new:
        _check(one)
    ids = [uuid7(clock) for _ in new]
    if not new:
        return ids
    rows = [
        {
            **{name: getattr(one, name) for name in _COLUMNS},
            "public_id": public_id,
            "doubts": json.dumps(one.doubts, ensure_ascii=False) if one.doubts else None,
        }
        for one, public_id in zip(new, ids, strict=True)
    ]
    statement = insert(medicine)
    kept = [*_COLUMNS, "doubts"]
    connection.execute(
        statement.on_duplicate_key_update({name: statement.inserted[name] for name in kept}), rows
    )
    named = {(one.source, one.source_key): one for one in new if one.source and one.source_key}
    which = sa.or_(
        medicine.c.public_id.in_(ids),
        sa.tuple_(medicine.c.source, medicine.c.source_key).in_(list(named)),
    )
    found = connection.execute(
        sa.select(
            medicine.c.id, medicine.c.public_id, medicine.c.source, medicine.c.source_key
        ).where(which)
    ).all()
    by_id = {row.public_id: row for row in found}
    by_key = {(row.source, row.source_key): row for row in found if row.source_key}
    kept_rows = [
        by_key[one.source, one.source_key] if one.source_key else by_id[public_id]
        for one, public_id in zip(new, ids, strict=True)
    ]
    _write_words(connection, dict(zip([row.id for row in kept_rows], new, strict=True)))
    note_change(connection, [row.id for row in kept_rows])
    return [row.public_id for row in kept_rows]


def note_change(connection: sa.Connection, row_ids: Sequence[int]) -> None:
    """Say that these medicines (their row ids) changed, so that the search index takes them in.

    Call it last in the transaction: the catalogue's counter stays locked until its end, so that what has a
    lower number was committed before.
    """
    connection.execute(
        sa.update(catalogue_state).values(changed_seq=catalogue_state.c.changed_seq + 1)
    )
    now = sa.select(catalogue_state.c.changed_seq).scalar_subquery()
    connection.execute(
        sa.update(medicine).where(medicine.c.id.in_(list(row_ids))).values(changed_seq=now)
    )


def _write_words(connection: sa.Connection, medicines: dict[int, NewMedicine]) -> None:
    """The words of these medicines, by row id, in place of those they had."""
    connection.execute(
        sa.delete(medicine_word).where(medicine_word.c.medicine_id.in_(list(medicines)))
    )
    words = sorted((word, row_id) for row_id, one in medicines.items() for word in one.words)
    if words:
        connection.execute(
            sa.insert(medicine_word),
            [{"word": word, "medicine_id": row_id} for word, row_id in words],
        )
        _write_beginnings(connection, {word for word, _ in words})


def _write_beginnings(connection: sa.Connection, words: set[str]) -> None:
    """What words written with a slip are looked up by; a word nobody has any more does no harm there."""
    known = connection.execute(
        sa.select(medicine_word_near.c.word).where(
            medicine_word_near.c.near.in_(sorted({word[:SHORTEST] for word in words})),
            medicine_word_near.c.word.in_(sorted(words)),
        )
    ).scalars()
    rows = sorted((near, word) for word in words - set(known) for near in beginnings(word))
    if rows:
        statement = insert(medicine_word_near)
        connection.execute(
            statement.on_duplicate_key_update(near=statement.inserted.near),
            [{"near": near, "word": word} for near, word in rows],
        )


def _check(one: NewMedicine) -> None:
    if one.kind not in KINDS:
        raise ValueError(f"'{one.kind}' is no kind of medicine; it is one of {', '.join(KINDS)}.")
    if not one.generic_name.strip():
        raise ValueError("A medicine needs a generic name.")
    if (one.source is None) != (one.source_key is None):
        raise ValueError("A source and the record's key there belong together.")
    for name in _COLUMNS:
        value, length = getattr(one, name), getattr(medicine.c[name].type, "length", None)
        if isinstance(value, str) and length is not None and len(value) > length:
            raise ValueError(f"'{name}' has more than {length} characters; shorten it.")


def set_hours(connection: sa.Connection, pharmacy_id: UUID, hours: Iterable[Hours]) -> None:
    """Say when a pharmacy is open, in place of what was said before.

    Raises:
        ValueError: with a sentence, if there is no such pharmacy or weekday, or one day opens twice at a time.
    """
    told = list(hours)
    row_id = connection.execute(
        sa.select(pharmacy.c.id).where(pharmacy.c.public_id == pharmacy_id).with_for_update()
    ).scalar()
    if row_id is None:
        raise ValueError("No pharmacy has that id.")
    if any(not 0 <= one.weekday <= 6 for one in told):
        raise ValueError("A weekday is a number from 0 (Monday) to 6 (Sunday).")
    if len({(one.weekday, one.opens_at) for one in told}) < len(told):
        raise ValueError("A pharmacy opens once at a time; leave the second line out.")
    connection.execute(sa.delete(pharmacy_hours).where(pharmacy_hours.c.pharmacy_id == row_id))
    if told:
        connection.execute(
            sa.insert(pharmacy_hours),
            [
                {
                    "pharmacy_id": row_id,
                    "weekday": one.weekday,
                    "opens_at": one.opens_at,
                    "closes_at": one.closes_at,
                }
                for one in told
            ],
        )
