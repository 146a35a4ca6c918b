"""A list of pharmacies from OpenStreetMap: hours, and what one without a name is called."""

from datetime import time

import pytest

from remedy.catalogue.hours import Hours
from remedy.catalogue.osm_hours import week_of
from remedy.catalogue.osm_pharmacies import COLUMNS, read, spot_of

PLAIN = {
    "osm_id": "node/1", "name": "Farmacia Duomo", "street": "Via Roma", "housenumber": "5",
    "postcode": "10121", "city": "Torino", "phone": "+39 011 555 0101", "lat": "45.07", "lon": "7.68",
    "dispensing": "yes", "opening_hours": "Mo-Sa 08:30-12:30,15:00-19:00",
}  # fmt: skip


def record(**differs: str) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, "") | PLAIN | differs


def reading(*others: dict[str, str], **differs: str):
    spots = [spot for spot in map(spot_of, (record(), *others)) if spot]
    found, doubts = read(record(**differs), spots)
    return found, [reason for reason, _ in doubts]


def test_a_plain_record_has_no_doubts():
    found, doubts = reading()
    assert doubts == []
    assert (found.name, found.address, found.district) == (
        "Farmacia Duomo", "Via Roma 5, 10121", "Torino",
    )  # fmt: skip
    assert len(found.hours) == 12


@pytest.mark.parametrize(
    "expression", ["8.45-19.30 (continuato)", "Mo-Sa 08:30-12:30; Su 08,30-12,30", "always", "off"]
)
def test_hours_that_nobody_can_read_are_unknown_and_said_so(expression):
    found, doubts = reading(opening_hours=expression)
    assert found.hours == ()
    assert len(doubts) == 1
    assert doubts[0].startswith("The opening hours")


def test_hours_of_the_summer_only_are_no_hours_of_a_week():
    with pytest.raises(ValueError, match="not the same every week"):
        week_of("Jun-Aug 08:00-12:00; Sep-May 09:00-18:00")


def test_around_the_clock_is_seven_whole_days():
    assert week_of("24/7") == [Hours(day, time(), time()) for day in range(7)]


def test_a_night_closes_on_the_next_day():
    assert week_of("Fr 20:00-08:00") == [Hours(4, time(20), time(8))]


def test_a_day_that_is_taken_out_again_has_no_hours():
    assert {one.weekday for one in week_of("Mo-Fr 08:15-12:30, 15:15-19:00; Th off")} == {
        0,
        1,
        2,
        4,
    }


def test_who_has_no_name_is_called_by_the_street():
    found, doubts = reading(name="")
    assert found.name == "Pharmacy, Via Roma 5"
    assert doubts == ["no name, called by its place"]


def test_who_has_no_street_either_is_called_by_one_that_is_near():
    found, doubts = reading(name="", street="", housenumber="", city="", lat="45.071")
    assert found.name == "Pharmacy near Via Roma, Torino"
    assert found.district == "Torino"
    assert "no town, the nearest one taken" in doubts


def test_far_from_any_street_it_is_called_by_the_nearest_town():
    found, _ = reading(name="", street="", housenumber="", city="", lat="45.2")
    assert found.name == "Pharmacy near Torino (14.5 km)"
    # So far away it is not called to be in the town.
    assert found.district == "Around Torino"


def test_of_a_list_without_any_town_none_is_made_up():
    found, _ = read(record(name="", street="", housenumber="", city=""), [])
    assert (found.name, found.district) == ("Pharmacy without a name", "?")


def test_a_telephone_number_that_cannot_be_one_is_left_out():
    found, doubts = reading(phone="see the website")
    assert found.phone is None
    assert doubts == ["telephone number that cannot be one"]


@pytest.mark.parametrize(
    "differs", [{"osm_id": " "}, {"lat": ""}, {"lat": "north"}, {"lon": "999"}]
)
def test_a_record_without_id_or_place_is_no_pharmacy(differs):
    with pytest.raises(ValueError, match=r"\.$"):
        reading(**differs)
