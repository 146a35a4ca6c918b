"""What the SMS catcher keeps and shows: each message once, and nothing that writes the page."""

import json
import uuid
from pathlib import Path

from remedy.messages import sms_catcher
from remedy.messages.sms_catcher import Folder
from tests.factories import Watch

ONE = uuid.UUID(int=1)


def test_a_message_said_again_is_kept_once_and_the_newest_is_first(tmp_path: Path) -> None:
    folder = Folder(tmp_path, clock=Watch())
    for message_id in (ONE, uuid.UUID(int=2), ONE):
        folder.keep(message_id, "+39065550101", f"Visit {message_id.int}")
    assert [one["text"] for one in folder.messages()] == ["Visit 2", "Visit 1"]


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path, clock=Watch())
    for number in range(sms_catcher.KEPT + 2):
        folder.keep(uuid.UUID(int=number), "+39065550101", str(number))
    texts = [one["text"] for one in folder.messages()]
    assert (len(texts), texts[-1]) == (sms_catcher.KEPT, "2")


def test_a_message_cannot_write_the_page(tmp_path: Path) -> None:
    folder = Folder(tmp_path, clock=Watch())
    assert "No SMS yet." in sms_catcher._list_page(folder)
    folder.keep(ONE, "+39065550101", "<script>one</script>")
    page = sms_catcher._list_page(folder)
    assert "&lt;script&gt;one" in page
    assert "<script" not in page


def test_what_is_no_message_is_none() -> None:
    whole = {"id": str(ONE), "to": "+39065550101", "text": "Visit"}
    assert sms_catcher._read(json.dumps(whole).encode()) == (ONE, "+39065550101", "Visit")
    for differs in ({"id": "one"}, {"to": "06 5550"}, {"text": " "}, {"to": None}):
        assert sms_catcher._read(json.dumps(whole | differs).encode()) is None
    for body in (b"", b"[]", b"{}", b"\xff"):
        assert sms_catcher._read(body) is None
