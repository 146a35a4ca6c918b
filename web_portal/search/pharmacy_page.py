"""A pharmacy as patients look at it: where it is, when it is open, what it has."""

from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, request
from werkzeug.wrappers.response import Response

from remedy.catalogue.model import OnShelf
from remedy.catalogue.pharmacies import Pharmacy, pharmacy_of
from remedy.catalogue.queries import shelf
from web_portal.access import public
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("pharmacies", __name__)

PAGE = 50
MOST_PAGES = 400


@room.get("/pharmacies/<uuid:pharmacy_id>")
@public
def page(pharmacy_id: UUID) -> Response:
    """One pharmacy; one whose licence nobody has looked at has no page."""
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    now = parts().now()

    def look(connection: sa.Connection) -> tuple[Pharmacy | None, list[OnShelf]]:
        # One more than is shown says whether there is another page.
        on_shelf = shelf(
            connection, pharmacy_id, now=now, limit=PAGE + 1, offset=(number - 1) * PAGE
        )
        return pharmacy_of(connection, pharmacy_id), on_shelf

    found, on_shelf = parts().read(look)
    if found is None:
        abort(404)
    return render(
        "search/pharmacy.html",
        pharmacy=found,
        opening=found.opening(now),
        shelf=on_shelf[:PAGE],
        number=number,
        has_more=len(on_shelf) > PAGE,
    )
