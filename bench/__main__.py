"""`python -m bench NAME [OPTIONS]`: run one measurement; its last line is JSON.

A stack of its own is started for it, in a temporary folder and on free ports; one that runs is not touched.
"""

import argparse
import json
import sys

from bench import chaos, demand, freshness, live, noshow, search, years
from bench.load import TooBusyError, refuse_when_busy

MEASUREMENTS = {
    "freshness": freshness,
    "chaos": chaos,
    "demand": demand,
    "live": live,
    "noshow": noshow,
    "search": search,
    "years": years,
}


def main() -> int:
    """Run the named measurement; exit 1 when its figure is not reached, 2 when it cannot be made."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(MEASUREMENTS))
    chosen, rest = parser.parse_known_args()
    try:
        refuse_when_busy()
    except TooBusyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    report, is_met = MEASUREMENTS[chosen.name].measure(rest)
    print(json.dumps(report))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
