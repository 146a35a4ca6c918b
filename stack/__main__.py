"""python -m stack: start, watch and stop the whole platform on this machine."""

import argparse
import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stack import control, doctor, jars, show
from stack.installation import ACCOUNTS, ROOT, Installation, StackError
from stack.processes import Identity, end_leftover
from stack.render import render
from stack.services import SERVICES, STEPS

STOP_WITHIN_S = 180
FASTEST_TOWN = 50


def main(words: list[str] | None = None) -> int:
    """Run one command; 2 when the person at the keyboard must do something first."""
    arguments = _parser().parse_args(words)
    try:
        installation = Installation.locate(os.environ)
        return arguments.run(installation, arguments) or 0
    except StackError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. What runs goes on; './run down' stops it.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    up = add("up", _up, "start everything and wait until it answers")
    up.add_argument(
        "--foreground", action="store_true", help="stay, and show every service's words"
    )
    add("down", _down, "stop everything, in order")
    status = add("status", _status, "what runs, where, and how to sign in")
    status.add_argument("--json", action="store_true", help="for programs")
    logs = add("logs", _logs, "what one service said last")
    logs.add_argument("name")
    logs.add_argument("-f", "--follow", action="store_true", help="and what it says from now on")
    add("doctor", _doctor, "is this machine ready for it")
    reset = add("reset", _reset, "stop, and delete all data of this installation")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    for name, text in (("stop", "hold one service down"), ("start", "start one service again")):
        command = add(name, _one, text)
        command.add_argument("name")
        command.set_defaults(wanted=name)
    town = add("town", _town, "keep the town selling, searching and booking, or leave it be")
    town.add_argument("action", choices=("on", "off", "speed"))
    town.add_argument("speed", nargs="?", type=float, help="events a second")
    step = add("step", _step, "one step between the services (the supervisor calls this)")
    step.add_argument("name", choices=[step.name for step in STEPS])
    add("supervise", _supervise, "the supervisor itself (`up` calls this)")
    environment = add("env", _env, "the environment of an account's processes, for a shell")
    environment.add_argument("account", choices=ACCOUNTS)
    execute = add("exec", _exec, "run a command in the environment of an account")
    execute.add_argument("account", choices=ACCOUNTS)
    execute.add_argument("command", nargs=argparse.REMAINDER)
    return parser


# --- commands


