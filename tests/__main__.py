"""`python -m tests test | check`: everything that must be right, and how long each part took.

`test` is formatting, lint, types, import contracts, house rules, unit and integration tests and journeys;
`test long` only the long forms of the tests; `check` is what needs no stack.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NO_TESTS = 5

CHECKS = (
    ("formatting", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("import contracts", ("lint-imports",)),
)
# In the order of their cost, so that the cheap ones speak first; one run, so that they share one stack.
FAST = ("tests/house_rules", "tests/unit")
REAL = ("tests/integration", "tests/journeys")

PROMISE = {
    "check": "Formatting, lint, types, import contracts, house rules and unit tests: about three minutes.",
    "test": (
        "Formatting, lint, types, import contracts, house rules and unit tests; then a real stack is "
        "started in a temporary folder for integration tests and journeys. About 25 minutes on two cores."
    ),
    "long": "The long forms of the tests, on a real stack of their own: about 30 minutes on two cores.",
}


def main() -> int:
    """Run the wanted parts, all of them even when one fails; 1 when one did."""
    parser = argparse.ArgumentParser(prog="./run", description=__doc__)
    parser.add_argument("what", choices=("test", "check"))
    parser.add_argument("form", nargs="?", choices=("long",))
    parser.add_argument("pytest", nargs=argparse.REMAINDER, help="handed on to pytest")
    chosen = parser.parse_args()
    what = "long" if chosen.form else chosen.what
    print(PROMISE[what], flush=True)

    results = []
    if what != "long":
        results += [(name, *_run(name, _tool(command))) for name, command in CHECKS]
    folders = FAST if what == "check" else (*FAST, *REAL)
    command = [sys.executable, "-m", "pytest", *folders, "--durations=10", "-q", *chosen.pytest]
    if what == "long":
        command += ["-m", "long"]
    name = {"check": "quick tests", "test": "tests", "long": "long tests"}[what]
    results.append((name, *_run(name, command)))

    print()
    for part, code, seconds in results:
        print(f"  {part:<18} {_verdict(part, code):<8} {seconds:5.0f} s")
    return int(any(_verdict(part, code) == "FAILED" for part, code, _ in results))


def _tool(command: tuple[str, ...]) -> list[str]:
    return [str(Path(sys.executable).parent / command[0]), *command[1:]]


def _run(name: str, command: list[str]) -> tuple[int, float]:
    print(f"\n== {name}: {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
    began = time.monotonic()
    # Our own bytecode is kept: importing everything anew costs minutes.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    return code, time.monotonic() - began


def _verdict(part: str, code: int) -> str:
    # No long test in the tree is no failure; no test at all is one.
    return "passed" if code == 0 or (code == NO_TESTS and part == "long tests") else "FAILED"


if __name__ == "__main__":
    sys.exit(main())
