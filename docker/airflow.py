"""Starts a part of Airflow in a container: `python docker/airflow.py scheduler`.

Airflow's connections are derived from our settings, as the local stack does it, so that the providers'
hooks and our gateways cannot disagree; docker-compose.yml cannot derive one variable from another.
"""

import os
import subprocess
import sys
from pathlib import Path

from remedy.settings import Settings

SIGN_INS = Path("/run/secrets/airflow_passwords")
"""Made by docker/make-secrets."""

OWN_SIGN_INS = Path("/data/airflow/passwords.json")
"""Airflow opens its file of passwords for writing, which a secret's mount refuses."""


def main(arguments: list[str]) -> None:
    """Become `airflow` with these arguments; with `migrate` alone, prepare its database and pools."""
    os.environ.update(Settings.from_env().airflow_connections())
    if arguments == ["migrate"]:
        subprocess.run(["airflow", "db", "migrate"], check=True)
        arguments = ["pools", "import", "dags/pools.json"]
    if arguments == ["api-server"]:
        OWN_SIGN_INS.touch(mode=0o600)
        OWN_SIGN_INS.write_text(SIGN_INS.read_text(encoding="utf-8"), encoding="utf-8")
    os.execvp("airflow", ["airflow", *arguments])  # noqa: S606 - as we were called, no shell between


if __name__ == "__main__":
    main(sys.argv[1:])
