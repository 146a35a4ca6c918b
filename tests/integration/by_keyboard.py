"""A portal's pages in a real browser, by keyboard alone: Tab leads there, the focus is seen, and axe finds nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.factories import PASSWORD
from tests.integration.portal_cast import Cast
from tests.integration.serving import served
from tests.integration.shown import AXE, RUN_AXE, WHOLE
from tests.settled import await_settled

MOST_TABS = 200
# What has the focus, and whether that can be seen (WCAG 2.4.7).
IS_THERE = "one => one === document.activeElement"
IS_SEEN = "one => { const s = getComputedStyle(one); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; }"


class Keys:
    """Somebody at a keyboard; with or without JavaScript."""

    def __init__(self, page: Page, *, has_script: bool) -> None:
        self.page, self.has_script = page, has_script
        self._axe = Path(AXE).read_text()

    def goto(self, address: str) -> None:
        """Type an address."""
        self.page.goto(address)

    def to(self, goal: Locator) -> None:
        """Press Tab until the goal has the focus, and see that it shows."""
        # The keys of a page behind another one may never arrive.
        self.page.bring_to_front()
        expect(goal).to_be_visible()
        await_settled(self.page)
        handle = goal.element_handle()
        assert handle is not None
        for _ in range(MOST_TABS):
            if handle.evaluate(IS_THERE):
                assert handle.evaluate(IS_SEEN), f"The focus cannot be seen at {goal}."
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {goal}.")

    def press(self, name: str, *, role: str = "button", within: str = "main") -> None:
        """Go to a button or link of that name and press Enter."""
        self.to(self.page.locator(within).get_by_role(role, name=name).first)  # type: ignore[arg-type]
        self.page.keyboard.press("Enter")

    def follow(self, name: str, *, within: str = "main") -> None:
        """Go to a link and follow it."""
        self.press(name, role="link", within=within)

    def write(self, label: str, text: str) -> None:
        """Write into the field of that label, in place of what is there."""
        self.write_in(self.page.locator("main").get_by_label(label, exact=True).first, text)

    def write_in(self, field: Locator, text: str) -> None:
        """Write into a field, in place of what is there."""
        self.to(field)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def date(self, field: Locator, us_date: str) -> None:
        """Write a date as this browser's field takes it: month, day, year."""
        self.to(field)
        self.page.keyboard.type(us_date)

    def tick(self, box: Locator) -> None:
        """Tick a box, or the first choice of a group."""
        self.to(box)
        self.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def choose(self, label: str, option: str) -> None:
        """Choose from a list with the arrows."""
        field = self.page.locator("main").get_by_label(label, exact=True).first
        self.to(field)
        for _ in range(40):
            if field.evaluate("one => one.selectedOptions[0].text") == option:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{option} is not among {label}.")

    def arrives(self, heading: str, *, says: str = "") -> None:
        """A page with that heading is there; the reader is at its beginning, and axe finds nothing on it."""
        page = self.page
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        if says:
            expect(page.locator("main")).to_contain_text(says)
        if self.has_script:
            expect(page.locator("main")).to_be_focused()
        self.looks_right()

    def is_told(self, sentence: str) -> None:
        """A problem is said in a sentence, and the reader is at it."""
        problem = self.page.locator("#problem")
        expect(problem).to_contain_text(sentence)
        assert self.page.title().startswith("Error: ")
        if self.has_script:
            expect(problem).to_be_focused()
        self.looks_right()

    def looks_right(self) -> None:
        """axe finds nothing wrong; it needs scripts, and the page without them is the same."""
        if not self.has_script:
            return
        if not self.page.evaluate("() => !!window.axe"):
            self.page.evaluate(self._axe)
        found = self.page.evaluate(RUN_AXE, WHOLE)
        assert found == [], f"{self.page.url}: {found}"


@contextmanager
def at_keyboards(
    cast: Cast, browser: Browser, *, has_script: bool
) -> Iterator[Callable[[str], Keys]]:
    """keys_of("farah"): that person at a keyboard, signed in by it; each in a browser of their own."""
    contexts = []
    with served(cast.app) as address:

        def keys_of(who: str) -> Keys:
            context = browser.new_context(
                base_url=address,
                java_script_enabled=has_script,
                locale="en-US",
                reduced_motion="reduce",
            )
            context.set_default_timeout(15_000)
            contexts.append(context)
            keys = Keys(context.new_page(), has_script=has_script)
            keys.goto("/sign-in")
            keys.write("E-mail address", cast.emails[who])
            keys.write("Password", PASSWORD)
            keys.page.keyboard.press("Enter")
            expect(keys.page.get_by_role("button", name="Sign out")).to_be_attached()
            return keys

        yield keys_of
        for context in contexts:
            context.close()
