"""`./run bench noshow`: how well it can be foretold whom to call before a visit, and whether fairly.

Learns from the visits before 2016-05-12 of the real appointments in `REMEDY_DATA_DIR` and is tested on those from that
day on, beside the lead time alone and one and the same risk for all. An AUC above 0.75 fails: more than that is not in
what is known at booking, so something has leaked, unless a decision in docs/decisions says why it has not. No stack.
`--keep FILE` writes the model that was measured.
"""

import argparse
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from models import no_show
from models.no_show import Booked, Floats
from models.no_show_evaluation import CALLED_SHARE, Group, Scores, called, fairness, tenths
from remedy.calls.model import NAMES

FILE = Path("no_show") / "appointments_until_2016-05-20.csv"
WHERE = "Vitória, Brazil"
TESTED_FROM = date(2016, 5, 12)
MOST_AUC = 0.75
DECISIONS = Path(__file__).parents[1] / "docs" / "decisions"
EXPLAINED = re.compile(r"An AUC of missed visits up to (0\.\d+) is explained")
LEAD = ("same_day", "lead", "lead_week", "lead_month")
USUAL_AGE = 40
SEED = 20160512


def explained_up_to(decisions: Path) -> float:
    """The highest AUC that a decision says is no leak; without one, 0.75."""
    found = [
        float(said)
        for page in sorted(decisions.glob("*.md"))
        for said in EXPLAINED.findall(page.read_text(encoding="utf-8"))
    ]
    return max([MOST_AUC, *found])


def verdict(ours: Scores, lead_only: Scores, constant: Scores, most_auc: float) -> list[str]:
    """Why the model may not be used; empty if it may."""
    reasons = []
    if ours.auc > most_auc:
        reasons.append(
            f"An AUC of {ours.auc:.3f} is above {most_auc}: look for a leak, or explain it in docs/decisions."
        )
    for name, other in (("one risk for all", constant), ("the lead time alone", lead_only)):
        if ours.brier >= other.brier or ours.average_precision <= other.average_precision:
            reasons.append(f"It does not beat {name}.")
    return reasons


class Methods:
    """What is compared: each learnt from the same visits, and calibrated on the same later days, as ours is."""

    def __init__(self, visits: Sequence[Booked], before: date) -> None:
        self._visits = visits
        self._labels = no_show.missed(visits)
        start = no_show.calibrated_from((visit.visit_on for visit in visits), before)
        self._fitted = np.array([visit.visit_on < start for visit in visits])
        self._kept = np.array([start <= visit.visit_on < before for visit in visits])
        self._numbers = no_show.numbers(no_show.known_at_booking(visits))

    def constant(self) -> Floats:
        """The share of missed visits, for everybody."""
        return np.full(len(self._visits), self._labels[self._fitted | self._kept].mean())

    def line(self, names: Sequence[str], *more: Floats) -> Floats:
        """A logistic regression of some of our features, and of others."""
        columns = [NAMES.index(name) for name in names]
        seen = np.column_stack([self._numbers[:, columns], *more])
        made = LogisticRegression(C=no_show.PENALTY, max_iter=2000)
        made.fit(seen[self._fitted], self._labels[self._fitted])
        return self._calibrated(made.decision_function(seen))

    def trees(self, names: Sequence[str], *more: Floats) -> Floats:
        """Gradient boosting of the same."""
        columns = [NAMES.index(name) for name in names]
        seen = np.column_stack([self._numbers[:, columns], *more])
        made = HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=200,
            random_state=SEED,
        )  # fmt: skip
        made.fit(seen[self._fitted], self._labels[self._fitted])
        return self._calibrated(made.decision_function(seen))

    def _calibrated(self, scores: Floats) -> Floats:
        slope, offset = no_show.line_of(scores[self._kept], self._labels[self._kept])
        risks: Floats = 1 / (1 + np.exp(-(slope * scores + offset)))
        return risks


