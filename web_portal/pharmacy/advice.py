"""My pharmacy: what runs out, what to order, to hand over, what expires, and how the pharmacy does; with the rows behind."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, request
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response

from remedy.catalogue.queries import medicine
from remedy.schema.advice import ADVICE_LASTS, FIGURES, LEAST_RISK, LIKELY
from remedy.values import MILLI, amount_of, minor_of
from web_portal import access
from web_portal.access import requires
from web_portal.forms import PLAIN_NUMBER
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy import advice_queries as queries
from web_portal.pharmacy.warned import warned

room = Blueprint("advice", __name__, template_folder="templates", url_prefix="/pharmacy")

SHOWN = 5
"""Rows of each list on the first page; the rest is one click away."""
PAGE, MOST_PAGES = 100, 400
"""Rows of a whole list on one page, and no more pages than this."""

LISTS = ("runs-out", "items", "order", "transfer", "expires", "overstock")
FIGURE_WORDS: dict[str, Any] = {
    "fill_rate": _l("Packs given of packs asked for"),
    "refusals": _l("Requests that could not be met"),
    "out_days": _l("Days with an empty shelf, of all days of all medicines"),
    "forecast_error": _l("How far the forecast was off, of what was asked for"),
}
METHOD_WORDS: dict[str, Any] = {
    "28-day mean": _l("mean of 28 days"),
    "seasonal naive": _l("same weekday as last week"),
    "ridge": _l("regression"),
    "level mix": _l("level times season, mixed"),
    "by class": _l("the best one for each kind of medicine"),
}
DELIVERY_WORDS: dict[str, Any] = {
    "item": _l("from its own deliveries"),
    "pharmacy": _l("from your deliveries"),
    "assumed": _l("assumed"),
}


@room.get("")
@requires("pharmacist")
def page() -> Response:
    """What a pharmacist decides with each morning."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    budget, typed, refusal = _budget()

    def look(connection: Any) -> dict[str, Any]:
        made = queries.made(connection, pharmacy_id)
        return {
            "made": made,
            "anybody": made or queries.made(connection),
            "risky": queries.items(connection, pharmacy_id, at_risk=True, limit=SHOWN),
            "items": queries.items(connection, pharmacy_id, at_risk=False, limit=1),
            "orders": queries.orders(connection, pharmacy_id, budget),
            "unpriced": queries.unpriced(connection, pharmacy_id),
            "given": queries.transfers(connection, pharmacy_id, out=True),
            "taken": queries.transfers(connection, pharmacy_id, out=False),
            "lots": queries.lots(connection, pharmacy_id),
            "overstock": queries.overstock(connection, pharmacy_id),
            "figures": queries.figures(connection, pharmacy_id),
            "warned": warned(connection, pharmacy_id, made.data_until)
            if made and made.data_until
            else None,
        }

    return _render(
        "pharmacy/mine.html",
        422 if refusal else 200,
        typed=typed,
        refusal=refusal,
        **here.read(look),
    )


@room.get("/advice/<what>")
@requires("pharmacist")
def rows(what: str) -> Response:
    """One list in full."""
    if what not in LISTS:
        abort(404)
    here, pharmacy_id = parts(), access.pharmacy_id()
    budget, typed, refusal = _budget()
    number, first = _page()

    def look(connection: Any) -> dict[str, Any]:
        told: dict[str, Any] = {"made": queries.made(connection, pharmacy_id)}
        if what in ("runs-out", "items"):
            told["listed"] = queries.items(
                connection, pharmacy_id, at_risk=what == "runs-out", limit=PAGE, offset=first
            )
        elif what == "order":
            told["listed"] = queries.orders(connection, pharmacy_id, budget)
            told["unpriced"] = queries.unpriced(connection, pharmacy_id)
        elif what == "transfer":
            told["given"] = queries.transfers(connection, pharmacy_id, out=True)
            told["taken"] = queries.transfers(connection, pharmacy_id, out=False)
        elif what == "overstock":
            told["listed"] = queries.overstock(connection, pharmacy_id)
        else:
            told["listed"] = queries.lots(connection, pharmacy_id)
        return told

    return _render(
        "pharmacy/mine_list.html",
        422 if refusal else 200,
        what=what,
        typed=typed,
        refusal=refusal,
        number=number,
        first=first,
        **here.read(look),
    )


