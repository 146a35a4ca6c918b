"""How good a foretold risk of missed visits is, over all and for groups of people: figures, no opinion."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from models.no_show import Booked, Floats, line_of

TENTHS = 10

CALLED_SHARE = 0.2
"""Of each day's visits, likeliest to be missed first: about what a front desk can telephone."""

SMALLEST_NEIGHBOURHOOD = 300
"""Tested visits below which a neighbourhood's figures are noise."""

AGE_BANDS = ((0, "0-17"), (18, "18-39"), (40, "40-64"), (65, "65 and over"))
AGE_UNKNOWN = "age not known"


@dataclass(frozen=True)
class Scores:
    """Discrimination and calibration of one method.

    `average_precision` of a method that knows nothing is the share of missed visits. `calibration_error` is the mean
    distance between foretold and seen shares over tenths of the visits by risk, `slope` and `offset` the line from
    foretold to seen log odds (1 and 0 are right), None where all risks are equal.
    """

    auc: float
    average_precision: float
    brier: float
    calibration_error: float
    slope: float | None
    offset: float | None

    @classmethod
    def of(cls, risks: Floats, labels: Floats) -> "Scores":
        """Of visits whose outcome is known."""
        line: tuple[float | None, float | None] = (None, None)
        if np.ptp(risks) > 1e-9:
            odds = np.log(np.clip(risks, 1e-6, 1 - 1e-6) / np.clip(1 - risks, 1e-6, 1))
            line = line_of(odds, labels)
        return cls(
            float(roc_auc_score(labels, risks)),
            float(average_precision_score(labels, risks)),
            float(brier_score_loss(labels, risks)),
            calibration_error(risks, labels),
            *line,
        )


def tenths(risks: Floats, labels: Floats) -> list[tuple[float, float, int]]:
    """Foretold share, seen share and number of visits of each tenth by risk."""
    order = np.argsort(risks, kind="stable")
    return [
        (float(risks[part].mean()), float(labels[part].mean()), len(part))
        for part in np.array_split(order, TENTHS)
        if len(part)
    ]


def calibration_error(risks: Floats, labels: Floats) -> float:
    """The mean distance between foretold and seen shares over the tenths."""
    return sum(abs(told - seen) * n for told, seen, n in tenths(risks, labels)) / len(risks)


def called(visits: Sequence[Booked], risks: Floats, share: float = CALLED_SHARE) -> Floats:
    """1 for the visits a day's calls would go to, 0 for the others."""
    of_day: dict[Hashable, list[int]] = defaultdict(list)
    for row, visit in enumerate(visits):
        of_day[visit.visit_on].append(row)
    chosen = np.zeros(len(visits))
    for rows in of_day.values():
        likeliest = sorted(rows, key=lambda row: -risks[row])
        chosen[likeliest[: round(len(rows) * share)]] = 1
    return chosen


@dataclass(frozen=True)
class Group:
    """One group of people in the table of fairness.

    `too_high` is the calibration in the large: foretold share less seen share. `called` is the share of its visits that
    would be called, `right` of these the share that was missed, None where none is called.
    """

    name: str
    visits: int
    missed: float
    too_high: float
    called: float
    right: float | None


def fairness(visits: Sequence[Booked], risks: Floats, labels: Floats) -> dict[str, list[Group]]:
    """The groups by age, sex, and neighbourhood with enough visits."""
    is_called = called(visits, risks)

    def table(names: Iterable[str], least: int = 1) -> list[Group]:
        rows: Mapping[str, list[int]] = _rows_by_name(names)
        return [
            _group(name, np.array(rows[name]), risks, labels, is_called)
            for name in sorted(rows)
            if len(rows[name]) >= least
        ]

    return {
        "age": table(age_band(visit.age) for visit in visits),
        "sex": table(visit.sex for visit in visits),
        "neighbourhood": table(
            (visit.neighbourhood for visit in visits), least=SMALLEST_NEIGHBOURHOOD
        ),
    }


def age_band(age: int | None) -> str:
    """The band an age belongs to."""
    if age is None:
        return AGE_UNKNOWN
    return [name for least, name in AGE_BANDS if age >= least][-1]


def _rows_by_name(names: Iterable[str]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        rows[name].append(row)
    return rows


def _group(name: str, rows: np.ndarray, risks: Floats, labels: Floats, is_called: Floats) -> Group:
    its_called = rows[is_called[rows] == 1]
    return Group(
        name,
        len(rows),
        float(labels[rows].mean()),
        float(risks[rows].mean() - labels[rows].mean()),
        float(is_called[rows].mean()),
        float(labels[its_called].mean()) if len(its_called) else None,
    )
