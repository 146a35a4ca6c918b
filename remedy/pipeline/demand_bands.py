"""How much demand is usual, and when there is more of it than chance would bring. Pure, standard library only.

The expected number of events of a window is the medicine's mean a day (the last 28 counted days) times the part of a
day that such a window holds at that hour and weekday, times how busy the whole town is just now. What is seen is held
against a negative binomial around it: the Gamma-Poisson predictive distribution, whose spread is the uncertainty of the
mean (few events known: wide) plus the spread of days about their mean. The upper quantile of a negative binomial as alarm
threshold is that of Noufaily et al., "An improved algorithm for outbreak detection in multiple surveillance systems",
Statistics in Medicine 32 (2013), 1206-1222.

Hundreds of medicines are asked about at every moment, so the quantile is not 95 %: a budget of alarms that chance alone may
raise in a month is divided by all questions of that month (Bonferroni's bound).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

SEARCHES: "Measure" = "searches"
UNMET: "Measure" = "unmet"
SALES: "Measure" = "sales"
REFUSALS: "Measure" = "refusals"
Measure = Literal["searches", "unmet", "sales", "refusals"]
MEASURES: tuple[Measure, ...] = (SEARCHES, UNMET, SALES, REFUSALS)
BY_PEOPLE = frozenset({SEARCHES, UNMET})
"""Measures whose events name a person, by a pseudonym; a sale names nobody."""

FOLLOWS: dict[Measure, Measure] = {UNMET: SEARCHES, REFUSALS: SALES}
"""What is rare follows what it is a part of."""

SHOWN_WINDOWS = (5, 60)
WINDOWS = (2, *SHOWN_WINDOWS)
"""Minutes. The shortest is there to name soon what is large; pages show the others."""

HISTORY_DAYS = 28
LEAST_HISTORY_DAYS = 7
"""With fewer counted days nothing is called unusual."""

CHANCE_ALARMS_A_MONTH = 10.0
"""What chance alone may raise in a month, over all subjects, measures and windows."""

CALM_CHANCE = 0.01
"""Once open, an alert stays while a window holds more than one in a hundred such windows would; and so the town is busy."""

PRIOR_EVENTS = 0.5
LEAST_SPREAD, MOST_SPREAD = 0.02, 8.0
"""Variance of a day's true mean over its square; at least 14 % of standard deviation, whatever the history says."""

TOWN_EVENTS = 20.0
"""How many events of a quiet hour the town's own mean weighs when it is asked how busy it is."""

LEAST_MEAN, LEAST_OF_TOWN = 1e-9, 1e-3
"""Of what was never seen: what a window is expected to hold of a subject, and of the rest of the town."""

QUARTER = 15
QUARTERS_A_DAY = 96
QUARTERS_A_WEEK = 7 * QUARTERS_A_DAY


class Subject(NamedTuple):
    """What demand is of: a `medicine` by id, a `group` of medicines by ATC code, or `all`."""

    kind: Literal["medicine", "group", "all"]
    name: str


ALL = Subject("all", "")
Key = tuple[Subject, Measure]


@dataclass(frozen=True)
class Band:
    """What is expected of a window: the mean, and how far its true mean may lie off (`spread`, see above)."""

    mean: float
    spread: float

    def chance_of(self, count: int) -> float:
        """How likely so many events, or more, are."""
        return chance_of(count, self.mean, self.spread)

    def highest(self, chance: float) -> int:
        """The largest count that is still within the band: above it lies less than that chance."""
        low, high = 0, max(4, math.ceil(2 * self.mean))
        while self.chance_of(high + 1) >= chance:
            low, high = high, 2 * high
        while low < high:
            middle = (low + high) // 2
            if self.chance_of(middle + 1) < chance:
                high = middle
            else:
                low = middle + 1
        return high


