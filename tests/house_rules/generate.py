"""Writes the pages of docs/ that are made from the code: settings, events, dags, licences, the map.

`python -m tests.house_rules.generate` writes them; a house rule fails when one is stale.
"""

import ast
import importlib.metadata
import re
import typing
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

from remedy.events.base import Event
from remedy.events.topics import TOPICS
from remedy.settings import PREFIX, Settings
from tests.house_rules import tree
from tests.house_rules.repository import ROOT, text_of

MADE = "<!-- Made by `python -m tests.house_rules.generate`. Do not edit. -->\n"


def settings_page() -> str:
    """docs/settings.md: every variable `Settings` reads."""
    lines = [
        "# Settings",
        MADE,
        "Read once, by `Settings.from_env`, which names every wrong or unknown variable in one message.",
        "A secret may instead be the path of a file in the variable with `_FILE` added; giving both is an error.",
        "Each process has its own database account, so `REMEDY_DATABASE_URL` differs between them.",
        "",
        "| variable | meaning | default | secret |",
        "|---|---|---|---|",
    ]
    for spec in fields(Settings):
        default = "" if spec.default is MISSING else str(spec.default)
        lines.append(
            f"| `{PREFIX}{spec.name.upper()}` | {spec.metadata['doc']} "
            f"| {f'`{default}`' if default else 'empty'} | {'yes' if spec.metadata['secret'] else 'no'} |"
        )
    lines += [
        "",
        "Not settings of the platform, and read elsewhere: `REMEDY_STACK_*` (folder and ports of the local stack)",
        "and `REMEDY_TEST_*` (the test harness).",
        "",
    ]
    return "\n".join(lines)


def events_page() -> str:
    """docs/events.md: every topic and every event told on it."""
    lines = [
        "# Events",
        MADE,
        "CloudEvents 1.0 in Kafka's binary mode: id, type, time and source are headers, the body is JSON.",
        "`…_milli` are thousandths of a pack, `…_minor` minor units of money, times are UTC.",
        "What cannot be read goes to the topic's `-dlq`. How to add one: [cookbook/event.md](cookbook/event.md).",
        "",
        "| topic | key | partitions | written by | read by | lands in |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{topic.name}` | {topic.key or 'none'} | {topic.partitions} | {', '.join(topic.producers)} "
        f"| {', '.join(topic.consumers)} | `{topic.raw_table}` |"
        for topic in TOPICS.values()
    ]
    for topic in TOPICS.values():
        lines += ["", f"## {topic.name}"]
        if not topic.events:
            lines += ["", "Reserved: no event is told here yet."]
        for base in dict.fromkeys(base for cls in topic.events for base in _shared_bases(cls)):
            lines += ["", _prose(base.__doc__)]
        for happened in topic.events:
            lines += ["", f"### {happened.__name__}", ""]
            lines += [f"`{happened.TYPE}` — {_prose(happened.__doc__)}", "", *_fields(happened)]
        for part in dict.fromkeys(part for cls in topic.events for part in _parts(cls)):
            lines += ["", f"### {part.__name__}", "", _prose(part.__doc__), "", *_fields(part)]
    return "\n".join([*lines, ""])


def _shared_bases(happened: type[Event]) -> list[type]:
    return [base for base in happened.__mro__[1:] if base.__name__.startswith("_") and base.__doc__]


def _parts(happened: type[Event]) -> list[type]:
    hints = typing.get_type_hints(happened).values()
    return [
        part
        for hint in hints
        for part in typing.get_args(hint)
        if isinstance(part, type) and is_dataclass(part)
    ]


def _fields(record: type) -> list[str]:
    hints = typing.get_type_hints(record)
    lines = ["| field | type | may be left out |", "|---|---|---|"]
    for spec in fields(record):
        optional = spec.default is not MISSING or spec.default_factory is not MISSING
        lines.append(
            f"| `{spec.name}` | {_type_name(hints[spec.name])} | {'yes' if optional else 'no'} |"
        )
    return lines


def _prose(text: str | None) -> str:
    return " ".join((text or "").split())


def _type_name(hint: object) -> str:
    if isinstance(hint, type) and not typing.get_args(hint):
        return {"str": "text", "int": "integer", "datetime": "instant"}.get(
            hint.__name__, hint.__name__
        )
    origin, given = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return f"list of {_type_name(given[0])}"
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in given)
    return " or ".join("nothing" if part is type(None) else _type_name(part) for part in given)


