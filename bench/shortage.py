"""`./run bench shortage`: are shortages foretold in time, and is less missed and less thrown away by our orders?

On 2,000 generated items over three years (bench/forecast.toml). Alerts of new shortages: every choice made on year two,
reported on year three, beside perfect knowledge of the mean demand and the rule "stock < 14 x 28-day mean". Orders: year
three replayed by ours, by a fixed minimum, by last year's same weeks, and by perfect foresight; and with transfers. No stack.
"""

import argparse
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.shortage_alerts import report, weeks_of
from bench.shortage_decisions import Replays, choose, decide, town
from bench.shortage_items import generate
from bench.shortage_transfers import hand_over

SETTINGS = Path(__file__).with_name("forecast.toml")
LEAST_RECALL, LEAST_PRECISION = 0.8, 0.6


def measure(words: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Both halves, or one of them."""
    parser = argparse.ArgumentParser(prog="bench shortage", description=__doc__)
    parser.add_argument("--only", choices=("alerts", "decisions"), help="measure one half")
    parser.add_argument("--seed", type=int, help="other items than those of the settings")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PART.NAME=VALUE", help="another setting"
    )
    asked = parser.parse_args(words)
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    if asked.seed is not None:
        settings["seed"] = asked.seed
    for change in asked.set:
        where, value = change.split("=", 1)
        part, name = where.split(".", 1)
        settings[part][name] = json.loads(value)
    items = generate(settings)
    found: dict[str, Any] = {"items": len(items.demand), "days": items.demand.shape[1]}
    is_met = True
    if asked.only != "decisions":
        place = town(items, settings, plain=True)
        record = place.run(place.opened(), place.fixed(), items.demand.shape[1])
        two, three = (
            weeks_of(place, record, settings, year, with_perfect=year == 3) for year in (2, 3)
        )
        found |= report(two, three, items.kind, settings)
        is_met = (
            found["recall"] >= LEAST_RECALL
            and found["precision"] >= LEAST_PRECISION
            and found["recall"] > found["rule_recall_same_precision"]
        )
    if asked.only != "alerts":
        replays = Replays(town(items, settings, plain=False), settings)
        way, scale = choose(replays)
        found |= decide(replays, way, scale)
        found |= hand_over(replays, way)
        is_met &= all(
            found[f"{what}_units_ours"] < found[f"{what}_units_{other}"]
            for what in ("short", "expired")
            for other in ("fixed", "last_year")
        )
    return _rounded(found), bool(is_met)


def _rounded(found: Any) -> Any:
    """Plain numbers of four digits, for JSON."""
    if isinstance(found, dict):
        return {name: _rounded(value) for name, value in found.items()}
    return round(float(found), 4) if hasattr(found, "dtype") or isinstance(found, float) else found
