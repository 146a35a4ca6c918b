"""What is meant by what is typed."""

import pytest

from remedy.catalogue.meaning import Asked, asked, forms_in, strengths_in
from remedy.catalogue.model import folded, search_words


@pytest.mark.parametrize(
    "typed", ["500mg", "500 mg", "0.5 g", "0,5g", "500.0 MG", "500000 µg", "500000 mcg"]
)
def test_an_amount_is_one_in_whichever_unit(typed):
    (one,) = asked(typed)
    assert one.strength == "mass:500000000"


@pytest.mark.parametrize("typed", ["1,000 mg", "1.000 mg", "1.250g", "1 000 mg", "500 m", "500"])
def test_what_can_be_read_in_two_ways_is_no_amount(typed):
    assert {one.strength for one in asked(typed)} == {""}


def test_amounts_of_different_kinds_are_different():
    assert len({asked(text)[0].strength for text in ("5 mg", "5 ml", "5 iu", "5 %", "5 g")}) == 5
    assert asked("0.125 mg")[0].strength == "mass:125000"


def test_a_name_says_every_amount_and_form_in_it():
    assert strengths_in("500 mg/125 mg") == {"mass:500000000", "mass:125000000"}
    assert strengths_in("paracetamol 24mg/ml, 100 ml") == {"mass:24000000", "volume:100000"}
    assert strengths_in("H2O2 vitamin B12") == set()
    assert forms_in("Film-coated TABLETS") == {"tablet"} == forms_in("comprimé")
    assert forms_in("capsulex") == set()


def test_things_asked_for_are_kept_in_order_and_once():
    assert asked("Calm 500mg tabs calm 0.5 g") == [
        Asked(("calm",)),
        Asked(("500", "mg"), strength="mass:500000000"),
        Asked(("tabs",), form="tablet"),
        Asked(("0.5", "g"), strength="mass:500000000"),
    ]
    assert asked(" %! ") == []
    assert len(asked(" ".join("abcdefghij"))) == 8


def test_codes_are_known_by_their_shape():
    assert [one.atc for one in asked("N02BE01 n02be J01")] == ["n02be01", "n02be", "j01"]
    assert asked("4006381333931")[0].code == "04006381333931"
    assert asked("123456789")[0].code == ""


@pytest.mark.parametrize("text", ["Element™ 5 mg", "PÀRACETAMOL ﬁlm", "STRASSE straße", "№ 4 ㎎"])
def test_folding_twice_is_folding_once(text):
    assert folded(folded(text)) == folded(text)
    assert [word for one in asked(text) for word in one.words] == search_words(text)
