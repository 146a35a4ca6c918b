"""The README's pictures, taken from a stack that runs: `python -m bench.screenshots`, into docs/screenshots/.

Signs in as the people of the town that `./run status` names; whoever they are, they are invented.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from bench.drawn import await_drawn, watch
from stack.installation import ROOT, Installation

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESK, TELEPHONE = (1280, 800), (390, 780)
WITHIN_MS = 60_000


@dataclass(frozen=True)
class Shot:
    """A picture: its file, who looks (empty: nobody signed in), where they go, on what."""

    name: str
    role: str
    go: Callable[[Page, Installation], None]
    size: tuple[int, int] = DESK
    scheme: Literal["light", "dark"] = "light"


def _medicine(page: Page, here: Installation) -> None:
    page.goto(f"{here.url('portal')}/?q=paracetamol+500+tablet&district=Harbour")
    page.locator("main .cards a").filter(has_text="(paracetamol)").first.click()
    page.locator(".offer-row").first.wait_for()


def _doctor(page: Page, here: Installation) -> None:
    page.goto(f"{here.url('portal')}/doctors")
    page.locator("main .cards a").first.click()
    page.locator(".slots").first.wait_for()


def _stock(page: Page, here: Installation) -> None:
    page.goto(f"{here.url('portal')}/pharmacy/stock")
    page.locator(".live-state.on").wait_for()


def _queue(page: Page, here: Installation) -> None:
    page.goto(f"{here.url('portal')}/admin/requests")
    page.locator("main h1").wait_for()


def _dashboard(path: str) -> Callable[[Page, Installation], None]:
    def go(page: Page, here: Installation) -> None:
        page.goto(f"{here.url('streamlit')}/{path}")
        await_drawn(page)

    return go


SHOTS = (
    Shot("medicine", "", _medicine),
    Shot("doctor", "patient", _doctor, TELEPHONE, "dark"),
    Shot("stock", "pharmacist", _stock),
    Shot("queue", "admin", _queue),
    Shot("forecast", "admin", _dashboard("forecast")),
    Shot("demand", "admin", _dashboard("")),
)


def main() -> int:
    """Take the wanted pictures (all of them by default); exit 2 when nothing runs."""
    parser = argparse.ArgumentParser(prog="bench.screenshots", description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", choices=[[], *(shot.name for shot in SHOTS)])
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "screenshots")
    chosen = parser.parse_args()
    here = Installation.locate(dict(os.environ))
    if not here.demo_file.exists():
        print("Nothing runs here with a town in it: './run up' first.", file=sys.stderr)
        return 2
    chosen.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        for shot in SHOTS:
            if not chosen.name or shot.name in chosen.name:
                with _page_of(browser, shot, here) as page:
                    shot.go(page, here)
                    path = chosen.to / f"{shot.name}.png"
                    page.screenshot(path=path)
                    print(f"{path}: {path.stat().st_size // 1024} kB")
    return 0


@contextmanager
def _page_of(browser: Browser, shot: Shot, here: Installation) -> Iterator[Page]:
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=shot.scheme,
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.set_default_timeout(WITHIN_MS)
    watch(context)
    page = context.new_page()
    if shot.role:
        people = json.loads(here.demo_file.read_text())
        who = next(person for person in people if person["role"] == shot.role)
        sign_in(page, who, here.url("portal"))
    yield page
    context.close()


def sign_in(page: Page, who: Mapping[str, str], portal: str) -> None:
    """Sign in on the portal at that address as somebody with an `email` and a `password`."""
    page.goto(f"{portal}/sign-in")
    page.get_by_label("E-mail").fill(who["email"])
    page.get_by_label("Password", exact=True).fill(who["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


if __name__ == "__main__":
    sys.exit(main())
