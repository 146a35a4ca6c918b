"""The search index: which medicines a text means, and what is shown of them. It never knows who has any.

It is derived from the database and says how far it has taken it in. One process writes it
(`remedy.pipeline.indexing`), portal workers open it; who has none, or one that is behind, uses the words in the
database (`queries`).
"""

import json
import logging
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import cast
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
import tantivy
from tantivy import Occur, Query

from remedy.catalogue.meaning import Asked, forms_in, strengths_in
from remedy.catalogue.model import Medicine, NewMedicine, folded
from remedy.catalogue.slips import may_slip

log = logging.getLogger(__name__)

Hits = list[tuple[float, tantivy.DocAddress]]
ByName = tuple[str, str, int]
Rank = tuple[float, str, str, int]

FORMAT = 4
"""Raised when what is kept of a medicine changes: an index of another format is made anew."""

HEAP_BYTES = 32_000_000
LOOK_AGAIN_SECONDS = 1.0
CANDIDATES = 400
"""How many of the best are put in order by name; of more that fit as well, those first by name are asked for."""

MOST_KEPT = 10_000
"""How many medicines a worker keeps as they were read: those that many look for are asked for again and again."""

_NAME_PIECES = ("name_begins", "name_goes_on", "name_further", "name_ends")
_PIECE_BYTES = 8
"""A name's first bytes as numbers: putting these in order costs a tenth of what texts do."""

_STATE = "here"
# How well a word fits; those of two words add up. A slip never weighs as much as what was typed.
_WHOLE, _BEGINNING, _SLIP, _SLIP_AT_START = 4.0, 3.0, 2.0, 1.0


def _schema() -> tantivy.Schema:
    made = tantivy.SchemaBuilder()
    for name in ("key", "kind", "word", "strength", "form", "code", "atc", "state"):
        made.add_text_field(name, tokenizer_name="raw", index_option="basic")
    made.add_text_field("name", fast=True, tokenizer_name="raw", index_option="basic")
    for name in _NAME_PIECES:
        made.add_unsigned_field(name, fast=True)
    made.add_text_field("told", stored=True, tokenizer_name="raw", index_option="basic")
    made.add_text_field("catalogue", stored=True, tokenizer_name="raw", index_option="basic")
    made.add_unsigned_field("seq", stored=True)
    return made.build()


@dataclass(frozen=True)
class Position:
    """How far a catalogue was taken in: which catalogue, and its counter then."""

    catalogue: UUID
    seq: int


class Writer:
    """Writes the index in a folder of its own; one at a time, held by a lock on the folder.

    Args:
        folder: what is no index of ours there is replaced.
    """

    def __init__(self, folder: Path) -> None:
        self._index = _open_or_make(folder)
        self._writer = self._index.writer(heap_size=HEAP_BYTES, num_threads=1)

    @property
    def position(self) -> Position | None:
        """What was committed last; None where nothing was."""
        self._index.reload()
        return _position(self._index.searcher())

    def clear(self) -> None:
        """Forget every medicine, at the next commit."""
        self._writer.delete_all_documents()

    def put(
        self, row_id: int, medicine_id: UUID, one: NewMedicine, codes: Iterable[str] = ()
    ) -> None:
        """Take in a medicine, in place of what was known of it."""
        self._writer.delete_documents_by_term("key", str(row_id))
        self._writer.add_document(_document(row_id, medicine_id, one, codes))

    def commit(self, position: Position) -> None:
        """Make what was put findable; the position is in the same commit, so neither is ever without the other."""
        self._writer.delete_documents_by_term("state", _STATE)
        state = tantivy.Document(state=[_STATE], catalogue=[f"{position.catalogue}/{FORMAT}"])
        state.add_unsigned("seq", position.seq)
        self._writer.add_document(state)
        self._writer.commit()

    def close(self) -> None:
        """Let go of the folder."""
        self._writer.wait_merging_threads()


def _open_or_make(folder: Path) -> tantivy.Index:
    folder.mkdir(parents=True, exist_ok=True)
    schema = _schema()
    try:
        if tantivy.Index.exists(str(folder)):
            return tantivy.Index(schema, path=str(folder), reuse=True)
    except (ValueError, OSError) as error:
        log.warning("The search index cannot be read (%s); it is made anew.", error)
    for old in folder.iterdir():
        # The folder itself may be a volume.
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    return tantivy.Index(schema, path=str(folder), reuse=False)


