"""How journeys register a patient: the one place to change when the pages of registration change."""

import re
import time
import uuid
from typing import Any

import requests
from playwright.sync_api import Page, expect

PASSWORD = "three small umbrellas"
MAIL_WITHIN_S = 60


def register(page: Page, stack: Any, name: str = "Noor") -> str:
    """Register as a new patient, confirm the address by the mailed link, be signed in; the address."""
    email = f"{name.lower()}-{uuid.uuid4().hex[:8]}@town.example"
    page.goto(stack.url("portal") + "/register")
    page.get_by_role("button", name="Start").click()
    for label, answer in (
        ("What is your name?", name),
        ("What is your telephone number?", "+39 06 5550 123"),
        ("What is your e-mail address?", email),
    ):
        page.get_by_label(label).fill(answer)
        page.get_by_role("button", name="Continue").click()
    for label, answer in (("Day", "31"), ("Month", "1"), ("Year", "1980")):
        page.get_by_label(label, exact=True).fill(answer)
    page.get_by_role("button", name="Continue").click()
    # The page before has a button of that name too.
    expect(page.get_by_label("What is your address? (optional)")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.locator("main").get_by_role("button", name="Register").click()
    page.goto(link_in_mail(stack, "/confirm/", email))
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/confirm/" not in url)
    return email


def link_in_mail(stack: Any, path: str, *also: str) -> str:
    """The address with that path in a caught mail that also holds these texts, waited for."""
    deadline = time.monotonic() + MAIL_WITHIN_S
    while time.monotonic() < deadline:
        for mail in caught(stack):
            found = re.search(rf"https?://[^\s\"<]+{re.escape(path)}[\w./-]*", mail)
            if found and all(text in mail for text in also):
                return found.group()
        time.sleep(0.2)
    raise AssertionError(f"No mail with a link to {path} was caught.")


def caught(stack: Any, most: int = 20) -> list[str]:
    """The newest caught mails, as the catcher's pages show them."""
    root = stack.url("mail-web")
    links = re.findall(r'href="([^"]+)"', requests.get(root, timeout=10).text)
    return [
        requests.get(requests.compat.urljoin(root + "/", link), timeout=10).text
        for link in links[:most]
    ]
