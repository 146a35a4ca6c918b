"""A town that two processes build, killed again and again on the way: it ends whole, and as its story tells it."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from remedy.schema.people import outbox
from remedy.town import cast
from remedy.town.demand import life
from remedy.town.places import begun
from remedy.values import instant_text, local_day
from tests.factories import A_MONDAY, MASTER_KEY, SECRET_KEY

pytestmark = [pytest.mark.integration, pytest.mark.long]

ROOT = Path(__file__).parents[2]
SHORT = {
    "pharmacies": 8, "doctors": 10, "patients": 30,
    "days": 12, "lively_days": 4, "days_of_requests": 4, "requests_a_day": 2.0,
}  # fmt: skip
BUILD = """
import json, sys
from dataclasses import replace
from remedy.gateways.mysql import engine_for
from remedy.settings import Settings
from remedy.town import builder, cast
from remedy.values import at_that, instant_of
if __name__ == "__main__":
    told = json.load(sys.stdin)
    builder.build(
        engine_for(told["url"]),
        settings=Settings(secret_key=told["secret_key"], master_key=told["master_key"]),
        size=cast.SIZES["full"], clock=at_that(instant_of(told["now"])), processes=2,
        progress=lambda text: print(text, flush=True),
    )
"""
"""What a process does; `start` puts before it what makes the town short."""


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    """A build in a process of its own, in a town whose past is short."""
    shortened = "from dataclasses import replace\nfrom remedy.town import cast\n" + (
        f"cast.SIZES['full'] = replace(cast.FULL, **{SHORT!r})\n"
    )
    script = folder / "build_town.py"
    # A spawned process imports the script again: what shortens the town stands outside of `main`.
    script.write_text(shortened + BUILD)
    process = subprocess.Popen(
        [sys.executable, str(script)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert process.stdin is not None
    told = {"url": url, "secret_key": SECRET_KEY, "master_key": MASTER_KEY}
    # In August a pharmacy has its holiday, and no twelve days to tell of.
    told["now"] = instant_text(A_MONDAY)
    process.stdin.write(json.dumps(told))
    process.stdin.close()
    return process


def killed_at(process: subprocess.Popen[str], cue: str) -> None:
    """Kill it when it says so; the two it started end with it."""
    assert process.stdout is not None
    for line in process.stdout:
        if cue in line:
            break
    else:
        raise AssertionError(f"the build never said '{cue}'")
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_a_build_killed_three_times_ends_as_its_story_tells(
    database: sa.Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = replace(cast.FULL, **SHORT)
    monkeypatch.setitem(cast.SIZES, "full", size)
    for cue in ("people: 67%", "searches: 20%", "searches: 50%"):
        killed_at(start(database_url, tmp_path), cue)
    last = start(database_url, tmp_path)
    assert last.stdout is not None
    with last.stdout:
        words = last.stdout.read()
    assert last.wait() == 0
    assert "whole" in words

    with database.connect() as connection:
        there = begun(connection)
        assert there is not None
        now = there[1]
        told = Counter(connection.execute(sa.select(outbox.c.type)).scalars())
        repeated = connection.execute(
            sa.text(
                "SELECT COUNT(*) - COUNT(DISTINCT pharmacy_id, pharmacy_seq) FROM stock_movement"
            )
        ).scalar()
        gaps = connection.execute(
            sa.text("SELECT COUNT(*) FROM pharmacy WHERE pharmacy_seq < 50")
        ).scalar()
    first_day = local_day(now, "Europe/Rome") - timedelta(days=size.days)
    story = list(life(size, first_day, size.days))
    expected = Counter(deed.what for day in story for deed in day.deeds)
    # What is collected is sold too, and the story of each pharmacy's days does not tell of it.
    expected["sold"] += told["remedy.stock-movements.collected.v1"]
    for what in ("sold", "received", "adjusted", "counted", "refused"):
        assert told[f"remedy.stock-movements.{what}.v1"] == expected[what]
    assert told["remedy.stock-movements.repriced.v1"] == expected["priced"]
    looks = sum(len(day.looks) for day in story[-size.lively_days - 1 :])
    assert told["remedy.medicine-searches.searched.v1"] == looks
    assert repeated == 0
    assert gaps == 0
