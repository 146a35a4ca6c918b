"""The invented catalogue that searches are measured on."""

import random

import pytest

from bench.search_catalogue import MOST_OF_A_BRAND, Size, products, shelves, with_a_slip
from remedy.catalogue.slips import is_one_slip

SMALL = Size(products=600, pharmacies=7, stocked=50, staples=20)


def test_the_same_numbers_give_the_same_catalogue():
    made = products(SMALL)
    assert made == products(SMALL)
    assert len(made) == len({one.row_id for one in made}) == 600
    brands = [one.brand_name for one in made]
    assert max(map(brands.count, brands)) <= MOST_OF_A_BRAND
    for brand in set(brands):
        assert len({one.generic_name for one in made if one.brand_name == brand}) == 1


def test_every_pharmacy_stocks_the_staples_and_a_choice_of_its_own():
    made = [set(shelf) for shelf in shelves(SMALL)]
    assert [len(shelf) for shelf in made] == [50] * 7
    assert len(set.intersection(*made)) >= 20
    assert made[0] != made[1]
    assert set.union(*made) <= set(range(1, 601))


@pytest.mark.parametrize("name", ["Calmadol", "Calmadol Forte", "Ab Zalmadol 20"])
def test_a_slip_is_one_edit_in_a_word_of_five_letters_or_more(name):
    dice = random.Random(1)
    for _ in range(300):
        typed = with_a_slip(dice, name)
        changed = [
            (word.lower(), other)
            for word, other in zip(name.split(), typed.split(), strict=True)
            if word.lower() != other.lower()
        ]
        ((word, other),) = changed
        assert len(word) >= 5
        assert is_one_slip(other, word)
