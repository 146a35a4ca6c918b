"""Learns from past bookings how likely a visit is missed: what was known at booking, in order of time.

Rows are booked visits that were attended or missed; one that was called off is neither and never comes in here. An
earlier visit counts only if it had ended before the booking was made: otherwise the answer would leak into the question.
Whether a reminder was sent is not known at booking and is left out, with all that is said of a patient's health.
"""

import csv
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from remedy.calls.model import Known, Learnt, features

Floats = npt.NDArray[np.float64]

OLDEST = 110
"""Of an older age we say that it is not known."""

CALIBRATED_ON_DAYS = 3
"""Working days at the end of what is learnt from, kept for the calibration alone."""

PENALTY = 1.0
NO_PENALTY = 1e6


class TooFewVisits(ValueError):
    """There is not enough to learn from."""


@dataclass(frozen=True)
class Booked:
    """A visit that was booked and then attended or missed. Days are local; `age` in years, None if it cannot be.

    Age, sex and neighbourhood are for the table of fairness; the model does not see them.
    """

    patient: str
    booked_on: date
    visit_on: date
    is_missed: bool
    age: int | None
    sex: str
    neighbourhood: str


@dataclass(frozen=True)
class Read:
    """What a file holds: visits in order of time, and why which records were left out, or doubted."""

    visits: tuple[Booked, ...]
    left_out: Mapping[str, int]
    doubted: Mapping[str, int]


def read(path: Path) -> Read:
    """The booked visits of the file of Vitória's appointments (`No-show` = Yes means absent)."""
    with path.open(encoding="utf-8", newline="") as file:
        return of_records(csv.DictReader(file))


def of_records(records: Iterable[Mapping[str, str]]) -> Read:
    """The same of records that were read."""
    visits, left_out, doubted = [], Counter[str](), Counter[str]()
    for record in records:
        try:
            made = _booked(record)
        except (KeyError, TypeError, ValueError):
            left_out["unreadable"] += 1
            continue
        if made.visit_on < made.booked_on:
            left_out["dated before the booking"] += 1
            continue
        doubted["age"] += made.age is None
        visits.append(made)
    visits.sort(key=lambda one: (one.visit_on, one.booked_on))
    return Read(tuple(visits), dict(left_out), {what: n for what, n in doubted.items() if n})


def _booked(record: Mapping[str, str]) -> Booked:
    outcome = {"Yes": True, "No": False}[record["No-show"]]
    age = int(record["Age"])
    return Booked(
        # As text: some are written like 9377952927E-5, and rounding would make two people one.
        patient=record["PatientId"],
        booked_on=date.fromisoformat(record["ScheduledDay"][:10]),
        visit_on=date.fromisoformat(record["AppointmentDay"][:10]),
        is_missed=outcome,
        age=age if 0 <= age <= OLDEST else None,
        sex=record["Gender"],
        neighbourhood=record["Neighbourhood"].strip(),
    )


def known_at_booking(visits: Sequence[Booked]) -> list[Known]:
    """What was known of each visit when it was booked.

    A visit has ended when its day is over: there is no time of day, so one of the booking's own day does not count.
    """
    of_patient: dict[str, list[Booked]] = defaultdict(list)
    for visit in visits:
        of_patient[visit.patient].append(visit)
    past = {patient: _Past.of(own) for patient, own in of_patient.items()}
    return [
        Known(
            (visit.visit_on - visit.booked_on).days,
            *past[visit.patient].before(visit.booked_on),
        )
        for visit in visits
    ]


@dataclass(frozen=True)
class _Past:
    """A patient's visits in order: their days, and how many of the first n were missed."""

    days: tuple[date, ...]
    missed: tuple[int, ...]

    @classmethod
    def of(cls, visits: Iterable[Booked]) -> "_Past":
        in_order = sorted(visits, key=lambda visit: visit.visit_on)
        missed = accumulate((int(visit.is_missed) for visit in in_order), initial=0)
        return cls(tuple(visit.visit_on for visit in in_order), tuple(missed))

    def before(self, day: date) -> tuple[int, int]:
        """How many visits had ended before that day, and how many of them were missed."""
        count = bisect_left(self.days, day)
        return count, self.missed[count]


def numbers(known: Iterable[Known]) -> Floats:
    """The features of visits, a row each."""
    return np.array([features(one) for one in known], dtype=np.float64)


def missed(visits: Iterable[Booked]) -> Floats:
    """1 for a visit that was missed, 0 for one that was attended."""
    return np.array([visit.is_missed for visit in visits], dtype=np.float64)


def calibrated_from(days: Iterable[date], before: date) -> date:
    """The first day kept for calibration: the last working days before `before`.

    Raises:
        TooFewVisits: if there are not twice as many days.
    """
    known = sorted({day for day in days if day < before})
    if len(known) < 2 * CALIBRATED_ON_DAYS:
        raise TooFewVisits(
            f"Visits of {len(known)} days before {before} are too few; at least "
            f"{2 * CALIBRATED_ON_DAYS} days are needed, {CALIBRATED_ON_DAYS} of them to calibrate on."
        )
    return known[-CALIBRATED_ON_DAYS]


def learn(visits: Sequence[Booked], *, before: date, where: str) -> Learnt:
    """Learn from the visits before a day: weights from the earlier ones, the calibration from the last days.

    Raises:
        TooFewVisits: if there are too few days, or of attended and missed visits only one kind.
    """
    start = calibrated_from((visit.visit_on for visit in visits), before)
    seen = numbers(known_at_booking(visits))
    fitted_on = np.array([visit.visit_on < start for visit in visits])
    calibrated_on = np.array([start <= visit.visit_on < before for visit in visits])
    labels = missed(visits)
    for part in (fitted_on, calibrated_on):
        if len(set(labels[part])) < 2:
            raise TooFewVisits(
                "Of attended and missed visits there is only one kind to learn from."
            )
    weights = LogisticRegression(C=PENALTY, max_iter=1000).fit(seen[fitted_on], labels[fitted_on])
    scores = weights.decision_function(seen)
    slope, offset = line_of(scores[calibrated_on], labels[calibrated_on])
    used = [visit.visit_on for visit in visits if visit.visit_on < before]
    return Learnt(
        weights=tuple(round(float(weight), 6) for weight in weights.coef_[0]),
        intercept=round(float(weights.intercept_[0]), 6),
        slope=round(slope, 6),
        offset=round(offset, 6),
        where=where,
        first_day=min(used).isoformat(),
        last_day=max(used).isoformat(),
        visit_count=len(used),
    )


def line_of(scores: Floats, labels: Floats) -> tuple[float, float]:
    """Platt's line from scores (log odds) to the log odds that were seen: slope and offset."""
    line = LogisticRegression(C=NO_PENALTY, max_iter=1000).fit(scores.reshape(-1, 1), labels)
    return float(line.coef_[0][0]), float(line.intercept_[0])


def risks(learnt: Learnt, visits: Sequence[Booked]) -> Floats:
    """How likely each visit is missed, as the portal works it out."""
    return np.array([learnt.risk(known) for known in known_at_booking(visits)])
