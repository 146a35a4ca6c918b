"""Whether a forecast still keeps what its training promised: a test that may look every day and seldom cries wolf.

Each day the share of items above their 0.9 quantile (and below their 0.1) is a bet against "on average no more than
allowed": the stake is multiplied by 1 + bet * (share - allowed), so that, while that holds, it gains nothing on average,
whatever items have to do with each other on a day (Waudby-Smith and Ramdas, Estimating Means of Bounded Random Variables by
Betting, 2024). A new bet begins each day, for a promise may be broken on any (Shin, Ramdas and Rinaldo, E-Detectors,
2024; the sum is Shiryaev's and Roberts'). While the promise is kept, the chance that the sum reaches a threshold within
so many scores is at most that number divided by the threshold: so the threshold is made from the rate of false alarms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

FALSE_ALARMS = 0.01
"""A forecast that keeps its promises is said to drift, by any measure of any class, in one year of so many (of 100)."""
ABOVE, BELOW, WEEK_ERROR = "above_high", "below_low", "week_error"
PROMISED_SHARE = 0.1
"""Of days, outside each of the two quantiles that are told."""
SPARE_SHARE, SPARE_ERROR = 0.05, 1.25
"""So much more than promised is not drift: shares are added to, errors multiplied."""
MOST_ERROR = 4.0
"""An error counts as no more than so many times the one promised: one huge week decides nothing."""
BETS = (0.1, 0.35, 0.9)
"""Stakes, as parts of the largest that cannot lose everything; small ones find small drifts."""
TEST_COUNT = 15
"""Three measures, each of four classes and of all items together."""
MOST_EVIDENCE = 100.0
"""Evidence beyond so many thresholds is not counted up: it would hide how things are now."""


@dataclass(frozen=True)
class Scored:
    """One day's (or week's) score: its last day, the value and what the training of that model promised of it."""

    day: date
    value: float
    promised: float


@dataclass(frozen=True)
class Drift:
    """What is said of one measure of one class.

    `recent` is the mean of the last scores, `evidence` is held against `threshold`; `since` is the day on which it was
    reached, None where the forecast does not drift.
    """

    measure: str
    recent: float | None
    promised: float | None
    allowed: float | None
    score_count: int
    evidence: float
    threshold: float
    since: date | None


def allowed(measure: str, promised: float) -> float:
    """Up to where a promise is taken to be kept."""
    if measure == WEEK_ERROR:
        return promised * SPARE_ERROR
    return max(promised, PROMISED_SHARE) + SPARE_SHARE


def threshold(measure: str) -> float:
    """The evidence at which all tests together give `FALSE_ALARMS` a year."""
    return (52 if measure == WEEK_ERROR else 365) * TEST_COUNT / FALSE_ALARMS


def watched(measure: str, scores: Sequence[Scored]) -> Drift:
    """Look at the scores of one measure, oldest first.

    A drift ends, and its evidence is forgotten, when the mean of the last 28 days keeps the promise again: of days since
    it was found, so that what led to it is not held against a model that has followed.
    """
    level, window = threshold(measure), 4 if measure == WEEK_ERROR else 28
    sums, since = np.zeros(len(BETS)), None
    within: list[float] = []
    for score in scores:
        most = allowed(measure, score.promised)
        value = score.value
        if measure == WEEK_ERROR:
            # In multiples of what is promised, so that it is bounded.
            value, most = min(value / score.promised, MOST_ERROR), SPARE_ERROR
        bets = np.array(BETS) / most
        sums = np.minimum((sums + 1) * (1 + bets * (value - most)), MOST_EVIDENCE * level)
        if since is None:
            if sums.mean() >= level:
                since, within = score.day, []
            continue
        within = [*within, value - most][-window:]
        if len(within) == window and sum(within) <= 0:
            since, sums = None, np.zeros(len(BETS))
    last = scores[-window:]
    return Drift(
        measure,
        float(np.mean([score.value for score in last])) if last else None,
        last[-1].promised if last else None,
        allowed(measure, last[-1].promised) if last else None,
        len(scores),
        float(sums.mean()),
        level,
        since,
    )
