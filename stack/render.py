"""The servers' configuration, made from the templates in `stack/conf` and one installation."""

import json
import socket
import sys
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

from stack.installation import MASTER_PORTS, PORTS, ROOT, Installation, write_private

TEMPLATES = Path(__file__).parent / "conf"

# The databases' user may not be allowed into the folder the rest lies in (a checkout below /root).
_DATABASES = {"my.cnf", "postgresql.conf", "pg_hba.conf"}

# These hold keys.
_PRIVATE = {"airflow.cfg"}

LAUNCHER = """#!/bin/sh
# The `hadoop` that mrjob calls: see stack/hadoop.py.
exec '{python}' -m stack.hadoop --conf '{conf}' --jars '{jars}' --web '{web}' "$@"
"""


def render(installation: Installation) -> None:
    """Write every configuration file, the `hadoop` launcher and Airflow's password file."""
    values = template_values(installation)
    for template in sorted(TEMPLATES.rglob("*")):
        if template.is_file():
            name = str(template.relative_to(TEMPLATES))
            target = _target(installation, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = fill(template.read_text(), values, xml=name.endswith(".xml"))
            if name in _PRIVATE:
                write_private(target, text)
            else:
                target.write_text(text)
    launcher = installation.bin / "hadoop"
    launcher.write_text(
        LAUNCHER.format(
            python=values["python"],
            conf=values["hadoop_conf"],
            jars=installation.jars / "hadoop",
            web=f"127.0.0.1:{installation.port('namenode-web')}",
        )
    )
    launcher.chmod(0o755)
    write_private(
        installation.secret_folder / "airflow-passwords.json",
        json.dumps({"admin": installation.secret("airflow-admin")}),
    )


def _target(installation: Installation, name: str) -> Path:
    if name in _DATABASES:
        return installation.databases / name
    if name == "airflow.cfg":
        return installation.airflow / name
    return installation.conf / name


def template_values(installation: Installation) -> dict[str, str]:
    """Every name a template or a command of `stack/services.py` may use."""
    first, last = MASTER_PORTS
    values = {
        "root": str(ROOT),
        "state": str(installation.state),
        "conf": str(installation.conf),
        "host_name": socket.gethostname(),
        "hadoop_conf": str(installation.conf / "hadoop"),
        "databases": str(installation.databases),
        "database_user": installation.database_user,
        "jars": str(installation.jars),
        "python": sys.executable,
        "venv": str(Path(sys.executable).parent),
        "postgres_password": installation.secret("postgres"),
        "airflow_fernet": installation.fernet_key(),
        "airflow_jwt_secret": installation.secret("airflow-jwt"),
        "airflow_api_secret": installation.secret("airflow-api"),
        # An application master needs two listeners from the first range and one page from the second.
        "port_master_first": str(installation.base + first),
        "port_master_middle": str(installation.base + last - 3),
        "port_master_web": str(installation.base + last - 2),
        "port_master_last": str(installation.base + last),
    }
    for name in PORTS:
        values["port_" + name.replace("-", "_")] = str(installation.port(name))
    return values


def fill(text: str, values: dict[str, str], *, xml: bool = False) -> str:
    """The template with its `$names` replaced.

    Raises:
        KeyError: naming the placeholder that no value was given for.
    """
    if xml:
        values = {name: escape(value) for name, value in values.items()}
    return Template(text).substitute(values)
