"""What may be shown in place of a medicine nobody has, and what never is."""

import csv
import os
import re
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from remedy.catalogue import price_register
from remedy.catalogue.model import PACK_IN_DOUBT, Medicine, search_words
from remedy.catalogue.substitution import (
    is_pack_the_same,
    is_the_same,
    may_be_replaced,
    never_swapped,
    why_never,
    why_not_in_place,
)
from remedy.values import uuid7

PLAIN = Medicine(
    uuid7(), "product", "paracetamol", "Calmadol", "500 mg", "tablet", "20 tablets", "N02BE01",
    is_prescription_only=False, is_controlled=False,
)  # fmt: skip


def test_a_plain_medicine_may_be_replaced():
    assert may_be_replaced(PLAIN)


@pytest.mark.parametrize(
    "differs",
    [
        {"atc_code": "H03AA01", "generic_name": "thyroid hormone"},
        {"atc_code": None, "generic_name": "Levothyroxine sodium"},
        {"atc_code": None, "generic_name": "Lithium carbonate"},
        {"atc_code": "A10AB05", "generic_name": "rapid hormone"},
        {"atc_code": None, "generic_name": "adalimumab"},
        {"form": "prolonged-release tablet"},
        {"brand_name": "Calmadol XR"},
        {"brand_name": "Calmadol SR"},
        {"brand_name": "Calmadol MR"},
        {"brand_name": "Calmadol Retard"},
        {"brand_name": "Calmadol 75XR"},
        {"brand_name": "Calmacontin"},
        {"form": "Srt"},
        {"form": "Ect"},
        {"form": "transdermal patch"},
        {"is_controlled": True},
        {"kind": "group"},
    ],
)
def test_what_is_dangerous_to_swap_never_is(differs):
    assert not may_be_replaced(replace(PLAIN, **differs))


@pytest.mark.parametrize(
    "differs",
    [
        {"brand_name": "Dolostop", "pack": "30 tablets"},
        {"generic_name": "Paracétamol"},
        {"strength": "500mg"},
        {"strength": "500.0 mg"},
    ],
)
def test_another_brand_or_pack_of_it_is_the_same(differs):
    assert is_the_same(PLAIN, replace(PLAIN, **differs))


def test_what_has_an_unknown_strength_is_not_even_like_itself():
    half_known = replace(PLAIN, strength="unknown + 500 mg")
    assert not is_the_same(half_known, replace(half_known, brand_name="Dolostop"))


@pytest.mark.parametrize(
    "differs",
    [
        {"generic_name": "paracetamol codeine"},
        {"strength": "1000 mg"},
        {"strength": "500 mg/5 ml"},
        {"form": "syrup"},
        {"strength": None},
        {"form": None},
        {"form": "tablet XR"},
    ],
)
def test_another_ingredient_strength_or_form_is_not(differs):
    other = replace(PLAIN, **differs)
    assert not is_the_same(PLAIN, other)
    assert not is_the_same(other, PLAIN)


def test_the_list_says_where_it_comes_from_and_of_when_it_is():
    assert "not reviewed by an authority" in never_swapped().source
    assert never_swapped().as_of >= date(2026, 11, 22)


def test_the_strengths_of_a_combination_belong_to_its_ingredients():
    one = replace(PLAIN, generic_name="enalapril + thiazide", strength="20 mg + 12.5 mg")
    assert not is_the_same(one, replace(one, generic_name="thiazide + enalapril"))


def test_an_amount_that_comes_twice_is_not_forgotten():
    one = replace(PLAIN, generic_name="a + b + c", strength="5 mg + 5 mg + 10 mg")
    assert not is_the_same(one, replace(one, strength="5 mg + 10 mg + 10 mg"))


@pytest.mark.parametrize(
    ("pack", "is_same"),
    [("20", True), ("20 capsules", True), ("30 tablets", False), ("2 x 20", False),
     ("20 ml", False), (None, False)],
)  # fmt: skip
def test_packs_are_the_same_where_they_hold_as_much(pack, is_same):
    assert is_pack_the_same(PLAIN, replace(PLAIN, pack=pack)) is is_same


def test_a_pack_in_doubt_is_as_large_as_no_other():
    doubted = replace(PLAIN, pack=f"{PLAIN.pack} {PACK_IN_DOUBT}")
    assert is_pack_the_same(PLAIN, PLAIN)
    assert not is_pack_the_same(PLAIN, doubted)
    assert not is_pack_the_same(doubted, doubted)


def other(**differs) -> Medicine:
    return replace(PLAIN, medicine_id=uuid7(), brand_name="Otherdol", **differs)


def test_another_brand_may_be_given_and_every_no_is_a_sentence():
    assert why_not_in_place(PLAIN, other()) is None
    for no in (
        PLAIN,
        other(strength="1000 mg"),
        other(pack="30 tablets"),
        other(form="prolonged-release tablet"),
        other(is_controlled=True),
        other(kind="group"),
        other(atc_code="J07BB02"),
        other(atc_code="H03AA01"),
    ):
        assert str(why_not_in_place(PLAIN, no)).endswith(".")


SLOW_NAME = re.compile(
    r"(?i)(?<![a-z])(xr|sr|mr|cr|xl|er|la|retard|modified|prolonged|continus)(?![a-z])"
)


@pytest.mark.realdata
def test_in_the_real_register_nothing_slow_and_no_other_strength_is_ever_swapped():
    folder = Path(os.environ["REMEDY_DATA_DIR"]) / "sa_medicine_prices"
    with (folder / "products_80pct.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    prices = price_register.UnitPrices()
    alike = defaultdict(list)
    slow = 0
    for record in records:
        made, _doubts = price_register.read(record, prices)
        one = Medicine(
            uuid7(), "product", made.generic_name, made.brand_name, made.strength, made.form,
            made.pack, made.atc_code, made.is_prescription_only, made.is_controlled,
        )  # fmt: skip
        if SLOW_NAME.search(made.brand_name or "") or (made.form or "").lower() in {"srt", "src"}:
            slow += 1
            assert why_never(one), one.label
        alike[frozenset(search_words(one.generic_name))].append(one)
    assert slow > 300
    swapped = 0
    for group in alike.values():
        for one in group:
            for another in group:
                if one is not another and why_not_in_place(one, another) is None:
                    swapped += 1
                    assert search_words(one.strength) == search_words(another.strength)
                    assert one.form.lower() == another.form.lower()
    assert swapped > 5000
