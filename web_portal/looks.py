"""What a reader chose in the footer: the language and the colours of pages, in two cookies of their browser."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from babel import Locale
from flask import Blueprint, abort, current_app, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers.response import Response

from web_portal.access import cookie_name, public, safe_next
from web_portal.parts import parts

room = Blueprint("looks", __name__)
LANGUAGE, COLOURS = "remedy-language", "remedy-colours"
KEPT_SECONDS = 365 * 24 * 3600
SCHEMES = ("light", "dark")


def chosen(what: str) -> str:
    """What this browser's cookie says of `LANGUAGE` or `COLOURS`; empty where nothing sensible was chosen."""
    told = request.cookies.get(cookie_name(current_app, what), "")
    return told if what == LANGUAGE or told in SCHEMES else ""


def languages(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Each language's code with its own name for itself."""
    return [(code, _own_name(code)) for code in codes]


@lru_cache(maxsize=64)
def _own_name(code: str) -> str:
    return str(Locale.parse(code).get_display_name(code)).capitalize()


@room.get("/language/<code>")
@public
def language(code: str) -> Response:
    """Write pages in this language from now on."""
    if code not in parts().region.languages:
        abort(404)
    return _remember(LANGUAGE, code)


@room.get("/colours/<name>")
@public
def colours(name: str) -> Response:
    """Draw pages light, dark, or as the device is set."""
    if name not in {*SCHEMES, "device"}:
        abort(404)
    return _remember(COLOURS, "" if name == "device" else name)


def _remember(what: str, value: str) -> Response:
    response = redirect(_page_before(), 303)
    name = cookie_name(current_app, what)
    secure = current_app.config["IS_HTTPS"]
    if value:
        response.set_cookie(
            name,
            value,
            max_age=KEPT_SECONDS,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=secure,
        )
    else:
        response.delete_cookie(name, path="/", httponly=True, samesite="Lax", secure=secure)
    return response


def _page_before() -> str:
    """The page of ours the link stood on, if it can be read again; else the first page.

    From the referrer, not from the link: htmx changes the page around the footer.
    """
    came = urlsplit(request.referrer or "")
    if came.netloc != request.host:
        return "/"
    try:
        current_app.create_url_adapter(request).match(came.path, method="GET")  # type: ignore[union-attr]  # a request has one
    except (HTTPException, RequestRedirect):
        return "/"
    return safe_next(f"{came.path}?{came.query}" if came.query else came.path)