def dags_page() -> str:
    """docs/dags.md: what runs when, from each DAG file's own words."""
    lines = [
        "# DAGs",
        MADE,
        "One file in `dags/` each, of the same name. Tags: a subject and an importance",
        "(`tier/1` someone is waiting, `tier/2` today's figures depend on it, `tier/3` it can wait).",
        "How to add one: [cookbook/dag.md](cookbook/dag.md).",
    ]
    found = sorted(path for path in (ROOT / "dags").glob("*.py") if path.name != "__init__.py")
    for path in found:
        lines += ["", f"## {path.stem}", "", *_dag(path)]
    return "\n".join([*lines, ""])


def _dag(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"dag", "DAG"}:
            said |= {
                keyword.arg: ast.unparse(keyword.value)
                for keyword in node.keywords
                if keyword.arg in {"schedule", "tags"}
            }
    described = [f"* {name}: `{value}`" for name, value in sorted(said.items())]
    return [*described, "", (ast.get_docstring(tree) or "").strip()]


# Where a distribution's metadata says nothing usable, its own LICENSE file was read.
READ_BY_HAND = {
    "namex": "Apache-2.0",
    "mysql-connector-python": "GPL-2.0 with Oracle's Universal FOSS Exception 1.0",
}

_CLASSIFIER = "License :: OSI Approved :: "
_BESIDE_PYTHON = (
    ("Apache Kafka", "org.apache.kafka, stack/jars/kafka.pom", "Apache-2.0"),
    ("Apache Hadoop", "org.apache.hadoop, stack/jars/hadoop.pom", "Apache-2.0"),
    ("SLF4J, reload4j", "org.slf4j, stack/jars/kafka.pom", "MIT, Apache-2.0"),
    ("Bootstrap", "web_portal/static/vendor", "MIT"),
    (
        "DejaVu Sans (its Latin, Greek and Cyrillic letters)",
        "web_portal/static/vendor",
        "Bitstream Vera",
    ),
    ("axe-core", "tests/vendor, for tests only", "MPL-2.0"),
    ("htmx", "web_portal/static/vendor", "0BSD"),
    ("Leaflet", "web_portal/static/vendor", "BSD-2-Clause"),
)


def pins() -> dict[str, str]:
    """What requirements.txt pins: distribution to version (of Python 3.11, where they differ)."""
    found = {}
    for line in text_of("requirements.txt").splitlines():
        pinned = re.match(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)\s*(;.*)?$", line.strip())
        if pinned and not _is_for_another_python(pinned.group(3) or ""):
            found[pinned.group(1)] = pinned.group(2)
    return found


def _is_for_another_python(marker: str) -> bool:
    from packaging.markers import Marker

    tested = {"python_version": "3.11", "python_full_version": "3.11.7", "sys_platform": "linux"}
    return bool(marker) and not Marker(marker.lstrip("; ")).evaluate(tested)


def licences_page() -> str:
    """docs/licences.md: under which terms everything we build on may be used."""
    lines = [
        "# Licences of what we build on",
        MADE,
        "From each distribution's own metadata. Remedy itself is Apache-2.0 (LICENSE).",
        "",
        "## Python",
        "",
        "| distribution | version | licence |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {version} | {_licence(name)} |" for name, version in sorted(pins().items())
    ]
    lines += ["", "## Beside Python", "", "| what | from | licence |", "|---|---|---|"]
    lines += [f"| {what} | {where} | {licence} |" for what, where, licence in _BESIDE_PYTHON]
    lines += [
        "",
        "MariaDB or MySQL and PostgreSQL (GPL-2.0; PostgreSQL Licence) and OpenJDK (GPL-2.0 with classpath",
        "exception) are installed from the system or as official images, and are not distributed by us.",
        "",
    ]
    return "\n".join(lines)


def _licence(name: str) -> str:
    if name in READ_BY_HAND:
        return READ_BY_HAND[name]
    try:
        said = importlib.metadata.metadata(name).json
    except importlib.metadata.PackageNotFoundError:
        return "not installed here"
    if expression := said.get("license_expression"):
        return str(expression)
    classified = [
        text.removeprefix(_CLASSIFIER)
        for text in said.get("classifier", [])
        if text.startswith(_CLASSIFIER)
    ]
    if classified:
        return ", ".join(sorted(classified))
    first = str(said.get("license", "")).strip().splitlines()
    return first[0][:80] if first else "see its own files"


MAP = re.compile(r"(?<=<!-- tree -->\n```\n).*?(?=\n```\n<!-- /tree -->)", re.DOTALL)


def architecture_page() -> str:
    """docs/architecture.md with the map between its markers drawn anew."""
    return MAP.sub(lambda _: tree.drawing(), text_of("docs/architecture.md"))


PAGES = {
    "docs/architecture.md": architecture_page,
    "docs/settings.md": settings_page,
    "docs/events.md": events_page,
    "docs/dags.md": dags_page,
    "docs/licences.md": licences_page,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
