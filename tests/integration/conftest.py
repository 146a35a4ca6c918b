"""A database of its own for each module of integration tests: made, migrated, dropped.

On the server named by REMEDY_TEST_DATABASE_URL where that is set (its account must be allowed to make
databases; the one it names is never touched), else on the MariaDB of the running stack.
"""

import getpass
import os
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from remedy.gateways.mysql import engine_for
from remedy.orders import room
from remedy.schema.migrate import migrate

POOL_SIZE = 20
"""Enough for the sixteen clients of the concurrency tests."""


@pytest.fixture(scope="module")
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty, migrated database, with an account that owns it."""
    name = f"remedy_test_{uuid.uuid4().hex[:10]}"
    given = os.environ.get("REMEDY_TEST_DATABASE_URL")
    if given:
        url = admin_url = sa.make_url(given)
    else:
        stack = request.getfixturevalue("stack")
        url = sa.make_url(stack.settings("owner").database_url)
        socket = stack.installation.databases / "mariadb.sock"
        admin_url = sa.URL.create(
            "mysql+pymysql", username=getpass.getuser(), query={"unix_socket": str(socket)}
        )
    admin = sa.create_engine(admin_url.set(database=""), isolation_level="AUTOCOMMIT")
    url = url.set(database=name)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        if not given:
            connection.exec_driver_sql(f"GRANT ALL ON {name}.* TO '{url.username}'@'%%'")
    engine = engine_for(url.render_as_string(hide_password=False))
    try:
        with engine.connect() as connection:
            migrate(connection)
        yield url.render_as_string(hide_password=False)
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        admin.dispose()


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[sa.Engine]:
    """An engine on that database."""
    engine = engine_for(database_url, pool_size=POOL_SIZE)
    yield engine
    engine.dispose()


@pytest.fixture
def one_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """One patient stands for a crowd: as many holds and orders as a town has."""
    for limit in ("MOST_HOLDS", "MOST_ORDERS"):
        monkeypatch.setattr(room, limit, 100_000)
