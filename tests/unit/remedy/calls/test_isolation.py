"""The risk of a missed visit is for the call list alone: nothing that offers, gives, moves or decides times reads it."""

import ast
import re
from collections.abc import Iterator

from remedy.schema.base import metadata
from remedy.schema.tables import calls, hospital
from tests.house_rules.repository import files, python_files, text_of, tree_of

OURS = ("remedy.calls", "remedy.schema.calls", "web_portal.calls", "models.no_show")
TABLES = {calls.call_list_switch.name, calls.visit_call.name}
WHERE = ("remedy", "web_portal", "streamlit_app", "dags", "plugins", "mapreduce", "models", "stack")

SPOKEN_OF = re.compile(r"calls|no_show|visit_call|call_list")

MAY = {
    "web_portal/__init__.py": "puts the room into the portal",
    "remedy/schema/tables.py": "lists every table",
    "remedy/schema/rights.py": "says who may write which table",
}
"""Outside its own folders."""

OWN = ("remedy/calls/", "web_portal/calls/", "models/no_show", "remedy/schema/calls.py")


def readers(tree: ast.Module) -> Iterator[str]:
    """What in a file leads to the risk, or to what was noted of a call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.startswith(OURS))
        elif isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{one.name}" for one in node.names)
            yield from (name for name in names if name.startswith(OURS))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (table for table in TABLES if table in node.value)
            yield from (name for name in OURS if node.value.startswith(name))


def test_no_module_but_the_call_list_reads_it():
    looked_at = [name for name in python_files(*WHERE) if not name.startswith(OWN)]
    assert any(name.startswith("remedy/appointments/") for name in looked_at)
    assert any(name.startswith("web_portal/appointments/") for name in looked_at)
    wrong = {
        f"{name}: {found}"
        for name in looked_at
        # Parsing the whole repository takes long; who names none of these words reads none of it.
        if name not in MAY and SPOKEN_OF.search(text_of(name))
        for found in readers(tree_of(name))
    }
    assert not wrong, f"Whom to call must not reach what gives times: {sorted(wrong)}"


def test_that_rule_sees_planted_readers():
    planted = (
        "from remedy.calls.model import learnt",
        "from remedy import calls",
        "import models.no_show as foretold",
        "from web_portal.calls.routes import why",
        "from remedy.schema.calls import visit_call",
        "query = 'SELECT outcome FROM visit_call'",
        "import_module('remedy.calls.queries')",
    )
    assert all(list(readers(ast.parse(text))) for text in planted)
    assert all(SPOKEN_OF.search(text) for text in planted)
    assert not list(readers(ast.parse("from remedy.appointments import calls_off")))


def test_sql_and_pages_outside_the_call_list_do_not_read_it():
    looked_at = [
        name
        for name in files()
        if name.endswith((".sql", ".html"))
        and not name.startswith("web_portal/calls/")
        and not name.endswith("0025_calls.sql")
    ]
    assert len(looked_at) > 50
    wrong = [name for name in looked_at if any(table in text_of(name) for table in TABLES)]
    assert not wrong
    leads_there = [name for name in looked_at if "calls." in text_of(name)]
    assert leads_there == ["web_portal/templates/_nav.html"]


def test_the_risk_has_no_column_anywhere_near_visits_or_people():
    near = [
        table
        for table in metadata.tables.values()
        if table.name.startswith(("appointment", "visit", "patient", "waiting", "call"))
    ]
    assert hospital.appointment in near
    assert calls.visit_call in near
    wrong = [
        f"{table.name}.{column.name}"
        for table in near
        for column in table.columns
        if any(word in column.name for word in ("risk", "probab", "no_show", "score"))
    ]
    assert not wrong
