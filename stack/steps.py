"""The steps between the services: what must be done once, or looked at, before the next may start.

Each is run as `python -m stack step NAME` by the supervisor, may be run again, and does only what is missing.
"""

import base64
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from stack import airflow
from stack.installation import ACCOUNTS, ROOT, Installation, StackError, postgres_bin, write_private

SETTLED_WITHIN_S = 400


def run_step(installation: Installation, name: str) -> None:
    """Run the step of this name.

    Raises:
        StackError: when it cannot be done, with what to do.
    """
    STEPS[name](installation)


def install_mariadb(installation: Installation) -> None:
    """An empty MariaDB whose only account is whoever the operating system says is calling."""
    folder = installation.databases / "mariadb"
    if (folder / "mysql").is_dir():
        return
    _start_over(folder)
    _call(
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={folder}",
        f"--user={installation.database_user}",
        "--auth-root-authentication-method=socket",
        *([f"--auth-root-socket-user={installation.database_user}"] if os.geteuid() else []),
        f"--tmpdir={installation.databases.joinpath('tmp')}",
        "--skip-test-db",
        "--skip-name-resolve",
    )
    if installation.run_as:
        _call("chown", "-R", f"{installation.run_as}:", str(folder))


def install_postgres(installation: Installation) -> None:
    """An empty PostgreSQL cluster with Airflow's account."""
    folder = installation.databases / "postgres"
    if (folder / "PG_VERSION").exists():
        return
    _start_over(folder)
    password = installation.databases / "postgres-password"
    write_private(password, installation.secret("postgres"))
    try:
        if installation.run_as:
            _call("chown", f"{installation.run_as}:", str(password))
        _call(
            f"{postgres_bin()}/initdb",
            f"--pgdata={folder}",
            "--username=airflow",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            user=installation.run_as,
            folder=installation.databases,
        )
    finally:
        password.unlink()


def format_kafka(installation: Installation) -> None:
    """Kafka's log folder, formatted with a cluster id of its own."""
    folder = installation.state / "data" / "kafka"
    if (folder / "meta.properties").exists():
        return
    _start_over(folder)
    # Kafka's form of a UUID: base64, which must not begin with a dash or it is read as an option.
    identity = "-"
    while identity.startswith("-"):
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    _call(
        "java",
        f"-Djdk.net.hosts.file={installation.conf}/hosts",
        f"-Dlog4j.configuration=file:{installation.conf}/kafka-log4j.properties",
        "-cp",
        f"{installation.jars}/kafka/*",
        "kafka.tools.StorageTool",
        "format",
        "-t",
        identity,
        "-c",
        str(installation.conf / "server.properties"),
    )


def format_namenode(installation: Installation) -> None:
    """HDFS's empty file system."""
    if (installation.state / "data" / "namenode" / "current" / "VERSION").exists():
        return
    _call(
        "java",
        "-Xmx256m",
        f"-Djdk.net.hosts.file={installation.conf}/hosts",
        "--add-opens",
        "java.base/java.lang=ALL-UNNAMED",
        "-cp",
        f"{installation.conf}/hadoop:{installation.jars}/hadoop/*",
        "org.apache.hadoop.hdfs.server.namenode.NameNode",
        "-format",
        "-nonInteractive",
    )


def create_accounts(installation: Installation) -> None:
    """The database `remedy` and an account for each kind of process, with this installation's passwords.

    What each may do on which table is said by `remedy migrate`, which the owner runs.
    """
    statements = [
        "CREATE DATABASE IF NOT EXISTS remedy CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "DELETE FROM mysql.global_priv WHERE User = ''",
        "FLUSH PRIVILEGES",
    ]
    for account in ACCOUNTS:
        # Our own random digits: nothing to quote.
        password = installation.secret(f"database-{account}")
        statements.append(f"CREATE USER IF NOT EXISTS 'remedy_{account}'@'%'")
        statements.append(f"ALTER USER 'remedy_{account}'@'%' IDENTIFIED BY '{password}'")
    statements.append("GRANT ALL PRIVILEGES ON remedy.* TO 'remedy_owner'@'%' WITH GRANT OPTION")
    # To grant a right, `remedy migrate` must know from which hosts an account may come.
    statements.append("GRANT SELECT (User, Host) ON mysql.user TO 'remedy_owner'@'%'")
    _call(
        "mariadb",
        "--no-defaults",
        f"--socket={installation.databases}/mariadb.sock",
        "--batch",
        words=";\n".join(statements) + ";\n",
    )


def migrate_airflow(installation: Installation) -> None:
    """Airflow's own tables, and the pools of `dags/pools.json`.

    Airflow takes seven seconds to find that nothing is new, so what was done is remembered.
    """
    import psycopg2

    connection = psycopg2.connect(
        host="127.0.0.1",
        port=installation.port("postgres"),
        user="airflow",
        password=installation.secret("postgres"),
        dbname="postgres",
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'airflow'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE DATABASE airflow")
    connection.close()
    pools = ROOT / "dags" / "pools.json"
    done = installation.databases / "airflow-version"
    now = version("apache-airflow-core") + "\n" + (pools.read_text() if pools.exists() else "")
    if done.exists() and done.read_text() == now:
        return
    command = str(Path(sys.executable).parent / "airflow")
    _call(command, "db", "migrate")
    if pools.exists():
        _call(command, "pools", "import", str(pools))
    done.write_text(now)


def warm_airflow(installation: Installation) -> None:
    """Let Airflow build the API its tasks speak to, so that the first task need not wait for it."""
    airflow.Client(installation).warm()


def first_runs(installation: Installation) -> None:
    """On a fresh installation, run each DAG once in order, so that every page shows figures."""

    def settle() -> None:
        # What has not arrived in time is counted by the next run; it is no reason to stop here.
        subprocess.run(
            [sys.executable, "-m", "remedy", "settle", "--seconds", str(SETTLED_WITHIN_S)],
            env=installation.process_env() | installation.account_env("owner"),
            cwd=ROOT,
            check=False,
        )

    done = airflow.Done(installation.databases / "first-runs")
    airflow.run_first(
        airflow.Client(installation), done, settle, lambda text: print(text, flush=True)
    )


STEPS: dict[str, Callable[[Installation], None]] = {
    "install-mariadb": install_mariadb,
    "install-postgres": install_postgres,
    "format-kafka": format_kafka,
    "format-namenode": format_namenode,
    "create-accounts": create_accounts,
    "migrate-airflow": migrate_airflow,
    "warm-airflow": warm_airflow,
    "first-runs": first_runs,
}


def _start_over(folder: Path) -> None:
    """Remove what an interrupted installation of an empty server left; it holds nobody's data yet."""
    if folder.exists():
        shutil.rmtree(folder)


def _call(
    *command: str, words: str | None = None, user: str | None = None, folder: Path = ROOT
) -> None:
    """Run a program to its end; its output is the step's own.

    Raises:
        StackError: when it fails.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        input=words,
        text=True,
        check=False,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL if words is None else None,
    )
    if done.returncode:
        raise StackError(f"'{Path(command[0]).name}' ended with code {done.returncode}; see above.")
