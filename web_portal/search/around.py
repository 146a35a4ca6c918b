"""From where somebody searches, and who there keeps the medicine that is meant."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import request

from remedy.catalogue.model import Medicine, Offer
from remedy.catalogue.pharmacies import Near, Point, districts, place_meant
from remedy.catalogue.queries import alternatives, offers
from web_portal.parts import parts

LONGEST_PLACE = 60


@dataclass(frozen=True)
class Around:
    """A place as it was typed, and what is near it, the best first.

    `instead` is what has the same ingredient, strength and form, asked for only where nobody has what is meant.
    """

    districts: dict[str, Point]
    typed: str
    near: Near | None
    offers: list[Offer]
    instead: list[tuple[Medicine, list[Offer]]]

    @property
    def district(self) -> str:
        """The district, which is all that is told of where somebody is; empty where it is not known."""
        return self.near.district if self.near else ""

    @property
    def having(self) -> int:
        """How many pharmacies have it."""
        return sum(offer.has_it for offer in self.offers)


def around(connection: sa.Connection, meant: Medicine | None = None) -> Around:
    """What is near the place this request names."""
    now = parts().now()
    known = districts(connection)
    typed = request.values.get("district", "").strip()[:LONGEST_PLACE]
    near = place_meant(connection, typed, known)
    point = near.point if near else None
    if meant is None:
        return Around(known, typed, near, [], [])
    found = offers(connection, meant.medicine_id, near=point, now=now)
    has_any = any(offer.has_it for offer in found)
    instead = [] if has_any else alternatives(connection, meant, near=point, now=now)
    return Around(known, typed, near, found, instead)
