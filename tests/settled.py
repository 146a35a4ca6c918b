"""When a page of the portal has settled: nothing its reader asked for is on its way, and the focus has gone where it goes.

A new part of a page is there a moment before the focus moves into it: a key that is pressed in between is lost.
"""

from playwright.sync_api import Page, expect

# What a page asks by itself again and again does not move the focus.
UNDER_WAY = ".htmx-request:not([data-follow]), #main.htmx-swapping, #main.htmx-settling"


def await_settled(page: Page) -> None:
    """Wait until keys arrive where a reader means them to."""
    expect(page.locator(UNDER_WAY)).to_have_count(0)
