"""Who is asking, and who may: server-side sessions, a policy for every route, and what a form must bring.

A route says `@public`, `@requires(role, …)` or `@keyed` (a till's API key); `check_policies` fails the build
for a route that says nothing. Somebody else's page is 404, not 403: that it exists is nobody's business.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, Request, Response, abort, g, redirect, request, url_for
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers.response import Response as AnyResponse

from remedy.accounts import service as accounts
from remedy.accounts.model import Person
from remedy.schema.people import ROLES
from web_portal.parts import parts

View = TypeVar("View", bound=Callable[..., Any])
POLICY = "policy"
QUIET = "is_quiet"
VISIT_BYTES = 16


@dataclass(frozen=True)
class Policy:
    """Who may call a route: everybody, people signed in with one of `roles`, or tills with a key.

    Of pharmacists, a route `is_for_owners` admits only the owners of their pharmacy.
    """

    kind: str
    roles: frozenset[str] = frozenset()
    is_for_owners: bool = False


PUBLIC = Policy("public")
KEYED = Policy("keyed")


def public(view: View) -> View:
    """Everybody may."""
    return _declare(view, PUBLIC)


def keyed(view: View) -> View:
    """A till may, with its pharmacy's API key; the route itself asks for it."""
    return _declare(view, KEYED)


def requires(*roles: str) -> Callable[[View], View]:
    """People signed in with one of these roles may.

    Raises:
        ValueError: for no role or an unknown one.
    """
    if not roles or not set(roles) <= set(ROLES):
        raise ValueError(f"A policy needs roles among {', '.join(ROLES)}; got {roles}.")
    return lambda view: _declare(view, Policy("session", frozenset(roles)))


def owners_only(view: View) -> View:
    """Pharmacists who are owners of their pharmacy may (docs/decisions/0008-owners.md)."""
    return _declare(view, Policy("session", frozenset({"pharmacist"}), is_for_owners=True))


def quiet(view: View) -> View:
    """The page asks this by itself, again and again: it must not keep a session awake that nobody uses."""
    setattr(view, QUIET, True)
    return view


def _declare(view: View, policy: Policy) -> View:
    setattr(view, POLICY, policy)
    return view


def policy_of(app: Flask, endpoint: str) -> Policy | None:
    """The policy an endpoint declared."""
    return getattr(app.view_functions.get(endpoint), POLICY, None)


def check_policies(app: Flask) -> None:
    """Refuse to build an application with a route that declares no policy.

    Raises:
        LookupError: naming every such route.
    """
    bare = sorted(
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if policy_of(app, rule.endpoint) is None
    )
    if bare:
        raise LookupError(f"Routes without a policy: {', '.join(bare)}; say who may call them.")


def cookie_name(app: Flask, plain: str = "remedy") -> str:
    """The session cookie's name: `__Host-` under https, which a browser then binds to host and path."""
    return f"__Host-{plain}" if app.config["IS_HTTPS"] else plain


def session_token() -> str:
    """The session token the browser sent; empty where it sent none."""
    return request.cookies.get(cookie_name(_app()), "")


def person() -> Person | None:
    """Who is signed in, or None."""
    return g.get("person")


def signed_in() -> Person:
    """Who is signed in, on a route that requires it."""
    found = person()
    if found is None:
        abort(404)
    return found


def patient_id() -> UUID:
    """The patient who is signed in."""
    return _own(signed_in().patient_id)


def pharmacy_id() -> UUID:
    """The pharmacy of the pharmacist who is signed in: the owner in every query of theirs."""
    return _own(signed_in().pharmacy_id)


def _own(public_id: UUID | None) -> UUID:
    if public_id is None:
        abort(404)
    return public_id


def enforce() -> AnyResponse | None:
    """Before each request: find who asks, and refuse where the route's policy does not admit them."""
    policy = policy_of(_app(), request.endpoint or "")
    if request.endpoint in {None, "static"} or policy == KEYED:
        return None
    token = session_token()
    if token:
        g.person = _person_of(token)
    if policy is None or policy.kind != "session":
        return None
    if person() is None:
        return _ask_to_sign_in()
    if signed_in().role not in policy.roles or (policy.is_for_owners and not signed_in().is_owner):
        abort(404)
    return None


