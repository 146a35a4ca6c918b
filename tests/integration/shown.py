"""Pages as a browser shows them, without a server: the application answers the browser's requests by itself.

`shown_to` asks the application as one of the cast; `Screen` shows the answer and says what is wrong with it:
axe-core, width, focus, structure.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page
from playwright.sync_api import Route as Asked
from werkzeug.test import TestResponse

from tests.integration.portal_cast import Cast
from tests.integration.routes import ROUTES, Route
from tests.integration.test_portal_access import address_of

AXE = Path("tests/vendor/axe-core-4.14.1.min.js")
HOST = "http://localhost"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ORDER = ("asha", "chitra", "farah", "ekow", "ben", "dev", None)
WIDE, ZOOMED, NARROW = (1280, 800), (640, 400), (320, 640)
"""Sizes in CSS pixels: a desk, the same at 200 %, a small telephone."""

WHOLE = {"runOnly": {"type": "tag", "values": TAGS}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
TOUCH = {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size"]}}

RUN_AXE = """async options => {
  const found = await axe.run(document, {...options, resultTypes: ["violations", "incomplete"]});
  return found.violations.map(rule => `${rule.id}: ${rule.help} `
    + rule.nodes.slice(0, 3).map(node => node.html.slice(0, 200) + " " + (node.any[0]?.message || "")).join(" | "));
}"""

STRUCTURE = """() => {
  const wrong = [];
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not exactly one h1");
  if (!/^(\\S.*) – Remedy$/.test(document.title)) wrong.push(`the title is "${document.title}"`);
  if (!document.documentElement.lang) wrong.push("no lang");
  if (document.querySelector("[tabindex]:not([tabindex='-1']):not([tabindex='0'])")) wrong.push("tabindex orders keys");
  const problem = document.getElementById("problem");
  if (problem) {
    if (!document.title.startsWith(document.documentElement.lang === "en" ? "Error: " : "")) wrong.push("the title does not begin with Error:");
    if (document.activeElement !== problem) wrong.push("the error summary has no focus");
    for (const link of problem.querySelectorAll("a")) {
      if (!document.querySelector(link.getAttribute("href"))) wrong.push(`${link.getAttribute("href")} leads nowhere`);
    }
  }
  return wrong;
}"""

OVERFLOW = """() => {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  const inside = e => { for (let p = e.parentElement; p; p = p.parentElement) {
    if (["auto", "scroll", "hidden"].includes(getComputedStyle(p).overflowX) && p !== document.body) return true; } return false; };
  return [...document.body.querySelectorAll("*")].filter(e => {
    const box = e.getBoundingClientRect();
    return (box.right > most + 1 || box.left < -1) && box.width && !inside(e);
  }).slice(-3).map(e => `too wide at ${most}: ${e.outerHTML.slice(0, 160)}`);
}"""

# WCAG 2.4.7 and 2.4.11: where the keyboard is can be seen, and nothing lies over it.
FOCUS = """() => {
  const wrong = [], all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  for (const e of document.querySelectorAll(all)) {
    if (e.disabled || !e.getClientRects().length) continue;
    e.focus();
    if (document.activeElement !== e) continue;
    const style = getComputedStyle(e), box = [...e.getClientRects()].at(-1);
    const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!seen) wrong.push(`focus not to be seen: ${e.outerHTML.slice(0, 160)}`);
    // A field taller than the window may be seen in part: the rule is against being hidden entirely.
    const points = [[.5, .5], [.1, .1], [.9, .9]].map(([x, y]) => [box.left + box.width * x, box.top + box.height * y]);
    const tops = points.map(([x, y]) => document.elementFromPoint(x, y));
    if (!tops.some(top => top && (e.contains(top) || top.contains(e) && top.matches("label, a, td, th"))))
      wrong.push(`focus under something: ${e.outerHTML.slice(0, 160)} under ${tops[0]?.outerHTML.slice(0, 80)}`);
  }
  return wrong;
}"""

MIRRORED = """() => {
  const wrong = [], root = document.documentElement;
  if (root.dir !== "rtl" || root.lang !== "ar") wrong.push(`lang ${root.lang}, dir ${root.dir}`);
  if (getComputedStyle(document.body).direction !== "rtl") wrong.push("the body is read from left to right");
  const brand = document.querySelector(".brand").getBoundingClientRect();
  if (brand.left < root.clientWidth / 2) wrong.push("the brand does not stand on the right");
  const words = document.querySelector(".top nav").textContent + document.querySelector(".bottom").textContent;
  if (!/[\u0600-\u06ff]{4}/.test(words)) wrong.push("the words are not in Arabic letters");
  return wrong;
}"""


@dataclass(frozen=True)
class Shown:
    """What the application answered."""

    address: str
    answer: TestResponse

    @property
    def is_page(self) -> bool:
        """Whether it is a whole page: not a file, not the way to another page, not a part for htmx."""
        is_html = self.answer.mimetype == "text/html" and self.answer.status_code != 303
        return is_html and self.answer.text.startswith("<!doctype html>")


@dataclass
class Screen:
    """One page of a browser in which answers are shown; scripts and styles come from the application."""

    browser: Browser
    app: Flask
    shown: Shown | None = None
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = self.browser.new_context(color_scheme="light", reduced_motion="reduce")
        self.context.add_init_script(path=AXE)
        self.page = self.context.new_page()
        self.page.route(f"{HOST}/**", self._answer)
        self.page.on("console", self._heard)
        self._files: dict[str, TestResponse] = {}

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.refused.append(f"the browser refused: {message.text}")

    def _answer(self, route: Asked) -> None:
        pieces = urlsplit(route.request.url)
        if "hx-request" in route.request.headers:
            # A page that follows something asks by itself: nothing has changed.
            route.fulfill(status=204)
            return
        if pieces.path.startswith("/static/"):
            if pieces.path not in self._files:
                self._files[pieces.path] = self.app.test_client().get(pieces.path, buffered=True)
            answer = self._files[pieces.path]
        else:
            assert self.shown is not None
            answer = self.shown.answer
        headers = {name: value for name, value in answer.headers if name != "Set-Cookie"}
        route.fulfill(status=answer.status_code, headers=headers, body=answer.data)

    def problems(self, shown: Shown, *, sizes: Iterable[tuple[int, int]] = (NARROW,)) -> list[str]:
        """Everything that is wrong with it: at a desk in both colours, then at other sizes."""
        self.shown, self.refused = shown, []
        page = self.page
        _size(page, WIDE)
        page.emulate_media(color_scheme="light")
        page.goto(HOST + shown.address, wait_until="load")
        found = [
            *page.evaluate(STRUCTURE),
            *page.evaluate(RUN_AXE, WHOLE),
            *page.evaluate(OVERFLOW),
        ]
        page.keyboard.press("Tab")
        found += page.evaluate(FOCUS)
        page.emulate_media(color_scheme="dark")
        found += [f"dark: {one}" for one in page.evaluate(RUN_AXE, COLOURS)]
        for size in sizes:
            _size(page, size)
            found += [f"at {size[0]}: {one}" for one in page.evaluate(RUN_AXE, TOUCH)]
            found += page.evaluate(OVERFLOW)
            found += [f"at {size[0]}: {one}" for one in page.evaluate(FOCUS)]
        return found + self.refused

    def script_bytes(self) -> int:
        """What the shown page's scripts weigh, compressed as a server would."""
        sources = self.page.eval_on_selector_all("script[src]", "all => all.map(one => one.src)")
        return sum(len(gzip.compress(self._files[urlsplit(one).path].data)) for one in sources)

    def mirrored_problems(self, shown: Shown) -> list[str]:
        """What is wrong with a page that is read from right to left."""
        self.shown, self.refused = shown, []
        page = self.page
        page.goto(HOST + shown.address, wait_until="load")
        found = []
        for size in (WIDE, NARROW):
            _size(page, size)
            found += page.evaluate(OVERFLOW)
        found += page.evaluate(MIRRORED)
        return found + self.refused


def _size(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def of_method(method: str) -> list[object]:
    """The routes of a method, as parameters of a test."""
    return [
        pytest.param(route, id=f"{route.endpoint}-{number}")
        for number, route in enumerate(ROUTES)
        if route.method == method
    ]


def who_may(route: Route) -> list[str | None]:
    """Whose page it is, the likeliest first."""
    return [who for who in ORDER if who in route.may and (not route.owners or who in route.owners)]


def shown_to(cast: Cast, route: Route, who: str | None) -> Shown:
    """What a route answers to somebody; to a form with nothing in it where it takes forms."""
    client = cast.of(who) if who else cast.browser()
    address = address_of(cast, route)
    return Shown(address, client.get(address) if route.method == "GET" else client.post(address))


def report(problems: Iterable[str]) -> str:
    """Problems one on a line."""
    return "\n" + json.dumps(list(problems), indent=1, ensure_ascii=False)
