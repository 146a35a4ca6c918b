"""The only reader of the environment: one frozen record of everything the platform must be told.

Every process gets the same variables; what differs between them is the database account in
`REMEDY_DATABASE_URL` (portal, pipeline, dashboards: design decision 2) and which secrets they are given.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PREFIX = "REMEDY_"
_REMINDERS = r"(mail|sms):[1-9][0-9]{0,2}(,(mail|sms):[1-9][0-9]{0,2})*"


class SettingsError(ValueError):
    """The environment does not make a valid `Settings`; the message lists every problem."""


def setting(doc: str, *, default: Any = MISSING, secret: bool = False) -> Any:
    """A field of `Settings`: its meaning, and whether it may also come from a file (`…_FILE`)."""
    metadata = {"doc": doc, "secret": secret}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """Everything the platform must be told. Defaults are the local stack's."""

    environment: str = setting(
        "`local` (loopback, demo people allowed) or `production`", default="local"
    )
    database_url: str = setting(
        "Database of this process's own account, e.g. mysql+pymysql://USER:PASSWORD@HOST:PORT/remedy",
        default="mysql+pymysql://remedy@127.0.0.1:18001/remedy",
        secret=True,
    )
    kafka_brokers: str = setting(
        "Kafka bootstrap servers, HOST:PORT separated by commas", default="127.0.0.1:18003"
    )
    hdfs_url: str = setting(
        "WebHDFS address of the NameNode, http://HOST:PORT", default="http://127.0.0.1:18006"
    )
    hdfs_user: str = setting("User name told to HDFS", default="remedy")
    hdfs_root: str = setting(
        "Folder in HDFS under which everything of ours lies", default="/remedy"
    )
    yarn_url: str = setting(
        "Web address of the YARN ResourceManager", default="http://127.0.0.1:18011"
    )
    hadoop_bin: str = setting("The `hadoop` launcher that mrjob calls", default="hadoop")
    hadoop_streaming_jar: str = setting("Path of hadoop-streaming-….jar", default="")
    secret_key: str = setting(
        "Signs forms and pseudonyms; at least 32 characters", default="", secret=True
    )
    master_key: str = setting(
        "Wraps every patient's key; 32 bytes as 64 hexadecimal digits", default="", secret=True
    )
    portal_url: str = setting(
        "Address of the portal as a browser sees it", default="http://127.0.0.1:18020"
    )
    dashboard_url: str = setting(
        "Address of the Streamlit dashboards", default="http://127.0.0.1:18021"
    )
    airflow_url: str = setting("Address of the Airflow UI", default="http://127.0.0.1:18022")
    airflow_user: str = setting("Who `remedy follow` is to Airflow's API", default="admin")
    airflow_password: str = setting("The password of that user", default="", secret=True)
    smtp_url: str = setting(
        "Where mail is handed over, smtp://HOST:PORT", default="smtp://127.0.0.1:18018"
    )
    mail_from: str = setting("Sender of our mail", default="remedy@localhost")
    payment_url: str = setting(
        "Address of the payment provider; empty: orders are paid when they are handed over",
        default="",
    )
    payment_key: str = setting(
        "Shared with the payment provider: signs what each tells the other", default="", secret=True
    )
    sms_url: str = setting("Address of the SMS provider; empty: nobody is sent an SMS", default="")
    sms_key: str = setting("The key the SMS provider knows us by", default="", secret=True)
    reminders: str = setting(
        "When patients are reminded of a visit: `mail` or `sms` and hours before it, separated by commas; empty: never",
        default="mail:48,sms:3",
    )
    search_index_dir: str = setting(
        "Folder of the search index, written by `remedy index` and read by the portal; empty: searches use the words in the database",
        default="",
    )
    region_file: str = setting(
        "TOML file with currency, time zone, telephone format, emergency number, languages; empty: the built-in one",
        default="",
    )
    town: str = setting(
        "The demo town that a fresh local installation begins with: `full` (400 days of history), `small` (60; quick) or `none`",
        default="full",
    )
    smallest_group: str = setting(
        "So many people, at least, must have searched for a medicine before live demand speaks of it",
        default="5",
    )
    data_dir: str = setting(
        "Folder of real data used by tests and imports, never copied; empty: none", default=""
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the variables `REMEDY_<FIELD>`; a secret may be a path in `REMEDY_<FIELD>_FILE`.

        Raises:
            SettingsError: naming every variable that is wrong, unknown or unreadable.
        """
        environ = os.environ if environ is None else environ
        problems: list[str] = []
        values: dict[str, str] = {}
        for spec in fields(cls):
            name = PREFIX + spec.name.upper()
            try:
                value = _read(environ, name, secret=spec.metadata["secret"])
            except SettingsError as error:
                problems.append(str(error))
                continue
            if value is not None:
                values[spec.name] = value
        problems += _unknown(environ, {spec.name for spec in fields(cls)})
        settings = cls(**values)
        problems += settings._problems()
        if problems:
            raise SettingsError("The settings are wrong:\n" + "\n".join(f"- {p}" for p in problems))
        return settings

    def _problems(self) -> list[str]:
        found = []
        if self.environment not in {"local", "production"}:
            found.append(
                f"REMEDY_ENVIRONMENT is '{self.environment}'; it must be 'local' or 'production'."
            )
        if not self.smallest_group.isdecimal() or int(self.smallest_group) < 2:
            found.append(
                f"REMEDY_SMALLEST_GROUP is '{self.smallest_group}'; it must be a whole number from 2 on."
            )
        if self.town not in {"full", "small", "none"}:
            found.append(f"REMEDY_TOWN is '{self.town}'; it must be 'full', 'small' or 'none'.")
        database = urlsplit(self.database_url)
        if (
            not database.scheme.startswith("mysql")
            or not database.hostname
            or len(database.path) < 2
        ):
            found.append(
                "REMEDY_DATABASE_URL is not of the form mysql+pymysql://USER:PASSWORD@HOST:PORT/NAME."
            )
        for name in ("hdfs_url", "yarn_url", "portal_url", "dashboard_url", "airflow_url"):
            parts = urlsplit(getattr(self, name))
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                found.append(
                    f"{PREFIX}{name.upper()} is not an address such as http://127.0.0.1:18020."
                )
        if not self.hdfs_root.startswith("/"):
            found.append(f"REMEDY_HDFS_ROOT is '{self.hdfs_root}'; it must begin with '/'.")
        for broker in self.kafka_brokers.split(","):
            host, _, port = broker.strip().rpartition(":")
            if not host or not port.isdigit():
                found.append(f"REMEDY_KAFKA_BROKERS holds '{broker}'; each must be HOST:PORT.")
        if self.secret_key and len(self.secret_key) < 32:
            found.append("REMEDY_SECRET_KEY is too short; at least 32 characters are needed.")
        if self.master_key and not _is_hex(self.master_key, 64):
            found.append("REMEDY_MASTER_KEY must be 64 hexadecimal digits (32 bytes).")
        # The keys are not asked for here: only the portal and `prepare` are given them, and they ask.
        if self.environment == "production" and not self.portal_url.startswith("https://"):
            found.append("REMEDY_PORTAL_URL must begin with https:// in production.")
        if self.payment_url:
            found += self._problems_of_payment()
        found += self._problems_of_reminders()
        for name in ("region_file", "data_dir", "hadoop_streaming_jar"):
            path = getattr(self, name)
            if path and not Path(path).exists():
                found.append(f"{PREFIX}{name.upper()} names '{path}', which does not exist.")
        return found

    def _problems_of_payment(self) -> list[str]:
        found = []
        address = urlsplit(self.payment_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            found.append("REMEDY_PAYMENT_URL is not an address such as https://pay.example.org.")
        if self.environment == "production" and address.scheme != "https":
            found.append(
                "REMEDY_PAYMENT_URL must begin with https:// in production; the test provider is for one machine."
            )
        return found

    def _problems_of_reminders(self) -> list[str]:
        found = []
        if self.reminders and not re.fullmatch(_REMINDERS, self.reminders):
            found.append(
                f"REMEDY_REMINDERS is '{self.reminders}'; write channel:hours, such as mail:48,sms:3."
            )
        address = urlsplit(self.sms_url)
        if self.sms_url and (address.scheme not in {"http", "https"} or not address.hostname):
            found.append("REMEDY_SMS_URL is not an address such as https://sms.example.org.")
        elif self.sms_url and self.environment == "production" and address.scheme != "https":
            found.append(
                "REMEDY_SMS_URL must begin with https:// in production; the test provider is for one machine."
            )
        return found

    def airflow_connections(self) -> dict[str, str]:
        """The Airflow connections of this record, as `AIRFLOW_CONN_*` variables.

        Derived, so that the providers' hooks and our gateways can never disagree.
        """
        database = urlsplit(self.database_url)
        hdfs = urlsplit(self.hdfs_url)
        connections = {
            "remedy_mysql": {
                "conn_type": "mysql",
                "host": database.hostname,
                "port": database.port or 3306,
                "login": unquote(database.username or ""),
                "password": unquote(database.password or ""),
                "schema": database.path.lstrip("/"),
                "extra": {"client": "mysql-connector-python", "charset": "utf8mb4"},
            },
            "remedy_kafka": {
                "conn_type": "kafka",
                "extra": {
                    "bootstrap.servers": self.kafka_brokers,
                    # The group is never used for positions (they are in MySQL); librdkafka wants a name.
                    "group.id": "remedy-landing",
                    "enable.auto.commit": "false",
                    "auto.offset.reset": "error",
                    "isolation.level": "read_committed",
                    "enable.partition.eof": "false",
                    "log_level": "2",
                },
            },
            # Takes dead letters to their topics; a test compares it with remedy.gateways.kafka.PRODUCER.
            "remedy_kafka_producer": {
                "conn_type": "kafka",
                "extra": {
                    "bootstrap.servers": self.kafka_brokers,
                    "enable.idempotence": "true",
                    "acks": "all",
                    "linger.ms": "5",
                    "message.timeout.ms": "30000",
                    "reconnect.backoff.max.ms": "1000",
                    "log.connection.close": "false",
                    "log_level": "2",
                },
            },
            "remedy_hdfs": {
                "conn_type": "webhdfs",
                "host": hdfs.hostname,
                "port": hdfs.port,
                "login": self.hdfs_user,
                "extra": {"use_ssl": hdfs.scheme == "https", "verify": True},
            },
        }
        return {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(conn) for name, conn in connections.items()
        }

    def to_env(self) -> dict[str, str]:
        """This record as environment variables, for a process we start."""
        return {PREFIX + spec.name.upper(): getattr(self, spec.name) for spec in fields(self)}


# Read elsewhere than here, by the harness and the stack; named so that a typing error is still caught.
_NOT_SETTINGS = ("REMEDY_STACK_", "REMEDY_TEST_")


def _read(environ: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    path = environ.get(name + "_FILE", "")
    if path and not secret:
        raise SettingsError(
            f"{name}_FILE is set, but only secrets may come from a file; set {name}."
        )
    if path:
        if environ.get(name):
            raise SettingsError(f"{name} and {name}_FILE are both set; keep one.")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{name}_FILE names '{path}', which cannot be read ({error})."
            ) from None
    return environ.get(name)


def _unknown(environ: Mapping[str, str], known: set[str]) -> list[str]:
    found = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(_NOT_SETTINGS):
            continue
        plain = name.removeprefix(PREFIX).lower()
        if plain not in known and plain.removesuffix("_file") not in known:
            found.append(f"{name} is not a setting; docs/settings.md lists them all.")
    return found


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and all(c in "0123456789abcdefABCDEF" for c in text)