def measure(words: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Learn, test, and compare."""
    parser = argparse.ArgumentParser(prog="bench noshow", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("REMEDY_DATA_DIR", ""), help="the folder")
    parser.add_argument("--keep", type=Path, help="write the model that was measured to this file")
    asked = parser.parse_args(words)
    if not asked.data:
        parser.error("name the folder of the real data: REMEDY_DATA_DIR, or --data FOLDER")
    read = no_show.read(Path(asked.data) / FILE)
    visits = read.visits
    learnt = no_show.learn(visits, before=TESTED_FROM, where=WHERE)
    print(
        f"{len(visits):,} booked visits; left out: {dict(read.left_out)}; doubted: {dict(read.doubted)};"
        f" learnt from {learnt.visit_count:,} of {learnt.first_day} to {learnt.last_day}"
    )
    told = _told(visits, no_show.risks(learnt, visits))
    is_tested = np.array([visit.visit_on >= TESTED_FROM for visit in visits])
    is_ahead = is_tested & np.array([visit.visit_on > visit.booked_on for visit in visits])
    labels = no_show.missed(visits)
    report: dict[str, Any] = {"visits": len(visits), "tested": int(is_tested.sum())}
    for where, rows in (("all", is_tested), ("booked_ahead", is_ahead)):
        report[where] = _scores(where, told, labels, rows)
    ahead = [visit for visit, is_one in zip(visits, is_ahead, strict=True) if is_one]
    report["fairness"] = {
        method: _fair(method, ahead, told[method][is_ahead], labels[is_ahead])
        for method in ("ours", "with age")
    }
    _tell_calls(ahead, told, is_ahead, labels[is_ahead])
    ours, lead_only, constant = (
        Scores.of(told[name][is_tested], labels[is_tested])
        for name in ("ours", "lead time only", "constant")
    )
    reasons = verdict(ours, lead_only, constant, explained_up_to(DECISIONS))
    for reason in reasons:
        print(reason)
    content = learnt.to_bytes()
    report["sha256"] = hashlib.sha256(content).hexdigest()
    if asked.keep and not reasons:
        asked.keep.write_bytes(content)
    return report, not reasons


def _told(visits: Sequence[Booked], ours: Floats) -> dict[str, Floats]:
    methods = Methods(visits, TESTED_FROM)
    ages = np.array([USUAL_AGE if visit.age is None else visit.age for visit in visits])
    age = np.column_stack([np.minimum(ages, 20) / 20, np.clip(ages - 20, 0, 60) / 60])
    sex = np.array([float(visit.sex == "F") for visit in visits])
    place = _each([visit.neighbourhood for visit in visits])
    return {
        "ours": ours,
        "lead time only": methods.line(LEAD),
        "constant": methods.constant(),
        "with age": methods.line(NAMES, age),
        "with sex": methods.line(NAMES, sex),
        "with neighbourhood": methods.line(NAMES, place),
        "with weekday": methods.line(NAMES, _each([visit.visit_on.weekday() for visit in visits])),
        "boosted trees with age": methods.trees(NAMES, age),
    }


def _each(values: Sequence[Any]) -> Floats:
    """A column for each value that occurs."""
    known = sorted(set(values))
    return np.eye(len(known))[[known.index(value) for value in values]]


def _scores(
    where: str, told: Mapping[str, Floats], labels: Floats, rows: np.ndarray
) -> dict[str, dict[str, float | None]]:
    print(f"\n{where}: {rows.sum():,} tested visits, {labels[rows].mean():.1%} missed")
    print(f"{'':<28}{'AUC':>7}{'AP':>7}{'Brier':>8}{'cal.':>7}{'slope':>7}{'offset':>8}")
    found = {}
    for name, risks in told.items():
        one = Scores.of(risks[rows], labels[rows])
        line = "      -       -" if one.slope is None else f"{one.slope:7.2f}{one.offset:8.2f}"
        print(
            f"{name:<28}{one.auc:7.3f}{one.average_precision:7.3f}{one.brier:8.4f}"
            f"{one.calibration_error:7.3f}{line}"
        )
        found[name] = {
            what: None if value is None else round(value, 4) for what, value in asdict(one).items()
        }
    print("ours by tenths of risk, foretold and seen:")
    pairs = tenths(told["ours"][rows], labels[rows])
    print("  " + "  ".join(f"{foretold:.2f}/{seen:.2f}" for foretold, seen, _ in pairs))
    return found


def _fair(
    method: str, visits: Sequence[Booked], risks: Floats, labels: Floats
) -> dict[str, list[dict[str, object]]]:
    print(f"\nfairness of {method}, visits booked ahead, {CALLED_SHARE:.0%} of each day called:")
    print(f"{'':<24}{'visits':>8}{'missed':>8}{'too high':>10}{'called':>8}{'right':>8}")
    tables = fairness(visits, risks, labels)
    for groups in tables.values():
        for group in groups:
            print(_line(group))
    return {
        what: [
            {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(group).items()}
            for group in groups
        ]
        for what, groups in tables.items()
    }


def _line(group: Group) -> str:
    right = "-" if group.right is None else f"{group.right:.1%}"
    return (
        f"{group.name:<24}{group.visits:>8,}{group.missed:>8.1%}{group.too_high:>+10.1%}"
        f"{group.called:>8.1%}{right:>8}"
    )


def _tell_calls(
    visits: Sequence[Booked], told: Mapping[str, Floats], rows: np.ndarray, labels: Floats
) -> None:
    print(f"\nof {CALLED_SHARE:.0%} of each day's visits booked ahead that are called, missed:")
    for name in ("ours", "lead time only", "with age"):
        chosen = called(visits, told[name][rows]) == 1
        print(f"{name:<28}{labels[chosen].mean():7.1%} (of all: {labels.mean():.1%})")
