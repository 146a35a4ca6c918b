"""Our own plain foretelling of demand for alerts and orders: level, weekday, course of the year, and how far off.

For items by days of what was *seen* (sold, and refused and written down). The level is a ratio of discounted units
to discounted exposure, which is the discounted gamma-Poisson mean (West and Harrison, Bayesian Forecasting and Dynamic
Models, 1997) and needs no logarithm of a zero; like TSB (Teunter, Syntetos and Babai, 2011), and unlike Croston
(1972), it also falls on days without demand. It is drawn a little to a slow level (damping). A day whose shelf was
empty at closing says "at least so much" and no more. A course of the year is kept as far as one year agrees with the
next. The spread is the items' own past errors.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import signal

from models.shortage import SPAN, Flags, Floats, Outlook, Whole

YEAR = 364
"""Days of the course of a year: 52 weeks."""
HALF_LIVES = (7, 14, 28, 112)
"""Days after which a day counts half; one is chosen per item by past errors, with the draw below."""
DRAWS = (0.0, 0.25)
"""How far the level is drawn to the slow one."""
SLOW = 182
"""Half-life of the slow level, days."""
LEAST_DAYS = 28
"""Days at the beginning that only start a level."""
_MEMORY = 364
_OUTLIER = 8.0
_HARMONICS = 2
_WEEKDAY_PRIOR = 60.0
_NEW_DOUBT = 0.5


@dataclass(frozen=True)
class Course:
    """What was learned of items: index of the weekday (items by 7), of the day of the year (items by 364), and spread.

    `half_life` (days) and `draw` make the level; `clump` and `doubt` are as in `Outlook`. More than `most` units on a
    day are not believed.
    """

    weekday: Floats
    season: Floats
    half_life: Floats
    draw: Floats
    most: Floats
    clump: Floats
    doubt: Floats

    def index(self, first: int, days: int) -> Floats:
        """What share of its level an item has on those days."""
        when = np.arange(first, first + days)
        result: Floats = self.weekday[:, when % 7] * self.season[:, when % YEAR]
        return result

    def level(self, seen: Floats, is_known: Flags) -> "Level":
        """The level after a history that begins on day 0 (see `learn`)."""
        end = seen.shape[1]
        start = max(0, end - _MEMORY)
        level = Level(self, start)
        for day in range(start, end):
            level.see(seen[:, day], is_known[:, day])
        return level


class Level:
    """Where the demand of items stands, taking in a day at a time; `day` is the next day's number."""

    def __init__(self, course: Course, day: int) -> None:
        self.course = course
        self.day = day
        self._units, self._exposure = np.zeros((2, 2, len(course.clump)))
        self._keep = 0.5 ** (1 / np.array([course.half_life, np.full(len(course.clump), SLOW)]))

    @property
    def value(self) -> Floats:
        """Units a day of weekday and season 1, by item; 0 before anything is known."""
        fast, slow = self._units / np.maximum(self._exposure, 1e-9)
        result: Floats = fast + self.course.draw * (slow - fast)
        return result

    def see(self, seen: Floats, is_known: Flags) -> None:
        """Take in what was seen of every item on `day`."""
        exposure = self.course.index(self.day, 1)[:, 0]
        is_known = is_known & np.isfinite(seen)
        units = np.clip(np.nan_to_num(seen), 0.0, self.course.most)
        # An empty shelf of which more was seen than expected of the whole day says that the level is higher.
        counts = is_known | (units > self.value * exposure)
        self._units = self._keep * self._units + units * counts
        self._exposure = self._keep * self._exposure + exposure * counts
        self.day += 1

    @property
    def is_told(self) -> Flags:
        """Whether anything is known of an item at all; where not, its outlook of zero means nothing."""
        result: Flags = self._exposure[0] > 0
        return result

    def outlook(self, days: int, *, is_open: Flags | None = None) -> Outlook:
        """The next days; on those not `is_open` (items by days) nothing is asked for."""
        expected = self.value[:, None] * self.course.index(self.day, days)
        if is_open is not None:
            expected = expected * is_open
        return Outlook.of_days(expected, self.course.clump, self.course.doubt)


def _ratio(units: Floats, exposure: Floats, weight: Floats | Flags) -> Floats:
    result: Floats = (units * weight).sum(axis=1) / np.maximum(
        (exposure * weight).sum(axis=1), 1e-9
    )
    return result


