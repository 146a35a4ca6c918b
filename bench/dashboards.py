"""`./run bench dashboards`: how soon a page of the dashboards is drawn, from the navigation to its last element.

A real browser, signed in as the town's admin, with the files of Streamlit in its cache as any but the first visit has.
Between two looks at the same page lies more time than the dashboards keep an answer for: every page asks the database.
Beside the time is what the server and the browser used of a processor for it: where others load the machine, the time
says as much about them.
"""

import argparse
import os
import statistics
import time

import psutil
from playwright.sync_api import BrowserContext, sync_playwright

from bench.drawn import open_drawn, watch
from bench.own_stack import own_stack
from bench.screenshots import CHROMIUM, DESK, SWITCHES, sign_in
from streamlit_app.app import PAGES
from streamlit_app.data import KEEP_SECONDS

MOST_P95_S = 2.0
"""Design section 5: a Streamlit page p95 <= 2 s."""

Figures = dict[str, dict[str, float]]


def measure(arguments: list[str]) -> tuple[dict[str, object], bool]:
    """Open every page so many times, and compare the 95th of 100 with the figure of design section 5."""
    names = [name for _, name, _, _ in PAGES]
    parser = argparse.ArgumentParser(prog="bench dashboards")
    parser.add_argument("--loads", type=int, default=20)
    parser.add_argument("--page", action="append", choices=names, help="all by default")
    chosen = parser.parse_args(arguments)
    with own_stack() as stack, sync_playwright() as playwright:
        server = stack.process("streamlit")
        assert server is not None, "Streamlit does not run"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        width, height = DESK
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        sign_in(page, stack.running.demo("admin"), stack.url("portal"))
        page.close()
        address = stack.url("streamlit")
        found = look(context, address, server, chosen.page or names, chosen.loads)
        browser.close()
    is_met = all(one["p95_s"] <= MOST_P95_S for one in found.values())
    return {"pages": found, "loads": chosen.loads}, is_met


def look(
    context: BrowserContext, address: str, server: psutil.Process, names: list[str], loads: int
) -> Figures:
    """Open these pages in turn, so many times each, and print it: p50_s, p95_s, and means of a processor's time, by page."""
    watch(context)
    page = context.new_page()
    taken: dict[str, list[float]] = {name: [] for name in names}
    used = {name: [0.0, 0.0] for name in names}
    seen = dict.fromkeys(names, 0.0)
    # The first round fills the browser's cache and is not counted.
    for number in range(loads + 1):
        for name in names:
            time.sleep(max(0.0, seen[name] + KEEP_SECONDS - time.monotonic()))
            before = _cpu(server), _browser_cpu()
            # The first page is the one Streamlit opens without a name.
            of_page = open_drawn(page, f"{address}/{'' if name == PAGES[0][1] else name}")
            seen[name] = time.monotonic()
            print(f"{name}: drawn in {of_page / 1000:.2f} s ({number} of {loads})", flush=True)
            if number:
                taken[name].append(of_page / 1000)
                used[name][0] += _cpu(server) - before[0]
                used[name][1] += _browser_cpu() - before[1]
    found: Figures = {}
    for name, times in taken.items():
        p95 = statistics.quantiles(times, n=20, method="inclusive")[18]
        figures = {
            "p50_s": statistics.median(times),
            "p95_s": p95,
            "server_cpu_s": used[name][0] / loads,
            "browser_cpu_s": used[name][1] / loads,
        }
        found[name] = {key: round(value, 2) for key, value in figures.items()}
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in found[name].items()))
    print(f"load of the machine meanwhile: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")
    return found


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _browser_cpu() -> float:
    """Of all processes of Chromium below this one; one that ends in between is left out."""
    spent = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            if "chromium" in child.name():
                spent += _cpu(child)
        except psutil.NoSuchProcess:
            continue
    return spent
