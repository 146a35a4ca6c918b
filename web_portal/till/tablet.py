"""The till of a tablet: a page that sells without a line and sends later, in order and once.

The page keeps what was sold in the browser, each sale under a name of its own, and hands it in when the line is back; a name
that was told before is answered as a repeat, so that sending again is safe. A service worker keeps the page itself, so
that the tablet may be switched off and on without a line.
"""

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from remedy.stock.own_codes import own_meanings
from remedy.stock.queries import stock_rows
from remedy.stock.service import record_movements
from remedy.values import packs_text
from web_portal import access
from web_portal.access import public, quiet, requires
from web_portal.headers import content_policy
from web_portal.pages import STATIC, money, render
from web_portal.parts import parts
from web_portal.till import lines
from web_portal.till.lines import BadRequest
from web_portal.translations.core_sentences import said

room = Blueprint("tablet", __name__, url_prefix="/pharmacy", template_folder="templates")

MOST_BYTES = 300_000
WORKER = STATIC / "till-worker.js"


@room.get("/till")
@requires("pharmacist")
def page() -> Response:
    """The till; what it sells from is fetched and kept by its script."""
    response = render("till/tablet.html", words=json.dumps(_words(), ensure_ascii=False))
    # As every page's, and one file of ours may keep this page for when there is no line.
    response.headers["Content-Security-Policy"] = f"{content_policy()}; worker-src 'self'"
    return response


@room.get("/till-worker.js")
@public
def worker() -> Response:
    """What keeps the page: it lies here because it may answer only for addresses that begin as its folder does."""
    return Response(WORKER.read_bytes(), mimetype="text/javascript")


@room.get("/till/state")
@requires("pharmacist")
@quiet
def state() -> Response:
    """Whose till this is, what the pharmacy keeps, and what a sending must show."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    rows = here.read(lambda c: stock_rows(c, pharmacy_id, now=here.now()))
    own: dict[UUID, list[str]] = {}
    for gtin, medicine_id in here.read(lambda c: own_meanings(c, pharmacy_id)).items():
        own.setdefault(medicine_id, []).append(gtin)
    return _json(
        {
            "pharmacy_id": str(pharmacy_id),
            "csrf_token": generate_csrf(),
            "now": here.now().isoformat(),
            "medicines": [
                {
                    "id": str(row.medicine_id),
                    "label": row.label,
                    "codes": [
                        code
                        for code in (
                            row.code,
                            row.code.partition(":")[2],
                            row.gtin or "",
                            *own.get(row.medicine_id, []),
                        )
                        if code
                    ],
                    "price": money(row.price_minor),
                    "available": packs_text(row.available_milli),
                }
                for row in rows
            ],
        }
    )


@room.post("/till/lines")
@requires("pharmacist")
def send() -> Response:
    """Record what a tablet sold, in its order; each line has its answer, and may be sent again."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    account_id = access.signed_in().account_id
    request.max_content_length = MOST_BYTES
    try:
        body = request.get_data(cache=False)
        raw = lines.lines_of(body)
    except BadRequest as problem:
        return _json({"error": str(problem)}, 400)
    if json.loads(body).get("pharmacy_id") != str(pharmacy_id):
        return _json(
            {"error": _("These sales are another pharmacy's: sign in there to send them.")}, 409
        )

    def change(connection: sa.Connection) -> list[dict[str, Any]]:
        told = [lines.read_sale(line) for line in raw]
        readable = [one.line for one in told if one.line is not None]
        became = iter(
            record_movements(
                connection, pharmacy_id, readable, account_id=account_id, clock=here.clock
            )
        )
        return [lines.answer(one, next(became) if one.line else None) for one in told]

    answers = here.change(change)
    for one in answers:
        if "error" in one:
            one["error"] = str(said(one["error"]))
    return _json({"lines": answers})


def _json(told: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status=status, mimetype="application/json")


def _words() -> dict[str, str]:
    """What the script says."""
    return {
        "online": _("The line is there. Sales are sent at once."),
        "offline": _("There is no line. Sales are kept on this tablet and sent later."),
        "signedOut": _("You are signed out. Sales are kept on this tablet: sign in to send them."),
        "foreign": _("Sales of another pharmacy wait on this tablet: sign in there to send them."),
        "nothing": _("The stock of this pharmacy has not been fetched yet: wait for the line."),
        "signIn": _("Sign in"),
        "signInAddress": url_for("accounts.sign_in", next=url_for("tablet.page")),
        "unknown": _("No medicine of this pharmacy has that name or code."),
        "choose": _("Choose a medicine first."),
        "amount": _("Write the packs as a number, such as 1 or 0.5."),
        "sold": _("Sold: {what}"),
        "takeBack": _("Take back"),
        "seen": _("I have seen it"),
        "available": _("{packs} there when last asked"),
        "uncovered": _("{packs} of it were not in the stock: count this medicine."),
        "repeated": _("It was there already."),
        "refused": _("Not accepted: {why}"),
        "full": _("This tablet could not keep the sale: write it down, and free some space."),
    }
