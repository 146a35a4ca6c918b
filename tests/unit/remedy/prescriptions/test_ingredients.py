"""Names of ingredients as they are compared."""

import pytest

from remedy.prescriptions.ingredients import is_family, is_meant, key_of, parts_of
from remedy.prescriptions.interactions import severity_of


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("AMIODARONE", "amiodarone"),
        ("ATORVASTATIN_CALCIUM", "atorvastatin"),
        ("Acetylsalicylic_acid", "acetylsalicylic"),
        ("Aspirin", "acetylsalicylic"),
        ("Amoxycillin trihydrate", "amoxicillin"),
        ("Paracétamol", "paracetamol"),
        ("potassium chloride", "potassium chloride"),
        ("Magnesium_oxide", "oxide"),
        ("Valproic_Acid", "valproic"),
        ("sodium valproate", "valproic"),
        ("Vitamin_C", "vitamin c"),
        ("Lidocaine Hydrochloride", "lidocaine"),
        ("Lignocaine", "lidocaine"),
        ("12345", ""),
    ],
)
def test_an_ingredient_has_one_key_whatever_it_is_called(name, key):
    assert key_of(name) == key


@pytest.mark.parametrize(
    ("generic_name", "parts"),
    [
        ("paracetamol", ("paracetamol",)),
        ("codeine and paracetamol", ("codeine", "paracetamol")),
        ("Lidocaine Hydrochloride + Adrenaline", ("lidocaine", "epinephrine")),
        ("amoxicillin/clavulanic acid", ("amoxicillin", "clavulanic")),
        ("a, b and b", ("a", "b")),
    ],
)
def test_a_combination_is_each_of_its_parts(generic_name, parts):
    assert parts_of(generic_name) == parts


@pytest.mark.parametrize(
    ("allergy", "ingredient", "is_so"),
    [
        ("amoxicillin", "amoxicillin", True),
        ("penicillin", "amoxicillin", True),
        ("penicillin", "flucloxacillin", True),
        ("cephalosporins", "cefuroxime", True),
        ("quinolones", "ciprofloxacin", True),
        ("penicillin", "paracetamol", False),
        ("amoxicillin", "ampicillin", False),
    ],
)
def test_an_allergy_to_a_family_is_one_to_each_of_it(allergy, ingredient, is_so):
    assert is_meant(allergy, ingredient) is is_so


def test_families_are_known_by_name():
    assert is_family("penicillin")
    assert not is_family("cats")


@pytest.mark.parametrize(
    ("written", "told_by", "severity"),
    [
        ("Critical", "NDF-RT", "critical"),
        ("Significant", "NDF-RT", "significant"),
        ("", "ONC-HighPriority", "critical"),
        ("", "ONC-NonInteruptive", "minor"),
        ("", "CredibleMeds", "significant"),
        ("", "", "significant"),
        ("something new", "NDF-RT", "significant"),
        ("minor", "ONC-HighPriority", "minor"),
    ],
)
def test_how_grave_it_is_is_said_or_follows_from_the_list_and_is_never_made_small(
    written, told_by, severity
):
    assert severity_of(written, told_by) == severity
