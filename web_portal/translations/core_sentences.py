"""What the core refuses with, in the reader's language. The core knows no gettext: its sentences are found here.

`gathered` reads them from the code, a gap of an f-string becoming `%(value1)s`; `said` finds a finished sentence
among them again and translates it.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import read_mo
from flask import current_app
from flask_babel import get_locale, gettext

from remedy.region import BUILT_IN

CORE = BUILT_IN.parent
SPOKEN = (
    "accounts/*.py",
    "appointments/*.py",
    "calls/service.py",
    "notices/*.py",
    "orders/*.py",
    "stock/*.py",
    "prescriptions/*.py",
    "files/*.py",
    "catalogue/substitution.py",
    "catalogue/stock_list.py",
    "catalogue/stock_workbook.py",
    "catalogue/csvfile.py",
    "catalogue/whole_queries.py",
)
"""Where sentences for people are."""

NOT_FOR_PEOPLE = {"RuntimeError", "LookupError", "TypeError", "NotTaken", "NotARecord"}
SAYS_BY_RETURN = {"substitution.py", "model.py"}
"""Files whose functions give back a sentence."""

TO_PEOPLE_AS_VALUE_ERRORS = {"stock_list.py"}
VALUE = re.compile(r"%\((value\d+)\)s")


def gathered() -> Iterator[tuple[str, str]]:
    """Every sentence with the file it is in."""
    for path in sorted(path for pattern in SPOKEN for path in CORE.glob(pattern)):
        name = f"remedy/{path.relative_to(CORE).as_posix()}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path.name in SAYS_BY_RETURN and isinstance(node, ast.Return) and node.value:
                yield from ((name, text) for text in _templates(node.value) if text.endswith("."))
            call = _spoken_call(node, path.name)
            if call is not None and call.args:
                yield from ((name, text) for text in _templates(call.args[0]))


def _spoken_call(node: ast.AST, file: str) -> ast.Call | None:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        kind = ast.unparse(node.exc.func).split(".")[-1]
        is_spoken = kind not in NOT_FOR_PEOPLE and (
            kind != "ValueError" or file in TO_PEOPLE_AS_VALUE_ERRORS
        )
        return node.exc if is_spoken else None
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
        return node
    return None


def _templates(said: ast.expr) -> Iterator[str]:
    if isinstance(said, ast.IfExp):
        yield from _templates(said.body)
        yield from _templates(said.orelse)
    elif isinstance(said, ast.Constant) and isinstance(said.value, str):
        yield said.value
    elif isinstance(said, ast.JoinedStr):
        text, gaps = "", 0
        for part in said.values:
            if isinstance(part, ast.Constant):
                text += str(part.value).replace("%", "%%")
            else:
                gaps += 1
                text += f"%(value{gaps})s"
        yield text


def said(sentence: str | None) -> str:
    """A sentence of the core in the reader's language; as it is where no catalogue knows it."""
    if not sentence:
        return ""
    whole = gettext(sentence)
    if whole != sentence:
        return whole
    for folder in current_app.extensions["babel"].translation_directories:
        for pattern, template in _patterns(
            Path(folder) / str(get_locale()) / "LC_MESSAGES/messages.mo"
        ):
            found = pattern.fullmatch(sentence)
            if found:
                return gettext(template, **found.groupdict())
    return sentence


@lru_cache(maxsize=32)
def _patterns(compiled: Path) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences with gaps that a catalogue knows, to find finished ones by."""
    if not compiled.exists():
        return ()
    with compiled.open("rb") as file:
        templates = [m.id for m in read_mo(file) if isinstance(m.id, str) and VALUE.search(m.id)]
    return tuple((_pattern(template), template) for template in templates)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = VALUE.split(template)
    text = "".join(
        f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece.replace("%%", "%"))
        for number, piece in enumerate(pieces)
    )
    return re.compile(text, re.DOTALL)
