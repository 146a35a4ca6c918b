"""What must be right before anything is started, each as one sentence that also says what to do."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil

from stack.installation import PORTS, SYSTEM_USER, Installation, java_home, postgres_bin

MEMORY_GB = 6
DISK_GB = 5
JAVA_VERSION = 17

# What each program is for, by the Debian package it comes from.
PROGRAMS = {"java": "openjdk-17-jre-headless", "mvn": "maven", "mariadbd": "mariadb-server"}


def examine(installation: Installation) -> list[str]:
    """Every problem found, as sentences; [] when the stack may be started."""
    return [
        *missing_packages(shutil.which, postgres_bin() is not None),
        *java_problem(_java_version()),
        *memory_problem(psutil.virtual_memory().available),
        *disk_problem(installation.state, _free_bytes(installation.state)),
        *port_problems(installation, _listening()),
        *secrets_problem(installation),
        *user_problem(),
    ]


def missing_packages(which: Callable[[str], str | None], has_postgres: bool) -> list[str]:
    """One sentence with the command that installs every missing package."""
    # mariadbd lies in /usr/sbin, which not everybody has on the PATH.
    packages = [
        package
        for program, package in PROGRAMS.items()
        if not which(program) and not Path("/usr/sbin", program).exists()
    ]
    if not has_postgres:
        packages.append("postgresql")
    if not packages:
        return []
    return [
        f"Missing from this machine: {', '.join(packages)}. "
        f"Install: apt-get install --no-install-recommends {' '.join(packages)}"
    ]


def java_problem(version: int | None) -> list[str]:
    """Hadoop 3.4 and Kafka 4 both run on Java 17; older ones run neither."""
    if version is None or version >= JAVA_VERSION:
        return []
    return [
        f"The java on the PATH is version {version}; {JAVA_VERSION} or newer is needed. "
        "Install openjdk-17-jre-headless and put its bin folder first on the PATH."
    ]


def memory_problem(available: int) -> list[str]:
    """Below 6 GB the machine would swap or end processes of ours."""
    if available >= MEMORY_GB * 1_000_000_000:
        return []
    return [
        f"Only {available / 1e9:.1f} GB of memory are free; the stack needs {MEMORY_GB} GB. "
        "Close other programs, or use a larger machine."
    ]


def disk_problem(state: Path, free: int) -> list[str]:
    """Data, logs and Kafka's segments need room to grow."""
    if free >= DISK_GB * 1_000_000_000:
        return []
    return [
        f"Only {free / 1e9:.1f} GB of disk are free below {state}; {DISK_GB} GB are needed. "
        "Make room, or name another folder by REMEDY_STACK_DIR."
    ]


def port_problems(installation: Installation, listening: dict[int, str]) -> list[str]:
    """A sentence for each of our ports that somebody has."""
    found = []
    for name in PORTS:
        port = installation.port(name)
        if port in listening:
            found.append(
                f"Port {port}, meant for {name}, is taken by {listening[port]}. "
                "End that process, or choose other ports by REMEDY_STACK_PORT_BASE."
            )
    return found


def secrets_problem(installation: Installation) -> list[str]:
    """Databases without the secrets that open them are of no use, and must not be overwritten."""
    if (installation.secret_folder / "master_key").exists():
        return []
    if not (installation.databases / "mariadb").exists():
        return []
    return [
        f"{installation.databases} holds the data of an installation whose keys are no longer in "
        f"{installation.secret_folder}. Put that folder back, or delete the data by './run reset'."
    ]


def user_problem() -> list[str]:
    """Run by root, the databases need a system user: they refuse to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return [
            f"There is no system user '{SYSTEM_USER}' for the databases to run as. Make it: "
            f"useradd --system --home-dir /var/lib/remedy --shell /usr/sbin/nologin {SYSTEM_USER}"
        ]
    return []


def make_system_user() -> None:
    """Make the user the databases run as, when root asks and it is missing."""
    if user_problem():
        subprocess.run(
            ["useradd", "--system", "--home-dir", "/var/lib/remedy", "--shell", "/usr/sbin/nologin",
             SYSTEM_USER],
            check=True,
        )  # fmt: skip


def _java_version() -> int | None:
    home = java_home()
    if home is None:
        return None
    done = subprocess.run(
        [home / "bin/java", "-version"], capture_output=True, text=True, check=False
    )
    match = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(match.group(1)) if match else None


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _listening() -> dict[int, str]:
    """Every listening port and the name of whose it is."""
    found = {}
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN:
            try:
                owner = f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except (psutil.Error, ValueError, TypeError):
                owner = "a process of another user"
            found[connection.laddr.port] = owner  # type: ignore[union-attr]  # a listener has an address
    return found
