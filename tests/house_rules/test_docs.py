"""The documentation says what is so: generated pages are fresh, links lead somewhere, the tree exists."""

import re
from dataclasses import fields
from pathlib import PurePosixPath

import pytest

from remedy.settings import PREFIX, Settings
from tests.house_rules import generate, tree
from tests.house_rules.repository import ROOT, files, text_of

PAGES = tuple(name for name in files() if name.endswith(".md"))
SETTINGS = {PREFIX + spec.name.upper() for spec in fields(Settings)}


@pytest.mark.parametrize(
    "name", ["docs/settings.md", "docs/events.md", "docs/dags.md", "docs/architecture.md"]
)
def test_generated_pages_are_fresh(name: str) -> None:
    assert text_of(name) == generate.PAGES[name](), (
        f"{name} is stale; run `python -m tests.house_rules.generate`."
    )


def test_the_list_of_licences_names_every_pinned_distribution() -> None:
    listed = set(re.findall(r"^\| (\S+) \| (\S+) \|", text_of("docs/licences.md"), re.MULTILINE))
    assert len(listed) > 50
    missing = set(generate.pins().items()) - listed
    assert not missing, f"Run `python -m tests.house_rules.generate`; missing: {sorted(missing)}"


def test_no_licence_is_unknown() -> None:
    for doubt in ("see its own files", "not installed here", "UNKNOWN"):
        assert doubt not in text_of("docs/licences.md")


def test_the_example_environment_names_exactly_the_settings() -> None:
    named = set(re.findall(r"^#?\s*(REMEDY_[A-Z_]+)=", text_of(".env.example"), re.MULTILINE))
    assert named == SETTINGS


def test_the_page_of_settings_names_exactly_the_settings() -> None:
    named = set(re.findall(r"^\| `(REMEDY_[A-Z_]+)`", text_of("docs/settings.md"), re.MULTILINE))
    assert named == SETTINGS


def _targets(name: str) -> list[str]:
    text = re.sub(r"```.*?```", "", text_of(name), flags=re.DOTALL)
    return [
        target.split("#")[0]
        for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
        if not target.startswith(("http://", "https://", "mailto:", "#"))
    ]


@pytest.mark.parametrize("name", PAGES)
def test_no_link_leads_nowhere(name: str) -> None:
    folder = PurePosixPath(name).parent
    missing = [target for target in _targets(name) if not (ROOT / folder / target).exists()]
    assert not missing, f"{name} links to {missing}, which do not exist."


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_file_that_does_not_exist(name: str) -> None:
    if name == "docs/naming.md":
        return  # Its examples are of names, not of files.
    said = re.findall(
        r"`((?:remedy|dags|mapreduce|models|plugins|web_portal|streamlit_app|stack|tests|docs|bench)/[\w./-]+)`",
        text_of(name),
    )
    missing = [path for path in said if not (ROOT / path.rstrip("/.")).exists()]
    assert not missing, f"{name} names {missing}, which do not exist."


def test_the_map_shows_the_house() -> None:
    drawn = tree.drawing()
    for name in (
        "remedy/",
        "dags/",
        "mapreduce/",
        "models/",
        "web_portal/",
        "streamlit_app/",
        "run",
    ):
        assert f"── {name}" in drawn


def test_everything_on_the_map_says_what_it_is_for() -> None:
    silent = [
        line.split("── ")[1]
        for line in tree.drawing().splitlines()
        if re.fullmatch(r".*── [\w.-]+/?", line)
    ]
    assert not silent, f"Say it in the file's first line, or in tests/house_rules/tree.py: {silent}"


def test_every_decision_that_is_cited_exists() -> None:
    numbers = {name[15:19] for name in files() if name.startswith("docs/decisions/")}
    cited = {
        f"{name}: {number}"
        for name in files()
        if name.endswith((".py", ".md", ".yml", ".sql"))
        for number in re.findall(r"docs/decisions/(\d{4})", text_of(name))
        if number not in numbers
    }
    assert not cited, f"No such decision: {sorted(cited)}"


def test_every_design_decision_that_is_cited_exists() -> None:
    told = set(re.findall(r"^(\d+)\. \*\*", text_of("docs/design.md"), re.MULTILINE))
    cited = {
        (name, number)
        for name in files()
        if name.endswith((".py", ".md", ".yml", ".sql", ".sh"))
        for listed in re.findall(r"design decisions? ((?:\d+(?:, | and )?)+)", text_of(name))
        for number in re.findall(r"\d+", listed)
    }
    assert len(cited) > 20
    unknown = sorted(f"{name}: {number}" for name, number in cited if number not in told)
    assert not unknown, f"docs/design.md has no such decision: {unknown}"


def test_every_decision_says_status_date_context_decision_consequences() -> None:
    decisions = [name for name in files() if re.match(r"docs/decisions/\d{4}-", name)]
    assert decisions
    for name in decisions:
        for word in ("Status:", "Date:", "## Context", "## Decision", "## Consequences"):
            assert word in text_of(name), f"{name} has no '{word}'."


@pytest.mark.parametrize(
    ("package", "row"),
    [
        ("apache-airflow", "apache-airflow"),
        ("apache-airflow-providers-fab", "apache-airflow-providers-fab"),
        ("streamlit", "streamlit"),
    ],
)
def test_the_pinned_versions_are_above_the_floors(package: str, row: str) -> None:
    floor = re.search(rf"^\| {row} \| ([\d.]+) \|", text_of("docs/architecture.md"), re.MULTILINE)
    assert floor
    pinned = generate.pins()[package]
    assert [int(n) for n in pinned.split(".")] >= [int(n) for n in floor.group(1).split(".")]


NINE = {
    "apache-airflow", "apache-airflow-providers-apache-kafka", "apache-airflow-providers-apache-hdfs",
    "apache-airflow-providers-mysql", "mrjob", "pandas", "scikit-learn", "streamlit", "great-expectations",
}  # fmt: skip


def test_the_nine_packages_of_the_brief_are_pinned() -> None:
    assert set(generate.pins()) >= NINE
