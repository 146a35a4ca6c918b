"""A pharmacist at the portal without a browser: signs in, reads the stock table, changes a row as its form would."""

import hashlib
import html
import re
import secrets
from dataclasses import dataclass

import requests
import sqlalchemy as sa
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from remedy.schema.people import session as sessions
from remedy.values import uuid7

COOKIE = "remedy"
_ROW = re.compile(r'<tr id="row-([0-9a-f-]{36})" data-seq="(\d+)".*?</tr>', re.DOTALL)
_ON_HAND = re.compile(r'data-cell="on_hand">([^<]*)<')
_ACTION = re.compile(r'<form method="post" action="([^"]+/movements)"')


@dataclass(frozen=True)
class Row:
    """A row of the stock table: where its form goes, its last change, and what it shows."""

    item_id: str
    seq: int
    on_hand: str
    action: str


@dataclass(frozen=True)
class Table:
    """The stock table as it was drawn, at that number of the pharmacy's counter."""

    seq: int
    rows: dict[str, Row]


class Pharmacist:
    """Somebody who is signed in; each call is a request of its own.

    Args:
        portal_url: where the portal is, without a slash at the end.
        token: the session's, or empty.
    """

    def __init__(self, portal_url: str, token: str = "") -> None:
        self.url = portal_url
        self.web = requests.Session()
        # As a browser does: what was only read is asked again where the server closed an idle connection.
        again = HTTPAdapter(max_retries=Retry(total=2, allowed_methods=["GET"]))
        self.web.mount(portal_url, again)
        if token:
            self.web.cookies.set(COOKIE, token)

    @property
    def token(self) -> str:
        """The session's token."""
        return str(self.web.cookies.get(COOKIE) or "")

    def sign_in(self, email: str, password: str) -> None:
        """Sign in by the form.

        Raises:
            AssertionError: if the portal does not let them in.
        """
        form = {"email": email, "password": password, **self._form("/sign-in")}
        self.web.post(self.url + "/sign-in", data=form, timeout=30)
        assert self.token, "The portal did not let the pharmacist in."

    def stock(self, q: str = "") -> Table:
        """The stock table, as htmx is given it."""
        answer = self.web.get(
            self.url + "/pharmacy/stock",
            params={"q": q},
            headers={"HX-Request": "true"},
            timeout=30,
        )
        answer.raise_for_status()
        rows = {}
        for found in _ROW.finditer(answer.text):
            on_hand, action = _ON_HAND.search(found[0]), _ACTION.search(found[0])
            assert on_hand is not None
            assert action is not None
            rows[found[1]] = Row(found[1], int(found[2]), on_hand[1], html.unescape(action[1]))
        drawn_at = re.search(r'data-live data-seq="(\d+)"', answer.text)
        assert drawn_at is not None, "The stock table is empty."
        return Table(int(drawn_at[1]), rows)

    def forms_token(self) -> str:
        """The token that every form of this session carries."""
        return self._form("/pharmacy/stock")["csrf_token"]

    def change(self, row: Row, kind: str, packs: str, *, form_token: str, nonce: str) -> bool:
        """Change a row as its form does; whether the portal took it. Sent again, `nonce` changes nothing."""
        form = {
            "csrf_token": form_token, "nonce": nonce, "kind": kind, "packs": packs, "version": "0",
            "from": "table",
        }  # fmt: skip
        headers = {"HX-Request": "true", "HX-Target": f"row-{row.item_id}"}
        try:
            answer = self.web.post(self.url + row.action, data=form, headers=headers, timeout=20)
        except requests.RequestException:
            return False
        return answer.ok

    def _form(self, path: str) -> dict[str, str]:
        text = self.web.get(self.url + path, timeout=30).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert found is not None, f"{path} has no form."
        return {"csrf_token": found[1], "nonce": secrets.token_hex(8)}


def more_sessions(connection: sa.Connection, token: str, count: int) -> list[str]:
    """Tokens of `count` more sessions like that one: a session may have only so many screens."""
    own = hashlib.sha256(token.encode()).digest()
    row = connection.execute(sa.select(sessions).where(sessions.c.token_sha256 == own)).one()
    tokens = [secrets.token_urlsafe(32) for _ in range(count)]
    for one in tokens:
        digest = hashlib.sha256(one.encode()).digest()
        values = {**row._mapping, "token_sha256": digest, "public_id": uuid7()}
        connection.execute(sa.insert(sessions).values(values))
    return tokens
