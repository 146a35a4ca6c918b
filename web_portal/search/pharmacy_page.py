"""A pharmacy as patients look at it: where it is, when it is open, what it has."""

import json
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, request
from werkzeug.wrappers.response import Response

from remedy.catalogue.model import OnShelf
from remedy.catalogue.outlines import as_geojson, outlines
from remedy.catalogue.pharmacies import Listed, Pharmacy, listed, pharmacy_of, places
from remedy.catalogue.queries import shelf
from web_portal.access import public
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.search.around import Around, around

room = Blueprint("pharmacies", __name__)

PAGE = 50
MOST_PAGES = 400
LONGEST_NAME = 120


@room.get("/pharmacies")
@public
def every() -> Response:
    """The pharmacies, by name or the nearest first; open to everybody."""
    q = request.args.get("q", "").strip()[:LONGEST_NAME]
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    now = parts().now()

    def look(connection: sa.Connection) -> tuple[Around, list[Listed]]:
        here = around(connection)
        point = here.near.point if here.near else None
        found = listed(
            connection, named=q, near=point, now=now, limit=PAGE + 1, offset=(number - 1) * PAGE
        )
        return here, found

    near, found = parts().read(look)
    return render(
        "search/pharmacies.html",
        q=q,
        around=near,
        pharmacies=found[:PAGE],
        number=number,
        has_more=len(found) > PAGE,
    )


@room.get("/districts.json")
@public
def districts_geojson() -> Response:
    """The outlines of districts, as a map draws them."""
    text = json.dumps(as_geojson(outlines(parts().read(places))), ensure_ascii=False)
    return make_response(text, 200, {"Content-Type": "application/geo+json"})


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
