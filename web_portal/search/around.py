"""From where somebody searches, and who there keeps the medicine that is meant."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import request

from remedy.catalogue.model import Medicine, Offer
from remedy.catalogue.offers import Offers, offers_near, time_zones
from remedy.catalogue.pharmacies import Near, Point, districts, place_meant
from remedy.catalogue.queries import alternatives
from web_portal.parts import parts

LONGEST_PLACE = 60
PAGE = 10
MOST_PAGES = 500


@dataclass(frozen=True)
class Around:
    """A place as it was typed, and what is near it, the best first: a page of it.

    `having` is how many pharmacies have what is meant, `has_more` whether more of those that keep it come after
    this page. `instead` is what has the same ingredient, strength and form, asked for only where nobody has what is meant.
    """

    districts: dict[str, Point]
    typed: str
    near: Near | None
    offers: list[Offer]
    instead: list[tuple[Medicine, Offers]]
    having: int = 0
    page: int = 1
    has_more: bool = False

    @property
    def district(self) -> str:
        """The district, which is all that is told of where somebody is; empty where it is not known."""
        return self.near.district if self.near else ""


def typed_place() -> str:
    """The place this request names, as it was typed."""
    return request.values.get("district", "").strip()[:LONGEST_PLACE]


def nowhere() -> Around:
    """A place that is not looked up, only kept in the links of what is drawn."""
    return Around({}, typed_place(), None, [], [])


def around(connection: sa.Connection, meant: Medicine | None = None) -> Around:
    """What is near the place this request names."""
    now = parts().now()
    typed = typed_place()
    known = parts().remembered("districts", lambda: districts(connection))
    near = place_meant(connection, typed, known)
    if typed and near is None:
        # Or it has come since.
        known = districts(connection)
        near = place_meant(connection, typed, known)
    point = near.point if near else None
    if meant is None:
        return Around(known, typed, near, [], [])
    page = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    found = _offers(connection, meant, point, page)
    if page > 1 and not found.shown:
        # Beyond the last there is nothing to say; begin again.
        page, found = 1, _offers(connection, meant, point, 1)
    instead = (
        []
        if found.having
        else alternatives(connection, meant, near=point, now=now, zones=_zones(connection))
    )
    has_more = found.keeping > page * PAGE
    return Around(known, typed, near, found.shown, instead, found.having, page, has_more)


def _offers(connection: sa.Connection, meant: Medicine, point: Point | None, page: int) -> Offers:
    return offers_near(
        connection,
        meant.medicine_id,
        near=point,
        now=parts().now(),
        limit=PAGE,
        offset=(page - 1) * PAGE,
        zones=_zones(connection),
    )


def _zones(connection: sa.Connection) -> list[str]:
    return parts().remembered("time zones", lambda: time_zones(connection))
