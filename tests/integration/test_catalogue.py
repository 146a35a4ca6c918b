"""What patients look for, on a real database: slips of the keyboard, shelves, alternatives, places, and watches."""

from datetime import time

import pytest
import sqlalchemy as sa

from remedy.catalogue import pharmacies, queries, service, watches
from remedy.catalogue.hours import Hours, Opening
from remedy.catalogue.slips import beginnings
from remedy.orders import pickup
from remedy.schema.frozen import VERSIONS, statements
from remedy.stock import service as stock
from remedy.stock.model import Line
from remedy.values import uuid7
from tests.factories import A_MONDAY, Watch, a_patient, a_pharmacy, a_vault

ROME = "Europe/Rome"


@pytest.fixture(scope="module")
def ids(database):
    """Two verified pharmacies, one that is not, and medicines by a short name."""
    with database.begin() as connection:
        made = {
            "corner": a_pharmacy(connection),
            "hills": a_pharmacy(connection, name="Hills", district="Hills", latitude=41.95,
                                address="7 Rampart Street"),
            "unverified": a_pharmacy(connection, name="Nobody knows", verified_at=None),
        }  # fmt: skip
        told = {"generic_name": "paracetamol", "strength": "500 mg", "form": "tablet"}
        for name, differs in {
            "calmadol": {**told, "brand_name": "Calmadol", "pack": "20 tablets"},
            "dolostop": {**told, "brand_name": "Dolostop", "strength": "500mg"},
            "weak": {**told, "brand_name": "Calmadol", "strength": "100 mg"},
            "strong": {"generic_name": "morphine", "is_controlled": True},
            "thyrol": {"generic_name": "levothyroxine", "brand_name": "Thyrol",
                       "strength": "50 mcg", "form": "tablet"},
            "thyrex": {"generic_name": "levothyroxine", "brand_name": "Thyrex",
                       "strength": "50 mcg", "form": "tablet"},
        }.items():  # fmt: skip
            made[name] = service.add_medicine(connection, **differs)
        for place, medicine in (
            ("corner", "dolostop"), ("hills", "dolostop"), ("corner", "strong"),
            ("corner", "thyrex"), ("unverified", "calmadol"),
        ):  # fmt: skip
            receive(connection, made[place], made[medicine], 9000)
    return made


def receive(connection, pharmacy_id, medicine_id, milli):
    line = Line("received", medicine_id, milli, A_MONDAY)
    stock.record_movement(connection, pharmacy_id, line, clock=Watch())


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("calmadlo", {"calmadol", "weak"}),
        ("calmadlo 100", {"weak"}),
        ("100 xalma", {"weak"}),
        ("paracetmol dolosotp", {"dolostop"}),
        ("PÀRACETAMIL", {"calmadol", "dolostop", "weak"}),
        ("parax", {"calmadol", "dolostop", "weak"}),
        # Two slips, a number, a word too short to guess at.
        ("calmadlu", set()),
        ("paracetamol 510", set()),
        ("tbl", set()),
        ("", set()),
    ],
)
def test_a_slip_of_the_keyboard_is_forgiven(database, ids, typed, names):
    with database.connect() as connection:
        assert queries.find_medicines(connection, typed) == []
        found = {one.medicine_id for one in queries.find(connection, typed).nearly}
    assert found == {ids[name] for name in names}


def test_groups_are_left_out_before_the_list_is_cut(database):
    with database.begin() as connection:
        for number in range(3):
            service.add_medicine(connection, generic_name=f"zzgroup {number}", kind="group")
        wanted = service.add_medicine(connection, generic_name="zzgroup product")
        found = queries.find_medicines(connection, "zzgroup", kind="product", limit=2)
    assert [one.medicine_id for one in found] == [wanted]


def test_the_migration_keeps_old_words_as_new_ones_are_kept(database, ids):
    everything = "SELECT near, word FROM medicine_word_near ORDER BY near, word"
    fill = statements((VERSIONS / "0003_search.sql").read_text(encoding="utf-8"))[-1]
    assert fill.startswith("INSERT INTO medicine_word_near")
    with database.begin() as connection:
        kept = connection.execute(sa.text(everything)).all()
        words = connection.execute(sa.text("SELECT DISTINCT word FROM medicine_word")).scalars()
        assert kept == sorted((near, word) for word in words for near in beginnings(word))
        connection.execute(sa.text("DELETE FROM medicine_word_near"))
        connection.exec_driver_sql(fill)
        assert connection.execute(sa.text(everything)).all() == kept
        assert len(kept) > 50


def test_an_offer_says_whom_to_call_and_until_when(database, ids):
    with database.begin() as connection:
        service.set_hours(connection, ids["corner"], [Hours(0, time(8), time(12))])
        near = pharmacies.districts(connection)["Harbour"]
        corner, hills = queries.offers(connection, ids["dolostop"], near=near, now=A_MONDAY)
    assert (corner.name, corner.licence[:4], corner.distance_km) == ("Corner Pharmacy", "LIC-", 0.0)
    assert corner.opening == Opening(True, A_MONDAY.replace(hour=11))
    assert hills.opening is None
    assert (hills.latitude, hills.longitude, hills.is_doubtful) == (41.95, 12.5, False)


