"""The check for allergies and interactions: what it finds, and that what it cannot check is said."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from remedy.catalogue.csvfile import ImportRefused
from remedy.prescriptions import allergies, service
from remedy.prescriptions.checks import check
from remedy.prescriptions.interactions import current_source, import_interactions
from remedy.prescriptions.model import Refused
from remedy.schema.prescriptions import interaction, patient_allergy
from remedy.values import uuid7
from tests.factories import A_MONDAY, Watch, a_medicine, a_patient, a_prescription, a_vault

WATCH = Watch()
VAULT = a_vault(WATCH)
TABLE = """drug1_drugbank,drug1,drug2_drugbank,drug2,severity,source,label,effect
DB1,WARFARIN_SODIUM,DB2,Aspirin,Critical,NDF-RT,,bleeding
DB1,AMIODARONE,DB2,simvastatin,,ONC-HighPriority,,
DB1,simvastatin,DB2,amiodarone,Significant,NDF-RT,,
DB1,paracetamol,DB2,warfarin,,ONC-NonInteruptive,,
DB1,paracetamol,DB2,acetaminophen,,ONC-NonInteruptive,,the same
,,DB2,amiodarone,,ONC-NonInteruptive,,
"""


def bring_in(database, tmp_path, text=TABLE, **more):
    path = tmp_path / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return import_interactions(database, path, clock=WATCH, **{"as_of": "2017", **more})


@pytest.fixture
def table(database, tmp_path):
    bring_in(database, tmp_path)


@pytest.fixture
def asha(database):
    """A patient who said that there are no allergies."""
    with database.begin() as connection:
        patient_id = a_patient(connection, VAULT)
        allergies.has_none(connection, patient_id, clock=WATCH)
    return patient_id


def looked(database, patient_id, *generic_names, now=A_MONDAY):
    with database.begin() as connection:
        ids = [a_medicine(connection, generic_name=name, brand_name=name) for name in generic_names]
        return check(connection, VAULT, patient_id, ids, now=now)


def codes(found) -> set[tuple[str, str]]:
    return {(one.why, one.what) for one in found.unchecked}


def test_without_a_table_the_check_says_that_it_was_not_made(database, asha):
    with database.begin() as connection:
        connection.execute(sa.delete(interaction))
        connection.execute(sa.text("DELETE FROM interaction_source"))
    found = looked(database, asha, "warfarin", "amiodarone")
    assert found.state == "not_checked"
    assert codes(found) == {("no_table", "")}
    assert found.source is None


def test_an_interaction_is_found_whatever_salt_or_name_or_order(database, table, asha):
    found = looked(database, asha, "acetylsalicylic acid", "warfarin sodium")
    assert found.state == "found"
    (one,) = found.findings
    assert (one.severity, one.effect, one.told_by) == ("critical", "bleeding", "NDF-RT")
    assert found.source.as_of == "2017"
    assert not found.source.is_licensed
    assert found.unchecked == ()


def test_a_combination_is_looked_at_by_each_part(database, table, asha):
    found = looked(database, asha, "codeine and aspirin", "warfarin")
    assert [one.severity for one in found.findings] == ["critical"]
    # Of codeine the table knows nothing, and the check says so.
    assert codes(found) == {("ingredient", "codeine")}


def test_the_gravest_is_shown_first_and_each_source_for_itself(database, table, asha):
    found = looked(database, asha, "warfarin", "paracetamol", "amiodarone", "simvastatin")
    assert [one.severity for one in found.findings] == ["critical", "significant", "minor"]


def test_what_the_patient_has_by_other_prescriptions_is_looked_at_too(database, table, asha):
    with database.begin() as connection:
        other = a_medicine(connection, generic_name="amiodarone")
        a_prescription(connection, VAULT, asha, other)
    found = looked(database, asha, "simvastatin")
    assert {one.severity for one in found.findings} == {"critical", "significant"}
    later = looked(database, asha, "simvastatin", now=A_MONDAY + timedelta(days=91))
    assert later.state == "clear"


def test_one_prescription_handed_in_to_two_pharmacies_is_told_by_what_the_first_still_allows(
    database, table, asha
):
    with database.begin() as connection:
        wanted = a_medicine(connection, generic_name="paracetamol", brand_name="Calmadol")
        other = a_medicine(connection, generic_name="paracetamol", brand_name="Otherdol")
        first = a_prescription(connection, VAULT, asha, wanted, packs=2)

    def found(*ids, **more):
        with database.begin() as connection:
            return check(connection, VAULT, asha, ids, **{"now": A_MONDAY, **more})

    (one,) = found(wanted).findings
    assert (one.severity, "Calmadol" in one.other) == ("again", True)
    # By another brand as well, and gravest but for an allergy.
    assert [one.severity for one in found(other).findings] == ["again"]
    # Looked at once more itself, before it is handed out, it is no second one.
    assert found(wanted, prescription_id=first).state == "clear"
    assert found(wanted, now=A_MONDAY + timedelta(days=91)).state == "clear"
    with database.begin() as connection:
        service.use(connection, asha, wanted, 2000, uuid7(), clock=WATCH)
    # All of it used: the next one follows it, as prescriptions do.
    assert found(wanted).state == "clear"


def test_clear_is_said_only_when_everything_was_checked(database, table, asha):
    assert looked(database, asha, "paracetamol", "amiodarone").state == "clear"
    assert looked(database, asha, "paracetamol", "unheardofine").state == "not_checked"
    assert looked(database, asha, "12345").state == "not_checked"


def test_an_allergy_is_found_and_goes_before_all_else(database, table, asha):
    with database.begin() as connection:
        allergies.add_allergy(connection, VAULT, asha, " Aspirin ", clock=WATCH)
        allergies.add_allergy(connection, VAULT, asha, "penicillin", clock=WATCH)
    found = looked(database, asha, "acetylsalicylic acid", "warfarin")
    assert [one.severity for one in found.findings] == ["allergy", "critical"]
    assert found.findings[0].other == "Aspirin"
    assert [one.severity for one in looked(database, asha, "amoxicillin").findings] == ["allergy"]


def test_an_allergy_that_names_nothing_we_know_is_said_to_be_unchecked(database, table, asha):
    with database.begin() as connection:
        allergies.add_allergy(connection, VAULT, asha, "the blue ones", clock=WATCH)
    assert codes(looked(database, asha, "paracetamol")) == {("allergy", "the blue ones")}


def test_a_patient_who_never_answered_or_was_erased_was_not_checked(database, table):
    with database.begin() as connection:
        silent, erased = (a_patient(connection, VAULT) for _ in range(2))
        allergies.add_allergy(connection, VAULT, erased, "aspirin", clock=WATCH)
        VAULT.forget(connection, erased)
    assert codes(looked(database, silent, "paracetamol")) == {("allergies_not_told", "")}
    assert codes(looked(database, erased, "paracetamol")) == {("allergies_erased", "")}
    assert looked(database, erased, "paracetamol").state == "not_checked"


def test_allergies_lie_sealed_and_belong_to_one_patient(database, asha):
    with database.begin() as connection:
        allergies.add_allergy(connection, VAULT, asha, "Aspirin", clock=WATCH)
        allergies.add_allergy(connection, VAULT, asha, "aspirin", clock=WATCH)
        (one,) = allergies.allergies_of(connection, VAULT, asha).told
        other = a_patient(connection, VAULT, name="Bo")
        assert not allergies.remove_allergy(connection, other, one.allergy_id)
        sealed = connection.execute(sa.select(patient_allergy.c.substance_sealed)).scalars().all()
        assert not any("spirin" in text for text in sealed)
        with pytest.raises(Refused, match="Remove what is noted"):
            allergies.has_none(connection, asha, clock=WATCH)
        assert allergies.remove_allergy(connection, asha, one.allergy_id)
        assert allergies.allergies_of(connection, VAULT, asha) == allergies.Allergies(True, ())
        for wrong in ("", "x" * 81):
            with pytest.raises(Refused, match="80 letters"):
                allergies.add_allergy(connection, VAULT, asha, wrong, clock=WATCH)


def test_the_newest_table_counts_alone_and_a_licensed_one_says_so(database, tmp_path):
    first = bring_in(database, tmp_path)
    assert (first.records, first.pairs, first.refused) == (6, 4, 2)
    assert "not for clinical use" in str(first)
    text = "drug1,drug2,severity,source,effect\nwarfarin,ibuprofen,major,Compendium,\n"
    bring_in(database, tmp_path, text, as_of="2026-06-30", name="Compendium", is_licensed=True)
    with database.connect() as connection:
        source = current_source(connection)
        pairs = connection.execute(sa.select(sa.func.count()).select_from(interaction)).scalar_one()
    assert (source.name, source.as_of, source.is_licensed) == ("Compendium", "2026-06-30", True)
    assert pairs == source.pair_count == 1


@pytest.mark.parametrize(
    "text", ["drug1,drug2,severity,source,effect\n", "a,b\n1,2\n", "", "\ufeffnothing"]
)
def test_a_file_that_is_no_such_table_changes_nothing(database, table, tmp_path, text):
    with pytest.raises(ImportRefused):
        bring_in(database, tmp_path, text)
    with database.connect() as connection:
        assert current_source(connection).pair_count == 4


@pytest.mark.realdata
def test_the_real_table_comes_in_whole_and_finds_what_it_should(database, asha):
    path = Path(os.environ["REMEDY_DATA_DIR"]) / "ddi" / "ddi_80pct.csv"
    told = import_interactions(database, path, as_of="2017", clock=WATCH)
    assert told.records == 4868
    assert told.refused < 20
    found = looked(database, asha, "Simvastatin", "Ketoconazole")
    assert found.state == "found"
    assert found.findings[0].severity == "critical"
