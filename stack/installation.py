"""One installation of the platform on this machine: its folders, ports, secrets and environments.

Everything the stack writes lies under one state folder (`.stack`, or `REMEDY_STACK_DIR`). Only the two
databases, when root started them, keep their data in /var/lib/remedy, because they refuse to run as root.
"""

import base64
import getpass
import hashlib
import os
import pwd
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from remedy.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_BASE = 18000
SYSTEM_USER = "remedy"
SYSTEM_FOLDER = Path("/var/lib/remedy")

# Ports are the installation's base plus these; 30-39 belong to MapReduce application masters.
PORTS = {
    "mariadb": 1,
    "postgres": 2,
    "kafka": 3,
    "kafka-controller": 4,
    "namenode": 5,
    "namenode-web": 6,
    "datanode": 7,
    "datanode-ipc": 8,
    "datanode-web": 9,
    "resourcemanager": 10,
    "resourcemanager-web": 11,
    "resourcemanager-scheduler": 12,
    "resourcemanager-tracker": 13,
    "resourcemanager-admin": 14,
    "nodemanager": 15,
    "nodemanager-localizer": 16,
    "nodemanager-web": 17,
    "mail": 18,
    "mail-web": 19,
    "portal": 20,
    "streamlit": 21,
    "airflow-api-server": 22,
    "shuffle": 23,
    "collector": 24,
    "datanode-proxy": 25,
    "payments": 26,
    "sms": 27,
}
MASTER_PORTS = (30, 39)

ACCOUNTS = ("owner", "portal", "pipeline", "dashboard", "watch")

# What those processes of an account that need it may read beside their database password:
# setting -> name of the secret.
# The owner is the operator at the keyboard (`./run follow`, `create-admin`).
_PORTAL_SECRETS = {
    "secret_key": "secret_key",
    "master_key": "master_key",
    "payment_key": "payment_key",
    "sms_key": "sms_key",
}
_SECRET_SETTINGS = {
    "portal": _PORTAL_SECRETS,
    "owner": {**_PORTAL_SECRETS, "airflow_password": "airflow-admin"},
}

# Choices of whoever calls that reach every process we start.
_PASSED_ON = (
    "REMEDY_DATA_DIR",
    "REMEDY_MAIL_FROM",
    "REMEDY_REGION_FILE",
    "REMEDY_REMINDERS",
    "REMEDY_SMALLEST_GROUP",
    "REMEDY_TOWN",
)
# The same for Airflow's own: Variables, with which tests have landing write its files more often.
_PASSED_TO_AIRFLOW = "AIRFLOW_VAR_REMEDY_"


class StackError(Exception):
    """Something the person at the keyboard can mend; the text says what and how."""


