"""Level times season: fifteen simple ways to foretell an item, from one lately sold level to a long one.

Each way is the item's recent level, freed of its season, times the season of the days ahead, the shape of its
weekdays and how often its pharmacy is open. The ways differ in how soon the level forgets (`HALF_LIVES`) and in how
much of the season is believed (`DAMPINGS`). It is multiplicative Holt-Winters with a yearly season of penalised
Fourier terms (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 12.1); which ways serve an item is for
`models.mixing`. Only open known days are learned from: a closed week teaches nothing, and counts by how often the
pharmacy was open of late; nor does a day of an empty shelf.
"""

from datetime import timedelta
from itertools import product

import numpy as np

from models.baseline import HORIZON
from models.dataset import Flags, Floats, Panel
from models.opening import open_ahead

HALF_LIVES = (14, 28, 56, 112, 224)
"""Days after which a day counts half for the level."""
DAMPINGS = (0.0, 0.5, 1.0)
"""Power of the season: none of it, its root, all of it."""
WAYS = tuple(product(DAMPINGS, HALF_LIVES))
WAVES = 10
"""Waves a year: the shortest has a month and a week."""
STIFFNESS = 100.0
"""Penalty of a wave, times its number squared and the item's own noise: what varies much must show much."""
SEASON_DAYS = 400
"""A season needs a year and some weeks: with less it is not told from growth, and is taken to be flat."""
SEASON_RANGE = (0.2, 5.0)
WEEKDAY_HALF_LIFE = 182
WEEKDAY_PRIOR = 8.0
"""Weeks without a pattern that an item's weekdays are averaged with."""
MOST_MULTIPLE = 20.0
"""A day of more times the item's usual than this is taken as this: one huge day decides no level."""
CHUNK = 2_000
"""Items reckoned at a time, to keep memory small."""


def ways(panel: Panel) -> Floats:
    """What every way foretells: ways by items by `HORIZON` days after the panel, thousandths of a pack."""
    items = len(panel.items)
    result = np.zeros((len(WAYS), items, HORIZON))
    for first in range(0, items, CHUNK):
        rows = np.arange(first, min(items, first + CHUNK))
        result[:, rows] = _ways(panel.some(rows))
    return result


def season(panel: Panel) -> Floats:
    """The season as known at the panel's end: items by days of the panel and the `HORIZON` days after it.

    About 1 on the average of a year; exactly 1 for items known for less than `SEASON_DAYS`.
    """
    demand, is_open = _clipped(panel), panel.is_learned
    waves = _waves(panel)
    design = np.column_stack([np.ones(panel.day_count), waves[: panel.day_count]])
    count = is_open.sum(axis=1)
    mean = demand.sum(axis=1) / np.maximum(count, 1)
    unit = np.where(mean > 0, mean, 1.0)[:, None]
    ratio = demand / unit
    noise = ((ratio - 1) ** 2 * is_open).sum(axis=1) / np.maximum(count, 1)
    # All items' normal equations at once: a day's outer product counts for those that know the day.
    size = design.shape[1]
    outer = (design[:, :, None] * design[:, None, :]).reshape(len(design), size * size)
    equations = (is_open.astype(float) @ outer).reshape(-1, size, size)
    number = np.repeat(np.arange(1, WAVES + 1), 2) ** 2
    penalty = np.maximum(noise, 1e-6)[:, None] * STIFFNESS * number
    diagonal = np.arange(1, size)
    equations[:, diagonal, diagonal] += penalty
    equations[:, 0, 0] += 1e-9
    solved = np.linalg.solve(equations, (ratio @ design)[:, :, None])[:, 1:, 0]
    has_season = (panel.is_open.sum(axis=1) >= SEASON_DAYS) & (mean > 0)
    index: Floats = np.clip(1 + (solved * has_season[:, None]) @ waves.T, *SEASON_RANGE)
    return index


def weekday_shape(panel: Panel) -> Floats:
    """Demand of an open day by weekday, relative to the mean of the seven: items by days after the end."""
    demand, is_open = _clipped(panel), panel.is_learned
    ago = np.arange(panel.day_count, 0, -1)
    weight = 0.5 ** (ago / WEEKDAY_HALF_LIFE)
    # Column 0 is the weekday of the first day after the panel.
    ahead = np.eye(7)[(-ago) % 7]
    weighted = ahead * weight[:, None]
    total, count = demand @ weighted, is_open @ weighted
    mean = (total.sum(axis=1) / np.maximum(count.sum(axis=1), 1e-9))[:, None]
    prior = WEEKDAY_PRIOR * (count.sum(axis=1) > 0)[:, None]
    shape = (total + prior * mean) / np.maximum((count + prior) * mean, 1e-9)
    shape = np.where(mean > 0, shape, 1.0)
    result: Floats = shape / shape.mean(axis=1, keepdims=True)
    return result


def _ways(panel: Panel) -> Floats:
    index, shape = season(panel), weekday_shape(panel)
    days = panel.day_count
    demand, is_open = _clipped(panel), panel.is_learned
    ago = np.arange(days, 0, -1)
    past_shape = shape[:, (-ago) % 7] * is_open
    ahead_shape = shape[:, np.arange(HORIZON) % 7] * open_ahead(panel, days)
    result = np.zeros((len(WAYS), len(panel.items), HORIZON))
    for damping in DAMPINGS:
        damped = index**damping
        usual = damped[:, :days] * past_shape
        for half_life in HALF_LIVES:
            weight = 0.5 ** ((ago - 1) / half_life)
            sold, expected = demand @ weight, usual @ weight
            level = sold / np.maximum(expected, 1e-9)
            told = level[:, None] * damped[:, days:] * ahead_shape
            result[WAYS.index((damping, half_life))] = told
    return result


def _clipped(panel: Panel) -> Floats:
    """Demand of the days learned from, 0 on all others; negative rows are none, and one huge day is held down."""
    demand = np.maximum(panel.learned, 0) * panel.is_learned
    asked = (demand > 0).sum(axis=1)
    # The largest day has no say in what is usual; an item asked for once has nothing usual.
    others = (demand.sum(axis=1) - demand.max(axis=1, initial=0)) / np.maximum(asked - 1, 1)
    most = np.where(asked > 1, MOST_MULTIPLE * others, np.inf)
    result: Floats = np.minimum(demand, most[:, None])
    return result


def _waves(panel: Panel) -> Floats:
    ahead = panel.day_count + HORIZON
    days = [panel.first_day + timedelta(days=day) for day in range(ahead)]
    angle = np.array([day.timetuple().tm_yday for day in days]) * 2 * np.pi / 365.25
    pairs = [wave(number * angle) for number in range(1, WAVES + 1) for wave in (np.sin, np.cos)]
    result: Floats = np.column_stack(pairs)
    return result


def is_rare(panel: Panel) -> Flags:
    """Which items are asked for on fewer than half of the open days that can be learned from."""
    is_learned = panel.is_learned
    asked = ((panel.learned > 0) & is_learned).sum(axis=1)
    result: Flags = asked * 2 < is_learned.sum(axis=1)
    return result
