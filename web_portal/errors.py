"""What is shown when something cannot be: a sentence, what to do, and for the log a number without values."""

import json
import logging
import secrets
import traceback

import sqlalchemy as sa
from flask import Flask, Response, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException, SecurityError

from web_portal.pages import render

log = logging.getLogger(__name__)


def sentence_of(code: int) -> tuple[str, str]:
    """What a status code means to a reader: what happened, and what to do."""
    known = {
        400: (
            _("This form could not be read"),
            _("It may have been open for too long. Go back, reload the page and send it again."),
        ),
        403: (
            _("You may not do this"),
            _("If you think you should, sign out, and sign in with the account that may."),
        ),
        404: (
            _("There is no such page"),
            _(
                "The address may be mistyped, the page may be gone, or it may belong to somebody else."
                " If it is yours, sign in with the account that made it."
            ),
        ),
        405: (
            _("This page cannot be used that way"),
            _("Go back and use the buttons on the page."),
        ),
        409: (
            _("Somebody else changed this in the meantime"),
            _(
                "Nothing of yours was saved. Go back, reload the page and look before you try again."
            ),
        ),
        413: (
            _("That is too large"),
            _(
                "Nothing was saved. Go back and send less at once: a shorter text or a smaller file."
            ),
        ),
        429: (
            _("That was too often"),
            _("Nothing was changed. Wait a few minutes, then try again."),
        ),
        503: (
            _("This is not available at the moment"),
            _("Nothing was changed. Please try again in a minute."),
        ),
    }
    return known.get(
        code,
        (
            _("Something went wrong"),
            _("Nothing was changed unless you were told so. Please try again."),
        ),
    )


def _page(code: int, reference: str = "") -> Response:
    title, advice = sentence_of(code)
    if request.path.startswith("/api/"):
        response = Response(status=code, mimetype="application/json")
        response.set_data(_as_json(f"{title}. {advice}"))
        return response
    response = render("error.html", code, title=title, advice=advice, reference=reference)
    # A part of a page cannot show what concerns the whole.
    response.headers["HX-Retarget"] = "#main"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _as_json(sentence: str) -> str:
    return json.dumps({"error": sentence}, ensure_ascii=False)


def _refused(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # werkzeug's, as every answer
    return _page(error.code)


def _strange_host(_error: SecurityError) -> Response:
    # No page: its links would be made from the name that cannot be trusted.
    return Response("The portal does not answer under this name.\n", 400, mimetype="text/plain")


def _failed(error: Exception) -> Response:
    reference = secrets.token_hex(4)
    # The type and the places only: messages of a database driver quote values of people.
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    log.error("%s: %s at %s: %s", reference, type(error).__name__, request.endpoint, places)
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError):
        return _page(503, reference)
    return _page(500, reference)


def init_app(app: Flask) -> None:
    """Show our pages for every error; no trace reaches a browser."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(SecurityError, _strange_host)
    app.register_error_handler(Exception, _failed)
