"""What a browser is called in the list of devices."""

import pytest

from web_portal.accounts.devices import words

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        (
            f"{MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge, Windows",
        ),
        (
            f"{MOZILLA} (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari, iPhone",
        ),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_device_is_called_by_its_browser_and_system(agent: str, said: str) -> None:
    assert words(agent) == said


def test_nothing_of_the_header_itself_is_kept() -> None:
    assert words("Firefox <script>alert(1)</script> Linux; serial 12345") == "Firefox, Linux"
