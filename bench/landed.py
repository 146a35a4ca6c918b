"""What has landed, read back from MySQL and from HDFS as the job reads it."""

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from remedy.gateways.hdfs import Files
from remedy.pipeline.settled import what_is_on_its_way
from remedy.schema.pharmacy import stock_movement
from remedy.schema.pipeline import RAW, landing_file

TOPIC = "stock-movements"


def in_mysql(connection: sa.Connection, prefix: str) -> Counter[str]:
    """How often each line id that begins with `prefix` stands in the raw table."""
    rows = connection.execute(sa.select(RAW[TOPIC].c.event)).scalars()
    return Counter(line for line in map(_line_id, rows) if line.startswith(prefix))


def in_hdfs(connection: sa.Connection, files: Files, prefix: str) -> Counter[str]:
    """How often each such line id stands in the files that readers are given."""
    paths = connection.execute(
        sa.select(landing_file.c.path).where(
            landing_file.c.topic == TOPIC, landing_file.c.state == "ready"
        )
    ).scalars()
    counted: Counter[str] = Counter()
    for path in paths.all():
        counted.update(
            line for line in map(_line_id, files.open_lines(path)) if line.startswith(prefix)
        )
    return counted


def movements(connection: sa.Connection, prefix: str) -> set[str]:
    """The line ids of committed movements."""
    table = stock_movement
    rows = connection.execute(sa.select(table.c.line_id).where(table.c.line_id.like(prefix + "%")))
    return set(rows.scalars())


def is_drained(connection: sa.Connection) -> bool:
    """Whether everything told is landed in MySQL and lies in a finished file."""
    return not what_is_on_its_way(connection)


def wait_until(
    condition: Callable[[], Any], what: str, *, seconds: float, every: float = 0.5
) -> None:
    """Ask until the condition holds.

    Raises:
        TimeoutError: naming what was waited for.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(every)
    raise TimeoutError(f"{what} did not happen within {seconds:.0f} s.")


def _line_id(event: str) -> str:
    return json.loads(event)["data"].get("line_id") or ""
