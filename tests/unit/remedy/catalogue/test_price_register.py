"""Records of the price register: what is made of them, and what is flagged."""

import pytest

from remedy.catalogue.price_register import UnitPrices, read

PLAIN = {
    "product_id": "1",
    "nappi_code": "700000001",
    "regno": "a/1",
    "name": "Calmadol",
    "schedule": "S2",
    "dosage_form": "Tab",
    "pack_size": "20.0",
    "num_packs": "1",
    "sep_zar": "12.5",
    "is_generic": "Generic",
    "n_ingredients": "1",
    "ingredients": "Paracetamol 500.0mg",
}


def reading(*, prices=None, **differs):
    return read({**PLAIN, **differs}, prices or UnitPrices())


def test_a_plain_record_has_no_doubts():
    made, doubts = reading()
    assert doubts == []
    assert (made.generic_name, made.brand_name, made.strength, made.form, made.pack) == (
        "Paracetamol", "Calmadol", "500mg", "tablet", "20",
    )  # fmt: skip
    assert (made.source, made.source_key) == ("sa-medicine-prices", "700000001")
    assert (made.reference_price_minor, made.reference_currency) == (1250, "ZAR")
    assert (made.is_prescription_only, made.is_controlled) == (False, False)


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"name": "x" * 40}, "name probably cut at 40 characters"),
        ({"name": "Calma\tdol"}, "control characters in the name"),
        ({"schedule": "S1,S4"}, "schedule spelled in another way, the strictest taken"),
        ({"schedule": "?"}, "schedule unknown, taken as on prescription only"),
        ({"dosage_form": "Tablets"}, "form spelled in another way"),
        ({"pack_size": "0.0"}, "pack size of 0 or below"),
        ({"pack_size": "-5"}, "pack size of 0 or below"),
        ({"pack_size": "many"}, "pack size of 0 or below"),
        ({"sep_zar": "0.02"}, "price below 1 ZAR"),
        ({"sep_zar": "-1"}, "no price that can be read"),
        ({"sep_zar": "free"}, "no price that can be read"),
        ({"dosage_form": "Des", "name": "A stent"}, "looks like a device, not a medicine"),
        ({"nappi_code": "12"}, "NAPPI code of an unusual form"),
        ({"n_ingredients": "3"}, "number of ingredients differs from their list"),
        ({"ingredients": "Paracetamol 5.0zzz"}, "strength without a unit"),
        (
            {"ingredients": "X" * 400 + " 5mg"},
            "generic_name longer than 300 characters, cut",
        ),
    ],
)
def test_an_odd_record_is_kept_and_flagged(differs, reason):
    made, doubts = reading(**differs)
    assert reason in [found for found, _ in doubts]
    assert any(text.startswith(reason) for text in made.doubts)


def test_a_number_without_a_unit_is_no_strength():
    made, _ = reading(ingredients="Amino Acids 1.0zzz + Glucose 5.0g/100ml", n_ingredients="2")
    assert made.generic_name == "Amino Acids + Glucose"
    assert made.strength == "unknown + 5g/100ml"
    alone, _ = reading(ingredients="Paracetamol 5.0zzz", n_ingredients="1")
    assert (alone.generic_name, alone.strength) == ("Paracetamol", None)


def test_an_ingredient_named_twice_stands_once_with_its_strength():
    made, doubts = reading(
        ingredients="Lidocaine 20.0mg/ml + Adrenaline + Adrenaline 0.012mg/ml", n_ingredients="3"
    )
    assert made.generic_name == "Adrenaline + Lidocaine"
    assert made.strength == "0.012mg/ml + 20mg/ml"
    assert doubts == [("ingredient named twice", "Adrenaline")]


@pytest.mark.parametrize(
    ("schedule", "is_prescription_only", "is_controlled"),
    [
        ("S0", False, False), ("S 3", True, False), ("S5  ", True, False), ("S6", True, True),
        ("S2/S3", True, False), ("", True, False),
    ],
)  # fmt: skip
def test_the_strictest_schedule_counts(schedule, is_prescription_only, is_controlled):
    made, _ = reading(schedule=schedule)
    assert (made.is_prescription_only, made.is_controlled) == (is_prescription_only, is_controlled)


def test_a_price_far_from_that_of_its_like_is_flagged():
    prices = UnitPrices()
    for price in ("12", "13", "14", "600"):
        prices.note({**PLAIN, "sep_zar": price})
    reason = ("price per unit far from that of its like", "600")
    assert reason in reading(prices=prices, sep_zar="600")[1]
    assert reading(prices=prices, sep_zar="12")[1] == []
    # The price is shown nowhere. The size may be what is wrong, and is shown as in doubt.
    assert reading(prices=prices, sep_zar="600")[0].pack == "20 (pack size in doubt)"
    assert reading(prices=prices, sep_zar="12")[0].pack == "20"
    # Ten times the price for ten times the units is no oddity.
    assert reading(prices=prices, sep_zar="130", pack_size="200")[1] == []


def test_several_packs_are_written_as_such():
    assert reading(num_packs="10", pack_size="2.5")[0].pack == "10 x 2.5"


def test_a_record_without_name_or_code_is_no_product():
    with pytest.raises(ValueError, match="no NAPPI code or no name"):
        reading(name="  ")


def test_a_slow_release_tablet_is_told_by_word():
    made, _ = reading(dosage_form="Srt")
    assert made.form == "slow-release tablet"


def test_the_same_ingredients_in_another_order_are_told_alike():
    one, _ = reading(ingredients="Codeine 8mg + Paracetamol 500mg", n_ingredients="2")
    other, _ = reading(ingredients="Paracetamol 500mg + Codeine 8mg", n_ingredients="2")
    assert (one.generic_name, one.strength) == (other.generic_name, other.strength)
    assert one.strength == "8mg + 500mg"


def test_strengths_that_are_the_other_way_round_are_not_alike():
    one, _ = reading(ingredients="Codeine 8mg + Paracetamol 500mg", n_ingredients="2")
    other, _ = reading(ingredients="Paracetamol 8mg + Codeine 500mg", n_ingredients="2")
    assert one.strength != other.strength


@pytest.mark.parametrize("written", ["50µg", "50μg", "50ug", "50mcg"])
def test_millionths_of_a_gram_have_one_spelling(written):
    made, _ = reading(ingredients=f"Fentanyl {written}")
    assert made.strength == "50mcg"


def test_one_strength_of_two_ingredients_is_told_with_which_one_it_belongs_to():
    one, _ = reading(ingredients="Codeine + Paracetamol 500mg", n_ingredients="2")
    other, _ = reading(ingredients="Codeine 500mg + Paracetamol", n_ingredients="2")
    assert (one.strength, other.strength) == ("unknown + 500mg", "500mg + unknown")
