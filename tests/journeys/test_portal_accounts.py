"""People's own accounts in a browser: registering by keyboard, a forgotten password, and what a mistake looks like."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.newcomer import PASSWORD, link_in_mail, register
from tests.settled import await_settled

pytestmark = pytest.mark.journey

NEW = "four quiet green lamps"
MOST_TABS = 60


FOCUSED = """() => {
  const one = document.activeElement;
  const words = one.labels && one.labels.length ? one.labels[0] : one;
  const looks = getComputedStyle(one);
  const shows = looks.outlineStyle !== "none" || looks.boxShadow !== "none";
  return one === document.body ? ["", false] : [words.textContent.trim(), shows];
}"""


def tab_to(page: Page, words: str) -> None:
    """Go on by Tab alone until what is focused is called that; the focus is always to be seen."""
    await_settled(page)
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        called, shows = page.evaluate(FOCUSED)
        if called == words:
            assert shows, f"Nobody sees that '{words}' has the focus."
            return
    raise AssertionError(f"No Tab leads to '{words}'.")


def type_in(page: Page, label: str, text: str) -> None:
    # The page before may still be going.
    expect(page.get_by_label(label, exact=True)).to_be_visible()
    tab_to(page, label)
    page.keyboard.type(text)


def press(page: Page, words: str) -> None:
    tab_to(page, words)
    page.keyboard.press("Enter")


def sign_in_by_keyboard(page: Page, email: str, password: str) -> None:
    type_in(page, "E-mail address", email)
    type_in(page, "Password", password)
    page.keyboard.press("Enter")


def test_a_forgotten_password_is_replaced_by_keyboard_alone(stack, browser):
    context = browser.new_context()
    page = context.new_page()
    email = register(page, stack, "Pilar")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="I forgot my password")).to_be_visible()
    press(page, "I forgot my password")
    type_in(page, "E-mail address", email)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("If there is an account with this address")
    page.goto(link_in_mail(stack, "/reset/", email))
    type_in(page, "New password", "short")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Error: Choose a new password – Remedy")
    expect(page.locator("#problem")).to_be_focused()
    type_in(page, "New password", NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your new password is set.")
    sign_in_by_keyboard(page, email, PASSWORD)
    expect(page.locator("#problem")).to_be_focused()
    sign_in_by_keyboard(page, email, NEW)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    context.close()


def test_a_forgotten_password_is_replaced_without_javascript(stack, browser):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    email = register(page, stack, "Quentin")
    page.get_by_role("link", name="My account").click()
    expect(page.locator("main")).to_contain_text("This device")
    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_role("link", name="I forgot my password").click()
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send the link").click()
    page.goto(link_in_mail(stack, "/reset/", email))
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(NEW)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="My account")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


def test_registering_by_keyboard_keeps_what_was_typed_and_lets_it_be_changed(stack, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(stack.url("portal") + "/register")
    press(page, "Start")
    type_in(page, "What is your name?", "Rosa")
    page.keyboard.press("Enter")
    type_in(page, "What is your telephone number?", "call me")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Error: What is your telephone number? – Remedy")
    expect(page.locator("#problem")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    number = page.get_by_label("What is your telephone number?")
    expect(number).to_have_value("call me")
    expect(number).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("+39 06 5550 777")
    page.keyboard.press("Enter")
    type_in(page, "What is your e-mail address?", "rosa@town.example")
    page.keyboard.press("Enter")
    for label, typed in (("Day", "29"), ("Month", "2"), ("Year", "1996")):
        type_in(page, label, typed)
    page.keyboard.press("Enter")
    type_in(page, "What is your address? (optional)", "3 Well Street")
    page.keyboard.press("Enter")
    type_in(page, "Choose a password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")
    expect(page.locator("main")).to_contain_text("29 February 1996")
    page.get_by_role("link", name="Change your name").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("What is your name?")).to_have_value("Rosa")
    type_in(page, "What is your name?", " Maria")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Maria")
    context.close()
