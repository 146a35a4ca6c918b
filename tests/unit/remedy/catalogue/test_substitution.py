"""What may be shown in place of a medicine nobody has, and what never is."""

from dataclasses import replace

import pytest

from remedy.catalogue.model import Medicine
from remedy.catalogue.substitution import is_the_same, may_be_replaced
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


@pytest.mark.parametrize(
    "differs",
    [
        {"generic_name": "paracetamol codeine"},
        {"strength": "1000 mg"},
        {"strength": "500 mg/5 ml"},
        {"form": "syrup"},
        {"strength": None},
        {"form": None},
    ],
)
def test_another_ingredient_strength_or_form_is_not(differs):
    other = replace(PLAIN, **differs)
    assert not is_the_same(PLAIN, other)
    assert not is_the_same(other, PLAIN)
