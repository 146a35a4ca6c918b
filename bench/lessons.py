"""`./run bench lessons`: what is learned from days of an empty shelf, and whether anything seen before demand leads it.

First, errors of the mean wanted in the next 28 days, on generated items whose shelf is empty on a third of the days and
whose true demand is known: taken as sold, with every cut day left out, as production takes them, and with the whole
truth seen. Second, the ablation of `models.leads` on generated signs with and without a lead, and on the demo town. No
stack and no data are needed.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bench.cut_demand import CutSales, cut_sales
from bench.leads import KINDS, generated, town
from models.baseline import MEAN_28, mean_28
from models.leads import Finding, ablate
from models.mixing import LEVEL_MIX
from models.mixing_past import WaysPast
from models.panel import Panel
from models.regression import RIDGE, Lessons
from models.shelves import Floats

METHODS: Mapping[str, Callable[[Panel], Floats]] = {
    MEAN_28: mean_28,
    RIDGE: lambda panel: Lessons.of(panel).fit(panel.day_count).forecast(panel),
    LEVEL_MIX: lambda panel: WaysPast(panel, panel.day_count - 28).forecast(
        panel.day_count, learned_until=panel.day_count
    ),
}
AS_SOLD, LEFT_OUT, OURS, WHOLE = "as sold", "cut days left out", "as production", "whole truth"
TOLD_SHARES = (0.0, 0.5, 1.0)
ITEMS, DAYS = 200, 500
LONG = 1_100


def measure(arguments: Sequence[str]) -> tuple[dict[str, float], bool]:
    """Print both tables; the figures, and whether shelves are learned from rightly and only planted leads are kept."""
    parser = argparse.ArgumentParser(prog="bench lessons", description=__doc__)
    parser.add_argument("--items", type=int, default=ITEMS)
    asked = parser.parse_args(list(arguments))
    errors = {share: _cut_table(asked.items, share) for share in TOLD_SHARES}
    leads = {kind: _leads_table(kind, *generated(kind)) for kind in KINDS}
    _leads_table(f"season only, {LONG} days", *generated(KINDS[-1], days=LONG))
    in_town = _leads_table("the demo town", *town())
    silent = errors[0.0]
    report = {
        "cut_error_as_sold": silent[AS_SOLD][LEVEL_MIX],
        "cut_error": silent[OURS][LEVEL_MIX],
        "cut_error_whole_truth": silent[WHOLE][LEVEL_MIX],
        "planted_gain": max(found.reported for found in leads["planted"]),
        "unplanted_kept": sum(found.is_kept for found in leads["of themselves"]),
        "town_kept": sum(found.is_kept for found in in_town),
        "town_best_gain": max(found.reported for found in in_town),
    }
    is_met = (
        all(silent[OURS][name] < 0.5 * silent[AS_SOLD][name] for name in METHODS)
        and any(found.is_kept for found in leads["planted"])
        and not report["unplanted_kept"]
        and not report["town_kept"]
    )
    return report, is_met


def _cut_table(items: int, told_share: float) -> dict[str, dict[str, float]]:
    sales = cut_sales(items=items, days=DAYS, told_share=told_share)
    print(
        f"\nShelves empty on {sales.share_cut:.0%} of open days; {told_share:.0%} of who is turned away is told of."
        "\nError of 28-day totals against true demand, and (bias):"
    )
    found: dict[str, dict[str, float]] = {}
    for name, panel in _taken(sales).items():
        found[name] = {}
        line = []
        for method, foretell in METHODS.items():
            off = foretell(panel).sum(axis=1) / 1000 - sales.wanted_ahead.sum(axis=1)
            found[name][method] = float(abs(off).sum() / sales.wanted_ahead.sum())
            line.append(
                f"{method} {found[name][method]:.3f} ({off.sum() / sales.wanted_ahead.sum():+.3f})"
            )
        print(f"  {name:18} {'   '.join(line)}", flush=True)
    return found


def _taken(sales: CutSales) -> dict[str, Panel]:
    ours = sales.panel()
    assert ours.signs is not None
    left_out = replace(ours.signs, is_empty=ours.signs.is_censored)
    return {
        AS_SOLD: sales.panel(knows_shelves=False),
        LEFT_OUT: replace(ours, signs=left_out),
        OURS: ours,
        WHOLE: sales.whole(),
    }


def _leads_table(title: str, panel: Panel, signs: Mapping[str, Floats]) -> list[Finding]:
    found = ablate(panel, signs)
    print(f"\n{title}: {len(panel.items)} groups, {panel.day_count} days")
    for each in found:
        print(
            f"  {each.sign:26} {each.days:2} days: error spared {each.judged:+.1%} where judged"
            f" ({each.sure:+.1f} standard errors), {each.reported:+.1%} later:"
            f" {'kept' if each.is_kept else 'not kept'}",
            flush=True,
        )
    return found