def _document(
    row_id: int, medicine_id: UUID, one: NewMedicine, codes: Iterable[str]
) -> tantivy.Document:
    named = [one.generic_name, one.brand_name, one.strength, one.pack]
    told = " / ".join(text for text in named if text)
    name = f"{one.generic_name}\0{one.brand_name or ''}".lower()
    made = tantivy.Document(
        key=[str(row_id)],
        name=[name],
        kind=[one.kind],
        word=one.words,
        strength=sorted(strengths_in(told)),
        form=sorted(forms_in(one.form or one.pack or "")),
        code=sorted(set(codes)),
        atc=[folded(one.atc_code)] if one.atc_code else [],
        told=[json.dumps([row_id, medicine_id.hex, *(getattr(one, name) for name in _TOLD)])],
    )
    begins = name.encode().ljust(_PIECE_BYTES * len(_NAME_PIECES), b"\0")
    for number, piece in enumerate(_NAME_PIECES):
        eight = begins[number * _PIECE_BYTES : (number + 1) * _PIECE_BYTES]
        made.add_unsigned(piece, int.from_bytes(eight, "big"))
    return made


_TOLD = [one.name for one in fields(Medicine)][1:]
"""What is kept of a medicine to be shown, after its ids."""


def _medicine(told: str) -> tuple[int, Medicine]:
    row_id, medicine_id, *values = json.loads(told)
    return row_id, Medicine(UUID(hex=medicine_id), *values)


def _position(searcher: tantivy.Searcher) -> Position | None:
    query = Query.term_query(_schema(), "state", _STATE, index_option="basic")
    hits = searcher.search(query, limit=1, count=False).hits
    if not hits:
        return None
    kept = searcher.doc(hits[0][1])
    catalogue, _, form = str(kept.get_first("catalogue")).partition("/")
    seq = kept.get_first("seq")
    if form != str(FORMAT) or not isinstance(seq, int):
        return None
    return Position(UUID(catalogue), seq)


