"""Every page of the dashboards in a real browser, started as the stack starts it: axe-core finds nothing, in both schemes.

What is drawn inside Streamlit's own widgets and cannot be set is listed in `NOT_OURS`, each with its reason.
"""

import hashlib
import os
import shlex
import string
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from bench.drawn import await_drawn, open_drawn, watch
from remedy.schema.people import session
from stack.services import SERVICES
from streamlit_app.app import PAGES
from tests.factories import an_admin
from tests.integration.dashboard_advice import set_advice
from tests.integration.dashboard_counts import count_weeks, import_register, leave_waiting
from tests.integration.dashboard_scene import NOW, set_scene, sign_in
from tests.integration.shown import AXE, COLOURS, WHOLE, report
from tests.integration.test_messages import a_free_port
from tests.integration.visit_scene import set_visits

ROOT = Path(__file__).parents[2]
COOKIE = "farah"
WIDTH, HEIGHT, TALLEST = 1280, 800, 9000
SHADE = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/[0-9]+/)[0] | 0"
ADDRESSES = ("", *(address for _, address, _, _ in PAGES[1:]))
"""The first page is the one Streamlit opens without a name; by its name it says that there is none."""

WITHIN_S = 60
FADED_WITHIN_S = 10

NOT_OURS = (
    # The parts of a date in Streamlit's own field are 18 by 20 pixels; how large they are cannot be set. The calendar
    # that the field opens, with cells large enough, does the same.
    ("target-size", "[data-testid='stDateInput'] [role='spinbutton']"),
    # What explains a button while the pointer rests on it lies in a layer that Streamlit puts beside its landmarks.
    ("region", "#stFloatingOverlayPortal, #stFloatingOverlayPortal *"),
)

RUN_AXE = """async ([wanted, notOurs]) => {
  const found = await axe.run(document, {...wanted, resultTypes: ["violations"]});
  const wrong = [];
  for (const rule of found.violations) for (const node of rule.nodes) {
    const at = document.querySelector(node.target[0]);
    if (notOurs.some(([id, selector]) => id === rule.id && at?.matches(selector))) continue;
    wrong.push(`${rule.id}: ${node.html.slice(0, 160)} ${node.any[0]?.message || rule.help}`);
  }
  return wrong;
}"""

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def address(database_url: str, database: sa.Engine) -> Iterator[str]:
    """Where the dashboards answer, at the time of the scene, on a database with something on every page."""
    with database.begin() as at:
        made = set_scene(at)
        set_visits(at, made)
        count_weeks(at)
        import_register(at)
        leave_waiting(at, made)
        set_advice(at, made)
        sign_in(at, an_admin(at, name="Looks"), COOKIE, NOW)
    (service,) = (one for one in SERVICES if one.name == "streamlit")
    port = a_free_port()
    command = string.Template(
        service.command.replace("streamlit_app/app.py", "tests/integration/dashboards_then.py")
    ).substitute(venv=Path(sys.executable).parent, root=ROOT, port_streamlit=port)
    env = os.environ | {"PYTHONPATH": str(ROOT), "REMEDY_DATABASE_URL": database_url}
    server = subprocess.Popen(shlex.split(command), cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        await_answer(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def await_answer(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            with urlopen(address) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert server.poll() is None, "Streamlit ended"
            assert time.monotonic() < deadline, "Streamlit does not answer"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """An admin's page."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce", locale="en-GB"
    )
    context.add_cookies([{"name": "remedy", "value": COOKIE, "url": address}])
    context.add_init_script(path=AXE)
    watch(context)
    yield context.new_page()
    context.close()


def problems(page: Page) -> list[str]:
    """What axe-core finds on the whole page, however long it is; in the dark scheme, of colours."""
    longest = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": min(longest, TALLEST)})
    await_drawn(page)
    assert not is_dark(page)
    found = _once_faded(page, WHOLE)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{SHADE} < 100")
    await_drawn(page)
    found += [f"dark: {one}" for one in _once_faded(page, COLOURS)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    return found


def _once_faded(page: Page, rules: Mapping[str, object]) -> list[str]:
    """What axe-core finds once the page has taken its colours on: its parts change them one by one, and fade."""
    deadline = time.monotonic() + FADED_WITHIN_S
    found: list[str] = page.evaluate(RUN_AXE, [rules, NOT_OURS])
    while found and time.monotonic() < deadline:
        found = page.evaluate(RUN_AXE, [rules, NOT_OURS])
    return found


def is_dark(page: Page) -> bool:
    return bool(page.evaluate(SHADE) < 100)


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_page_is_fit_for_every_reader(page: Page, address: str, name: str) -> None:
    open_drawn(page, f"{address}/{name}")
    found = problems(page)
    assert not found, report(found)


def test_the_rows_behind_a_tile_are_fit_too(page: Page, address: str) -> None:
    open_drawn(page, f"{address}/imported")
    page.get_by_role("button", name="Rows").first.click()
    page.get_by_role("heading", name="Visits: 21 rows").wait_for()
    found = problems(page)
    assert not found, report(found)


def test_what_cannot_be_read_is_found(page: Page, address: str) -> None:
    """The control: text as pale as Streamlit's own captions were is a problem, in either scheme."""
    open_drawn(page, f"{address}/quality")
    for shade in ("#8a8a8a", "#5a5a5a"):
        page.evaluate("shade => { document.querySelector('h1').style.color = shade }", shade)
        page.evaluate("document.querySelector('h1').style.fontSize = '14px'")
        assert [one.split()[0] for one in problems(page)] == (
            ["color-contrast:"] if shade == "#8a8a8a" else ["dark:"]
        )


def test_who_is_not_signed_in_reads_so(page: Page, address: str, signed_out: None) -> None:
    open_drawn(page, f"{address}/visits")
    assert page.get_by_role("link", name="Sign in on the portal").is_visible()
    found = problems(page)
    assert not found, report(found)


@pytest.fixture
def signed_out(database: sa.Engine) -> Iterator[None]:
    """The admin's session has ended, for one test."""
    mine = session.c.token_sha256 == hashlib.sha256(COOKIE.encode()).digest()

    def ends(ended_at: datetime | None) -> None:
        with database.begin() as at:
            at.execute(session.update().where(mine).values(ended_at=ended_at))

    ends(NOW - timedelta(minutes=1))
    yield
    ends(None)
