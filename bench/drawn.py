"""When a page of the dashboards is drawn: seen from inside the browser, by the last change of its elements."""

from playwright.sync_api import BrowserContext, Page

WITHIN_MS = 60_000
CALM_MS = 500
"""A page on which nothing changes for so long is drawn."""

# From the navigation on: when an element last changed. A relation of time to the page itself, so that how late the
# measuring program wakes up plays no part.
_WATCH = """(() => {
  window.lastDrawn = 0;
  const seen = () => { window.lastDrawn = performance.now(); };
  new MutationObserver(seen).observe(document, {childList: true, subtree: true, characterData: true});
})()"""

# Streamlit's script has run, nothing stands from the run before, every chart and every table has been drawn.
_DRAWN = """calm => {
  const all = name => [...document.querySelectorAll(name)];
  return document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']")
    && document.querySelector("[data-testid='stMain'] h1")
    && !document.querySelector("[data-stale='true'], [data-testid='stSkeleton']")
    && all("[data-testid='stPlotlyChart']").every(one => one.querySelector(".main-svg"))
    && all("[data-testid='stDataFrame']").every(one => one.querySelector("canvas"))
    && document.getAnimations().every(one => one.playState !== "running")
    && performance.now() - window.lastDrawn > calm;
}"""


def watch(context: BrowserContext) -> None:
    """Have the context's pages keep when they last changed."""
    context.add_init_script(_WATCH)


def open_drawn(page: Page, address: str) -> float:
    """Go there and wait until it is drawn; the milliseconds from the navigation to the last element.

    Raises:
        playwright.sync_api.TimeoutError: when it is not within a minute.
    """
    page.goto(address, wait_until="commit")
    await_drawn(page)
    return float(page.evaluate("window.lastDrawn"))


def await_drawn(page: Page) -> None:
    """Wait until the page that is open is drawn.

    Raises:
        playwright.sync_api.TimeoutError: when it is not within a minute.
    """
    page.wait_for_function(_DRAWN, arg=CALM_MS, timeout=WITHIN_MS, polling=50)