def _person_of(token: str) -> Person | None:
    here = parts()
    view = _app().view_functions.get(request.endpoint or "")
    if not getattr(view, QUIET, False):
        return here.change(
            lambda c: accounts.session_person(c, token, clock=here.clock, vault=here.vault)
        )
    with here.engine.connect() as connection:
        # Without the vault: no part of a page says a name, and opening one costs more than all the rest.
        found = accounts.session_person(connection, token, clock=here.clock)
        # What looking would have written down, that the session is in use, is not so.
        connection.rollback()
    return found


def _ask_to_sign_in() -> AnyResponse:
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    address = url_for("accounts.sign_in", next=target)
    if request.headers.get("HX-Request"):
        # htmx would put the sign-in page into the part it asked for; this makes it a page of its own.
        return Response(status=401, headers={"HX-Redirect": url_for("accounts.sign_in")})
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return Response(status=401)
    return redirect(address, 303)


def safe_next(target: str | None) -> str:
    """Where to go after sign-in: a path of ours, or the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    pieces = urlsplit(target)
    clean = target.isprintable() and not pieces.scheme and not pieces.netloc
    return target if clean else "/"


def begin_session(response: AnyResponse, token: str) -> None:
    """Give the browser its session cookie; it ends with the browser, and in the database before that."""
    set_cookie(response, cookie_name(_app()), token)


def end_session(response: AnyResponse) -> None:
    """Take the session cookie back and have the browser forget what it kept.

    But for a pharmacist's tablet: it may hold sales that nobody has been told of yet, and no patient's data.
    """
    delete_cookie(response, cookie_name(_app()))
    who = person()
    keeps_sales = who is not None and who.role == "pharmacist"
    response.headers["Clear-Site-Data"] = '"cache"' if keeps_sales else '"cache", "storage"'


def delete_cookie(response: AnyResponse, name: str) -> None:
    """Take a cookie of ours back."""
    response.delete_cookie(
        name, path="/", httponly=True, samesite="Lax", secure=_app().config["IS_HTTPS"]
    )


def set_cookie(response: AnyResponse, name: str, value: str) -> None:
    """Give the browser a cookie for our pages only, that no script reads and that ends with the browser."""
    response.set_cookie(
        name, value, path="/", httponly=True, samesite="Lax", secure=_app().config["IS_HTTPS"]
    )


def _app() -> Flask:
    from flask import current_app

    return current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy


class FormSecret(dict[str, Any], SessionMixin):
    """What Flask calls the session: here only the secret that flask-wtf compares a form's token with."""

    visit: str | None = None
    """A new visit's name, to be set as a cookie if a form was drawn."""


class FormSecrets(SessionInterface):
    """Derives a form's secret from who asks, so that Flask keeps no session cookie of its own.

    The secret belongs to the session (or, before sign-in, to the visit): a token of another session, or of
    one that has ended, is refused.
    """

    def open_session(self, app: Flask, request: Request) -> FormSecret:
        """The secret of this browser's session or visit."""
        found = FormSecret()
        owner = request.cookies.get(cookie_name(app)) or request.cookies.get(
            cookie_name(app, "remedy-visit")
        )
        if not owner:
            owner = found.visit = secrets.token_hex(VISIT_BYTES)
        found["csrf_token"] = keyed_digest(app.config["SECRET_KEY"], "form", owner)
        return found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Name a new visit in a cookie, but only where a form needs it."""
        if isinstance(session, FormSecret) and session.visit and "csrf_token" in g:
            set_cookie(response, cookie_name(app, "remedy-visit"), session.visit)


def keyed_digest(secret_key: str, purpose: str, text: str) -> str:
    """A digest nobody can make without the installation's key; `purpose` keeps uses apart."""
    return hmac.new(secret_key.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()