@room.get("/figures/<figure>")
@requires("pharmacist")
def figure(figure: str) -> Response:
    """The rows behind a figure."""
    if figure not in FIGURES:
        abort(404)
    here, pharmacy_id = parts(), access.pharmacy_id()
    number, first = _page()
    told, listed, made = here.read(
        lambda c: (
            queries.figures(c, pharmacy_id).get(figure),
            queries.behind(c, pharmacy_id, figure),
            queries.made(c, pharmacy_id),
        )
    )
    return _render(
        "pharmacy/mine_figure.html",
        name=figure,
        figure=told,
        listed=listed,
        made=made,
        number=number,
        first=first,
    )


@room.get("/forecast/<uuid:medicine_id>")
@requires("pharmacist")
def item(medicine_id: UUID) -> Response:
    """A medicine's days: those that were, and those foretold."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    found = here.read(lambda c: medicine(c, medicine_id))
    if found is None:
        abort(404)

    def look(connection: Any) -> dict[str, Any]:
        made = queries.made(connection, pharmacy_id)
        last = made.data_until if made else None
        return {
            "made": made,
            "item": queries.item(connection, pharmacy_id, medicine_id),
            "before": queries.told_before(connection, pharmacy_id, medicine_id),
            "told_from": queries.told_from(connection, pharmacy_id),
            "told": queries.told_days(connection, pharmacy_id, medicine_id),
            "counted": queries.counted_days(connection, pharmacy_id, medicine_id, last)
            if last
            else [],
        }

    return _render("pharmacy/mine_item.html", medicine=found, **here.read(look))


def _render(template: str, status: int = 200, **told: Any) -> Response:
    return render(
        template,
        status,
        about=about,
        amount_of=amount_of,
        percent=percent,
        chance_of=chance_of,
        likely=LIKELY,
        least_risk=LEAST_RISK,
        is_late=is_late,
        figure_words=FIGURE_WORDS,
        method_words=METHOD_WORDS,
        delivery_words=DELIVERY_WORDS,
        shown=SHOWN,
        page_rows=PAGE,
        **told,
    )


def _page() -> tuple[int, int]:
    """Which page of a list is asked for, from 1 on, and how many rows are before it."""
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    return number, (number - 1) * PAGE


def _budget() -> tuple[int | None, str, str]:
    """The money there is for orders, minor units, None: as much as wanted; what was typed; why it cannot be read."""
    typed = request.args.get("budget", "").strip()[:20]
    text = typed.replace(",", ".")
    if not text:
        return None, "", ""
    try:
        budget = minor_of(text if PLAIN_NUMBER.fullmatch(text) else "", parts().region.minor_digits)
    except ValueError:
        budget = -1
    if budget < 0:
        return None, typed, _("Write the budget as a number, such as 250 or 99.50.")
    return budget, typed, ""


def about(quantity_milli: int) -> str:
    """Packs of an estimate: no finer than it is known."""
    packs = quantity_milli / MILLI
    return str(format_decimal(round(packs, 0 if abs(packs) >= 10 else 1), format="#,##0.#"))


def percent(share: float) -> str:
    """A share or chance; never 0 % or 100 % of what is not certain."""
    if 0 < share < 0.01:
        return _("under %(share)s", share=format_percent(0.01))
    if 0.99 < share < 1:
        return _("over %(share)s", share=format_percent(0.99))
    return str(format_percent(share))


def chance_of(share: float) -> str:
    """What a forecast tells is never certain, however near to 0 or 1 it comes."""
    return percent(min(max(share, 0.001), 0.999))


def is_late(made_at: datetime) -> bool:
    """Whether last night's advice did not come."""
    return parts().now() - made_at > ADVICE_LASTS
