"""The words medicines are found by, and distances."""

import pytest

from remedy.catalogue.model import NewMedicine, distance_km, search_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dafalgan® CODÉINE", ["dafalgan", "codeine"]),
        ("500mg", ["500", "mg"]),
        ("500 mg", ["500", "mg"]),
        ("20.0mg/2,50ml", ["20", "mg", "2.5", "ml"]),
        ("Straße", ["strasse"]),
        ("ﬁbre", ["fibre"]),
        ("Ventolin ventolin", ["ventolin"]),
        ("50 Μg", ["50", "μg"]),
        ("100% _ '); DROP--", ["100", "drop"]),
        ("²", ["2"]),
        (" \t\n", []),
    ],
)
def test_a_text_is_compared_by_its_folded_words(text, words):
    assert search_words(text) == words


def test_words_are_cut_to_what_the_table_holds():
    assert search_words("x" * 100) == ["x" * 80]


def test_a_medicine_is_found_by_every_name_it_has():
    words = NewMedicine(
        "paracetamol", brand_name="Calmadol", strength="500 mg", form="tablet", atc_code="N02BE01"
    ).words
    assert {"paracetamol", "calmadol", "500", "mg", "tablet", "n", "02", "be", "01"} == set(words)


def test_the_great_circle_between_rome_and_turin():
    assert distance_km((41.9028, 12.4964), (45.0703, 7.6869)) == pytest.approx(525, abs=2)
    assert distance_km((0, 0), (0, 180)) == pytest.approx(20015, abs=1)
    assert distance_km((45, 7), (45, 7)) == 0
