"""What every file of ours promises: a purpose in its first line, a readable size, plain names, nothing dangerous."""

import ast
import re
import sys
from collections.abc import Iterator

from tests.house_rules.repository import files, literals, python_files, text_of, tree_of

MOST_LINES = 400
MOST_DAG_LINES = 100

NAMES_WITHOUT_MEANING = {"utils", "util", "helpers", "helper", "manager", "handler", "common"}

# Written in halves, so that this file may be looked at too.
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "Not" + "Implemented"]))

EVERY_FILE = python_files()
EVERY_TEXT = tuple(
    name
    for name in files()
    if name.endswith(
        (".py", ".html", ".js", ".css", ".sql", ".toml", ".cfg", ".sh", ".cnf", ".xml")
    )
    or name in {"run", "Dockerfile", ".ci/run"}
)
SHELLS_AND_CORE = python_files(
    "remedy", "web_portal", "streamlit_app", "dags", "mapreduce", "models", "stack"
)


def _calls(name: str) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_there_are_files_to_look_at() -> None:
    assert len(EVERY_FILE) > 50
    assert len(EVERY_TEXT) > len(EVERY_FILE)
    assert "git" in {literal.text for literal in literals("tests/house_rules/repository.py")}


def test_every_file_opens_by_saying_what_it_is_for() -> None:
    silent = [
        name
        for name in EVERY_FILE
        if not (name.endswith("__init__.py") and not tree_of(name).body)
        and len((ast.get_docstring(tree_of(name)) or "").split()) < 3
    ]
    assert not silent, f"These do not say in their first line what they are for: {silent}"


def test_no_file_is_longer_than_can_be_read() -> None:
    long = [
        f"{name} has {lines} lines, at most {most}"
        for name in EVERY_FILE
        for lines in [len(text_of(name).splitlines())]
        for most in [MOST_DAG_LINES if name.startswith("dags/") else MOST_LINES]
        if lines > most
    ]
    assert not long, f"Split by subject: {long}"


def test_imports_are_absolute() -> None:
    relative = [
        f"{name}:{node.lineno}"
        for name in EVERY_FILE
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative, f"Name the package: {relative}"


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{name}:{number}"
        for name in EVERY_TEXT
        for number, line in enumerate(text_of(name).splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not found, f"Finish it or delete it: {found}"


def test_names_mean_something() -> None:
    empty = [
        name
        for name in files()
        if NAMES_WITHOUT_MEANING & set(re.split(r"[/_.]", name.lower().removesuffix(".md")))
    ]
    assert not empty, f"The name says nothing about what is in there: {empty}"


def _imported(name: str) -> Iterator[str]:
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_events_import_only_the_standard_library() -> None:
    ours = ("remedy.events", "remedy.values")
    looked_at = [name for name in EVERY_FILE if name.startswith("remedy/events/")]
    assert looked_at
    wrong = [
        f"{name} imports {module}"
        for name in looked_at
        for module in _imported(name)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith(ours)
    ]
    assert not wrong, f"A mapper has only Python: {wrong}"


DANGEROUS_CALLS = {
    "pickle.load", "pickle.loads", "pickle.dump", "pickle.dumps", "joblib.load", "joblib.dump",
    "dill.load", "dill.loads", "marshal.loads", "yaml.load", "render_template_string",
    "flask.render_template_string", "os.system", "eval", "exec", "Markup", "markupsafe.Markup",
}  # fmt: skip

SWITCHES = {("shell", True), ("allow_pickle", True), ("verify", False)}


def test_nothing_runs_strangers_code_or_switches_a_protection_off() -> None:
    found = []
    for name in EVERY_FILE:
        for node, call in _calls(name):
            if call in DANGEROUS_CALLS:
                found.append(f"{name}:{node.lineno} {call}")
            found += [
                f"{name}:{node.lineno} {word.arg}={word.value.value}"
                for word in node.keywords
                if isinstance(word.value, ast.Constant)
                and isinstance(word.value.value, bool)
                and (word.arg, word.value.value) in SWITCHES
            ]
    assert not found, f"docs/safety.md says what to use instead: {found}"


def test_no_page_trusts_what_people_wrote() -> None:
    trusting = re.compile(r"\|\s*safe\b|autoescape\s+false|\.innerHTML\s*=|insertAdjacentHTML")
    found = [
        name
        for name in files()
        if name.endswith((".html", ".js")) and trusting.search(text_of(name))
    ]
    assert not found, f"What people wrote is shown as text: {found}"


LOGGERS = {"log", "logger", "_log", "logging"}
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
PRIVATE = re.compile(
    r"(body|payload|symptoms|note|password|token|email|phone|patient(_id)?|patient_public_id"
    r"|secret(_key)?|master_key|database_url|query|search_text)"
)


def test_logs_hold_nothing_of_people() -> None:
    wrong = []
    for name in SHELLS_AND_CORE:
        for node, _ in _calls(name):
            if not (
                isinstance(node.func, ast.Attribute)
                and node.func.attr in LOG_METHODS
                and ast.unparse(node.func.value).split(".")[-1].lower() in LOGGERS
            ):
                continue
            wrong += [
                f"{name}:{node.lineno}"
                for value in node.args
                if isinstance(value, ast.JoinedStr)
                or PRIVATE.fullmatch(ast.unparse(value).split(".")[-1])
            ]
    assert not wrong, f"No f-strings, no identifiers, no bodies in logs: {wrong}"


SKIPS = {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}


def test_no_test_is_skipped_without_saying_why() -> None:
    silent = []
    for name in python_files("tests"):
        for node, call in _calls(name):
            told = any(word.arg == "reason" for word in node.keywords)
            if (call in SKIPS and not told) or (
                call in {"pytest.skip", "pytest.xfail"} and not (node.args or told)
            ):
                silent.append(f"{name}:{node.lineno}")
        silent += [
            f"{name}:{node.lineno}"
            for node in ast.walk(tree_of(name))
            if isinstance(node, ast.FunctionDef)
            and any(ast.unparse(mark) == "pytest.mark.skip" for mark in node.decorator_list)
        ]
    assert not silent, f"Say why: {silent}"


def test_no_unit_test_sleeps() -> None:
    sleeping = [
        f"{name}:{node.lineno}"
        for name in python_files("tests")
        if name.startswith(("tests/unit/", "tests/house_rules/"))
        for node, call in _calls(name)
        if call in {"time.sleep", "sleep"}
    ]
    assert not sleeping, f"Await the condition: {sleeping}"


def test_only_the_settings_read_our_variables() -> None:
    """The stack, the harness and planted faults have their own prefixes."""
    elsewhere = ("REMEDY_STACK_", "REMEDY_TEST_")
    reading = re.compile(r"(os\.environ\b|os\.getenv\b).*REMEDY_")
    wrong = [
        f"{name}:{node.lineno}"
        for name in SHELLS_AND_CORE
        if not name.startswith("stack/") and name != "remedy/settings.py"
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call | ast.Subscript)
        and reading.match(said := ast.unparse(node))
        and not any(prefix in said for prefix in elsewhere)
    ]
    assert not wrong, f"`Settings.from_env` is the one reader: {wrong}"