def learn(seen: Floats, is_known: Flags) -> Course:
    """Learn from a history, items by days, whose first day is day 0 and a first day of the week.

    `is_known` is False where more may have been asked for than was seen, where a shop was closed or silent, and
    where a number cannot be believed.
    """
    is_known = is_known & np.isfinite(seen)
    most = most_believed(seen, is_known)
    units = np.clip(np.nan_to_num(seen), 0.0, most[:, None])
    weekday = _weekdays(units, is_known)
    season = _season(units, is_known, weekday)
    when = np.arange(units.shape[1])
    exposure = weekday[:, when % 7] * season[:, when % YEAR]
    slow = _levels(units, is_known, exposure, SLOW)
    ways, levels, judged = [], [], []
    for half_life in HALF_LIVES:
        fast = _levels(units, is_known, exposure, half_life)
        for draw in DRAWS:
            ways.append((half_life, draw))
            levels.append((1 - draw) * fast + draw * slow)
            judged.append(_total_errors(units, is_known, levels[-1], exposure))
    chosen = _choose(np.array([np.nansum(errors**2, axis=1) for errors, _ in judged]), units)
    every = np.arange(len(units))
    errors = np.array([one for one, _ in judged])[chosen, every]
    means = np.array([one for _, one in judged])[chosen, every]
    clump = _clump(units, is_known, np.array(levels)[chosen, every] * exposure)
    half_life_of, draw_of = np.array(ways)[chosen].T
    doubt = _doubt(errors, means, clump)
    return Course(weekday, season, half_life_of, draw_of, most, clump, doubt)


def most_believed(seen: Floats, is_known: Flags) -> Floats:
    """How many units on one day are believed: eight spreads above an item's mean, both without what is above that."""
    known = np.where(is_known & (seen >= 0), seen, np.nan)
    known[~np.isfinite(known).any(axis=1)] = 0.0
    most = np.full(len(known), np.inf)
    # Again and again, for an outlier is in the spread it is held against.
    for _ in range(4):
        within = np.where(known <= most[:, None], known, np.nan)
        mean, spread = np.nanmean(within, axis=1), np.nanstd(within, axis=1)
        most = mean + _OUTLIER * np.maximum(spread, np.sqrt(mean))
    result: Floats = np.where(most > 0, most, np.inf)
    return result


def _weekdays(units: Floats, is_known: Flags) -> Floats:
    day = np.arange(units.shape[1]) % 7
    sums = np.stack([(units * is_known)[:, day == d].sum(axis=1) for d in range(7)], axis=1)
    counts = np.stack([is_known[:, day == d].sum(axis=1) for d in range(7)], axis=1)
    means = sums / np.maximum(counts, 1)
    level = means.mean(axis=1, keepdims=True)
    scaled = np.where(level > 0, means / np.maximum(level, 1e-12), 1.0)
    volume = sums.sum(axis=1, keepdims=True)
    pooled = (scaled * (volume > 0)).sum(axis=0) / max((volume > 0).sum(), 1)
    pooled = pooled / pooled.mean() if pooled.sum() > 0 else np.ones(7)
    share = counts.min(axis=1, keepdims=True)
    weight = share / (share + _WEEKDAY_PRIOR)
    index = weight * scaled + (1 - weight) * pooled
    result: Floats = index / np.maximum(index.mean(axis=1, keepdims=True), 1e-9)
    return result


def _season(units: Floats, is_known: Flags, weekday: Floats) -> Floats:
    """Yearly harmonics of each year's weeks, kept as far as the years agree."""
    items, days = units.shape
    weeks = days // 7
    if weeks < YEAR // 7:
        return np.ones((items, YEAR))
    start = days - weeks * 7
    index = weekday[:, np.arange(start, days) % 7]
    shape = (items, weeks, 7)
    sold = (units * is_known)[:, start:].reshape(shape).sum(axis=2)
    exposed = (index * is_known[:, start:]).reshape(shape).sum(axis=2)
    middle = start + np.arange(weeks) * 7 + 3
    parts = []
    years = max(1, round(weeks * 7 / YEAR))
    for year in range(years):
        last = weeks - year * 52
        part = slice(max(0, last - 52), last)
        if part.stop - part.start < 40:
            continue
        parts.append(_harmonics(sold[:, part], exposed[:, part], middle[part]))
    found = np.array([p[0] for p in parts])
    noise = np.array([p[1] for p in parts])
    if len(found) == 1:
        size = (found[0] ** 2).sum(axis=1)
        # One year cannot tell a season from a drift: a typical item's course is taken to be drift.
        chance = np.maximum(noise[0], np.median(size))
        kept = np.clip(1 - chance / np.maximum(size, 1e-12), 0.0, 1.0)
        course = found[0]
    else:
        one, two = found[0], found[1:].mean(axis=0)
        agreed = (one * two).sum(axis=1)
        kept = np.clip(2 * agreed / np.maximum((one**2 + two**2).sum(axis=1), 1e-12), 0.0, 1.0)
        course = found.mean(axis=0)
    log_index = (course * kept[:, None]) @ _waves(np.arange(YEAR)).T
    season = np.exp(np.clip(log_index, -2.5, 2.5))
    result: Floats = season / season.mean(axis=1, keepdims=True)
    return result