def chance_of(count: int, mean: float, spread: float) -> float:
    """The upper tail of the negative binomial of that mean and variance `mean + spread * mean ** 2`."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    size = 1 / spread
    part = mean / (mean + size)
    log_first = (
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1)
        + size * math.log1p(-part)
        + count * math.log(part)
    )
    if count <= mean:
        return 1.0 - _sum_down(count - 1, size, part)
    term = total = math.exp(log_first)
    number = count
    while term > total * 1e-9:
        term *= (number + size) / (number + 1) * part
        number += 1
        total += term
    return min(total, 1.0)


def _sum_down(count: int, size: float, part: float) -> float:
    term = total = math.exp(size * math.log1p(-part))
    for number in range(count):
        term *= (number + size) / (number + 1) * part
        total += term
    return min(total, 1.0)


@dataclass(frozen=True)
class Week:
    """How a mean day's events lie in the quarters of a week: `parts` sum to seven; Monday's first is the first."""

    parts: tuple[float, ...]
    zone: ZoneInfo

    @classmethod
    def of(cls, counts: Sequence[float], zone: ZoneInfo) -> "Week":
        """From events counted by quarter of an hour of the week.

        A few weeks say little of one quarter of one weekday, so each is drawn half way to the same quarter of all
        days, and none is so quiet that an event in it would be a wonder.
        """
        total = sum(counts)
        if total <= 0:
            return cls((7 / QUARTERS_A_WEEK,) * QUARTERS_A_WEEK, zone)
        floor = 0.05 * total / QUARTERS_A_WEEK
        of_day = [sum(counts[at::QUARTERS_A_DAY]) / 7 for at in range(QUARTERS_A_DAY)]
        drawn = [
            max(0.5 * counts[at] + 0.5 * of_day[at % QUARTERS_A_DAY], floor)
            for at in range(QUARTERS_A_WEEK)
        ]
        scale = 7 / sum(drawn)
        return cls(tuple(part * scale for part in drawn), zone)

    def part_of_day(self, until: datetime, minutes: int) -> float:
        """The part of a mean day's events in the minutes before that instant."""
        return _part_of_day(self, until.replace(second=0, microsecond=0), minutes)


def quarter_of_week(local: datetime) -> int:
    """Which quarter of the week a local instant lies in."""
    return local.weekday() * QUARTERS_A_DAY + (local.hour * 60 + local.minute) // QUARTER


@lru_cache(maxsize=256)
def _part_of_day(week: Week, until: datetime, minutes: int) -> float:
    left, at, part = minutes, until.astimezone(week.zone), 0.0
    while left > 0:
        # Back to the quarter's start, which may be the very minute we stand on.
        step = min(left, at.minute % QUARTER or QUARTER)
        at -= timedelta(minutes=step)
        quarter = quarter_of_week(at)
        here = week.parts[quarter]
        if minutes < QUARTER:
            # Shops open and close within a quarter: a short window is held to the busiest one beside it.
            after = week.parts[(quarter + 1) % QUARTERS_A_WEEK]
            here = max(week.parts[quarter - 1], here, after)
        part += here * step / QUARTER
        left -= step
    return part


@dataclass(frozen=True)
class Usual:
    """What is usual: the mean a day of each subject and measure with its uncertainty, and the weeks they follow.

    `events` counts each key's events over `days` counted days, `spread` is of each measure, `prior_days` how many days
    the town's mean subject weighs.
    """

    days: int
    events: Mapping[Key, int]
    spread: Mapping[Measure, float]
    prior_days: Mapping[Measure, float]
    weeks: Mapping[Measure, Week]
    subjects: int

    @property
    def is_known(self) -> bool:
        """Whether there is enough history to call anything unusual."""
        return self.days >= LEAST_HISTORY_DAYS

    @property
    def chance(self) -> float:
        """Below this chance a count is outside the band: the month's budget over all its questions."""
        questions = sum(30 * 24 * 60 / minutes for minutes in WINDOWS)
        return CHANCE_ALARMS_A_MONTH / (max(self.subjects, 1) * len(MEASURES) * questions)

    def band(self, key: Key, until: datetime, minutes: int, busy: float = 1.0) -> Band:
        """What is expected of a key in the minutes before an instant, where the town is `busy` times as usual."""
        measure = key[1]
        known = self.events.get(key, 0) + PRIOR_EVENTS
        a_day = known / (self.days + self.prior_days[measure])
        part = self.weeks[measure].part_of_day(until, minutes)
        return Band(max(a_day * part * busy, LEAST_MEAN), 1 / known + self.spread[measure])


