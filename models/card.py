"""The card of a model: what someone should know before relying on it. What it is, how wrong it was, its limits."""

from collections.abc import Iterator, Sequence

from models.baseline import HORIZON, MEAN_28
from models.choice import LEAD_DAYS, SHELF_DAYS, Choice
from models.dataset import Panel
from models.demand_model import DemandModel
from models.evaluation import EARNED, LEAST_CHOSEN, MOST_CHOSEN, Comparison
from models.group_band import GroupBand
from models.mixing import LEVEL_MIX
from models.quantiles import HIGH, LOW
from models.regression import RIDGE
from remedy.values import packs_text

LIMITS = (
    "Days of an empty shelf teach nothing and are not scored; a day in which it ran out counts as at least the usual. "
    "Days after our own warnings are learned from and not scored.",
    "Public holidays are foretold by how often the pharmacy opened on past ones, weekdays its hours leave out as closed; "
    "days off it takes by itself are not known.",
    "An item known for less than 21 days, or of a pharmacy silent for 28, is not foretold. An item that came after the "
    "training is foretold as a new one.",
    "Searches and visits are not used: an ablation on the town's own past found no gain in them (decision 22).",
    "The replayed shop is the same for all methods and is none of the town's: it says which forecast is the better to "
    "order by, not what a pharmacy loses.",
)


def card_of(
    panel: Panel,
    model: DemandModel,
    comparison: Comparison,
    choices: Sequence[Choice],
    groups: GroupBand | None = None,
) -> str:
    """The card, as Markdown."""
    ratio = comparison.relative_error(model.champions)
    measured = "not measured yet" if ratio is None else f"{ratio:.3f} of the 28-day mean's"
    origins = comparison.trial.origins
    chosen = origins.chosen.stop - origins.chosen.start
    lines = [
        "# Demand of the next 28 days, per medicine and pharmacy",
        "",
        f"- Method in use: {model.method}",
        *(f"- Class {kind}: {method}" for kind, method in model.champions.items()),
        f"- Learned from: {len(panel.items)} medicines at pharmacies, {panel.day_count} days, "
        f"{panel.first_day.isoformat()} to {panel.last_day.isoformat()}, sold and refused packs",
        f"- Interval: {LOW:.0%} to {HIGH:.0%} of its own past errors for the same week ahead, moved by how often they held",
        f"- Interval of a day of several items together: {_groups(groups)}",
        f"- Its error of {HORIZON}-day totals, in packs over all items: {measured}",
        "",
        "## How the champions were chosen",
        "",
        _chosen(chosen),
        "",
    ]
    for kind in model.champions:
        own = [choice for choice in choices if choice.kind == kind]
        if own:
            lines += [*_class(kind, own), ""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in LIMITS), ""]
    return "\n".join(lines)


def _groups(groups: GroupBand | None) -> str:
    if groups is None:
        return "their bounds added up; which part of their errors is shared is not known yet"
    held = "" if groups.inside is None else f"; made so before, it held {groups.inside:.0%} of days"
    return f"{groups.shared:.1%} of their errors are taken to be shared{held}"


def _chosen(count: int) -> str:
    if not count:
        return (
            f"The past is too short to choose on: fewer than {LEAST_CHOSEN} weekly origins before as many to report. "
            f"The {MEAN_28} serves every class."
        )
    return (
        f"On {count} weekly origins (of {MOST_CHOSEN} at most) whose windows were over before the first one reported "
        f"below, for each class by itself, by the error of {HORIZON}-day totals: the {LEVEL_MIX} where it was lower than the "
        f"{MEAN_28}'s, the {RIDGE} only with {MOST_CHOSEN} origins and if it was {EARNED:.0%} lower than both. Classes were "
        "fixed before the reported origins."
    )


def _class(kind: str, choices: Sequence[Choice]) -> Iterator[str]:
    """A class's table: errors in multiples of an item's difference from week to week."""
    first = choices[0]
    yield f"## {kind.capitalize()}: {first.series_count} items, {first.origin_count} weekly origins reported"
    yield ""
    if any(choice.is_used and choice.method == MEAN_28 for choice in choices):
        yield f"The {MEAN_28} is the champion: nothing more complicated was shown to be better."
        yield ""
    plain = next((one.total_error for one in choices if one.method == MEAN_28), None)
    yield (
        f"| method | | error of the 28-day total | relative to the {MEAN_28} | 7-day total | RMSSE | pinball loss "
        "| days above their 0.9 | totals above | packs short | packs expired |"
    )
    yield "|---" * 11 + "|"
    for one in choices:
        ratio = one.total_error / plain if one.total_error is not None and plain else None
        figures = (
            one.total_error, ratio, one.week_error, one.rmsse, one.pinball,
        )  # fmt: skip
        shares = (one.above_high, one.total_above_high)
        packs = (one.short_milli, one.expired_milli)
        cells = [
            one.method,
            "in use" if one.is_used else "not used",
            *("-" if figure is None else f"{figure:.3f}" for figure in figures),
            *("-" if share is None else f"{share:.1%}" for share in shares),
            *("-" if milli is None else packs_text(round(milli)) for milli in packs),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield (
        f"Short and expired: packs an item in 28 days of a replayed shop ({LEAD_DAYS} days until a delivery, "
        f"{SHELF_DAYS} until a pack expires)."
    )
