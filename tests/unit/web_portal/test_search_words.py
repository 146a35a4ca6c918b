"""How the search pages say what they know: stock, opening, the week, the way there."""

from datetime import time, timedelta

import pytest
from flask import Flask

from remedy.catalogue.hours import Hours, Opening
from tests.factories import A_MONDAY
from tests.unit.web_portal.settings import an_app
from web_portal.search import words

ROME = "Europe/Rome"


@pytest.fixture(scope="module")
def app() -> Flask:
    return an_app()


@pytest.mark.parametrize(
    ("milli", "is_doubtful", "said", "tag"),
    [
        (0, False, "Out of stock", "tag-out"),
        (4500, False, "Low (4.5)", "tag-low"),
        (5000, False, "In stock (5)", "tag-in"),
        (5000, True, "Ask the pharmacy", "tag-low"),
        (0, True, "Ask the pharmacy", "tag-low"),
    ],
)
def test_availability_is_said_in_words(
    app: Flask, milli: int, is_doubtful: bool, said: str, tag: str
) -> None:
    with app.test_request_context():
        assert words.availability(milli, is_doubtful) == said
        assert words.availability_tag(milli, is_doubtful) == tag


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        (None, "Opening hours are not known: call before you go"),
        (Opening(True, None), "Open around the clock"),
        (Opening(False, None), "Closed"),
        (Opening(True, A_MONDAY + timedelta(hours=10)), "Open now, until 19:00"),
        (Opening(True, A_MONDAY + timedelta(hours=16)), "Open now, until Tuesday 01:00"),
        (Opening(False, A_MONDAY + timedelta(hours=6)), "Closed now, opens at 15:00"),
        (Opening(False, A_MONDAY + timedelta(hours=23)), "Closed now, opens Tuesday 08:00"),
    ],
)
def test_opening_is_said_with_until_when(app: Flask, opening: Opening | None, said: str) -> None:
    with app.test_request_context():
        assert words.opening(opening, ROME) == said


def test_the_week_has_seven_days_and_pauses(app: Flask) -> None:
    hours = (Hours(0, time(8, 30), time(12, 30)), Hours(0, time(15), time(19, 30)))
    with app.test_request_context():
        told = words.week(hours)
    assert told[0] == ("Monday", "08:30–12:30, 15:00–19:30")
    assert told[6] == ("Sunday", "closed")
    assert len(told) == 7


def test_directions_lead_to_a_map_with_nothing_of_ours_in_it(app: Flask) -> None:
    assert words.directions(41.9, 12.5) == (
        "https://www.openstreetmap.org/directions?route=%3B41.90000%2C12.50000"
    )


def test_a_distance_is_written_as_the_reader_writes_numbers(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "fr"}):
        assert words.distance(1.26) == "à 1,3 km"
    with app.test_request_context():
        assert words.distance(1.26) == "1.3 km away"
