"""A payment provider for one machine: a real server that takes paper money, so that paying online can be tried.

For demonstration and tests; it moves nothing and refuses to start in production. It speaks as
`provider.py` asks, tells the portal by a signed call that is tried again until it is heard, and keeps
each payment as a file. Its port is on loopback only.
"""

import html
import json
import re
import threading
import urllib.error
import urllib.request
import uuid
from http import HTTPStatus
from pathlib import Path
from typing import Any

from remedy.orders.payments import is_signed
from remedy.orders.provider import HEADER, signed
from remedy.small_page import SmallPage, SmallServer, ending, whole_page
from remedy.values import Clock, money_text

TELL_AGAIN_SECONDS = 5.0
_REF = re.compile(r"/pay/(pm_[0-9a-f]{32})")


class Desk:
    """Payments as files, one each, and the telling of those that were made."""

    def __init__(self, folder: Path, key: str, *, clock: Clock) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._key = key
        self._clock = clock
        self._lock = threading.Lock()

    def is_ours(self, header: str, body: bytes) -> bool:
        """Whether the portal signed it."""
        return is_signed(self._key, header, body, now=self._clock())

    def create(self, told: dict[str, Any]) -> str:
        """Begin a payment, or find the one begun under its id; its name here."""
        ref = f"pm_{uuid.UUID(told['id']).hex}"
        with self._lock:
            if self.payment(ref) is None:
                kept = ("id", "amount_minor", "currency", "return_url", "webhook_url")
                self._keep(ref, {**{name: told[name] for name in kept}, "state": "open"})
        return ref

    def payment(self, ref: str) -> dict[str, Any] | None:
        """What is kept of a payment."""
        path = self._folder / f"{ref}.json"
        if not path.exists():
            return None
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept

    def pay(self, ref: str) -> None:
        """Take the money, once; the portal is told soon."""
        self._become(ref, {"open"}, "paid")

    def refund(self, ref: str) -> bool:
        """Give it back, once; whether it is given back."""
        self._become(ref, {"paid", "told"}, "refunded")
        found = self.payment(ref)
        return found is not None and found["state"] == "refunded"

    def tell(self) -> int:
        """Tell the portal of what was paid and not heard yet; how many it heard."""
        heard = 0
        for path in sorted(self._folder.glob("pm_*.json")):
            found = self.payment(path.stem)
            if found is not None and found["state"] == "paid" and self._is_heard(path.stem, found):
                self._become(path.stem, {"paid"}, "told")
                heard += 1
        return heard

    def _become(self, ref: str, origins: set[str], state: str) -> None:
        with self._lock:
            found = self.payment(ref)
            if found is not None and found["state"] in origins:
                self._keep(ref, {**found, "state": state})

    def _keep(self, ref: str, payment: dict[str, Any]) -> None:
        part = self._folder / f".{ref}"
        part.write_text(json.dumps(payment), encoding="utf-8")
        part.rename(self._folder / f"{ref}.json")

    def _is_heard(self, ref: str, found: dict[str, Any]) -> bool:
        told = {name: found[name] for name in ("id", "amount_minor", "currency")}
        body = json.dumps({**told, "ref": ref, "state": "paid"}).encode()
        request = urllib.request.Request(  # noqa: S310 - the portal's own address, signed by it
            found["webhook_url"],
            body,
            {
                "Content-Type": "application/json",
                HEADER: signed(self._key, body, self._clock()),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return bool(answer.status == HTTPStatus.OK)
        except (OSError, urllib.error.URLError):
            return False


class PaperMoney(SmallServer):
    """The server, running between `start` and `stop`."""

    def __init__(self, port: int, folder: Path, key: str, *, clock: Clock) -> None:
        self.desk = Desk(folder, key, clock=clock)
        super().__init__(port, _page_of(self.desk, self))
        self._stop = threading.Event()
        self.tell_soon = threading.Event()

    def start(self) -> None:
        """Open the port, and begin to tell."""
        super().start()
        threading.Thread(target=self._tell, name="tell", daemon=True).start()

    def stop(self) -> None:
        """Close it."""
        self._stop.set()
        self.tell_soon.set()
        super().stop()

    def _tell(self) -> None:
        while not self._stop.is_set():
            self.desk.tell()
            self.tell_soon.wait(TELL_AGAIN_SECONDS)
            self.tell_soon.clear()


def run(*, port: int, folder: Path, key: str, clock: Clock) -> None:
    """Take paper money until SIGTERM or SIGINT."""
    stop = ending()
    server = PaperMoney(port, folder, key, clock=clock)
    server.start()
    print(f"A payment provider that takes no money answers at {server.url}", flush=True)
    stop.wait()
    server.stop()


def _page_of(desk: Desk, server: PaperMoney) -> type[SmallPage]:
    class Page(SmallPage):
        def do_GET(self) -> None:
            if self.path == "/":
                self.answer(HTTPStatus.OK, _whole("Payments", "<p>Nothing to pay here.</p>"))
                return
            found = self._payment()
            if found is not None:
                self.answer(HTTPStatus.OK, _pay_page(found))

        def do_POST(self) -> None:
            body = self.body()
            if self.path in {"/payments", "/refunds"}:
                self._told(body)
                return
            found = self._payment()
            if found is None:
                return
            desk.pay(found["ref"])
            # Before the patient is back, the portal should know; if it does not hear, it is told again.
            desk.tell()
            server.tell_soon.set()
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", found["return_url"])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _told(self, body: bytes) -> None:
            if not desk.is_ours(self.headers.get(HEADER, ""), body):
                self.answer_json(
                    HTTPStatus.UNAUTHORIZED, {"error": "The signature is missing or wrong."}
                )
                return
            told = json.loads(body)
            if self.path == "/payments":
                ref = desk.create(told)
                self.answer_json(HTTPStatus.OK, {"ref": ref, "address": f"{server.url}/pay/{ref}"})
            else:
                is_back = desk.refund(str(told.get("ref")))
                self.answer_json(HTTPStatus.OK, {"state": "refunded" if is_back else "refused"})

        def _payment(self) -> dict[str, Any] | None:
            named = _REF.fullmatch(self.path)
            found = desk.payment(named[1]) if named else None
            if found is None or named is None:
                self.answer(HTTPStatus.NOT_FOUND, _whole("Not found", "<p>No such payment.</p>"))
                return None
            return {**found, "ref": named[1]}

    return Page


def _pay_page(found: dict[str, Any]) -> str:
    amount = html.escape(money_text(found["amount_minor"], found["currency"]))
    back = f'<p><a href="{html.escape(found["return_url"])}">Back to your order</a></p>'
    if found["state"] != "open":
        return _whole("Payment", f"<p>{amount}: this is paid, or was given back.</p>{back}")
    return _whole(
        "Payment",
        f"<p>This is a test provider: it takes no money.</p><p><strong>{amount}</strong></p>"
        f'<form method="post"><button type="submit">Pay {amount}</button></form>{back}',
    )


def _whole(title: str, content: str) -> str:
    style = "body{font-size:1.1rem;max-width:30rem}button{font:inherit;padding:.6rem 1.2rem}"
    return whole_page(title, content, style=style)
