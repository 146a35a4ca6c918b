"""Does something that can be seen before demand (searches, visits) make its forecast better? An ablation, and no more.

The same forecast is made twice at weekly origins: moved by how far demand itself stood last week above its usual of the
eight weeks before, and by how far the sign stood above its own as well. Without the first, whatever shares demand's
season would seem to lead it. How much either moves it is learned from windows that were over. A sign is kept when it
helped on the origins that judge; what it would have brought on the later ones, which decided nothing, is told beside it.
Nothing in production uses a sign: none was kept (decision 0022). `./run bench lessons` alone calls this.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.baseline import HORIZON
from models.mixing_past import WaysPast
from models.panel import Panel
from models.shelves import Floats

HORIZONS = (7, 28)
WEEK, USUAL_DAYS = 7, 56
FIRST_ORIGIN = 140
LEARNED_ORIGINS = 8
"""A slope is learned from no fewer origins than this."""
PRIOR_COUNT = 3.0
"""Events a week that a rare sign is damped by."""
MOST_LOG = 1.5
STIFFNESS = 0.02
"""Pulls the slopes to nothing, as a share of what they would be learned from if every sign stood at 1."""
LEAST_GAIN, LEAST_SURE = 0.01, 3.0
"""A sign is kept when it spares so much of the error, and so many standard errors above nothing."""


@dataclass(frozen=True)
class Finding:
    """What a sign brings to the total of so many days: shares of the error spared, negative where it does harm."""

    sign: str
    days: int
    judged: float
    sure: float
    reported: float
    origin_count: int

    @property
    def is_kept(self) -> bool:
        """Whether the judging origins alone say that it helps."""
        return self.judged >= LEAST_GAIN and self.sure >= LEAST_SURE


def ablate(panel: Panel, signs: Mapping[str, Floats]) -> list[Finding]:
    """Try every sign (counts, items by days of the panel) on the totals of the `HORIZONS`.

    Half of the origins judge, the later half is reported. A panel too short for both gives no findings.
    """
    ends = list(range(FIRST_ORIGIN, panel.day_count - HORIZON + 1, WEEK))
    if len(ends) < 2 * LEARNED_ORIGINS:
        return []
    past = WaysPast(panel, panel.day_count - HORIZON)
    told = np.array([past.forecast(end, learned_until=end) for end in ends])
    found = []
    own = np.array([_above_usual(panel.demand / 1000, end) for end in ends])
    for days in HORIZONS:
        plain = told[:, :, :days].sum(axis=2)
        came = np.array([panel.demand[:, end : end + days].sum(axis=1) for end in ends])
        without = _moved(plain, came, own[None], days)
        for name, counts in signs.items():
            above = np.array([own, [_above_usual(counts, end) for end in ends]])
            found.append(_finding(name, days, without, _moved(plain, came, above, days), came))
    return found


def _above_usual(counts: Floats, end: int) -> Floats:
    """The log of how far the last week stands above the eight before it, by item."""
    week = counts[:, end - WEEK : end].sum(axis=1)
    before = counts[:, end - WEEK - USUAL_DAYS : end - WEEK].sum(axis=1) * WEEK / USUAL_DAYS
    ratio: Floats = np.log((week + PRIOR_COUNT) / (before + PRIOR_COUNT))
    return ratio.clip(-MOST_LOG, MOST_LOG)


def _moved(plain: Floats, came: Floats, above: Floats, days: int) -> Floats:
    """The forecasts moved by signs (by origins by items), with the slopes that windows over by each origin give."""
    unit = np.maximum(plain.mean(axis=0), 1e-9)
    off = np.log((came / unit + 0.1) / (plain / unit + 0.1))
    weight = unit / unit.sum()
    top = np.einsum("i,soi,oi->os", weight, above, off)
    bottom = np.einsum("i,soi,toi->ost", weight, above, above)
    slopes = np.zeros(top.shape)
    for at in range(len(plain)):
        over = at - -(-days // WEEK) + 1
        if over >= LEARNED_ORIGINS:
            stiff = STIFFNESS * over * np.eye(len(above))
            slopes[at] = np.linalg.solve(bottom[:over].sum(axis=0) + stiff, top[:over].sum(axis=0))
    result: Floats = plain * np.exp(np.einsum("os,soi->oi", slopes, above))
    return result


def _finding(name: str, days: int, plain: Floats, moved: Floats, came: Floats) -> Finding:
    unit = np.maximum(plain.mean(axis=0), 1e-9)
    without, with_sign = (
        (np.abs(told - came) / unit).mean(axis=1)[LEARNED_ORIGINS:] for told in (plain, moved)
    )
    half = len(without) // 2
    spared = (without - with_sign) / without[:half].mean()
    # Windows that overlap say the same thing more than once.
    count = max(2.0, half / -(-days // WEEK))
    error = spared[:half].std(ddof=1) / np.sqrt(count)
    return Finding(
        name,
        days,
        float(spared[:half].mean()),
        float(spared[:half].mean() / error) if error > 0 else 0.0,
        float(1 - with_sign[half:].sum() / without[half:].sum()),
        len(without),
    )
