"""How a method did on each class of series, as it is kept and shown: its errors, how its quantiles held, what it cost.

The cost is that of a replayed shop, the same for every method: over the reported weeks some items of each class are
ordered by what the method told, for a delivery a week later, and packs go bad eight weeks after they came. It says which
forecast leaves fewer people without and throws less away, not what a pharmacy would have lost.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from models.baseline import HORIZON
from models.dataset import Floats, Panel
from models.evaluation import Trial
from models.inventory_policies import OrderUpTo, Way
from models.inventory_replay import Evening, Shop, Supply, replay
from models.mixing import CLASSES
from models.quantiles import HIGH, LOW
from models.scores import (
    DAYS_ABOVE,
    PINBALL,
    RMSSE,
    TOTAL_ERROR,
    TOTALS_ABOVE,
    WEEK_ERROR,
    Scores,
    scores,
)
from models.shelves import Places
from models.shortage import Outlook
from remedy.values import MILLI

REPLAYED = 200
"""Items of a class that are replayed, at most: evenly taken from all of them."""
LEAD_DAYS, SHELF_DAYS = 7, 56
WAY = Way(quantile=0.95, batch_days=7.0, sold_by_expiry=None)


@dataclass(frozen=True)
class Choice:
    """How a method did on a class, at the reported origins; None where it could not be measured.

    `total_error`, `week_error`, `rmsse` and `pinball` (mean of the losses at 0.1, 0.5 and 0.9) are means over the items
    in multiples of an item's one-week difference; `above_high` and `total_above_high` shares above the 0.9 quantile;
    `seconds` the class's part of the method's time; `short_milli` and `expired_milli` thousandths of a pack an item in
    28 days of the replay.
    """

    kind: str
    method: str
    is_used: bool
    series_count: int
    origin_count: int
    total_error: float | None
    week_error: float | None
    rmsse: float | None
    pinball: float | None
    above_high: float | None
    total_above_high: float | None
    seconds: float | None
    short_milli: float | None
    expired_milli: float | None


def choices_of(
    trial: Trial,
    panel: Panel,
    method: str,
    told: Floats,
    seconds: float | None,
    is_used: Collection[str] = (),
) -> tuple[Choice, ...]:
    """One for every class that has items.

    Args:
        trial: what the method is held to.
        panel: the days the trial was made of.
        method: its name.
        told: what it foretold, as `Comparison.told`.
        seconds: what fitting and foretelling took.
        is_used: the classes it serves.
    """
    reported = trial.origins.reported
    found = scores(trial.past(told), trial.scale, reported.start, reported.stop)
    rows = _replayed_rows(trial, panel, told)
    short, expired = _replayed(trial, panel, told, found, rows)
    items = max(1, len(trial.kinds))

    def choice(kind: str) -> Choice:
        use = trial.kinds == kind
        mean = {name: _mean(values[use]) for name, values in found.of.items()}
        pinball = [mean[name] for name in PINBALL]
        return Choice(
            kind,
            method,
            kind in is_used,
            int(use.sum()),
            reported.stop - reported.start,
            mean[TOTAL_ERROR],
            mean[WEEK_ERROR],
            mean[RMSSE],
            _mean(np.array([np.nan if loss is None else loss for loss in pinball])),
            mean[DAYS_ABOVE],
            mean[TOTALS_ABOVE],
            None if seconds is None else seconds * float(use.sum()) / items,
            _mean(short[use[rows]]),
            _mean(expired[use[rows]]),
        )

    return tuple(choice(kind) for kind in CLASSES if (trial.kinds == kind).any())


@dataclass
class _Weekly:
    """What was told at the newest of the weekly origins; none is on the evening before the first day."""

    told: Floats
    doubt: Floats
    _day: int = field(default=0, init=False)

    def see(self, evening: Evening) -> None:
        """Only the day counts: what was seen is in the next week's forecast."""
        self._day = evening.day + 1

    def outlook(self) -> Outlook:
        """The rest of the 28 days told last."""
        origin = min(self._day // 7, len(self.told) - 1)
        ahead = self.told[origin, :, self._day - 7 * origin :]
        return Outlook.of_days(ahead, np.ones(len(ahead)), self.doubt[origin])


def _replayed_rows(trial: Trial, panel: Panel, told: Floats) -> Places:
    """Items of each class that are known throughout and foretold at every reported origin."""
    ends = trial.origins.ends[trial.origins.reported]
    if not ends:
        return np.zeros(0, dtype=int)
    is_known = panel.is_known[:, ends[0] : ends[-1] + 7].all(axis=1)
    is_whole = is_known & np.isfinite(told[trial.origins.reported]).all(axis=(0, 2))
    return np.concatenate(list(_some_of_each(trial, np.flatnonzero(is_whole))))


def _some_of_each(trial: Trial, rows: Places) -> Iterator[Places]:
    for kind in CLASSES:
        own = rows[trial.kinds[rows] == kind]
        yield own[:: max(1, -(-len(own) // REPLAYED))]


def _replayed(
    trial: Trial, panel: Panel, told: Floats, found: Scores, rows: Places
) -> tuple[Floats, Floats]:
    """What each of those items was short of, and what of it expired: thousandths of a pack in 28 days."""
    if not len(rows):
        return np.zeros(0), np.zeros(0)
    reported = trial.origins.reported
    ends = trial.origins.ends[reported]
    days = np.maximum(told[reported][:, rows].astype(float), 0) / MILLI
    low, high = (found.totals[share][reported][:, rows] / MILLI for share in (LOW, HIGH))
    sure = days.sum(axis=2)
    low, high = (np.where(np.isfinite(bound), bound, sure) for bound in (low, high))
    outlooks = [Outlook.from_total(*each) for each in zip(days, low, high, strict=True)]
    doubt = np.array([outlook.doubt for outlook in outlooks])

    count = np.ones(len(rows), dtype=np.int64)
    supply = Supply(LEAD_DAYS * count, SHELF_DAYS * count, count, count)
    opening = np.ceil(days[0, :, : 2 * LEAD_DAYS].sum(axis=1)).astype(np.int64)
    demand = np.rint(panel.demand[rows, ends[0] : ends[-1] + 7] / MILLI).astype(np.int64)
    shop = Shop(opening, supply, most_late=0)
    record = replay(
        shop, OrderUpTo(_Weekly(days, doubt), supply, WAY), demand, recorded=np.ones(demand.shape)
    )
    in_28_days = HORIZON * MILLI / demand.shape[1]
    return record.refused.sum(axis=1) * in_28_days, record.expired.sum(axis=1) * in_28_days


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
