"""Bring a database to the newest schema and give each account its rights. Run once, before the portal."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from remedy.schema.rights import GRANTS, MAKES_TEMPORARY_TABLES

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = "remedy.migrate"
LOCK_SECONDS = 60


def config(connection: sa.Connection) -> Config:
    """Alembic's settings, made here so that there is no alembic.ini to disagree with."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("version_path_separator", "os")
    made.attributes["connection"] = connection
    return made


def migrate(connection: sa.Connection) -> None:
    """Run the missing migrations; a second process that tries at the same time waits.

    Raises:
        TimeoutError: if another migration still runs after a minute.
    """
    # With the database's name: the server's locks are not of a database.
    name = f"{LOCK}.{connection.execute(sa.text('SELECT DATABASE()')).scalar()}"
    got = connection.execute(
        sa.text("SELECT GET_LOCK(:name, :s)"), {"name": name, "s": LOCK_SECONDS}
    )
    if got.scalar() != 1:
        raise TimeoutError(
            f"Another migration has been running for {LOCK_SECONDS} s; look at it first."
        )
    try:
        command.upgrade(config(connection), "head")
        connection.commit()
    finally:
        connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), {"name": name})
        connection.commit()


def grant(connection: sa.Connection, accounts: tuple[str, ...] | None = None) -> list[str]:
    """Give each database account that exists the rights of design decision 2, table by table.

    Returns the accounts that were given rights (those that do not exist on this server are left out).
    """
    database = connection.execute(sa.text("SELECT DATABASE()")).scalar()
    tables = set(sa.inspect(connection).get_table_names()) | set(
        sa.inspect(connection).get_view_names()
    )
    done = []
    for account, rights in GRANTS.items():
        hosts = _hosts(connection, account)
        if not hosts or (accounts is not None and account not in accounts):
            continue
        wanted = [
            (privileges, f"`{name}`")
            for privileges, names in rights(sorted(tables)).items()
            for name in names
        ]
        if account in MAKES_TEMPORARY_TABLES:
            wanted.append(("CREATE TEMPORARY TABLES", "*"))
        for privileges, name in wanted:
            for host in hosts:
                # A host may be '%', which the driver would take for a placeholder.
                anywhere = host.replace("%", "%%")
                connection.exec_driver_sql(
                    f"GRANT {privileges} ON `{database}`.{name} TO '{account}'@'{anywhere}'"
                )
        done.append(account)
    connection.commit()
    return done


def _hosts(connection: sa.Connection, account: str) -> list[str]:
    hosts = sa.text("SELECT host FROM mysql.user WHERE user = :account")
    return list(connection.execute(hosts, {"account": account}).scalars())
