"""The pages' words, gathered from code and templates into a gettext catalogue for each language.

`python -m web_portal.translations` brings every catalogue up to date and names what has no translation. The
compiled catalogues are kept beside their sources: nothing is built between a checkout and a portal that serves.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from web_portal.translations import core_sentences

PORTAL = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# A date of the day would make every run a change.
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


def template() -> Catalog:
    """Every word of the portal and every sentence the core refuses with, without translations."""
    found = _catalogue(None)
    said = extract_from_dir(
        PORTAL, METHODS, {"**.html": {"silent": "false"}}, KEYWORDS, comment_tags=("Translators:",)
    )
    for name, _line, message, comments, context in sorted(said, key=lambda one: one[:2]):
        # Without line numbers: a catalogue changes when words do, not when lines move.
        found.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    for name, sentence in core_sentences.gathered():
        found.add(sentence, locations=[(name, 0)])
    for speciality in _specialities():
        found.add(speciality, locations=[("remedy/town/lists/doctors.csv", 0)])
    return found


def _specialities() -> list[str]:
    """What doctors of the town are: words of data that pages show through `said`."""
    with (core_sentences.CORE / "town" / "lists" / "doctors.csv").open(encoding="utf-8") as file:
        return sorted({row["speciality"] for row in csv.DictReader(file)})


def _catalogue(language: str | None) -> Catalog:
    return Catalog(
        language, project="Remedy", version="1", msgid_bugs_address="the repository's issues",
        last_translator="the people of Remedy", language_team="the people of Remedy",
        creation_date=_DATE, revision_date=_DATE, charset="utf-8", fuzzy=False,
        header_comment="# The words of the portal. Made by `python -m web_portal.translations`; translate the msgstr.",
    )  # fmt: skip


def languages() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.parent.parent.name for path in HERE.glob("*/LC_MESSAGES/messages.po"))


def path_of(language: str) -> Path:
    """A language's catalogue; the compiled one has the ending `.mo`."""
    return HERE / language / "LC_MESSAGES" / "messages.po"


def updated(language: str) -> Catalog:
    """A language's catalogue with exactly today's words; translations of words that are gone are dropped."""
    with path_of(language).open("rb") as file:
        kept = read_po(file, locale=language)
    made = _catalogue(language)
    for message in template():
        if message.id:
            old = kept.get(message.id, message.context)
            made.add(
                message.id, string=old.string if old else None, locations=message.locations,
                auto_comments=message.auto_comments, context=message.context,
            )  # fmt: skip
    return made


def problems(catalogue: Catalog) -> Iterator[str]:
    """What a reader of this language would miss: words without a translation, and placeholders gone astray."""
    for message in catalogue:
        if message.id and not _is_whole(message, catalogue.num_plurals):
            yield f"{_texts(message.id)[0]!r} has no translation."
        elif message.id and not _keeps_placeholders(message):
            yield f"{_texts(message.id)[0]!r}: its translation has other placeholders."


def _is_whole(message: Message, plurals: int) -> bool:
    if isinstance(message.id, str):
        return bool(message.string)
    forms = _texts(message.string)
    return len(forms) == plurals and all(forms)


def _keeps_placeholders(message: Message) -> bool:
    wanted = {name for text in _texts(message.id) for name in PLACEHOLDER.findall(text)}
    # A plural's form may say "one" in a word.
    optional = {"num"} if isinstance(message.id, tuple) else set()
    return all(
        wanted - optional <= set(PLACEHOLDER.findall(text)) <= wanted
        for text in _texts(message.string)
    )


def _texts(said: str | Sequence[str] | None) -> Sequence[str]:
    return [said] if isinstance(said, str) else said or ()


def written(catalogue: Catalog) -> tuple[bytes, bytes]:
    """A catalogue as its source and compiled."""
    source, compiled = io.BytesIO(), io.BytesIO()
    write_po(source, catalogue, width=0, sort_by_file=False, include_lineno=False)
    write_mo(compiled, catalogue)
    return source.getvalue(), compiled.getvalue()
