"""Starts the services in order, watches them, starts the dead again, and stops all in reverse.

One loop in one thread: it wakes for output to keep, a child that ended, a request, a probe's result or the
next moment something is due. Probes run in a few threads because they wait for the network.
"""

import ctypes
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stack import control
from stack.installation import Installation
from stack.launch import Launcher
from stack.processes import Identity, children_of, end_leftover
from stack.services import Service
from stack.unit import Unit

PROBE_EVERY_S = 0.4
LOOK_AGAIN_S = 10.0
# On a loaded machine an answer may be late: only this many looks in vain in a row say that it hangs.
MISSES_ALLOWED = 3
_SET_CHILD_SUBREAPER = 36


class Supervisor:
    """Runs a table of services until it is told to stop.

    Args:
        installation: where, and on which ports.
        services: the table; what a service waits for and is not in it is not waited for.
        say: called with each sentence about what happens.
        echo: called with a service's name and each line it says.
        clock: seconds that never go back (`time.monotonic`).
    """

    def __init__(
        self,
        installation: Installation,
        services: tuple[Service, ...],
        *,
        say: Callable[[str], None],
        echo: Callable[[str, str], None] = lambda name, line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.installation = installation
        self.say = say
        self.clock = clock
        names = {service.name for service in services}
        self.units = {
            service.name: Unit(service, tuple(n for n in service.after if n in names), echo=echo)
            for service in services
        }
        # What each needs, through steps that have long ended too: it goes on until they have stopped.
        self._needs = {name: self._all_before(name) for name in self.units}
        self._launcher = Launcher(installation)
        self._is_stopping = False
        self._selector = selectors.DefaultSelector()
        self._probes = ThreadPoolExecutor(max_workers=4, thread_name_prefix="probe")
        self._waker, self._woken = socket.socketpair()

    # --- the loop

    def run(self) -> None:
        """Start everything; return when, after a signal or a request, everything has stopped."""
        self._become_parent_of_orphans()
        self._end_leftovers()
        self._listen_for_signals()
        server = control.listen(self.installation.run)
        self._selector.register(server, selectors.EVENT_READ, self._answer)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._wake)
        try:
            while not self._is_over():
                self._advance()
                for key, _ in self._selector.select(self._idle_s()):
                    key.data(key.fileobj)
                self._reap()
        finally:
            (self.installation.run / control.SOCKET).unlink(missing_ok=True)
            server.close()
            self._probes.shutdown(wait=False, cancel_futures=True)
            self._end_orphans()

    def stop(self) -> None:
        """Begin an orderly end."""
        if not self._is_stopping:
            self.say("stopping")
            self._is_stopping = True

    def _is_over(self) -> bool:
        return self._is_stopping and not any(unit.is_running for unit in self.units.values())

    def _idle_s(self) -> float:
        busy = self._is_stopping or any(unit.is_changing for unit in self.units.values())
        return 0.2 if busy else 5.0

    def _advance(self) -> None:
        now = self.clock()
        for unit in self.units.values():
            if self._is_stopping:
                self._advance_stop(unit, now)
            elif unit.state == "waiting":
                if all(self.units[name].has_been_ready for name in unit.after):
                    self._start(unit, now)
            elif unit.state == "backing-off" and now >= unit.due:
                self._start(unit, now)
            elif unit.state in ("starting", "ready"):
                self._look(unit, now)
            elif unit.state == "stopping" and now >= unit.due:
                self._kill(unit)

    def _advance_stop(self, unit: Unit, now: float) -> None:
        if not unit.is_running:
            if unit.state not in ("failed", "done"):
                unit.state = "stopped"
        elif unit.state == "stopping":
            if now >= unit.due:
                self._kill(unit)
        elif not any(
            other.is_running and unit.service.name in self._needs[name]
            for name, other in self.units.items()
        ):
            self._begin_stop(unit, now)

    def _all_before(self, name: str) -> set[str]:
        after = self.units[name].after
        return {*after}.union(*(self._all_before(other) for other in after))

    # --- one service

    def _start(self, unit: Unit, now: float) -> None:
        service = unit.service
        unit.open_log(self.installation.logs / f"{service.name}.log")
        try:
            process = self._launcher.start(service)
        except OSError as error:
            self._fail(unit, f"cannot be started: {error}")
            return
        unit.started(process, time.time(), now)
        if unit.identity:
            unit.identity.save(self._record(unit))
        if process.stdout is not None:
            self._selector.register(
                process.stdout, selectors.EVENT_READ, lambda _: self._pump(unit)
            )
        self.say(f"{service.name}: starting")

    def _record(self, unit: Unit) -> Path:
        return self.installation.run / f"{unit.service.name}.json"

    def _look(self, unit: Unit, now: float) -> None:
        service = unit.service
        if unit.probe is not None and unit.probe.done():
            answered = _result(unit.probe)
            unit.probe = None
            is_due_soon = not answered and unit.state == "starting"
            unit.due = now + (PROBE_EVERY_S if is_due_soon else LOOK_AGAIN_S)
            unit.misses = 0 if answered else unit.misses + 1
            if answered and unit.state == "starting":
                unit.became_ready()
                self.say(f"{service.name}: ready after {now - unit.started_at:.0f} s")
            elif unit.misses == MISSES_ALLOWED and unit.state == "ready":
                unit.state = "starting"
                unit.deadline = now + service.patience_s
                self.say(f"{service.name}: no longer answers")
        if unit.state == "starting" and now > unit.deadline:
            self._fail(
                unit,
                f"did not {'end' if service.once else 'answer'} within {service.patience_s} s",
            )
        elif unit.probe is None and now >= unit.due and unit.is_worth_asking:
            unit.probe = self._probes.submit(service.ready, self.installation, unit.since)
            unit.probe.add_done_callback(self._nudge)

    def _fail(self, unit: Unit, reason: str) -> None:
        unit.reason = f"{reason}; read {self.installation.logs / (unit.service.name + '.log')}"
        self.say(f"{unit.service.name}: {unit.reason}")
        unit.state = "failed"
        if unit.process is not None:
            self._kill(unit)

    def _begin_stop(self, unit: Unit, now: float) -> None:
        unit.state = "stopping"
        unit.due = now + unit.service.grace_s
        if unit.identity:
            unit.identity.signal_group(unit.service.stop_signal)

    def _kill(self, unit: Unit) -> None:
        unit.due = self.clock() + 5
        if unit.identity:
            unit.identity.signal_group(signal.SIGKILL)

    # --- children that ended

    def _reap(self) -> None:
        while True:
            try:
                # Look without reaping: until it is reaped its number cannot belong to another.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            unit = next(
                (u for u in self.units.values() if u.process and u.process.pid == ended.si_pid),
                None,
            )
            if unit is not None:
                self._end_group(ended.si_pid)
            os.waitpid(ended.si_pid, 0)
            if unit is not None:
                code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                self._ended(unit, code)

    @staticmethod
    def _end_group(leader: int) -> None:
        """End what a dead leader left in its group, so that ports and locks are free for the next."""
        try:
            os.killpg(leader, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def _ended(self, unit: Unit, code: int) -> None:
        now = self.clock()
        self._pump(unit)
        self._unregister(unit)
        self._record(unit).unlink(missing_ok=True)
        lived_s = now - unit.started_at
        unit.ended(code)
        if unit.state == "failed":
            return
        if unit.state == "stopping" or self._is_stopping:
            unit.state = "stopped"
            self.say(f"{unit.service.name}: stopped")
        elif unit.service.once:
            if code == 0:
                unit.state = "done"
                unit.has_been_ready = True
                self.say(f"{unit.service.name}: done after {lived_s:.0f} s")
            else:
                self._fail(unit, f"ended with code {code}")
        else:
            wait = unit.deaths.note(now)
            if wait is None:
                self._fail(unit, "died five times in two minutes and was given up")
            else:
                unit.state = "backing-off"
                unit.due = now + wait
                self.say(f"{unit.service.name}: died with code {code}; again in {wait:.0f} s")

    def _pump(self, unit: Unit) -> None:
        if not unit.pump():
            self._unregister(unit)

    def _unregister(self, unit: Unit) -> None:
        output = unit.process.stdout if unit.process else None
        if output is not None and output.fileno() in self._selector.get_map():
            self._selector.unregister(output)

    # --- requests

    def _answer(self, server: Any) -> None:
        connection, _ = server.accept()
        with connection:
            try:
                answer = self._obey(control.receive(connection))
                connection.sendall(json.dumps(answer).encode())
            except (OSError, ValueError) as error:
                self.say(f"a request was not understood: {error}")

    def _obey(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("do")
        if wanted == "status":
            return self.status()
        if wanted == "down":
            self.stop()
            return {"ok": True}
        unit = self.units.get(str(request.get("name")))
        if unit is None or unit.service.once or wanted not in ("start", "stop"):
            return {
                "ok": False,
                "error": f"There is no service '{request.get('name')}' to {wanted}.",
            }
        if wanted == "stop":
            if unit.is_running:
                self._begin_stop(unit, self.clock())
            else:
                unit.state = "stopped"
        elif not unit.is_running:
            unit.deaths.forget()
            unit.state = "waiting"
        return {"ok": True}

    def status(self) -> dict[str, Any]:
        """What `status` shows: services in the order of the table, and how the steps went."""
        shown = [
            {
                "name": unit.service.name,
                "state": "stopped" if self._waits_in_vain(unit) else unit.shown_state,
                "pid": unit.process.pid if unit.process else None,
                "port": self.installation.port(unit.service.port) if unit.service.port else None,
                "since": datetime.fromtimestamp(unit.since, UTC).isoformat()
                if unit.process
                else None,
                "step": unit.service.once,
                "reason": unit.reason,
                "words": unit.words if unit.service.is_telling and unit.is_running else "",
            }
            for unit in self.units.values()
        ]
        return {"units": shown, "stopping": self._is_stopping}

    def _waits_in_vain(self, unit: Unit) -> bool:
        return unit.state == "waiting" and any(
            self.units[name].state in ("failed", "stopped") or self._waits_in_vain(self.units[name])
            for name in unit.after
            if not self.units[name].has_been_ready
        )

    # --- the machine

    def _listen_for_signals(self) -> None:
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())

    def _nudge(self, _: Future) -> None:
        try:
            self._waker.send(b"\0")
        except OSError:
            return

    def _wake(self, woken: Any) -> None:
        woken.recv(4096)

    @staticmethod
    def _become_parent_of_orphans() -> None:
        # What a service left behind becomes our child, so that at the end we know it and may end it.
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def _end_leftovers(self) -> None:
        for record in sorted(self.installation.run.glob("*.json")):
            identity = Identity.load(record)
            if identity is not None and identity.is_alive():
                self.say(f"{record.stem}: ending what an earlier supervisor left behind")
                end_leftover(identity, patience_s=20, pause=time.sleep)
            record.unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        for number, patience_s in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 1.0)):
            deadline = self.clock() + patience_s
            orphans = children_of(os.getpid())
            for identity in orphans:
                if identity.is_alive():
                    os.kill(identity.pid, number)
            while self.clock() < deadline and any(i.is_alive() for i in orphans):
                time.sleep(0.1)


def _result(probe: Future) -> bool:
    try:
        return bool(probe.result())
    except (OSError, ValueError, KeyError, LookupError):
        return False
    except Exception as error:
        # http.client has its own family of errors; whatever it was, the service did not answer.
        print(f"a probe failed: {error!r}", file=sys.stderr)
        return False
