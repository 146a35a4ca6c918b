"""How fast the living town is told to be, and what it wants: what its told days wanted, and nothing else."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pytest

from bench import demand as bench
from remedy.pipeline.demand_bands import ALL, HISTORY_DAYS, SALES, SEARCHES, UNMET, Usual
from remedy.pipeline.demand_looks import Heard, Looks
from remedy.town import cast
from remedy.town.living import EVENTS_A_SECOND, Wishes, speed_in
from remedy.town.shelf import medicines

TOWN = replace(cast.FULL, days=120)
"""So long that what is more and more wanted has about its last month's part in it."""


@pytest.mark.parametrize(
    ("told", "speed"),
    [
        ("2.5\n", 2.5),
        ("50", 50.0),
        ("0", EVENTS_A_SECOND),
        ("1000", EVENTS_A_SECOND),
        ("fast", EVENTS_A_SECOND),
        ("nan", EVENTS_A_SECOND),
    ],
)
def test_it_goes_as_fast_as_told_and_never_faster_than_it_may(
    tmp_path: Path, told: str, speed: float
) -> None:
    file = tmp_path / "town-speed"
    file.write_text(told)
    assert speed_in(file) == speed


def test_it_has_a_pace_of_its_own_where_nobody_told_one(tmp_path: Path) -> None:
    assert speed_in(tmp_path / "nothing") == EVENTS_A_SECOND
    assert speed_in(None) == EVENTS_A_SECOND


@cache
def usual_in(size: cast.Size) -> Usual:
    told = bench.days(size, size.days, each_pack=False)
    known = [bench.Summed.of(day, bench.groups()) for day in told]
    return bench.usual_of(known[-HISTORY_DAYS:])


@pytest.mark.parametrize("size", [TOWN, cast.SMALL], ids=lambda size: size.name)
@pytest.mark.parametrize("seed", range(2))
def test_a_living_town_is_busier_than_its_history_and_no_medicine_of_it_is_named_for_that(
    size: cast.Size, seed: int
) -> None:
    random = Random(seed)
    looks = Looks(usual_in(size), bench.groups(), smallest=bench.SMALLEST)
    wishes = Wishes(size, bench.FIRST_DAY)
    today = bench.FIRST_DAY + timedelta(days=size.days)
    kept = {one.key for one in medicines(size) if one.is_kept}
    # By night and by day; as the watch looks.
    now = datetime(today.year, today.month, today.day, 2 + 8 * seed, tzinfo=UTC)
    opened: Counter[str] = Counter()
    for _ in range(600):
        now += timedelta(seconds=2)
        heard = []
        for _ in range(round(2 * EVENTS_A_SECOND)):
            what = random.random()
            if what < 0.58:
                heard.append(Heard(now, SALES, wishes.to_buy(today, random)[1]))
            elif what < 0.82:
                wanted, who = wishes.to_look_for(today, random), f"{random.randrange(200)}"
                heard.append(Heard(now, SEARCHES, wanted, who))
                if wanted is None or wanted not in kept:
                    heard.append(Heard(now, UNMET, wanted, who))
        looks.hear(heard)
        looks.forget(now)
        opened.update(
            change.alert.key[0].kind for change in looks.look(now) if change.what == "opened"
        )
    assert (ALL, SALES) in looks.open
    assert set(opened) == {"all"}