@dataclass(frozen=True)
class Snapshot:
    """The index as it was at one position: what is found in it belongs together."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    position: Position
    kept: dict[tuple[int, int], tuple[ByName, Medicine]] = field(default_factory=dict, repr=False)

    def find(self, things: list[Asked], kind: str | None, limit: int) -> list[Medicine]:
        """Medicines that have everything asked for; those that fit best first, then by name."""
        return self._best([self._exactly(one) for one in things], kind, limit)

    def find_nearly(self, things: list[Asked], kind: str | None, limit: int) -> list[Medicine]:
        """As `find`, but each word may have one slip of the keyboard in it."""
        if not any(_may_slip(one) for one in things):
            return []
        return self._best([self._nearly(one) for one in things], kind, limit)

    def _best(self, wanted: list[Query], kind: str | None, limit: int) -> list[Medicine]:
        if not wanted:
            return []
        if kind is not None:
            wanted.append(Query.const_score_query(self._is("kind", kind), 0.0))
        query = Query.boolean_query([(Occur.Must, one) for one in wanted])
        hits = self.searcher.search(query, limit=CANDIDATES, count=False).hits
        if len(hits) > limit and hits[limit - 1][0] == hits[limit][0]:
            # More fit as well as the last that is shown: those first by name.
            hits = self._first_by_name(query, hits, limit)
        else:
            hits = hits[:limit]
        ranked = []
        for fit, place in hits:
            by_name, one = self._read(place)
            ranked.append(((-fit, *by_name), one))
        return [one for _, one in sorted(ranked, key=_rank)]

    def _read(self, place: tantivy.DocAddress) -> tuple[ByName, Medicine]:
        key = place.segment_ord, place.doc
        found = self.kept.get(key)
        if found is None:
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            row_id, one = _medicine(str(self.searcher.doc(place).get_first("told")))
            by_name = (one.generic_name.lower(), (one.brand_name or "").lower(), row_id)
            found = self.kept[key] = by_name, one
        return found

    def _first_by_name(self, query: Query, hits: Hits, limit: int) -> Hits:
        """The best, and of those that fit alike the first by (the first letters of) the name.

        Where very many fit, and not all alike, those that fit worst are so ordered among candidates only.
        """
        fit = hits[0][0]
        if len(hits) == CANDIDATES and fit == hits[-1][0]:
            hits = [(fit, place) for place in self._by_name(query, "name_begins", CANDIDATES)]
            begins = self._numbers("name_begins", hits)
            if begins[limit - 1] == begins[-1]:
                # Beyond the candidates are more that begin so.
                return [(fit, place) for place in self._by_name(query, "name", limit)]
        pieces = zip(*(self._numbers(piece, hits) for piece in _NAME_PIECES), strict=True)
        ordered = sorted(zip(hits, pieces, strict=True), key=lambda one: (-one[0][0], one[1]))
        return [hit for hit, _ in ordered[:limit]]

    def _by_name(self, query: Query, number: str, limit: int) -> list[tantivy.DocAddress]:
        found = self.searcher.search(
            query, limit=limit, count=False, order_by_field=number, order=tantivy.Order.Asc
        )
        return [place for _, place in found.hits]

    def _numbers(self, name: str, hits: Hits) -> list[int]:
        found = self.searcher.fast_field_values(name, [place for _, place in hits])
        return cast(list[int], found)

    def _exactly(self, one: Asked) -> Query:
        ways = self._meant(one)
        if one.strength:
            # As written, too, but each word whole: 50 mg must not find 500 mg.
            whole = [(Occur.Must, self._is("word", word)) for word in one.words]
            ways.append(Query.const_score_query(Query.boolean_query(whole), _BEGINNING))
        else:
            ways.append(self._all(one.words))
        return Query.disjunction_max_query(ways)

    def _nearly(self, one: Asked) -> Query:
        if not _may_slip(one):
            return self._exactly(one)
        (word,) = one.words
        return Query.disjunction_max_query([
            self._exactly(one),
            Query.const_score_query(self._like(word, 1, prefix=False), _SLIP),
            Query.const_score_query(self._like(word, 1, prefix=True), _SLIP_AT_START),
        ])  # fmt: skip

    def _meant(self, one: Asked) -> list[Query]:
        told = (
            ("strength", one.strength, _WHOLE),
            ("code", one.code, _WHOLE),
            ("form", one.form, _BEGINNING),
        )
        ways = [
            Query.const_score_query(self._is(name, text), fit) for name, text, fit in told if text
        ]
        if one.atc:
            begins = Query.fuzzy_term_query(self.schema, "atc", one.atc, distance=0, prefix=True)
            ways.append(Query.const_score_query(begins, _WHOLE))
        return ways

    def _all(self, words: tuple[str, ...]) -> Query:
        each = [
            Query.disjunction_max_query([
                Query.const_score_query(self._is("word", word), _WHOLE),
                Query.const_score_query(self._like(word, 0, prefix=True), _BEGINNING),
            ])
            for word in words
        ]  # fmt: skip
        return each[0] if len(each) == 1 else Query.boolean_query([(Occur.Must, q) for q in each])

    def _is(self, name: str, text: str) -> Query:
        return Query.term_query(self.schema, name, text, index_option="basic")

    def _like(self, word: str, distance: int, *, prefix: bool) -> Query:
        return Query.fuzzy_term_query(self.schema, "word", word, distance=distance, prefix=prefix)


def _rank(found: tuple[Rank, Medicine]) -> Rank:
    return found[0]


def _may_slip(one: Asked) -> bool:
    return len(one.words) == 1 and may_slip(one.words[0])


class Index:
    """A worker's view of the index: opened when there is one, opened again when the catalogue has gone on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = _schema()
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._now: Snapshot | None = None
        self._look_at = 0.0

    def now(self) -> Snapshot | None:
        """The index as it was opened last; None while there is none."""
        if self._now is None:
            self.open_again()
        return self._now

    def open_again(self) -> Snapshot | None:
        """The newest that was committed. Where there is none it is looked for once a second, not at every search."""
        with self._lock:
            if self._index is None and time.monotonic() < self._look_at:
                return self._now
            try:
                self._reload()
            except (ValueError, OSError) as error:
                self._index = None
                log.warning(
                    "The search index cannot be opened (%s); words are used instead.", error
                )
            self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
            return self._now

    def _reload(self) -> None:
        if self._index is None:
            if not (self._folder / "meta.json").exists():
                return
            self._index = tantivy.Index.open(str(self._folder))
            self._index.config_reader("manual")
        self._index.reload()
        searcher = self._index.searcher()
        position = _position(searcher)
        self._now = Snapshot(searcher, self._schema, position) if position else None


_IN_USE: "WeakKeyDictionary[sa.Engine, Index]" = WeakKeyDictionary()


def use(engine: sa.Engine, index: Index) -> None:
    """Have searches on this engine's connections ask the index first."""
    _IN_USE[engine] = index


def index_of(connection: sa.Connection) -> Index | None:
    """The index that searches on this connection ask; None: the words in the database."""
    return _IN_USE.get(connection.engine)