@dataclass(frozen=True)
class Installation:
    """Where one installation lies and which ports it has. Nothing is touched until `prepare`."""

    state: Path
    base: int
    caller: Mapping[str, str]

    @classmethod
    def locate(cls, environ: Mapping[str, str]) -> "Installation":
        """The installation that `REMEDY_STACK_DIR` and `REMEDY_STACK_PORT_BASE` name.

        Raises:
            StackError: when the port base is not a number whose ports all stay below 32768.
        """
        state = Path(environ.get("REMEDY_STACK_DIR") or ROOT / ".stack").absolute()
        remembered = state / "port-base"
        text = environ.get("REMEDY_STACK_PORT_BASE") or (
            remembered.read_text().strip() if remembered.exists() else str(DEFAULT_BASE)
        )
        if not text.isdigit() or not 1024 <= int(text) <= 32767 - MASTER_PORTS[1]:
            raise StackError(
                f"REMEDY_STACK_PORT_BASE is '{text}'; it must be a number from 1024 to "
                f"{32767 - MASTER_PORTS[1]}, so that every port stays below 32768."
            )
        return cls(state, int(text), dict(environ))

    def prepare(self) -> None:
        """Make the folders and, once, the secrets."""
        for folder in (
            self.state,
            self.conf,
            self.logs,
            self.run,
            self.bin,
            self.home,
            self.airflow,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        self.secret_folder.mkdir(mode=0o700, exist_ok=True)
        for name in ("data", "tmp"):
            (self.state / name).mkdir(exist_ok=True)
        (self.state / "port-base").write_text(f"{self.base}\n")
        self._prepare_databases_folder()
        for account in ACCOUNTS:
            self.secret(f"database-{account}")
            url = (
                f"mysql+pymysql://remedy_{account}:{quote(self.secret(f'database-{account}'))}"
                f"@127.0.0.1:{self.port('mariadb')}/remedy"
            )
            write_private(self.secret_folder / f"database-{account}-url", url)
        for name in (
            "secret_key",
            "master_key",
            "payment_key",
            "sms_key",
            "postgres",
            "airflow-admin",
        ):
            self.secret(name)

    def _prepare_databases_folder(self) -> None:
        temporary = self.databases / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        if self.run_as is None:
            return
        account = pwd.getpwnam(self.run_as)
        SYSTEM_FOLDER.chmod(0o755)
        self.databases.chmod(0o700)
        for folder in (self.databases, temporary):
            os.chown(folder, account.pw_uid, account.pw_gid)

    # --- folders

    @property
    def conf(self) -> Path:
        """Configuration rendered from `stack/conf`."""
        return self.state / "conf"

    @property
    def logs(self) -> Path:
        """One log per service, rotated."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """What runs: PID records, lock, control socket."""
        return self.state / "run"

    @property
    def bin(self) -> Path:
        """The `hadoop` launcher."""
        return self.state / "bin"

    @property
    def home(self) -> Path:
        """The HOME of every process we start, so that nobody's own is read or written."""
        return self.state / "home"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.state / "airflow"

    @property
    def secret_folder(self) -> Path:
        """Passwords and keys, each in a file only its owner reads."""
        return self.state / "secrets"

    @property
    def demo_file(self) -> Path:
        """Sign-ins of the town's people, written by `remedy town build`."""
        return self.secret_folder / "demo.json"

    @property
    def town_speed_file(self) -> Path:
        """How many events a second the living town makes; not there: its own choice."""
        return self.run / "town-speed"

    @cached_property
    def databases(self) -> Path:
        """Where MariaDB and PostgreSQL keep their data."""
        if os.geteuid() != 0:
            return self.state / "data"
        return SYSTEM_FOLDER / hashlib.sha256(str(self.state).encode()).hexdigest()[:12]

    @property
    def jars(self) -> Path:
        """Kafka and Hadoop: what was fetched once for this checkout, shared by its installations."""
        return ROOT / ".stack" / "jars"

    @property
    def streaming_jar(self) -> Path:
        """The jar mrjob hands to `hadoop jar`."""
        return next(
            self.jars.glob("hadoop/hadoop-streaming-*.jar"),
            self.jars / "hadoop/hadoop-streaming.jar",
        )

    # --- who and where

    @property
    def run_as(self) -> str | None:
        """The system user the databases run as; None: who called."""
        return SYSTEM_USER if os.geteuid() == 0 else None

    @property
    def database_user(self) -> str:
        """The operating system's name of whoever the databases run as."""
        return self.run_as or getpass.getuser()

    def port(self, name: str) -> int:
        """The port of a service or of one of its side doors."""
        return self.base + PORTS[name]

    def url(self, name: str) -> str:
        """The address of a port in a browser."""
        return f"http://127.0.0.1:{self.port(name)}"

    # --- secrets

    def secret(self, name: str) -> str:
        """The secret of this name, made at random the first time it is asked for.

        64 hexadecimal digits: long enough for every key we need and safe in URLs, SQL and XML.
        """
        path = self.secret_folder / name
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return path.read_text().strip()

    def fernet_key(self) -> str:
        """Airflow's Fernet key: 32 random bytes in URL-safe base64."""
        path = self.secret_folder / "airflow-fernet"
        if not path.exists():
            write_private(path, base64.urlsafe_b64encode(os.urandom(32)).decode())
        return path.read_text().strip()

    # --- environments

    def account_env(self, account: str, *, has_keys: bool = False) -> dict[str, str]:
        """The `REMEDY_*` settings of one account's processes; secrets as `…_FILE`."""
        env = Settings(
            kafka_brokers=f"127.0.0.1:{self.port('kafka')}",
            hdfs_url=self.url("namenode-web"),
            yarn_url=self.url("resourcemanager-web"),
            hadoop_bin=str(self.bin / "hadoop"),
            hadoop_streaming_jar=str(self.streaming_jar),
            portal_url=self.url("portal"),
            dashboard_url=self.url("streamlit"),
            airflow_url=self.url("airflow-api-server"),
            smtp_url=f"smtp://127.0.0.1:{self.port('mail')}",
            payment_url=self.url("payments"),
            sms_url=self.url("sms"),
            search_index_dir=str(self.state / "data" / "search-index"),
        ).to_env()
        for name in (
            "database_url",
            "secret_key",
            "master_key",
            "payment_key",
            "sms_key",
            "airflow_password",
            "region_file",
            "data_dir",
            "mail_from",
        ):
            del env["REMEDY_" + name.upper()]
        env["REMEDY_DATABASE_URL_FILE"] = str(self.secret_folder / f"database-{account}-url")
        for name, secret in _SECRET_SETTINGS.get(account, {}).items() if has_keys else ():
            env[f"REMEDY_{name.upper()}_FILE"] = str(self.secret_folder / secret)
        for name, value in self.caller.items():
            if name in _PASSED_ON:
                env[name] = value
        return env

    def process_env(self) -> dict[str, str]:
        """What every process gets, whatever its account: a clean environment of our own making."""
        java = java_home()
        folders = [self.bin, Path(sys.executable).parent, *([java / "bin"] if java else [])]
        env = {
            "PATH": ":".join(
                [*map(str, folders), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
            ),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.state / "tmp"),
            "REMEDY_STACK_DIR": str(self.state),
            "REMEDY_STACK_PORT_BASE": str(self.base),
            "REMEDY_STACK_DEMO_FILE": str(self.demo_file),
            "REMEDY_STACK_TOWN_SPEED_FILE": str(self.town_speed_file),
        }
        if java:
            env["JAVA_HOME"] = str(java)
        return env

    def airflow_env(self) -> dict[str, str]:
        """What makes a process part of Airflow: its home, and our connections derived from the settings."""
        settings = Settings.from_env(self.account_env("pipeline"))
        variables = {n: v for n, v in self.caller.items() if n.startswith(_PASSED_TO_AIRFLOW)}
        return {"AIRFLOW_HOME": str(self.airflow), **settings.airflow_connections(), **variables}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, never readable in between."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def java_home() -> Path | None:
    """The folder of the Java that `java` on the PATH belongs to."""
    java = shutil.which("java")
    return Path(java).resolve().parent.parent if java else None


def postgres_bin() -> Path | None:
    """The newest folder of PostgreSQL's own programs: Debian keeps them off the PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3])
    )
    return found[-1].parent if found else None
