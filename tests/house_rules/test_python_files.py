"""What every Python file of ours promises: a purpose in its first line, a readable size, plain names."""

import ast
import re
import sys

import pytest

from tests.house_rules.repository import files, literals, python_files, text_of, tree_of

MOST_LINES = 400
MOST_DAG_LINES = 100

NAMES_WITHOUT_MEANING = {"utils", "util", "helpers", "helper", "manager", "handler", "common"}

UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented"]))
"""Assembled, so that this file may be looked at too."""

EVERY_FILE = python_files()
ALL_TEXT_FILES = tuple(
    name
    for name in files()
    if name.endswith(
        (
            ".py",
            ".html",
            ".js",
            ".css",
            ".sql",
            ".toml",
            ".cfg",
            ".sh",
            ".cnf",
            ".properties",
            ".xml",
        )
    )
    or name in {"run", "Dockerfile", ".ci/run"}
)


def test_there_are_python_files_to_look_at() -> None:
    assert len(EVERY_FILE) > 20


@pytest.mark.parametrize("name", EVERY_FILE)
def test_every_file_opens_by_saying_what_it_is_for(name: str) -> None:
    tree = tree_of(name)
    if name.endswith("__init__.py") and not tree.body:
        return
    said = ast.get_docstring(tree)
    assert said, f"{name} has no docstring; say in its first line what the file is for."
    assert len(said.split()) >= 3, f"{name}: '{said}' does not say what the file is for."


@pytest.mark.parametrize("name", EVERY_FILE)
def test_no_file_is_longer_than_can_be_read(name: str) -> None:
    lines = len(text_of(name).splitlines())
    most = MOST_DAG_LINES if name.startswith("dags/") else MOST_LINES
    assert lines <= most, f"{name} has {lines} lines; at most {most}. Split it by subject."


