"""What was mailed in a test: the links people would open."""

import re

from tests.integration.portal_cast import Cast

_LINK = re.compile(r"http://localhost(/[^\s]+)")


def links_to(cast: Cast, email: str) -> list[str]:
    """The paths of all links mailed to that address, in order."""
    return [link for to, _, text in cast.posted if to == email for link in _LINK.findall(text)]


def link_to(cast: Cast, email: str, within: str) -> str:
    """The latest link mailed to that address whose path begins so."""
    found = [link for link in links_to(cast, email) if link.startswith(within)]
    assert found, f"No link to {within} was mailed to {email}."
    return found[-1]
