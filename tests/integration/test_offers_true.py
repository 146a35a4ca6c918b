"""Who has a medicine, compared with the slow definition: every lot and every hold, one by one, on random stock."""

import itertools
import random
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from remedy.catalogue import offers as offering
from remedy.catalogue import service
from remedy.catalogue.model import distance_km
from remedy.schema.people import patient as patients
from remedy.schema.pharmacy import medicine as medicines
from remedy.schema.pharmacy import pharmacy, stock_hold, stock_item, stock_lot
from remedy.values import local_day, uuid7
from tests.factories import A_MONDAY, a_patient, a_pharmacy, a_vault

ZONES = ("Europe/Rome", "Pacific/Auckland", "America/Los_Angeles")
MOMENTS = [A_MONDAY, A_MONDAY.replace(hour=23, minute=30), A_MONDAY + timedelta(days=30)]
HERE = (41.9, 12.5)


@pytest.fixture(scope="module")
def town(database: sa.Engine):
    """Thirty pharmacies in three time zones, five medicines, lots and holds of every sort."""
    dice = random.Random(12)
    with database.begin() as connection:
        names = ["alpha", "beta", "gamma", "delta", "nobody keeps it"]
        ids = [service.add_medicine(connection, generic_name=name) for name in names]
        patient = a_patient(connection, a_vault())
        for number in range(30):
            a_pharmacy(
                connection, name=f"Place {number:02d}", latitude=HERE[0] + dice.uniform(-1, 1),
                longitude=HERE[1] + dice.uniform(-1, 1), time_zone=dice.choice(ZONES),
                verified_at=dice.choice((A_MONDAY, A_MONDAY, A_MONDAY, None)),
            )  # fmt: skip
        patient_row = connection.execute(
            sa.select(patients.c.id).where(patients.c.public_id == patient)
        ).scalar_one()
        places = connection.execute(sa.select(pharmacy.c.id)).scalars().all()
        kept = connection.execute(
            sa.select(medicines.c.id).where(medicines.c.generic_name.in_(names[:-1]))
        ).scalars()  # fmt: skip
        for pharmacy_row, medicine_row in itertools.product(places, kept):
            if dice.random() < 0.8:
                keep(connection, dice, pharmacy_row, medicine_row, patient_row)
    return ids


def keep(connection, dice, pharmacy_row, medicine_row, patient_row) -> None:
    item = connection.execute(
        sa.insert(stock_item).values(
            public_id=uuid7(), pharmacy_id=pharmacy_row, medicine_id=medicine_row,
            price_minor=dice.choice((None, 100, 200, 300)), changed_at=A_MONDAY,
            count_wanted_at=dice.choice((None, None, A_MONDAY)),
        )
    ).inserted_primary_key[0]  # fmt: skip
    for number in range(dice.randrange(5)):
        connection.execute(
            sa.insert(stock_lot).values(
                public_id=uuid7(), stock_item_id=item, medicine_id=medicine_row,
                lot_number=str(number),
                expires_on=dice.choice([None, *(date(2026, 3, 2) + timedelta(days=n) for n in (-1, 0, 1, 2, 29, 31))]),
                recalled_at=dice.choice((None, None, None, A_MONDAY)),
                quantity_milli=dice.choice((0, 1, 999, 1000, 5000)),
            )
        )  # fmt: skip
    for _ in range(dice.randrange(3)):
        connection.execute(
            sa.insert(stock_hold).values(
                public_id=uuid7(), stock_item_id=item, medicine_id=medicine_row,
                patient_id=patient_row, quantity_milli=dice.choice((1, 500, 1000, 6000)),
                state=dice.choice(("held", "held", "released", "collected")), created_at=A_MONDAY,
                expires_at=A_MONDAY + timedelta(hours=dice.choice((-1, 0, 1, 24, 9999))),
            )
        )  # fmt: skip


