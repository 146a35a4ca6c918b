"""Weekly alerts of new shortages on the generated items: perfect knowledge, ours, and the rule, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.shortage_decisions import Town
from bench.shortage_items import CLASSES, YEAR
from models.inventory_replay import Record
from models.shortage import Flags, Floats, Whole
from models.shortage_alerts import (
    HORIZON,
    Curve,
    Shelf,
    calibration,
    chance_of_shortage,
    judged,
    new_shortage,
    tried_twice,
)
from models.shortage_course import learn

RULE_DAYS = 14


@dataclass(frozen=True)
class Weeks:
    """What each way says at the closings of some days, weeks by items, and what came of it."""

    ours: Floats
    rule: Floats
    perfect: Floats
    happened: Flags


def weeks_of(
    place: Town, record: Record, settings: Mapping[str, Any], year: int, *, with_perfect: bool
) -> Weeks:
    """Alerts of every week of that year whose two weeks lie in it; learned only from days before each."""
    rng = np.random.default_rng([settings["seed"], 2, year])
    seen, is_known = record.seen.astype(float), ~record.is_censored
    every = settings["alerts"]["learn_every_days"]
    rows: dict[str, list[Any]] = {name: [] for name in Weeks.__dataclass_fields__}
    first = (year - 1) * YEAR - 1
    for day in range(first, first + YEAR - HORIZON + 1, 7):
        past = slice(0, day + 1)
        if (day - first) % every == 0:
            level = learn(seen[:, past], is_known[:, past]).level(seen[:, past], is_known[:, past])
        for passed in range(level.day, day + 1):
            level.see(seen[:, passed], is_known[:, passed])
        shelf = _shelf(place, record, day)
        outlook = level.outlook(HORIZON)
        rows["ours"].append(chance_of_shortage(shelf, outlook, rng))
        mean = np.maximum(seen[:, day - 27 : day + 1].mean(axis=1), 1e-9)
        # Least cover first; an item that is out already is no new shortage.
        rows["rule"].append(np.where(shelf.stock > 0, -shelf.stock / mean, -np.inf))
        perfect = _perfect(place, shelf, day, rng) if with_perfect else np.zeros(len(mean))
        rows["perfect"].append(perfect)
        rows["happened"].append(new_shortage(record.stock, day))
    return Weeks(**{name: np.array(values) for name, values in rows.items()})


def _shelf(place: Town, record: Record, day: int) -> Shelf:
    lead = int(place.supply.lead_days[0])
    # Without delays all that comes within the lead time has been ordered by now.
    due = record.received[:, day + 1 : day + 1 + lead]
    return Shelf(record.stock[:, day], due, place.minimum, place.quantity, lead)


def _perfect(place: Town, shelf: Shelf, day: int, rng: np.random.Generator) -> Floats:
    """The chance by the law the demand is drawn from: its mean of each day to come, and its noise."""
    items = place.items
    mean = items.mean[:, day + 1 : day + 1 + HORIZON]
    total = mean.sum(axis=1)
    rows = np.flatnonzero(
        (shelf.stock > 0) & (shelf.stock <= 1.5 * total + 8 * items.size * np.sqrt(total) + 1)
    )

    def courses(some: Whole, draws: int) -> Whole:
        return items.draw(rng, some, np.repeat(mean[some][:, None, :], draws, axis=1))

    return tried_twice(shelf, rows, courses)


def report(two: Weeks, three: Weeks, kind: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Choose on year two, tell year three: prints the tables, returns the figures."""
    aim, wanted = settings["alerts"]["aimed_precision"], settings["alerts"]["precision"]
    _, threshold = Curve.of(two.ours, two.happened).at_precision(aim)
    said = three.ours >= threshold
    precision, recall = judged(said, three.happened)
    perfect, _ = Curve.of(three.perfect, three.happened).at_precision(wanted)
    rule_said = three.rule >= -RULE_DAYS
    rule_precision, rule_recall = judged(rule_said, three.happened)
    rule = Curve.of(three.rule, three.happened)
    rule_same, rule_days = rule.at_precision(precision)
    ours_at_rule, _ = Curve.of(three.ours, three.happened).at_precision(rule_precision)
    share = three.happened.mean()
    print(
        f"\nalerts: {three.happened.size:,} item-weeks of year three, {share:.1%} with a new shortage"
    )
    print(f"threshold {threshold:.3f}, chosen on year two for a precision of {aim:.2f}:")
    print(f"{'':<34}{'precision':>10}{'recall':>8}")
    for name, one, other in (
        ("ours", precision, recall),
        (f"perfect knowledge of the mean, at {wanted}", wanted, perfect),
        (f"the rule, stock < {RULE_DAYS} x mean", rule_precision, rule_recall),
        ("ours at the rule's precision", rule_precision, ours_at_rule),
        (f"the rule at ours (stock < {-rule_days:.1f} x)", precision, rule_same),
    ):
        print(f"{name:<38}{one:>6.3f}{other:>8.3f}")
    by_class = _classes(three, said, kind, wanted)
    print("chance told / seen (item-weeks):")
    steps = calibration(three.ours, three.happened)
    print("  " + "  ".join(f"{told:.2f}/{came:.2f} ({many:,})" for told, came, many in steps))
    return {
        "recall": recall, "precision": precision, "threshold": threshold,
        "rule_recall_same_precision": rule_same, "rule_recall": rule_recall,
        "rule_precision": rule_precision, "ours_recall_at_rule_precision": ours_at_rule,
        "perfect_recall": perfect, "perfect_precision": wanted, "new_shortage_share": share,
        "classes": by_class,
        "calibration_error": sum(abs(a - b) * n for a, b, n in steps) / sum(n for *_, n in steps),
    }  # fmt: skip


def _classes(weeks: Weeks, said: Flags, kind: Any, wanted: float) -> dict[str, Any]:
    print(
        f"{'recall at a precision of 0.6, by class':<38}{'perfect':>9}{'ours':>7}{'rule':>7}  as alerted: p, r"
    )
    found = {}
    for number, name in enumerate(CLASSES):
        of = kind == number
        happened = weeks.happened[:, of]
        at = [
            Curve.of(score[:, of], happened).at_precision(wanted)[0]
            for score in (weeks.perfect, weeks.ours, weeks.rule)
        ]
        precision, recall = judged(said[:, of], happened)
        print(
            f"  {name:<14}({happened.mean():.1%} new shortages)"
            f"{at[0]:>9.3f}{at[1]:>7.3f}{at[2]:>7.3f}  {precision:.3f}, {recall:.3f}"
        )
        found[name] = {
            "share": happened.mean(), "perfect": at[0], "ours": at[1], "rule": at[2],
            "precision": precision, "recall": recall,
        }  # fmt: skip
    return found
