"""A mail's way over real sockets: handed over, caught, shown; and what happens when nobody listens."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from remedy.messages.catcher import Catcher
from remedy.messages.service import NotSent, send

pytestmark = pytest.mark.integration


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    made = Catcher(a_free_port(), 0, tmp_path / "mail")
    made.start()
    yield made
    made.stop()


def a_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_mail_that_is_sent_can_be_read_on_the_page(catcher: Catcher) -> None:
    smtp = f"smtp://127.0.0.1:{catcher.smtp_port}"
    send(smtp, "remedy@localhost", "asha@town.example", "Your\nrequest", "Accepted – see you soon.")
    (name,) = catcher.folder.names()
    page = f"http://127.0.0.1:{catcher.web_port}"
    with urlopen(f"{page}/") as answer:
        listed = answer.read().decode()
    with urlopen(f"{page}/mail/{name}") as answer:
        shown = answer.read().decode()
    assert "Your request" in listed
    assert "asha@town.example" in listed
    assert "Accepted – see you soon." in shown
    with pytest.raises(HTTPError) as missing:
        urlopen(f"{page}/mail/none.eml")
    assert missing.value.code == 404
    missing.value.close()


def test_when_nobody_listens_the_error_names_no_one() -> None:
    with pytest.raises(NotSent) as refused:
        send(f"smtp://127.0.0.1:{a_free_port()}", "remedy@localhost", "asha@town.example", "s", "t")
    assert "asha" not in str(refused.value)


@pytest.mark.parametrize("to", ["a@b.example\nBcc: x@y.example", "", "no address <"])
def test_what_is_no_address_is_not_sent(catcher: Catcher, to: str) -> None:
    smtp = f"smtp://127.0.0.1:{catcher.smtp_port}"
    with pytest.raises(NotSent):
        send(smtp, "remedy@localhost", to, "Subject", "Text")
    assert catcher.folder.names() == []


def test_a_password_is_not_told_in_clear(catcher: Catcher) -> None:
    smtp = f"smtp://user:secret@127.0.0.1:{catcher.smtp_port}"
    with pytest.raises(NotSent, match="no encryption"):
        send(smtp, "remedy@localhost", "asha@town.example", "Subject", "Text")
