"""Signs that may come before demand: the town's searches and visits, and generated ones with and without a lead.

Planted is a lead of ten days: what moves a group's searches moves its demand ten days later. The controls have searches
that move as much, but of themselves, or that only share the season.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import numpy as np
import pandas as pd

from models.dataset import COLUMNS, panel_of
from models.panel import Panel
from models.shelves import Floats
from remedy.town import cast
from remedy.town.demand import life
from remedy.town.visits import asked

FIRST = date(2024, 1, 1)
DAYS = 400
TOWN = UUID(int=1)
GROUPS, A_DAY, SEARCHED = 20, 40.0, 1 / 3
LEAD_DAYS = 10
WAVE, MEMORY, PASSED_ON = 0.5, 0.95, 0.8
"""Spread of what moves a group, how much of it is left after a day, and how much of it demand follows."""
KINDS = ("planted", "of themselves", "season only")


def generated(kind: str, *, days: int = DAYS, seed: int = 1) -> tuple[Panel, dict[str, Floats]]:
    """Groups over so many days, and one sign of a kind of `KINDS`."""
    random = np.random.default_rng(seed)
    day = np.arange(days + LEAD_DAYS)
    season = 1 + 0.4 * np.sin(2 * np.pi * (day + random.integers(0, 365, GROUPS)[:, None]) / 365.25)
    moves, others = _moves(random, len(day)), _moves(random, len(day))
    if kind == "season only":
        moves = others = np.zeros(moves.shape)
    # Column d of `moves` is what moves searches on day d - LEAD_DAYS of the panel, and demand LEAD_DAYS later.
    demand = A_DAY * season[:, LEAD_DAYS:] * np.exp(PASSED_ON * moves[:, :days])
    seen = moves if kind == "planted" else others
    searches = A_DAY * SEARCHED * season[:, LEAD_DAYS:] * np.exp(seen[:, LEAD_DAYS:])
    return _panel(random.poisson(demand)), {"searches": random.poisson(searches).astype(float)}


def town() -> tuple[Panel, dict[str, Floats]]:
    """The demo town's demand by ATC group over its whole past, with its searches and visits over all of it.

    More than production has: there the town has searches and visits of its last 60 days only.
    """
    size = replace(cast.FULL, days_of_requests=DAYS - 2)
    groups: dict[str, int] = {}
    sold = np.zeros((200, DAYS))
    signs = {name: np.zeros((200, DAYS)) for name in ("searches", "failed searches")}
    for number, today in enumerate(life(size, FIRST, DAYS)):
        for deed in today.deeds:
            if deed.what in ("sold", "refused"):
                sold[_row(groups, deed.medicine.atc_code), number] += deed.packs
        for look in today.looks:
            if look.medicine is not None:
                at = _row(groups, look.medicine.atc_code)
                signs["searches"][at, number] += 1
                signs["failed searches"][at, number] += not look.found
    kept = np.flatnonzero(sold.sum(axis=1) > 0)
    made = {name: counts[kept] for name, counts in signs.items()}
    for speciality, counts in _visits(size).items():
        made[f"visits: {speciality}"] = np.repeat(counts[None], len(kept), axis=0)
    return _panel(sold[kept]), made


def _visits(size: cast.Size) -> Mapping[str, Floats]:
    """Requests for visits by speciality and day. What patients write of symptoms is sealed: nobody may count it."""
    known = cast.symptoms(size)
    made: dict[str, Floats] = {}
    now = datetime.combine(FIRST + timedelta(days=DAYS), time(0))
    for requests in asked(size, now):
        for one in requests:
            speciality = known[one.number % len(known)][0]
            counts = made.setdefault(speciality, np.zeros(DAYS))
            counts[min(max((one.at.date() - FIRST).days, 0), DAYS - 1)] += 1
    return made


def _row(groups: dict[str, int], atc_code: str) -> int:
    return groups.setdefault(atc_code[:3], len(groups))


def _moves(random: np.random.Generator, days: int) -> Floats:
    shocks = random.normal(0, WAVE * np.sqrt(1 - MEMORY**2), (GROUPS, days))
    made = np.zeros((GROUPS, days))
    for day in range(1, days):
        made[:, day] = MEMORY * made[:, day - 1] + shocks[:, day]
    return made


def _panel(packs: Floats) -> Panel:
    group, day = np.nonzero(packs)
    dates = np.array([FIRST + timedelta(days=number) for number in range(packs.shape[1])])
    # In the order of the rows: a panel's items are sorted, and signs stand in rows beside them.
    names = np.array([UUID(int=1 + number) for number in range(len(packs))])
    rows = pd.DataFrame(
        {
            "pharmacy_id": [TOWN] * len(group),
            "medicine_id": names[group],
            "day": dates[day],
            "sold_milli": packs[group, day] * 1000.0,
            "refused_milli": 0.0,
        },
        columns=list(COLUMNS),
    )
    return panel_of(rows, until=dates[-1])
