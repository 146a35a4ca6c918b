"""`python -m bench NAME [OPTIONS]`: run one measurement; its last line is JSON.

A stack of its own is started for it, in a temporary folder and on free ports; one that runs is not touched.
"""

import argparse
import json
import signal
import sys

from bench import (
    chaos,
    dashboards,
    demand,
    forecast,
    freshness,
    lessons,
    live,
    noshow,
    search,
    shortage,
    years,
)
from bench.load import TooBusyError, refuse_when_busy

MEASUREMENTS = {
    "freshness": freshness,
    "chaos": chaos,
    "dashboards": dashboards,
    "demand": demand,
    "forecast": forecast,
    "lessons": lessons,
    "live": live,
    "noshow": noshow,
    "search": search,
    "shortage": shortage,
    "years": years,
}


def main() -> int:
    """Run the named measurement; exit 1 when its figure is not reached, 2 when it cannot be made."""
    # Told to end, it leaves as it came: the stack of its own ends with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(MEASUREMENTS))
    # What follows the name is the measurement's own, its help too.
    parser.add_argument("options", nargs=argparse.REMAINDER, help="see its own --help")
    chosen = parser.parse_args()
    try:
        if not {"-h", "--help"} & set(chosen.options):
            refuse_when_busy()
    except TooBusyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    report, is_met = MEASUREMENTS[chosen.name].measure(chosen.options)
    print(json.dumps(report))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
