"""The map of the house, drawn from what every file says of itself in its first line.

It stands in docs/architecture.md between two markers and is redrawn by `tests.house_rules.generate`.
"""

import ast
import re

from tests.house_rules.repository import ROOT, files, text_of, tree_of

# What cannot say it itself: files that are not Python, and folders.
SAID = {
    "README.md": "What it is for, a picture, five minutes to a running stack",
    "CONTRIBUTING.md": "How we work, in a page",
    "CHANGELOG.md": "What changed for users, newest first",
    "LICENSE": "Apache-2.0",
    "run": "The one entry, POSIX shell: `./run help` lists every verb",
    "pyproject.toml": "The package list, ruff, mypy, pytest, coverage, import contracts",
    "requirements.in": "What we chose, one line each with its reason",
    "requirements.txt": "What that means, pinned",
    "requirements-dev.in": "Tools for working on it",
    "requirements-dev.txt": "Those, pinned",
    "constraints.txt": "The set that was tried",
    "overrides.txt": "Where a dependency's own pin is overruled",
    "Dockerfile": "One image; the command decides what it is",
    "docker-compose.yml": "The production shape on one host",
    ".env.example": "Every variable the settings read, with its meaning",
    ".pre-commit-config.yaml": "Only what is instant",
    ".ci/run": "What CI runs",
    "remedy/": "THE CORE: the platform's language. No web, no dashboards, no jobs in here",
    "remedy/region.toml": "The built-in region",
    "remedy/calls/no_show.json": "What was learnt of missed visits: weights, and where from",
    "remedy/catalogue/substitution.toml": "What is never given in place of another brand: data with its source and date",
    "remedy/prescriptions/ingredients.toml": "Salts, other names and families of ingredients: how names are compared",
    "bench/forecast.toml": "The generated items of `./run bench shortage`",
    "remedy/schema/migrations/": "Alembic; each step runs beside the previous version of the code",
    "remedy/town/lists/": "Its medicines, pharmacies, hospitals, doctors, patients; all but substances and ATC codes invented",
    "remedy/events/schemas/": "JSON Schema of every event, made from the classes",
    "dags/": "WHAT RUNS WHEN: one DAG per file, the file's name is the DAG's, at most 100 lines",
    "mapreduce/": "HOW DEMAND IS COUNTED: sees the events and nothing else of the core",
    "models/": "HOW DEMAND AND MISSED VISITS ARE FORETOLD: code only; fitted models of demand lie in HDFS",
    "plugins/": "True Airflow plugins only",
    "web_portal/": "WHERE PATIENTS, PHARMACISTS AND DOCTORS COME IN, AND ADMINS DECIDE",
    "web_portal/translations/": "The pages' words in other languages, as gettext catalogues",
    "streamlit_app/": "WHERE ADMINS LOOK",
    "stack/": "THE WHOLE PLATFORM AS PROCESSES ON ONE MACHINE",
    "stack/conf/": "Templates of the servers' configuration",
    "stack/jars/": "Kafka and Hadoop as Maven poms, versions pinned",
    "bench/": "Each hot path, measured beside its peer; kill storms",
    "docker/hadoop/": "Hadoop's own configuration files",
    "mapreduce/mrjob.conf": "The Hadoop runner's options",
    "dags/pools.json": "Airflow's pools: how much may run at once",
    "streamlit_app/queries/": "What the pages read, one file per page",
    "streamlit_app/views/": "One file per page",
    "docs/remedy.svg": "The picture of the README",
    "web_portal/till/openapi.json": "The till interface, described",
    "docs/decisions/": "Choices that could be questioned later: context, decision, consequences",
    "docs/cookbook/": "Add an event, a job, a DAG, a page, a language",
    "docs/screenshots/": "The README's pictures, made by `python -m bench.screenshots`",
    "docs/runbooks/": "What an alarm means, what to look at, what to do",
    "tests/unit/remedy/": "The core",
    "docker/": "What docker-compose.yml needs: accounts, secrets, probes, Hadoop's configuration",
    "tests/": "Unit, integration, journeys and house rules",
    "tests/examples/": "One JSON file per event and version",
    "tests/unit/": "No sockets, no clock, seconds",
    "tests/integration/": "Real servers, one boundary at a time",
    "tests/journeys/": "Whole stories through the running stack and a browser",
    "docs/": "Start at docs/index.md",
    ".ci/": "What CI runs",
}  # fmt: skip

LEFT_OUT = re.compile(
    r"^\.(gitignore|gitattributes|editorconfig|dockerignore)$|/static/|/templates/|\.[mp]o$"
)

DEEP = ("remedy/", "web_portal/", "streamlit_app/", "tests/house_rules/")
"""Folders whose folders are drawn with their files."""

LONGEST = 100
"""Characters of a file's first sentence; of a longer one only the part before a colon is shown."""

FIRST = ("README.md", "run")
ORDER = ("remedy", "dags", "mapreduce", "models", "plugins", "web_portal", "streamlit_app", "stack")


def drawing() -> str:
    """The tree as text."""
    return "\n".join([".", *_below("", "")])


def _below(folder: str, margin: str) -> list[str]:
    names = sorted(_entries(folder), key=lambda name: _rank(folder, name))
    lines = []
    for number, name in enumerate(names, start=1):
        is_last = number == len(names)
        path = folder + name
        drawn = f"{margin}{'└──' if is_last else '├──'} {name}"
        said = _said(path)
        lines.append(f"{drawn:<34} {said}".rstrip() if said else drawn)
        if name.endswith("/") and _is_opened(path):
            lines += _below(path, margin + ("    " if is_last else "│   "))
    return lines


def _entries(folder: str) -> set[str]:
    found = set()
    for path in files():
        if not path.startswith(folder) or LEFT_OUT.search(path) or path.endswith("__init__.py"):
            continue
        first, *rest = path.removeprefix(folder).split("/")
        found.add(first + "/" if rest else first)
    return found


def _is_opened(folder: str) -> bool:
    if folder in {"tests/", "docs/"} or folder.count("/") == 1:
        return folder != ".ci/"
    return folder.startswith(DEEP) and not folder.startswith(
        ("remedy/schema/m", "remedy/events/s", "remedy/town/l")
    )


def _rank(folder: str, name: str) -> tuple[int, int, str]:
    plain = name.strip("/")
    order = (*FIRST, *ORDER)
    known = order.index(plain) if not folder and plain in order else len(order)
    return (1 if name.endswith("/") else 0, known, name.lower())


def _said(path: str) -> str:
    if path in SAID:
        return SAID[path]
    source = f"{path}__init__.py" if path.endswith("/") else path
    if source.endswith(".py") and (ROOT / source).exists():
        # A DAG's docstring is its page in Airflow and begins with a heading.
        told = re.sub(r"^###[^\n]*\s*", "", ast.get_docstring(tree_of(source)) or "")
        first = " ".join(told.split("\n\n")[0].split())
        said = re.split(r"(?<=[a-z0-9)`])\. ", first)[0].rstrip(".")
        return said if len(said) <= LONGEST else re.split(r"(?<=[a-z0-9)`])[:;] | \(", said)[0]
    if path.endswith((".md", ".sh")) or path in {"docker/make-secrets"}:
        lines = [line for line in text_of(path).splitlines() if not line.startswith("#!")]
        return lines[0].lstrip("# ").rstrip(".") if lines else ""
    return ""
