"""What the person at the keyboard sees: progress while it starts, then the table of addresses and sign-ins."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from stack.installation import Installation
from stack.services import SERVICES, Service

Status = dict[str, Any] | None

# What a service or a step comes to when all is well; `off` is one that waits to be asked for.
SETTLED = ("ready", "done", "off")

# The pages worth opening, in the order one would.
_PAGES = (
    ("Portal", "portal", "/"),
    ("Dashboards", "streamlit", "/"),
    ("Airflow", "airflow-api-server", "/"),
    ("Mail", "mail-web", "/"),
    ("SMS", "sms", "/"),
    ("HDFS", "namenode-web", "/"),
    ("YARN", "resourcemanager-web", "/"),
)


def services(installation: Installation, status: Status) -> list[dict[str, Any]]:
    """Name, state, PID, port and since of every service, as `status --json` shows them."""
    if status is None:
        return [
            {
                "name": service.name,
                "state": "stopped",
                "pid": None,
                "port": installation.port(service.port) if service.port else None,
                "since": None,
            }
            for service in SERVICES
        ]
    names = ("name", "state", "pid", "port", "since")
    return [{name: unit[name] for name in names} for unit in status["units"] if not unit["step"]]


def table(installation: Installation, status: Status) -> None:
    """Print services, addresses and sign-ins."""
    for row in services(installation, status):
        pid, port = row["pid"] or "-", row["port"] or "-"
        print(
            f"  {row['name']:<22} {row['state']:<12} pid {pid:<8} port {port:<6} {row['since'] or ''}"
        )
    if status is None:
        print("\nNothing runs; './run up' starts it.")
        return
    for unit in status["units"]:
        if unit["reason"]:
            print(f"  ! {unit['name']}: {unit['reason']}")
    print()
    for title, port, path in _PAGES:
        print(f"  {title:<12} {installation.url(port)}{path}")
    print()
    print(f"  Sign in to Airflow: admin, password {installation.secret('airflow-admin')}")
    people = demo_people(installation)
    first = {person["role"]: person for person in reversed(people)}
    for role, person in sorted(first.items()):
        print(
            f"  Sign in to the portal as {role}: {person['email']}, password {person['password']}"
        )
    if people:
        print(f"  The sign-ins of all {len(people)} people of the town: {installation.demo_file}")


def demo_people(installation: Installation) -> list[dict[str, str]]:
    """The small town's people who may sign in; [] before they are made."""
    try:
        people = json.loads(installation.demo_file.read_text())
    except FileNotFoundError:
        return []
    return list(people)


def echo(services: tuple[Service, ...]) -> Callable[[str, str], None]:
    """Prints each service's lines behind its name, in a colour of its own on a terminal."""
    width = max(len(service.name) for service in services)
    colours = {service.name: 31 + number % 6 for number, service in enumerate(services)}
    is_terminal = sys.stdout.isatty()

    def write(name: str, line: str) -> None:
        prefix = f"{name:<{width}} |"
        if is_terminal:
            prefix = f"\033[{colours[name]}m{prefix}\033[0m"
        print(prefix, line, flush=True)

    return write


def follow(installation: Installation, ask: Callable[[], Status]) -> int:
    """Print each change until everything answers or cannot; 0 when everything does."""
    began = time.monotonic()
    shown: dict[str, str] = {}
    while (status := ask()) is not None:
        units = status["units"]
        for unit in units:
            detail = unit["reason"] or unit["words"]
            text = unit["state"] + (f": {detail}" if detail else "")
            if shown.get(unit["name"]) != text and text != "starting":
                ready = sum(u["state"] in SETTLED for u in units)
                print(
                    f"[{time.monotonic() - began:4.0f} s] {ready:2}/{len(units)}  {unit['name']}: {text}",
                    flush=True,
                )
            shown[unit["name"]] = text
        if not any(unit["state"] in ("starting", "backing-off", "stopping") for unit in units):
            print()
            table(installation, status)
            return 0 if all(unit["state"] in SETTLED for unit in units) else 1
        time.sleep(0.5)
    print("The stack was stopped.")
    return 1
