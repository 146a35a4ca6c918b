"""docs/brief.md answers for every row of the brief: where it is, and which test shows it."""

import ast
import re
from dataclasses import dataclass

import pytest

from tests.house_rules.repository import ROOT, files, text_of, tree_of

ROWS = (
    [f"P{number}" for number in range(1, 33)]
    + [f"H{number}" for number in range(1, 17) if number != 2]  # The brief has no H2.
    + [f"C{number}" for number in range(1, 9)]
)
PLANNED = "planned"


@dataclass(frozen=True)
class Row:
    """One row of the page."""

    number: str
    asked: str
    where: str
    test: str


def _rows() -> list[Row]:
    return [
        Row(*(cell.strip() for cell in match.groups()))
        for match in re.finditer(
            r"^\| ([PHC]\d+) \|([^|]+)\|([^|]+)\|([^|]*)\|$",
            text_of("docs/brief.md"),
            re.MULTILINE,
        )
    ]


PAGE = _rows()


def test_every_row_of_the_brief_is_answered_once() -> None:
    assert sorted(row.number for row in PAGE) == sorted(ROWS)


@pytest.mark.parametrize("row", PAGE, ids=lambda row: row.number)
def test_a_row_names_its_place_and_its_test_or_is_planned(row: Row) -> None:
    if row.where.startswith(PLANNED):
        assert row.where.removeprefix(PLANNED).strip(" :"), f"{row.number}: say what is planned."
        return
    assert re.search(r"`[^`]+`", row.where), f"{row.number} names no page, DAG or command."
    assert re.search(r"`tests/[^`]+`", row.test), f"{row.number} names no test."


@pytest.mark.parametrize("row", PAGE, ids=lambda row: row.number)
def test_the_named_tests_exist(row: Row) -> None:
    for path, name in re.findall(r"`(tests/[\w./]+)(?:::(\w+))?`", row.test):
        assert (ROOT / path).exists(), f"{row.number} names {path}, which does not exist."
        if name:
            defined = {
                node.name for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef)
            }
            assert name in defined, f"{row.number} names {path}::{name}, which does not exist."


def _routes() -> set[str]:
    """Every path some part of the portal answers, as written in its decorators."""
    decorator = re.compile(r"@\w+\.(?:route|get|post)\(\s*\"([^\"]*)\"")
    found = set()
    for name in files():
        if re.match(r"web_portal/.*\.py$", name):
            prefix = re.search(r"url_prefix=\"([^\"]*)\"", text_of(name))
            found |= {
                (prefix.group(1) if prefix else "") + path
                for path in decorator.findall(text_of(name))
            }
    return found


@pytest.mark.parametrize("row", PAGE, ids=lambda row: row.number)
def test_the_named_places_exist(row: Row) -> None:
    if row.where.startswith(PLANNED):
        return
    for place in re.findall(r"`([^`]+)`", row.where):
        if place.startswith("./run "):
            verb = place.split()[1]
            assert re.search(rf"^## {verb}\b", text_of("run"), re.MULTILINE), (
                f"{row.number}: ./run has no verb '{verb}'."
            )
        elif place.startswith("/"):
            path = place.split("?")[0]
            assert path in _routes(), f"{row.number}: the portal has no route '{path}'."
        elif "/" in place:
            assert (ROOT / place.rstrip("/")).exists(), f"{row.number}: {place} does not exist."
