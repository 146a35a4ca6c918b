"""What a map draws of a district: the outline around its pharmacies. Ours, from nobody's map. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import cos, pi, radians, sin

from remedy.catalogue.model import distance_km

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

AROUND_KM = 0.4
WIDEST_KM = 25.0
"""What is wider is no district that could be drawn, but what lies between others."""

CORNERS = 8
KM_PER_DEGREE = 111.195


def outlines(places: Iterable[tuple[str, Point]]) -> dict[str, list[Point]]:
    """The outline of each district, from (district, where a pharmacy of it is)."""
    found: dict[str, list[Point]] = {}
    for district, point in places:
        found.setdefault(district, []).append(point)
    return {
        district: outline(points)
        for district, points in sorted(found.items())
        if distance_km(_corner(min, points), _corner(max, points)) <= WIDEST_KM
    }


def _corner(which: Callable[[Iterable[float]], float], points: Sequence[Point]) -> Point:
    return which(lat for lat, _ in points), which(lon for _, lon in points)


def outline(points: Sequence[Point]) -> list[Point]:
    """The corners of the narrowest shape without dents that has some ground around every point."""
    return _hull([corner for point in points for corner in _around(point)])


def as_geojson(found: Mapping[str, Sequence[Point]]) -> dict[str, object]:
    """Districts as GeoJSON: longitude first, each ring closed."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": name},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[round(lon, 5), round(lat, 5)] for lat, lon in (*ring, ring[0])]
                    ],
                },
            }
            for name, ring in found.items()
        ],
    }


def _around(point: Point) -> list[Point]:
    latitude, longitude = point
    north = AROUND_KM / KM_PER_DEGREE
    # Degrees of longitude are narrower the farther from the equator; at a pole any will do.
    east = north / max(0.01, cos(radians(latitude)))
    turns = (2 * pi * number / CORNERS for number in range(CORNERS))
    return [(latitude + north * sin(turn), longitude + east * cos(turn)) for turn in turns]


def _hull(points: Sequence[Point]) -> list[Point]:
    ordered = sorted(set(points))
    lower, upper = _half(ordered), _half(list(reversed(ordered)))
    return lower[:-1] + upper[:-1]


def _half(points: Sequence[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in points:
        while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
            kept.pop()
        kept.append(point)
    return kept


def _turn(one: Point, other: Point, third: Point) -> float:
    return (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0])
