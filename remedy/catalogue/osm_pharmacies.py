"""One pharmacy of a list from OpenStreetMap, with what is odd about it. Pure.

More than a third of them have no name and most no address: such a one is called by its street, or by what is
near, so that a patient can tell it from the others. Nothing is made up: hours that cannot be read are unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remedy.accounts.model import Refused, check_phone
from remedy.catalogue.hours import Hours
from remedy.catalogue.model import distance_km
from remedy.catalogue.osm_hours import week_of

COLUMNS = (
    "osm_id", "name", "operator", "dispensing", "street", "housenumber", "postcode", "city", "phone",
    "opening_hours", "wheelchair", "website", "lat", "lon",
)  # fmt: skip
SOURCE = "openstreetmap"
STREET_NEAR_KM = 1.0
TOWN_NEAR_KM = 4.0
"""How near a street, or a pharmacy that tells its town, must be for a pharmacy to be called by it."""

LENGTHS = {"name": 120, "address": 200, "district": 60}
NO_PLACE = "?"

Doubts = list[tuple[str, str]]


@dataclass(frozen=True)
class Spot:
    """A place in the list that others can be told by: its street (empty where not known) and town."""

    latitude: float
    longitude: float
    street: str
    city: str

    @property
    def words(self) -> str:
        """The place on one line."""
        return ", ".join(part for part in (self.street, self.city) if part)


@dataclass(frozen=True)
class ListedPharmacy:
    """A pharmacy as the list tells it; `hours` is empty where they are not known, `address` where it is not."""

    source_key: str
    name: str
    address: str
    district: str
    phone: str | None
    latitude: float
    longitude: float
    hours: tuple[Hours, ...]


def spot_of(record: Mapping[str, str]) -> Spot | None:
    """Where a record lies, if it names a town: what lies near is told by it."""
    city = _plain(record["city"])
    try:
        latitude, longitude = _point(record)
    except ValueError:
        return None
    return Spot(latitude, longitude, _plain(record["street"]), city) if city else None


def read(record: Mapping[str, str], spots: Sequence[Spot]) -> tuple[ListedPharmacy, Doubts]:
    """The pharmacy of a record, and its doubts; `spots` are the places that are known of the whole list.

    Raises:
        ValueError: with a sentence, if it has no id or no place.
    """
    doubts: Doubts = []
    key = record["osm_id"].strip()
    if not key:
        raise ValueError("It has no OpenStreetMap id.")
    latitude, longitude = _point(record)
    by_distance = sorted(
        (distance_km((latitude, longitude), (spot.latitude, spot.longitude)), spot.words, spot)
        for spot in spots
    ) if spots else []  # fmt: skip
    city = _plain(record["city"])
    if not city and by_distance:
        away, _, nearest = by_distance[0]
        city = nearest.city if away <= TOWN_NEAR_KM else f"Around {nearest.city}"
        doubts.append(("no town, the nearest one taken", f"{nearest.city}, {away:.1f} km away"))
    street = " ".join(
        part for part in (_plain(record["street"]), _plain(record["housenumber"])) if part
    )
    name = _plain(record["name"])
    if not name:
        name = _called(street, [(away, spot) for away, _, spot in by_distance])
        doubts.append(("no name, called by its place", name))
    address = " ".join(
        part for part in (street and f"{street},", _plain(record["postcode"])) if part
    )
    texts = {"name": name, "address": address.rstrip(","), "district": city or NO_PLACE}
    for column, most in LENGTHS.items():
        if len(texts[column]) > most:
            doubts.append((f"{column} longer than {most} letters, cut", texts[column]))
            texts[column] = texts[column][: most - 1] + "…"
    if record["dispensing"].strip() == "no":
        doubts.append(("it sells no prescription medicines", name))
    found = ListedPharmacy(
        source_key=key,
        name=texts["name"],
        address=texts["address"],
        district=texts["district"],
        phone=_phone(record["phone"], doubts),
        latitude=latitude,
        longitude=longitude,
        hours=tuple(_hours(record["opening_hours"], doubts)),
    )
    return found, doubts


def _called(street: str, by_distance: Sequence[tuple[float, Spot]]) -> str:
    if street:
        return f"Pharmacy, {street}"
    for away, spot in by_distance:
        if spot.street and away <= STREET_NEAR_KM:
            return f"Pharmacy near {spot.words}"
    if not by_distance:
        return "Pharmacy without a name"
    away, spot = by_distance[0]
    return f"Pharmacy near {spot.city}" + (f" ({away:.1f} km)" if away > TOWN_NEAR_KM else "")


def _point(record: Mapping[str, str]) -> tuple[float, float]:
    try:
        latitude, longitude = float(record["lat"]), float(record["lon"])
    except ValueError:
        raise ValueError("It has no place on the map.") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("Its place is nowhere on the map.")
    return latitude, longitude


def _phone(written: str, doubts: Doubts) -> str | None:
    phone = _plain(written)
    if not phone:
        return None
    try:
        return check_phone(phone)
    except Refused:
        doubts.append(("telephone number that cannot be one", phone))
        return None


def _hours(written: str, doubts: Doubts) -> list[Hours]:
    text = _plain(written)
    if not text:
        return []
    try:
        return week_of(text)
    except ValueError as problem:
        doubts.append((str(problem).rstrip("."), text))
        return []


def _plain(text: str) -> str:
    return " ".join(text.split())
