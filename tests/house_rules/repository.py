"""The repository as the rules see it: its files, and the texts and strings in them.

Only files that git tracks or would track are looked at; a rule never imports the platform's heavy parts.
"""

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

THIRD_PARTY = ("web_portal/static/vendor/", "tests/vendor/")
"""Folders whose text is not ours and follows no rule of ours."""

BINARY = {".png", ".ico", ".woff2", ".jpg", ".jpeg", ".pdf", ".mo"}


@functools.cache
def files() -> tuple[str, ...]:
    """Paths, relative to the root, of every file of ours that is tracked or would be."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return tuple(
        sorted(
            {
                name
                for name in listed
                if name and not name.startswith(THIRD_PARTY) and (ROOT / name).is_file()
            }
        )
    )


def python_files(*folders: str) -> tuple[str, ...]:
    """The Python files under the given top-level folders (all of them when none is given)."""
    starts = tuple(f"{folder}/" for folder in folders)
    return tuple(
        name for name in files() if name.endswith(".py") and (not starts or name.startswith(starts))
    )


@functools.cache
def text_of(name: str) -> str:
    """A file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


@functools.cache
def tree_of(name: str) -> ast.Module:
    """A Python file, parsed."""
    return ast.parse(text_of(name), filename=name)


@dataclass(frozen=True)
class Literal:
    """A string written in a Python file; the gaps of an f-string read as `?`."""

    name: str
    line: int
    text: str


def literals(name: str) -> Iterator[Literal]:
    """Every string of a Python file that is not documentation."""
    tree = tree_of(name)
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            text = "".join(
                part.value
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
                else "?"
                for part in node.values
            )
            yield Literal(name, node.lineno, text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield Literal(name, node.lineno, node.value)