def slowly(connection, medicine_id, near, now) -> list[tuple]:
    """What the truth is, told by reading everything."""
    everything = {
        name: connection.execute(sa.select(table)).all()
        for name, table in (
            ("places", pharmacy), ("items", stock_item), ("lots", stock_lot), ("holds", stock_hold),
        )
    }  # fmt: skip
    row_id = connection.execute(
        sa.select(medicines.c.id).where(medicines.c.public_id == medicine_id)
    ).scalar_one()
    found = []
    for item in everything["items"]:
        (place,) = (one for one in everything["places"] if one.id == item.pharmacy_id)
        if item.medicine_id != row_id or place.verified_at is None:
            continue
        day = local_day(now, place.time_zone)
        lots = sum(
            lot.quantity_milli
            for lot in everything["lots"]
            if lot.stock_item_id == item.id
            and lot.recalled_at is None
            and (lot.expires_on is None or lot.expires_on > day)
        )
        held = sum(
            hold.quantity_milli
            for hold in everything["holds"]
            if hold.stock_item_id == item.id and hold.state == "held" and hold.expires_at > now
        )
        available = max(0, lots - held)
        away = distance_km(near, (place.latitude, place.longitude)) if near else None
        price = item.price_minor
        found.append((
            (available == 0, away or 0.0, price is None, price or 0, place.name),
            (place.name, available, price, away, item.count_wanted_at is not None),
        ))  # fmt: skip
    return [told for _, told in sorted(found)]


def told(offer) -> tuple:
    return (
        offer.name,
        offer.available_milli,
        offer.price_minor,
        offer.distance_km,
        offer.is_doubtful,
    )


@pytest.mark.parametrize("near", [HERE, None], ids=["near", "anywhere"])
@pytest.mark.parametrize("now", MOMENTS, ids=["morning", "night", "a month later"])
def test_what_is_shown_is_what_lots_and_holds_say(database, town, near, now) -> None:
    with database.connect() as connection:
        for medicine_id in town:
            truth = slowly(connection, medicine_id, near, now)
            found = offering.offers_near(connection, medicine_id, near=near, now=now)
            assert [told(offer) for offer in found.shown] == truth
            assert found.keeping == len(truth)
            assert found.having == sum(available > 0 for _, available, *_ in truth)
        assert truth == []
        assert 0 < offering.offers_near(connection, town[0], now=now).having < 30


def test_a_page_of_them_is_a_part_of_the_whole(database, town) -> None:
    with database.connect() as connection:
        whole = offering.offers_near(connection, town[0], near=HERE, now=A_MONDAY)
        pages = [
            offering.offers_near(
                connection, town[0], near=HERE, now=A_MONDAY, limit=7, offset=7 * number
            )
            for number in range(len(whole.shown) // 7 + 1)
        ]
    assert [offer for page in pages for offer in page.shown] == whole.shown
    assert {(page.having, page.keeping) for page in pages} == {(whole.having, whole.keeping)}


def test_who_has_it_is_read_from_its_indexes_alone(database, town) -> None:
    """Explained by the server: no table is read but by its index, and none is read whole but the pharmacies."""
    seen: list[tuple[str, tuple]] = []

    def look(_connection, _cursor, statement, parameters, _context, _many) -> None:
        seen.append((statement, parameters))

    with database.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", look)
        offering.offers_near(connection, town[0], near=HERE, now=A_MONDAY, limit=20)
        statement, parameters = next(one for one in seen if "stock_lot" in one[0])
        sa.event.remove(connection, "before_cursor_execute", look)
        steps = (
            connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {statement}", parameters)
            .mappings()
            .all()
        )
    by_table = {str(step["table"]): step for step in steps}
    assert by_table["stock_lot"]["key"] == "ix_stock_lot_medicine"
    assert "Using index" in by_table["stock_lot"]["Extra"]
    assert by_table["stock_hold"]["key"] == "ix_stock_hold_medicine"
    assert "Using index" in by_table["stock_hold"]["Extra"]
    assert by_table["stock_item"]["key"] == "ix_stock_item_offer"
    assert "Using index" in by_table["stock_item"]["Extra"]