def _up(installation: Installation, arguments: argparse.Namespace) -> int:
    if _ask(installation, "status"):
        print("The stack is running already; nothing was changed.")
        return show.follow(installation, lambda: _ask(installation, "status"))
    if os.geteuid() == 0:
        doctor.make_system_user()
    _refuse_when_ill(installation)
    installation.prepare()
    jars.fetch(installation, print)
    render(installation)
    if arguments.foreground:
        return _supervise(installation, arguments)
    with (installation.logs / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack", "supervise"],
            cwd=ROOT,
            env={**os.environ, "REMEDY_STACK_DIR": str(installation.state),
                 "REMEDY_STACK_PORT_BASE": str(installation.base)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )  # fmt: skip
    for _ in range(300):
        if _ask(installation, "status"):
            return show.follow(installation, lambda: _ask(installation, "status"))
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise StackError(f"The supervisor did not start; read {installation.logs / 'supervisor.log'}.")


def _supervise(installation: Installation, arguments: argparse.Namespace) -> int:
    from stack.supervisor import Supervisor

    with (installation.run / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError("Another supervisor holds this installation.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        services = (*STEPS, *SERVICES)
        echo = show.echo(services) if getattr(arguments, "foreground", False) else _keep_silent
        Supervisor(installation, services, say=_say, echo=echo).run()
    return 0


def _down(installation: Installation, arguments: argparse.Namespace) -> int:
    if not _ask(installation, "down"):
        left = [
            i
            for p in sorted(installation.run.glob("*.json"))
            if (i := Identity.load(p)) and i.is_alive()
        ]
        for identity in left:
            end_leftover(identity, patience_s=20, pause=time.sleep)
        print(
            "The stack is not running." if not left else f"Ended {len(left)} processes left behind."
        )
        return 0
    supervisor = Identity.of(_supervisor_pid(installation))
    deadline = time.monotonic() + STOP_WITHIN_S
    while supervisor is not None and supervisor.is_alive():
        if time.monotonic() > deadline:
            raise StackError(
                f"The stack did not stop within {STOP_WITHIN_S} s; "
                f"read {installation.logs / 'supervisor.log'}."
            )
        time.sleep(0.2)
    print("The stack is stopped.")
    return 0


def _status(installation: Installation, arguments: argparse.Namespace) -> int:
    status = _ask(installation, "status")
    if arguments.json:
        print(json.dumps({"services": show.services(installation, status)}))
    else:
        show.table(installation, status)
    return 0


def _logs(installation: Installation, arguments: argparse.Namespace) -> int:
    path = installation.logs / f"{arguments.name}.log"
    if Path(arguments.name).name != arguments.name or not path.exists():
        known = ", ".join(sorted(p.stem for p in installation.logs.glob("*.log")))
        raise StackError(
            f"There is no log of '{arguments.name}'. There are: {known or 'none yet'}."
        )
    os.execvp("tail", ["tail", "-n", "200", *(["-F"] if arguments.follow else []), str(path)])  # noqa: S606 - a fixed program


def _doctor(installation: Installation, arguments: argparse.Namespace) -> int:
    if _ask(installation, "status"):
        print("The stack is running; its own ports are taken by itself.")
        return 0
    _refuse_when_ill(installation)
    print("This machine is ready.")
    return 0


def _reset(installation: Installation, arguments: argparse.Namespace) -> int:
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise StackError(
                "This deletes all data of the installation; say so by './run reset --yes'."
            )
        print(f"This deletes all data in {installation.state} and {installation.databases}.")
        if input("Type 'delete' to go on: ").strip() != "delete":
            print("Nothing was deleted.")
            return 1
    _down(installation, arguments)
    if installation.databases != installation.state / "data":
        shutil.rmtree(installation.databases, ignore_errors=True)
    for name in (
        "data",
        "run",
        "logs",
        "conf",
        "secrets",
        "airflow",
        "home",
        "tmp",
        "bin",
        "port-base",
    ):
        path = installation.state / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    print("All data of this installation is deleted.")
    return 0


def _one(installation: Installation, arguments: argparse.Namespace) -> int:
    answer = _ask(installation, arguments.wanted, name=arguments.name)
    if answer is None:
        raise StackError("The stack is not running; './run up' starts it.")
    if not answer["ok"]:
        raise StackError(answer["error"])
    wanted = {"stop": ("stopped", "off"), "start": ("ready", "failed")}[arguments.wanted]
    deadline = time.monotonic() + STOP_WITHIN_S
    while True:
        services = show.services(installation, _ask(installation, "status"))
        state = next(s["state"] for s in services if s["name"] == arguments.name)
        if state in wanted:
            break
        if time.monotonic() > deadline:
            raise StackError(f"{arguments.name} is {state} after {STOP_WITHIN_S} s.")
        time.sleep(0.2)
    print(f"{arguments.name}: {state}")
    return 0 if state != "failed" else 1


def _town(installation: Installation, arguments: argparse.Namespace) -> int:
    if installation.caller.get("REMEDY_ENVIRONMENT") == "production":
        raise StackError("A simulated town is not for production; nothing was changed.")
    if (arguments.action == "speed") != (arguments.speed is not None):
        raise StackError("Say './run town on', './run town off' or './run town speed 3'.")
    if arguments.action == "speed":
        if not 0 < arguments.speed <= FASTEST_TOWN:
            raise StackError(f"A speed is more than 0 and at most {FASTEST_TOWN} events a second.")
        installation.town_speed_file.write_text(f"{arguments.speed:g}\n")
        print(f"When it is on, the town makes {arguments.speed:g} events a second.")
        return 0
    arguments.name, arguments.wanted = "town", "start" if arguments.action == "on" else "stop"
    return _one(installation, arguments)


def _step(installation: Installation, arguments: argparse.Namespace) -> int:
    from stack.steps import run_step

    run_step(installation, arguments.name)
    return 0


def _env(installation: Installation, arguments: argparse.Namespace) -> int:
    for name, value in sorted(_environment(installation, arguments.account).items()):
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _exec(installation: Installation, arguments: argparse.Namespace) -> int:
    command = [word for word in arguments.command if word != "--"] if arguments.command else []
    if not command:
        raise StackError(
            "Name the command to run: python -m stack exec portal -- python -m remedy follow"
        )
    env = {**os.environ, **_environment(installation, arguments.account)}
    os.execvpe(command[0], command, env)  # noqa: S606 - what the caller typed


# --- shared


def _environment(installation: Installation, account: str) -> dict[str, str]:
    if not installation.secret_folder.exists():
        raise StackError("There is no installation here yet; './run up' makes it.")
    env = installation.process_env() | installation.account_env(account, has_keys=True)
    return env | installation.airflow_env() if account == "pipeline" else env


def _ask(installation: Installation, wanted: str, **more: Any) -> dict[str, Any] | None:
    return control.ask(installation.run, {"do": wanted, **more})


def _supervisor_pid(installation: Installation) -> int:
    return int((installation.run / "lock").read_text() or 0)


def _refuse_when_ill(installation: Installation) -> None:
    problems = doctor.examine(installation)
    if problems:
        raise StackError("\n".join(problems))


def _keep_silent(name: str, line: str) -> None:
    """A detached supervisor shows nobody what the services say; their logs hold it."""


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {text}", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