def test_a_figure_that_more_was_sold_of_than_it_knew_is_doubtful(database, ids):
    with database.connect() as connection:
        line = Line("sold", ids["dolostop"], 9500, A_MONDAY)
        stock.record_movement(connection, ids["hills"], line, clock=Watch())
        offers = queries.offers(connection, ids["dolostop"], now=A_MONDAY)
        connection.rollback()
    assert {one.name: (one.has_it, one.is_doubtful) for one in offers} == {
        "Corner Pharmacy": (True, False), "Hills": (False, True)
    }  # fmt: skip


def test_what_is_the_same_is_offered_with_who_has_it(database, ids):
    with database.connect() as connection:
        meant = queries.medicine(connection, ids["calmadol"])
        ((other, offers),) = queries.alternatives(connection, meant, now=A_MONDAY)
    assert other.brand_name == "Dolostop"
    assert [one.name for one in offers.shown if one.has_it] == ["Corner Pharmacy", "Hills"]
    assert offers.having == 2


def test_nothing_is_offered_in_place_of_what_must_not_be_swapped(database, ids):
    with database.connect() as connection:
        meant = queries.medicine(connection, ids["thyrol"])
        assert queries.alternatives(connection, meant, now=A_MONDAY) == []


def test_a_shelf_shows_what_is_there_but_not_what_is_controlled(database, ids):
    with database.connect() as connection:
        found = queries.shelf(connection, ids["corner"], now=A_MONDAY)
        assert [one.medicine.brand_name for one in found] == ["Thyrex", "Dolostop"]
        assert found[1].available_milli == 9000
        (second,) = queries.shelf(connection, ids["corner"], now=A_MONDAY, limit=1, offset=1)
        assert second.medicine.brand_name == "Dolostop"
        assert queries.shelf(connection, ids["unverified"], now=A_MONDAY) == []


def test_only_verified_pharmacies_have_a_page(database, ids):
    hours = [Hours(2, time(15), time(19)), Hours(2, time(8), time(12)), Hours(0, time(8), time(8))]
    with database.begin() as connection:
        service.set_hours(connection, ids["hills"], hours)
        found = pharmacies.pharmacy_of(connection, ids["hills"])
        assert found.hours == tuple(sorted(hours, key=lambda one: (one.weekday, one.opens_at)))
        service.set_hours(connection, ids["hills"], [])
        assert pharmacies.pharmacy_of(connection, ids["hills"]).opening(A_MONDAY) is None
        assert pharmacies.pharmacy_of(connection, ids["unverified"]) is None
        assert pharmacies.pharmacy_of(connection, uuid7()) is None


@pytest.mark.parametrize(
    "wrong",
    [[Hours(7, time(8), time(9))], [Hours(0, time(8), time(9)), Hours(0, time(8), time(10))]],
)
def test_hours_that_cannot_be_are_refused_in_a_sentence(database, ids, wrong):
    with database.connect() as connection, pytest.raises(ValueError, match=r"\.$"):
        service.set_hours(connection, ids["corner"], wrong)


@pytest.mark.parametrize(
    ("typed", "district", "latitude"),
    [
        ("hills", "Hills", 41.95),
        ("rampart street", "Hills", 41.95),
        ("7 Rampart Street, Hills", "Hills", 41.95),
        ("atlantis", None, None),
        ("", None, None),
    ],
)
def test_a_typed_place_is_a_district_or_a_pharmacys_street(
    database, ids, typed, district, latitude
):
    with database.connect() as connection:
        known = pharmacies.districts(connection)
        meant = pharmacies.place_meant(connection, typed, known)
    assert list(known) == ["Harbour", "Hills"]
    assert (meant and meant.district) == district
    assert (meant and meant.point[0]) == latitude


def test_who_waits_is_told_once_when_somebody_has_it_again(database, ids):
    clock = Watch()
    with database.begin() as connection:
        asha = a_patient(connection, a_vault(), name="Asha")
        for name in ("calmadol", "dolostop"):
            watches.watch(connection, asha, ids[name], clock=clock)
        # An unverified pharmacy has the one, verified ones the other.
        assert watches.due(connection, now=clock()) == [watches.Due(asha, ids["dolostop"])]
        one = watches.Due(asha, ids["dolostop"])
        assert [watches.tell(connection, one, now=clock()) for _ in range(2)] == [True, False]
        assert watches.due(connection, now=clock()) == []
        assert not watches.is_watching(connection, asha, ids["dolostop"])
        receive(connection, ids["hills"], ids["calmadol"], 1000)
        assert watches.due(connection, now=clock()) == [watches.Due(asha, ids["calmadol"])]
        held = pickup.hold(
            connection,
            ids["hills"],
            ids["calmadol"],
            1000,
            patient_id=asha,
            minutes=60,
            clock=clock,
        )
        assert watches.due(connection, now=clock()) == []
        pickup.release_hold(connection, held.hold_id, patient_id=asha, clock=clock)
        shown = {one.label[:8]: one for one in watches.watches_of(connection, asha, now=clock())}
        assert shown["Calmadol"].is_back
        assert shown["Calmadol"].told_at is None
        assert shown["Dolostop"].told_at == clock()
        watches.watch(connection, asha, ids["dolostop"], clock=clock)
        assert watches.is_watching(connection, asha, ids["dolostop"])
        watches.unwatch(connection, asha, ids["calmadol"])
        assert watches.due(connection, now=clock()) == [watches.Due(asha, ids["dolostop"])]
        with pytest.raises(LookupError):
            watches.watch(connection, asha, uuid7(), clock=clock)
