"""Whether the machine is quiet enough to measure on."""

import os
import time

import psutil

WATCH_SECONDS = 20
ALLOWED_SHARE = 0.10
"""Of all cores, over the last 20 s (design section 5)."""


class TooBusyError(RuntimeError):
    """Other processes use too much of the machine for a figure to mean anything."""


def refuse_when_busy(*, seconds: float = WATCH_SECONDS) -> float:
    """The share of the cores that others used, in 0..1, printed.

    Raises:
        TooBusyError: if it is more than a tenth; `REMEDY_STACK_BENCH_ANYWAY=1` measures all the same and
            the load is in the output.
    """
    before, start = psutil.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after, passed = psutil.cpu_times(), time.monotonic() - start
    busy = sum(getattr(after, name) - getattr(before, name) for name in ("user", "nice", "system"))
    share = busy / (passed * (os.cpu_count() or 1))
    print(
        f"others used {share:.0%} of the cores in the last {passed:.0f} s, load {os.getloadavg()[0]:.1f}"
    )
    if share > ALLOWED_SHARE and os.environ.get("REMEDY_STACK_BENCH_ANYWAY") != "1":
        raise TooBusyError(
            f"other processes used {share:.0%} of the cores in the last {passed:.0f} s; "
            f"at most {ALLOWED_SHARE:.0%} is allowed. Stop them, or set REMEDY_STACK_BENCH_ANYWAY=1."
        )
    return share
