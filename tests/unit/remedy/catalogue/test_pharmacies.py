"""A typed place as one of the districts there are."""

import pytest

from remedy.catalogue.model import search_words
from remedy.catalogue.pharmacies import district_meant

DISTRICTS = ("Harbour", "Hills", "Old Town", "Old Mill", "Città Alta")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("harbour", "Harbour"),
        ("Harb", "Harbour"),
        ("harbuor", "Harbour"),
        ("hils", "Hills"),
        ("town", "Old Town"),
        ("town old", "Old Town"),
        ("citta", "Città Alta"),
        # Two are begun so.
        ("old", None),
        ("h", None),
        # Too short to guess at.
        ("hlls", "Hills"),
        ("hxr", None),
        ("atlantis", None),
    ],
)
def test_a_district_is_meant_by_its_name_its_beginning_or_one_slip(typed, meant):
    assert district_meant(search_words(typed), DISTRICTS) == meant
