"""The pool of connections: one the server has ended while it lay idle is found out before anybody uses it."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from remedy.gateways import mysql
from tests.integration.streams import await_that

pytestmark = pytest.mark.integration


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = mysql.engine_for(database_url, pool_size=1)
    yield engine
    engine.dispose()


def session_of(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT CONNECTION_ID()")).scalar_one())


def end(database: sa.Engine, session: int) -> None:
    """Have the server end it; returns when it has."""
    there = sa.text("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = :id")
    with database.connect() as connection:
        connection.exec_driver_sql(f"KILL {session}")
        await_that(lambda: connection.execute(there, {"id": session}).scalar_one() == 0)


def test_one_that_was_ended_while_idle_is_replaced_before_it_is_used(
    database: sa.Engine, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = session_of(engine)
    end(database, ended)
    monkeypatch.setattr(mysql, "TRUSTED_SECONDS", 0.0)
    assert session_of(engine) != ended


def test_one_used_a_moment_ago_is_not_asked_and_one_that_fails_is_not_kept(
    database: sa.Engine, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql, "TRUSTED_SECONDS", 3600.0)
    ended = session_of(engine)
    assert session_of(engine) == ended
    end(database, ended)
    with pytest.raises(sa.exc.OperationalError):
        session_of(engine)
    assert session_of(engine) != ended
