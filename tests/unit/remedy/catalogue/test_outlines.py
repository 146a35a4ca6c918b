"""Outlines of districts: around every pharmacy, without dents, as GeoJSON."""

from hypothesis import given
from hypothesis import strategies as st

from remedy.catalogue.outlines import as_geojson, outline, outlines

points = st.lists(st.tuples(st.floats(44.5, 45.5), st.floats(7.0, 8.0)), min_size=1, max_size=30)


def turn(a, b, c) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@given(points)
def test_every_pharmacy_lies_within_and_the_outline_has_no_dents(some):
    ring = outline(some)
    assert len(ring) >= 8
    sides = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    for point in some:
        assert all(turn(one, other, point) > -1e-12 for one, other in sides)
    nexts = [*ring[2:], *ring[:2]]
    assert all(
        turn(one, other, third) > 0 for (one, other), third in zip(sides, nexts, strict=True)
    )


def test_districts_are_told_apart_and_rings_are_closed_with_the_longitude_first():
    found = as_geojson(outlines([("Hills", (45.0, 7.0)), ("Harbour", (44.0, 8.0))]))
    names = [one["properties"]["name"] for one in found["features"]]
    assert names == ["Harbour", "Hills"]
    (ring,) = found["features"][0]["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    assert all(7.9 < longitude < 8.1 for longitude, _ in ring)
