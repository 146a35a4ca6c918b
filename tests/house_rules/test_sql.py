"""Every SQL statement of ours runs on MariaDB 10.11, MySQL 8.4 and MySQL 9 (docs/sql.md)."""

import re

import pytest

from tests.house_rules.repository import Literal, files, literals, python_files, text_of

# What only one of the servers knows, and what hides errors. Each name stands in docs/sql.md with its replacement.
REFUSED = {
    "RETURNING": r"\bRETURNING\b",
    "AS new": r"\bVALUES\s*\(.*?\)\s*AS\s+\w+\s+ON\s+DUPLICATE|\bAS\s+new\b",
    "REPLACE INTO": r"\bREPLACE\s+INTO\b|\bINFILE\s+\S+\s+REPLACE\b",
    "INSERT IGNORE": r"\b(INSERT|UPDATE)\s+IGNORE\b",
    "ON CONFLICT": r"\bON\s+CONFLICT\b",
    "partial index": r"\bCREATE\s+(UNIQUE\s+)?INDEX\b[^;]*\bWHERE\b",
    "functional index": r"\bINDEX\b[^;(]*\(\s*\(",
    "ngram": r"\bWITH\s+PARSER\b",
    "->>": r"->>?\s*'",
    "MEMBER OF": r"\bMEMBER\s+OF\b",
    "LATERAL": r"\bLATERAL\b",
    "JSON_VALUE compared": r"\bJSON_VALUE\s*\([^()]*\)\s*(=|<>|!=|IN\b|LIKE\b)",
    "FOR SHARE": r"\bFOR\s+SHARE\b",
    "FOR UPDATE OF": r"\bFOR\s+UPDATE\s+OF\b",
    "VALUES ROW": r"\bVALUES\s+ROW\s*\(",
    "ANY_VALUE": r"\bANY_VALUE\s*\(",
    "REGEXP_LIKE": r"\bREGEXP_LIKE\s*\(",
    "SEQUENCE": r"\bCREATE\s+SEQUENCE\b|\bNEXTVAL\b|\bNEXT\s+VALUE\s+FOR\b",
    "IF NOT EXISTS on columns and indexes": r"\b(COLUMN|INDEX|KEY)\s+IF\s+(NOT\s+)?EXISTS\b",
    "CREATE OR REPLACE TABLE": r"\bCREATE\s+OR\s+REPLACE\s+TABLE\b",
    "UUID and INET columns": r"\b(UUID|INET4|INET6)\b\s*(NOT\s+NULL|NULL|,|PRIMARY)",
    "TIMESTAMP columns": r"\bTIMESTAMP(\(\d\))?\s+(NOT\s+NULL|NULL|DEFAULT)",
    "server collations": r"utf8mb4_0900|uca1400",
    "FULL JOIN": r"\bFULL\s+(OUTER\s+)?JOIN\b",
    "NULLS LAST": r"\bNULLS\s+(LAST|FIRST)\b",
    "ILIKE": r"\bILIKE\b",
    "system versioning": r"\bSYSTEM\s+VERSIONING\b|\bFOR\s+SYSTEM_TIME\b",
}

STATEMENT = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|LOAD\s+DATA|CREATE|ALTER|DROP|WITH|GRANT|CALL)\s+\S"
    r"|\bON\s+DUPLICATE\s+KEY\b|\bFOR\s+UPDATE\b"
)

# These speak to PostgreSQL, Airflow's own state, or say what is refused.
NOT_MYSQL = ("stack/", "tests/house_rules/", "tests/unit/stack/")


def _statements() -> list[Literal]:
    found = [
        Literal(name, sql[: match.start()].count("\n") + 1, match.group())
        for name in files()
        if name.endswith(".sql")
        for sql in [re.sub(r"--[^\n]*", "", text_of(name))]
        for match in re.finditer(r"[^;]+;", sql)
    ]
    for name in python_files():
        if not name.startswith(NOT_MYSQL):
            found += [text for text in literals(name) if STATEMENT.search(text.text)]
    return found


STATEMENTS = _statements()


def _refusals(sql: str) -> list[str]:
    return [
        what
        for what, pattern in REFUSED.items()
        if re.search(pattern, sql, re.DOTALL | (0 if what in {"AS new"} else re.IGNORECASE))
    ]


def test_there_is_sql_to_look_at() -> None:
    assert len(STATEMENTS) > 20


def test_every_statement_is_spoken_by_all_servers() -> None:
    wrong = [
        f"{text.name}:{text.line}: {', '.join(refused)}"
        for text in STATEMENTS
        if (refused := _refusals(text.text))
    ]
    assert not wrong, "docs/sql.md says what to write instead:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("JSON_VALUE compared", "SELECT 1 FROM t WHERE JSON_VALUE(t.event, '$.a') = 'x'"),
        ("RETURNING", "INSERT INTO t (a) VALUES (1) RETURNING id"),
        ("AS new", "INSERT INTO t (a) VALUES (1) AS new ON DUPLICATE KEY UPDATE a = new.a"),
        ("REPLACE INTO", "REPLACE INTO t (a) VALUES (1)"),
        ("INSERT IGNORE", "INSERT IGNORE INTO t (a) VALUES (1)"),
        ("partial index", "CREATE INDEX i ON t (a) WHERE a > 0"),
        ("functional index", "CREATE INDEX i ON t ((LOWER(a)))"),
        ("ngram", "CREATE FULLTEXT INDEX i ON t (a) WITH PARSER ngram"),
        ("->>", "SELECT body->>'$.a' FROM t"),
        ("TIMESTAMP columns", "CREATE TABLE t (a TIMESTAMP NOT NULL)"),
        ("FOR SHARE", "SELECT a FROM t FOR SHARE"),
    ],
)
def test_what_is_refused_is_recognised(what: str, sql: str) -> None:
    assert what in _refusals(sql)


def test_what_is_allowed_is_not_refused() -> None:
    allowed = (
        "INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES(a);"
        "SELECT CURRENT_TIMESTAMP(6), REPLACE(a, 'x', 'y') FROM t FOR UPDATE SKIP LOCKED;"
        "LOAD DATA LOCAL INFILE 'x' INTO TABLE t;"
        "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 1"
    )
    assert _refusals(allowed) == []


def test_the_page_names_everything_that_is_refused() -> None:
    page = text_of("docs/sql.md")
    missing = [what for what in REFUSED if f"`{what}`" not in page]
    assert not missing, f"docs/sql.md does not explain: {missing}"
