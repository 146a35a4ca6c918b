"""What every test shares: closed sockets for unit tests; one real stack and one browser for the others."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_socket

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.running_stack import RunningStack

TESTS = Path(__file__).parent
MARKS = {"integration": pytest.mark.integration, "journeys": pytest.mark.journey}
CHROMIUM = "/usr/bin/chromium"
SHOWN_WITHIN_MS = 20_000
"""How long is waited for what a page shall show, unless a test says more: five seconds, as is usual, are few on a busy machine."""
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LEFT_OUT = pytest.StashKey[dict[str, int]]()
# Tests on real data that have not passed yet.
REAL_DATA_WAITS = pytest.StashKey[set[str]]()
REAL_DATA_COUNT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark by folder; leave out what was not asked for and what has no data, and count it."""
    is_long_wanted = "long" in config.getoption("markexpr")
    left_out: dict[str, list[pytest.Item]] = {"long": [], "realdata": []}
    for item in items:
        ring = item.path.relative_to(TESTS).parts[0]
        if ring in MARKS:
            item.add_marker(MARKS[ring])
        if item.get_closest_marker("long") and not is_long_wanted:
            left_out["long"].append(item)
        elif item.get_closest_marker("realdata") and not os.environ.get("REMEDY_DATA_DIR"):
            left_out["realdata"].append(item)
    gone = {id(item) for some in left_out.values() for item in some}
    config.hook.pytest_deselected(items=[item for item in items if id(item) in gone])
    items[:] = [item for item in items if id(item) not in gone]
    real = {item.nodeid for item in items if item.get_closest_marker("realdata")}
    config.stash[REAL_DATA_WAITS] = real
    config.stash[REAL_DATA_COUNT] = len(real)
    config.stash[LEFT_OUT] = {why: len(some) for why, some in left_out.items()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Remember which tests on real data passed; of one that failed, tell what its browser showed."""
    report = yield
    if report.when == "call" and report.passed and item.get_closest_marker("realdata"):
        item.config.stash[REAL_DATA_WAITS].discard(item.nodeid)
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.when == "call" and report.failed and browser:
        report.sections += _pages_of(browser)
    return report


def _pages_of(browser: "Browser") -> list[tuple[str, str]]:
    """The address and the words of every open page: who reads CI's log has nothing else."""
    shown = []
    for page in [page for context in getattr(browser, "contexts", []) for page in context.pages]:
        try:
            words = page.inner_text("body", timeout=2000)
        except Exception as error:
            # Whatever goes wrong here, the test's own failure is what counts.
            words = f"not readable: {type(error).__name__}"
        shown.append((f"page {page.url}", words[:3000]))
    return shown


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """CI says `REMEDY_TEST_REALDATA=required`: then a run without them is no success."""
    if os.environ.get("REMEDY_TEST_REALDATA") != "required" or exitstatus != 0:
        return
    waits = session.config.stash.get(REAL_DATA_WAITS, set())
    if waits or not session.config.stash.get(REAL_DATA_COUNT, 0):
        names = ", ".join(sorted(waits)) or "there were none"
        print(
            f"\nTests on real data did not run, though REMEDY_TEST_REALDATA says they must: {names}"
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Nothing is left out silently."""
    left_out = config.stash.get(LEFT_OUT, {})
    if left_out.get("long"):
        terminalreporter.write_line(f"{left_out['long']} long tests left out: ./run test long")
    if left_out.get("realdata"):
        terminalreporter.write_line(
            f"{left_out['realdata']} tests on real data left out: set REMEDY_DATA_DIR"
        )


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests reach no network; a socket between threads of one process is none."""
    if request.path.relative_to(TESTS).parts[0] != "unit":
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> "Iterator[RunningStack]":
    """The real stack, started when the first test asks for it."""
    from tests.running_stack import running_stack

    # Files every ten seconds, not every minute: a dozen tests wait for them.
    os.environ.setdefault("AIRFLOW_VAR_REMEDY_FILE_SECONDS", "10")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    context = running_stack()
    # Its start takes minutes: who waits should see what happens.
    with capture.global_and_fixture_disabled():
        running = context.__enter__()
    yield running
    with capture.global_and_fixture_disabled():
        print("\nStopping the stack of the tests.", flush=True)
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Debian's Chromium, headless."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SHOWN_WITHIN_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()
