"""Finding medicines and the pharmacies that have them, on a real database."""

from datetime import date

import pytest
import sqlalchemy as sa

from remedy.catalogue import queries, service
from remedy.catalogue.model import NewMedicine
from remedy.orders import pickup
from remedy.schema.pharmacy import medicine, medicine_word
from remedy.stock import service as stock
from remedy.stock.model import Line
from remedy.values import uuid7
from tests.factories import A_MONDAY, Watch, a_patient, a_pharmacy, a_vault


@pytest.fixture(scope="module")
def medicines(database):
    """A few medicines, by a short name."""
    with database.begin() as connection:
        return {
            "tablets": service.add_medicine(
                connection, generic_name="paracetamol", brand_name="Calmadol", strength="500mg",
                form="tablet", pack="20", atc_code="N02BE01",
            ),
            "syrup": service.add_medicine(
                connection, generic_name="Paracétamol codéine", brand_name="Calmadine",
                strength="24mg/ml", form="syrup", is_prescription_only=True,
            ),
            "other": service.add_medicine(connection, generic_name="ibuprofen", strength="400 mg"),
        }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PARACETAMOL", ["tablets", "syrup"]),
        ("para 500", ["tablets"]),
        ("500 mg calm", ["tablets"]),
        ("codeine calma", ["syrup"]),
        ("  Codéine!", ["syrup"]),
        ("paracetamol ibuprofen", []),
        ("arace", []),
        ("%", []),
        ("", []),
    ],
)
def test_medicines_are_found_by_the_beginnings_of_their_words(database, medicines, text, found):
    with database.connect() as connection:
        ids = [one.medicine_id for one in queries.find_medicines(connection, text)]
    assert ids == [medicines[name] for name in found]


def test_whole_words_come_before_beginnings(database):
    with database.begin() as connection:
        for name in ("zincum", "zinc"):
            service.add_medicine(connection, generic_name=name, brand_name="A" + name[::-1])
        found = queries.find_medicines(connection, "zinc", limit=5)
    assert [one.generic_name for one in found] == ["zinc", "zincum"]
    assert found[0].label == "Acniz (zinc)"


def test_a_medicine_is_read_whole_or_not_at_all(database, medicines):
    with database.connect() as connection:
        found = queries.medicine(connection, medicines["syrup"])
        assert queries.medicine(connection, uuid7()) is None
    assert found is not None
    assert (found.label, found.is_prescription_only) == (
        "Calmadine (Paracétamol codéine), 24mg/ml, syrup",
        True,
    )


def test_a_record_added_again_keeps_its_id_and_takes_its_new_words(database):
    first = NewMedicine("oldname", source="register", source_key="7", doubts=("cut",))
    again = NewMedicine("newname", source="register", source_key="7")
    with database.begin() as connection:
        (old,) = service.add_medicines(connection, [first], clock=Watch())
        fresh = NewMedicine("fresh", source="register", source_key="8")
        new, other = service.add_medicines(connection, [again, fresh], clock=Watch())
        row = connection.execute(sa.select(medicine).where(medicine.c.public_id == old)).one()
        words = connection.execute(
            sa.select(medicine_word.c.word).where(medicine_word.c.medicine_id == row.id)
        ).scalars()
    assert (old == new, new != other) == (True, True)
    assert (row.generic_name, row.doubts, list(words)) == ("newname", None, ["newname"])


def test_a_name_too_long_is_a_sentence_and_nothing_is_added(database):
    with database.begin() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(medicine)).scalar()
        with pytest.raises(ValueError, match="'form' has more than 60 characters"):
            service.add_medicines(
                connection, [NewMedicine("a"), NewMedicine("b", form="x" * 61)], clock=Watch()
            )
        after = connection.execute(sa.select(sa.func.count()).select_from(medicine)).scalar()
    assert before == after


def test_offers_put_stock_first_then_distance_then_price(database, medicines):
    watch, wanted = Watch(), medicines["tablets"]

    def stocked(connection, name, packs, price=None, *, latitude=41.9, **differs):
        place = a_pharmacy(connection, name=name, latitude=latitude, **differs)
        if packs:
            line = Line("received", wanted, packs * 1000, watch.now)
            stock.record_movement(connection, place, line, clock=watch)
        if price is not None:
            stock.set_price(connection, place, wanted, price, "EUR", clock=watch)
        return place

    with database.begin() as connection:
        stocked(connection, "near and empty", 0, 100)
        stocked(connection, "far", 5, 100, latitude=42.9)
        stocked(connection, "near and dear", 5, 300)
        stocked(connection, "near and cheap", 5, 200)
        stocked(connection, "near, no price", 5)
        stocked(connection, "unchecked", 5, 1, verified_at=None)
        reserved = stocked(connection, "all set aside", 1, 50)
        patient = a_patient(connection, a_vault(watch))
        pickup.hold(connection, reserved, wanted, 1000, patient_id=patient, minutes=60, clock=watch)
        old = stocked(connection, "expired", 0)
        line = Line(
            "received", wanted, 1000, watch.now, lot_number="A", expires_on=date(2026, 3, 2)
        )
        stock.record_movement(connection, old, line, clock=watch)
    with database.connect() as connection:
        found = queries.offers(connection, wanted, near=(41.9, 12.5), now=A_MONDAY)
        nowhere = queries.offers(connection, wanted, now=A_MONDAY)
    assert [offer.name for offer in found] == [
        "near and cheap", "near and dear", "near, no price", "far",
        "all set aside", "near and empty", "expired",
    ]  # fmt: skip
    assert found[3].distance_km == pytest.approx(111.2, abs=0.1)
    assert [offer.available_milli for offer in found] == [5000] * 4 + [0] * 3
    assert found[0].as_of == A_MONDAY
    assert {offer.distance_km for offer in nowhere} == {None}
