"""Processes we start: how each is told from every other on the machine, and where its words go.

A number alone does not name a process: numbers are used again. A process is ours when its number, the
moment it began and the boot of the machine all match what was written down when we started it.
"""

import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

LOG_BYTES = 20_000_000
LOG_FILES = 5


@dataclass(frozen=True)
class Identity:
    """One process of one boot of this machine; `began` is in clock ticks since that boot."""

    pid: int
    began: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The identity of a running process; None when there is none of this number."""
        began = _began(pid)
        return None if began is None else cls(pid, began, boot_id())

    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return self.boot == boot_id() and _began(self.pid) == self.began

    def signal_group(self, number: int) -> bool:
        """Signal the group it leads, only if it is still the same process; whether it was."""
        if not self.is_alive():
            return False
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def save(self, path: Path) -> None:
        """Write it down, whole or not at all."""
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Identity | None":
        """What was written down; None when nothing readable was."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None


def boot_id() -> str:
    """Names this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _began(pid: int) -> int | None:
    try:
        # The name in brackets may hold anything, so count from the last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def children_of(pid: int) -> list[Identity]:
    """Every process below this one, at any depth."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], list(parents.get(pid, ()))
    while waiting:
        child = waiting.pop()
        waiting += parents.get(child, ())
        if identity := Identity.of(child):
            found.append(identity)
    return found


def end_leftover(identity: Identity, *, patience_s: float, pause) -> None:
    """End a process that an earlier supervisor left behind: TERM, then KILL.

    Args:
        identity: whom; nothing happens when it is no longer that process.
        patience_s: how long it may take to end by itself.
        pause: called with seconds between looks (`time.sleep`).
    """
    if not identity.signal_group(signal.SIGTERM):
        return
    waited = 0.0
    while identity.is_alive() and waited < patience_s:
        pause(0.2)
        waited += 0.2
    identity.signal_group(signal.SIGKILL)


class LogFile:
    """A service's words, kept to `LOG_FILES` files of about `LOG_BYTES` each (name.log, name.log.1 and so on)."""

    def __init__(self, path: Path, *, limit: int = LOG_BYTES, keep: int = LOG_FILES) -> None:
        self.path = path
        self._limit = limit
        self._keep = keep
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def write(self, data: bytes) -> None:
        """Append; a new file is begun when this one is full."""
        if self._size and self._size + len(data) > self._limit:
            self._rotate()
        self._file.write(data)
        self._size += len(data)

    def close(self) -> None:
        """No more will be written."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._keep - 1, 0, -1):
            older = (
                self.path.with_name(f"{self.path.name}.{number - 1}") if number > 1 else self.path
            )
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number}"))
        self._file = self.path.open("ab", buffering=0)
        self._size = 0