def _waves(days: npt.NDArray[Any]) -> Floats:
    angle = 2 * np.pi * days[:, None] * np.arange(1, _HARMONICS + 1) / YEAR
    return np.hstack([np.cos(angle), np.sin(angle)])


def _harmonics(sold: Floats, exposed: Floats, middle: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Coefficients of the logarithm of a year's weekly rate, and the size that noise alone would give them."""
    level = sold.sum(axis=1) / np.maximum(exposed.sum(axis=1), 1e-9)
    expected = np.maximum(level[:, None] * 7, 1e-9)
    rate = np.where(exposed > 0, sold / np.maximum(exposed, 1e-9) * 7, level[:, None] * 7)
    # A few units more on both sides, or a week without any is minus infinity.
    spare = 0.25 * expected
    y = np.log((rate + spare) / (expected + spare)) * (expected + spare) / expected
    waves = np.hstack([np.ones((len(middle), 1)), _waves(middle)])
    fit, *_ = np.linalg.lstsq(waves, y.T, rcond=None)
    left = y.T - waves @ fit
    variance = (left**2).sum(axis=0) / max(len(middle) - waves.shape[1], 1)
    return fit[1:].T, variance * 2 / len(middle) * (waves.shape[1] - 1)


def _levels(units: Floats, is_known: Flags, exposure: Floats, half_life: float) -> Floats:
    """The level each morning, known from the days before alone."""
    keep = 0.5 ** (1 / half_life)
    start = slice(0, LEAST_DAYS)
    first = np.maximum(_ratio(units[:, start], exposure[:, start], is_known[:, start]), 1e-6)
    # The first weeks' mean counts as three days, and fades like any day.
    fading = 3 * keep ** (np.arange(units.shape[1]) + 1)

    def smoothed(counts: Flags) -> Floats:
        top = signal.lfilter([1.0], [1.0, -keep], units * counts, axis=1)
        base = signal.lfilter([1.0], [1.0, -keep], exposure * counts, axis=1)
        level = (top + first[:, None] * fading) / (base + fading)
        result: Floats = np.hstack([first[:, None], level[:, :-1]])
        return result

    return smoothed(is_known | (units > smoothed(is_known) * exposure))


def _total_errors(
    units: Floats, is_known: Flags, level: Floats, exposure: Floats
) -> tuple[Floats, Floats]:
    """Errors of past totals of `SPAN` days and what was expected, at origins a week apart; NaN where not known."""
    days = units.shape[1]
    origins = np.arange(max(LEAST_DAYS * 2, days - YEAR), days - SPAN + 1, 7)
    if not len(origins):
        nothing = np.full((len(units), 1), np.nan)
        return nothing, nothing
    window = origins[:, None] + np.arange(SPAN)
    is_whole = is_known[:, window].sum(axis=2) >= SPAN - 2
    counts = is_known[:, window]
    expected = level[:, origins] * (exposure[:, window] * counts).sum(axis=2)
    came = (units[:, window] * counts).sum(axis=2)
    return np.where(is_whole, came - expected, np.nan), np.where(is_whole, expected, np.nan)


def _choose(costs: Floats, units: Floats) -> Whole:
    """The way (of ways by items) of least squared error: an item's own, and twice that of items asked for as often."""
    volume = units.mean(axis=1)
    group = np.searchsorted(np.quantile(volume, [0.25, 0.5, 0.75]), volume)
    relative = costs / np.maximum(costs.mean(axis=0), 1e-12)
    score = relative.copy()
    for one in range(4):
        if (group == one).any():
            score[:, group == one] += 2 * relative[:, group == one].mean(axis=1, keepdims=True)
    result: Whole = score.argmin(axis=0)
    return result


def _clump(units: Floats, is_known: Flags, expected: Floats) -> Floats:
    """Variance over mean of a day about its expectation; of whole units, so at least Poisson's."""
    counts = is_known.copy()
    counts[:, :LEAST_DAYS] = False
    squares = ((units - expected) ** 2 * counts).sum(axis=1)
    base = (expected * counts).sum(axis=1)
    result: Floats = np.where(base > 0, squares / np.maximum(base, 1e-12), 1.0)
    return np.maximum(result, 1.0)


def _doubt(errors: Floats, means: Floats, clump: Floats) -> Floats:
    """Relative variance of the level: what past totals were off by beyond the clumping of their days."""
    known = np.isfinite(errors)
    beyond = np.where(known, errors**2 - clump[:, None] * np.nan_to_num(means), 0.0).sum(axis=1)
    base = np.where(known, np.nan_to_num(means) ** 2, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    own = beyond / np.maximum(base, 1e-9)
    enough = count >= 8
    pooled = float(np.median(own[enough])) if enough.any() else _NEW_DOUBT
    weight = count / (count + 20.0)
    result: Floats = np.clip(weight * own + (1 - weight) * max(pooled, 0.0), 0.0, 1.0)
    return np.where(count > 0, result, _NEW_DOUBT)
