"""A mail server for one machine: takes every mail, keeps it in a folder, shows it on a small page.

For demonstration and tests; it sends nothing on. Both ports are on loopback only.
"""

import email
import email.policy
import html
import threading
import uuid
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from remedy.small_page import HOST, SmallPage, SmallServer, ending, whole_page

KEPT = 500
"""The oldest mails beyond these are deleted."""

MAIL_AT_MOST = 2 * 1024 * 1024
STYLE = (
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #ccc}dt{font-weight:600}pre{white-space:pre-wrap}"
)


class Folder:
    """Mails as files, one each, named in the order they came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def keep(self, content: bytes) -> None:
        """Write a mail whole, then name it; drop the oldest beyond `KEPT`."""
        with self._lock:
            names = self.names()
            number = int(names[0].split("-")[0]) + 1 if names else 1
            name = f"{number:08d}-{uuid.uuid4().hex[:8]}.eml"
            part = self.path / f".{name}"
            part.write_bytes(content)
            part.chmod(0o600)
            part.rename(self.path / name)
            for old in names[KEPT - 1 :]:
                (self.path / old).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The mails' names, the newest first."""
        return sorted((path.name for path in self.path.glob("[0-9]*.eml")), reverse=True)

    def mail(self, name: str) -> EmailMessage | None:
        """The mail of that name, or None."""
        if name not in self.names():
            return None
        made = email.message_from_bytes(
            (self.path / name).read_bytes(), policy=email.policy.default
        )
        return made if isinstance(made, EmailMessage) else None


class _Keeper:
    """What aiosmtpd calls with each mail."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        self._folder.keep(content)
        return "250 Message kept"


class Catcher:
    """Both servers, running between `start` and `stop`."""

    def __init__(self, smtp_port: int, web_port: int, folder: Path) -> None:
        self.folder = Folder(folder)
        self._mail = Controller(
            _Keeper(self.folder),
            hostname=HOST,
            port=smtp_port,
            data_size_limit=MAIL_AT_MOST,
            ident="Remedy mail catcher",
        )
        self._web = SmallServer(web_port, _page_of(self.folder))

    @property
    def smtp_port(self) -> int:
        """The port mail is taken on."""
        return int(self._mail.port)

    @property
    def web_port(self) -> int:
        """The port the page is on."""
        return self._web.port

    def start(self) -> None:
        """Open both ports."""
        self._mail.start()
        self._web.start()

    def stop(self) -> None:
        """Close both."""
        self._mail.stop()
        self._web.stop()


def run(*, smtp_port: int, web_port: int, folder: Path) -> None:
    """Catch mail until SIGTERM or SIGINT."""
    stop = ending()
    catcher = Catcher(smtp_port, web_port, folder)
    catcher.start()
    print(f"Mail to {HOST}:{smtp_port} is kept; read it at http://{HOST}:{web_port}/", flush=True)
    stop.wait()
    catcher.stop()


def _page_of(folder: Folder) -> type[SmallPage]:
    class Page(SmallPage):
        def do_GET(self) -> None:
            if self.path == "/":
                self.answer(HTTPStatus.OK, _list_page(folder))
                return
            mail = folder.mail(self.path.removeprefix("/mail/"))
            if mail is None:
                self.answer(HTTPStatus.NOT_FOUND, _whole("Not found", "<p>No such mail.</p>"))
            else:
                self.answer(HTTPStatus.OK, _mail_page(mail))

    return Page


def _list_page(folder: Folder) -> str:
    rows = []
    for name in folder.names()[:100]:
        mail = folder.mail(name)
        if mail is not None:
            shown = [html.escape(str(mail[header] or "")) for header in ("Date", "To", "Subject")]
            rows.append(
                f'<tr><td>{shown[0]}<td>{shown[1]}<td><a href="/mail/{html.escape(name)}">'
                f"{shown[2] or 'without subject'}</a>"
            )
    table = (
        "<table><thead><tr><th>Date<th>To<th>Subject<tbody>" + "".join(rows) + "</table>"
        if rows
        else "<p>No mail yet.</p>"
    )
    return _whole("Caught mail", table)


def _mail_page(mail: EmailMessage) -> str:
    headers = "".join(
        f"<dt>{name}<dd>{html.escape(str(mail[name] or ''))}"
        for name in ("From", "To", "Date", "Subject")
    )
    body = mail.get_body(preferencelist=("plain", "html"))
    text = html.escape(body.get_content() if body is not None else "")
    return _whole("Mail", f'<p><a href="/">All mail</a></p><dl>{headers}</dl><pre>{text}</pre>')


def _whole(title: str, content: str) -> str:
    return whole_page(title, content, style=STYLE)
