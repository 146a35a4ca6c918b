"""An SMS provider for one machine: takes every message, keeps it in a folder, shows it on a small page.

For demonstration and tests; it sends nothing on and refuses to start in production. It speaks as `remedy/gateways/sms.py`
asks. Its port is on loopback only.
"""

import hmac
import html
import json
import re
import threading
import uuid
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from remedy.small_page import SmallPage, SmallServer, ending, whole_page
from remedy.values import Clock

KEPT = 500
"""The oldest messages beyond these are deleted."""

SHOWN = 100
STYLE = (
    "ul{list-style:none;padding:0}li{padding:.6rem 0;border-bottom:1px solid #ccc;overflow-wrap:anywhere}"
    "p{margin:.3rem 0}"
)
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


class Folder:
    """Messages as files, one each, named in the order they came."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()

    def keep(self, message_id: uuid.UUID, to: str, text: str) -> None:
        """Write a message down, once under its id; drop the oldest beyond `KEPT`."""
        with self._lock:
            names = self._names()
            if any(path.stem.endswith(message_id.hex) for path in names):
                return
            number = int(names[0].stem.split("-")[0]) + 1 if names else 1
            path = self._path / f"{number:08d}-{message_id.hex}.json"
            part = path.with_suffix(".part")
            at = self._clock().isoformat(timespec="seconds")
            part.write_text(json.dumps({"at": at, "to": to, "text": text}), encoding="utf-8")
            part.chmod(0o600)
            part.rename(path)
            for old in names[KEPT - 1 :]:
                old.unlink(missing_ok=True)

    def messages(self) -> list[dict[str, str]]:
        """What is kept (at, to, text), the newest first."""
        with self._lock:
            return [json.loads(path.read_text(encoding="utf-8")) for path in self._names()]

    def _names(self) -> list[Path]:
        return sorted(self._path.glob("[0-9]*.json"), reverse=True)


class SmsCatcher(SmallServer):
    """The server, running between `start` and `stop`."""

    def __init__(self, port: int, folder: Path, key: str, *, clock: Clock) -> None:
        self.folder = Folder(folder, clock=clock)
        super().__init__(port, _page_of(self.folder, key))


def run(*, port: int, folder: Path, key: str, clock: Clock) -> None:
    """Catch SMS until SIGTERM or SIGINT."""
    stop = ending()
    catcher = SmsCatcher(port, folder, key, clock=clock)
    catcher.start()
    print(f"SMS are kept and sent to nobody; read them at {catcher.url}/", flush=True)
    stop.wait()
    catcher.stop()


def _page_of(folder: Folder, key: str) -> type[SmallPage]:
    class Page(SmallPage):
        def do_GET(self) -> None:
            if self.path == "/":
                self.answer(HTTPStatus.OK, _list_page(folder))
            else:
                self._json(HTTPStatus.NOT_FOUND, "There is no such page.")

        def do_POST(self) -> None:
            body = self.body()
            if self.path != "/messages":
                self._json(HTTPStatus.NOT_FOUND, "Messages go to /messages.")
            elif not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {key}"):
                self._json(HTTPStatus.UNAUTHORIZED, "The key is missing or wrong.")
            elif (message := _read(body)) is None:
                self._json(HTTPStatus.BAD_REQUEST, "A message has an id, to (E.164) and text.")
            else:
                folder.keep(*message)
                self._json(HTTPStatus.OK, "")

        def _json(self, status: HTTPStatus, error: str) -> None:
            self.answer_json(status, {"error": error} if error else {"state": "taken"})

    return Page


def _read(body: bytes) -> tuple[uuid.UUID, str, str] | None:
    """Id, number and text of a message; None where it is none."""
    try:
        told = json.loads(body)
        message_id, to, text = uuid.UUID(str(told["id"])), str(told["to"]), str(told["text"])
    except (ValueError, TypeError, KeyError):
        return None
    return (message_id, to, text) if _NUMBER.fullmatch(to) and text.strip() else None


def _list_page(folder: Folder) -> str:
    found = "".join(
        f"<li><strong>{html.escape(one['to'])}</strong>, {html.escape(_when(one['at']))} UTC"
        f"<p>{html.escape(one['text'])}</p>"
        for one in folder.messages()[:SHOWN]
    )
    shown = f"<ul>{found}</ul>" if found else "<p>No SMS yet.</p>"
    return whole_page("Caught SMS", shown, style=STYLE)


def _when(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}"