@dataclass
class Counts:
    """History from which `Usual` is made: `days` counted days, each key's events on each day it had any."""

    days: int
    by_day: dict[Key, dict[int, int]] = field(default_factory=dict)
    by_quarter: dict[Measure, list[float]] = field(default_factory=dict)

    def add(self, key: Key, day: int, count: int) -> None:
        """Count events of a key on a day (its ordinal)."""
        days = self.by_day.setdefault(key, {})
        days[day] = days.get(day, 0) + count

    def add_quarter(self, measure: Measure, quarter: int, count: float) -> None:
        """Count events of a measure in a quarter of an hour of the week."""
        self.by_quarter.setdefault(measure, [0.0] * QUARTERS_A_WEEK)[quarter] += count

    def usual(self, zone: ZoneInfo) -> Usual:
        """What these days say is usual."""
        events = {key: max(sum(days.values()), 0) for key, days in self.by_day.items()}
        subjects = {subject for subject, _ in events}
        return Usual(
            days=self.days,
            events=events,
            spread={measure: self._spread(measure, events) for measure in MEASURES},
            prior_days={measure: self._prior_days(measure, events) for measure in MEASURES},
            weeks={measure: self._week(measure, zone) for measure in MEASURES},
            subjects=len(subjects),
        )

    def _week(self, measure: Measure, zone: ZoneInfo) -> Week:
        like = FOLLOWS.get(measure, measure)
        return Week.of(self.by_quarter.get(like, [0.0] * QUARTERS_A_WEEK), zone)

    def _prior_days(self, measure: Measure, events: Mapping[Key, int]) -> float:
        counted = [n for (subject, of), n in events.items() if of == measure and subject != ALL]
        mean = sum(counted) / len(counted) / self.days if counted and self.days else 0.0
        return PRIOR_EVENTS / mean if mean > 0 else float(HISTORY_DAYS)

    def _spread(self, measure: Measure, events: Mapping[Key, int]) -> float:
        """By moments: what days lie off their mean more than Poisson would, over all medicines together."""
        whole = self.by_day.get((ALL, measure), {})
        total = sum(whole.values())
        if total <= 0 or self.days < 2:
            return MOST_SPREAD
        busy = {day: count * self.days / total for day, count in whole.items()}
        off = squares = 0.0
        for (subject, of), days in self.by_day.items():
            if of != measure or subject.kind != "medicine":
                continue
            mean = events[subject, of] / self.days
            for day, factor in busy.items():
                expected = mean * factor
                off += (days.get(day, 0) - expected) ** 2 - expected
                squares += expected**2
        found = off / squares if squares > 0 else MOST_SPREAD
        return min(max(found, LEAST_SPREAD), MOST_SPREAD)


def busy(seen: int, expected: float) -> float:
    """How many times busier than usual the town is; never less than once, so that a quiet hour alarms nobody.

    A few events more are drawn to the usual; what fewer than one in a hundred windows would hold is believed as it is.
    """
    expected = max(expected, LEAST_OF_TOWN)
    if seen > expected and chance_of(seen, expected, LEAST_SPREAD) < CALM_CHANCE:
        return seen / expected
    return max(1.0, (seen + TOWN_EVENTS) / (expected + TOWN_EVENTS))


def group_of(atc_code: str | None) -> str | None:
    """The therapeutic group of a medicine: the first three signs of its ATC code."""
    return atc_code[:3] if atc_code and len(atc_code) >= 3 else None


def subjects_of(medicine: str | None, groups: Mapping[str, str]) -> Iterable[Subject]:
    """What an event of a medicine counts for."""
    if medicine is not None:
        yield Subject("medicine", medicine)
        if group := groups.get(medicine):
            yield Subject("group", group)
    yield ALL