@pytest.mark.parametrize("name", EVERY_FILE)
def test_imports_are_absolute(name: str) -> None:
    relative = [
        node.lineno
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative, f"{name}: relative imports in lines {relative}; name the package."


@pytest.mark.parametrize("name", ALL_TEXT_FILES)
def test_nothing_is_left_unfinished(name: str) -> None:
    found = [
        number
        for number, line in enumerate(text_of(name).splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not found, f"{name}: unfinished work is named in lines {found}; finish it or delete it."


@pytest.mark.parametrize("name", files())
def test_names_mean_something(name: str) -> None:
    parts = {part.removesuffix(".py").lower() for part in name.split("/")}
    empty = {word for part in parts for word in part.split("_")} & NAMES_WITHOUT_MEANING
    assert not empty, f"{name}: '{', '.join(empty)}' says nothing about what is in there."


@pytest.mark.parametrize("name", python_files("remedy"))
def test_events_import_only_the_standard_library(name: str) -> None:
    if not name.startswith("remedy/events/"):
        return
    allowed = set(sys.stdlib_module_names) | {"remedy"}
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            assert module.split(".")[0] in allowed, (
                f"{name} imports {module}; a mapper has no such."
            )
            if module.startswith("remedy"):
                assert module.startswith(("remedy.events", "remedy.values")), (
                    f"{name} imports {module}; an event knows events and plain values only."
                )


def _calls(name: str) -> list[tuple[int, str]]:
    return [
        (node.lineno, ast.unparse(node.func))
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call)
    ]


DANGEROUS_CALLS = {
    "pickle.load", "pickle.loads", "pickle.dump", "pickle.dumps", "joblib.load", "joblib.dump",
    "dill.load", "dill.loads", "marshal.loads", "yaml.load", "render_template_string",
    "flask.render_template_string", "os.system", "eval", "exec", "Markup", "markupsafe.Markup",
}  # fmt: skip

NEVER_TRUE = {"shell": True, "allow_pickle": True}
NEVER_FALSE = {"verify": False}


@pytest.mark.parametrize("name", EVERY_FILE)
def test_nothing_calls_what_runs_strangers_code(name: str) -> None:
    found = [f"{call} in line {line}" for line, call in _calls(name) if call in DANGEROUS_CALLS]
    assert not found, f"{name}: {'; '.join(found)}. docs/safety.md says what to use instead."


@pytest.mark.parametrize("name", EVERY_FILE)
def test_no_call_switches_a_protection_off(name: str) -> None:
    forbidden = {**NEVER_TRUE, **NEVER_FALSE}
    found = [
        f"{keyword.arg}={keyword.value.value} in line {node.lineno}"
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if isinstance(keyword.value, ast.Constant)
        and keyword.arg in forbidden
        and keyword.value.value is forbidden[keyword.arg]
    ]
    assert not found, f"{name}: {'; '.join(found)}."


@pytest.mark.parametrize(
    "name", [n for n in files() if n.endswith((".html", ".js"))] or ["README.md"]
)
def test_no_template_trusts_what_people_wrote(name: str) -> None:
    found = re.findall(
        r"\|\s*safe\b|autoescape\s+false|\.innerHTML\s*=|insertAdjacentHTML", text_of(name)
    )
    assert not found, f"{name} uses {found}; text of people is shown as text."


LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
PRIVATE_WORDS = re.compile(
    r"\b(body|payload|symptoms|note|password|token|email|phone|name|patient(_id)?|patient_public_id"
    r"|secret(_key)?|master_key|database_url|query)\b"
)


@pytest.mark.parametrize(
    "name",
    python_files("remedy", "web_portal", "streamlit_app", "dags", "mapreduce", "models", "stack"),
)
def test_logs_hold_nothing_of_people(name: str) -> None:
    for node in ast.walk(tree_of(name)):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LOG_METHODS
            and ast.unparse(node.func.value).split(".")[-1].lower()
            in {"log", "logger", "_log", "logging"}
        ):
            continue
        for argument in node.args:
            assert not isinstance(argument, ast.JoinedStr), (
                f"{name}:{node.lineno} logs an f-string; give the values as arguments."
            )
            if isinstance(argument, ast.Constant):
                continue
            said = ast.unparse(argument).split(".")[-1]
            assert not PRIVATE_WORDS.fullmatch(said), (
                f"{name}:{node.lineno} logs '{said}'; logs hold no identifiers and no bodies."
            )


@pytest.mark.parametrize("name", python_files("tests"))
def test_no_test_is_skipped_without_saying_why(name: str) -> None:
    for node in ast.walk(tree_of(name)):
        if not isinstance(node, ast.Call):
            continue
        call = ast.unparse(node.func)
        if call in {"pytest.skip", "pytest.xfail"}:
            assert node.args or node.keywords, f"{name}:{node.lineno} skips without a reason."
        if call in {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}:
            assert any(keyword.arg == "reason" for keyword in node.keywords), (
                f"{name}:{node.lineno} skips without a reason."
            )
        if call == "time.sleep" and name.startswith(("tests/unit/", "tests/house_rules/")):
            raise AssertionError(f"{name}:{node.lineno} sleeps; await the condition instead.")


@pytest.mark.parametrize("name", [n for n in EVERY_FILE if n != "remedy/settings.py"])
def test_only_the_settings_read_our_variables(name: str) -> None:
    if name.startswith(("tests/", "bench/", "stack/")):
        return
    reads = [
        ast.unparse(node)
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call | ast.Subscript)
        and ast.unparse(node).startswith(("os.environ[", "os.environ.get(", "os.getenv("))
    ]
    ours = [read for read in reads if "REMEDY_" in read]
    allowed = ("REMEDY_STACK_", "REMEDY_TEST_", "REMEDY_FAULT_")
    wrong = [read for read in ours if not any(start in read for start in allowed)]
    assert not wrong, f"{name} reads {wrong}; `Settings.from_env` is the one reader."


def test_the_strings_of_a_file_are_seen_whole() -> None:
    texts = {literal.text for literal in literals("tests/house_rules/repository.py")}
    assert "git" in texts
