"""Finding medicines by the words kept in the database: what searches do while there is no index in step."""

import sqlalchemy as sa

from remedy.catalogue.model import MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS, Medicine, search_words
from remedy.catalogue.slips import is_one_slip, looked_up_by
from remedy.schema.pharmacy import medicine as medicines
from remedy.schema.pharmacy import medicine_word, medicine_word_near

MEDICINE_FIELDS = (
    medicines.c.public_id.label("medicine_id"),
    medicines.c.kind,
    medicines.c.generic_name,
    medicines.c.brand_name,
    medicines.c.strength,
    medicines.c.form,
    medicines.c.pack,
    medicines.c.atc_code,
    medicines.c.is_prescription_only,
    medicines.c.is_controlled,
)
"""The columns of a `Medicine`, in its order."""


def find(connection: sa.Connection, text: str, kind: str | None, limit: int) -> list[Medicine]:
    """As `queries.find_medicines`, but for what the index alone knows: amounts, other names of forms, codes."""
    # The words are letters and digits only: nothing in them means anything to LIKE.
    groups = [
        sa.select(
            medicine_word.c.medicine_id,
            sa.func.max(sa.type_coerce(medicine_word.c.word == word, sa.Integer)).label("fit"),
        )
        .where(medicine_word.c.word.like(word + "%"))
        .group_by(medicine_word.c.medicine_id)
        for word in _words_of(text)
    ]
    return _having_all(connection, groups, kind, limit)


def find_nearly(
    connection: sa.Connection, text: str, kind: str | None, limit: int
) -> list[Medicine]:
    """As `queries.find` where nothing has the words as they are: with a slip in a word."""
    words = _words_of(text)
    meant = {word: _meant_by(connection, word) for word in words}
    if not any(meant.values()):
        return []
    groups = []
    for word in words:
        is_it: sa.ColumnElement[bool] = medicine_word.c.word.like(word + "%")
        if meant[word]:
            is_it |= medicine_word.c.word.in_(meant[word])
        # A word with a slip in it fits better if the word itself is as long: it was typed to its end.
        is_whole = sa.func.abs(sa.func.char_length(medicine_word.c.word) - len(word)) <= 1
        fit = sa.func.max(sa.type_coerce(is_whole, sa.Integer))
        groups.append(
            sa.select(medicine_word.c.medicine_id, fit.label("fit"))
            .where(is_it)
            .group_by(medicine_word.c.medicine_id)
        )
    return _having_all(connection, groups, kind, limit)


def of_ingredient(connection: sa.Connection, meant: Medicine) -> list[Medicine]:
    """The other products that have every word of a medicine's ingredients in their names, by brand."""
    words = search_words(meant.generic_name)
    having_all = (
        sa.select(medicine_word.c.medicine_id)
        .where(medicine_word.c.word.in_(words))
        .group_by(medicine_word.c.medicine_id)
        .having(sa.func.count() == len(words))
        .subquery("having_all")
    )
    rows = connection.execute(
        sa.select(*MEDICINE_FIELDS)
        .join_from(having_all, medicines, medicines.c.id == having_all.c.medicine_id)
        .where(medicines.c.public_id != meant.medicine_id, medicines.c.kind == "product")
        .order_by(medicines.c.brand_name, medicines.c.id)
    ).mappings()
    return [Medicine(**row) for row in rows]


def _words_of(text: str) -> list[str]:
    return search_words(text[:MAX_SEARCH_LENGTH])[:MAX_SEARCH_WORDS]


def _meant_by(connection: sa.Connection, typed: str) -> list[str]:
    keys = looked_up_by(typed)
    if not keys:
        return []
    alike = connection.execute(
        sa.select(medicine_word_near.c.word)
        .where(medicine_word_near.c.near.in_(sorted(keys)))
        .distinct()
    ).scalars()
    return sorted(word for word in alike if is_one_slip(typed, word))


def _having_all(
    connection: sa.Connection,
    groups: list[sa.Select[tuple[int, int]]],
    kind: str | None,
    limit: int,
) -> list[Medicine]:
    """The medicines that are in every group, the best fit first."""
    if not groups:
        return []
    tables = [group.subquery() for group in groups]
    joined: sa.FromClause = medicines
    for table in tables:
        joined = joined.join(table, table.c.medicine_id == medicines.c.id)
    fit: sa.ColumnElement[int] = tables[0].c.fit
    for table in tables[1:]:
        fit = fit + table.c.fit
    query = (
        sa.select(*MEDICINE_FIELDS)
        .select_from(joined)
        .order_by(
            fit.desc(),
            sa.func.lower(medicines.c.generic_name),
            sa.func.lower(medicines.c.brand_name),
            medicines.c.id,
        )
        .limit(limit)
    )
    if kind is not None:
        query = query.where(medicines.c.kind == kind)
    return [Medicine(**row) for row in connection.execute(query).mappings()]
