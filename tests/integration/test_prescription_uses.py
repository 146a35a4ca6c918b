"""What orders take of prescriptions: never more than was prescribed. The race has a control that must lose it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from remedy.gateways.mysql import in_transaction
from remedy.prescriptions import queries, service
from remedy.prescriptions.model import Refused, UnknownMedicine
from remedy.schema.people import outbox
from remedy.schema.pharmacy import medicine
from remedy.schema.prescriptions import (
    prescription_line,
    prescription_substitute,
    prescription_use,
)
from remedy.values import uuid7
from tests.factories import (
    A_MONDAY,
    Watch,
    a_medicine,
    a_patient,
    a_prescription,
    a_vault,
    row_of,
)

CLIENTS = 16


class Prescribed:
    """A patient with an accepted prescription for ten packs of one medicine."""

    def __init__(self, database: sa.Engine, packs: int = 10) -> None:
        self.database = database
        self.watch = Watch()
        self.vault = a_vault(self.watch)
        with database.begin() as connection:
            self.medicine_id = a_medicine(connection)
            self.patient_id = a_patient(connection, self.vault)
            self.prescription_id = a_prescription(
                connection, self.vault, self.patient_id, self.medicine_id, packs=packs
            )

    def use(self, packs, order_id=None, medicine_id=None, patient_id=None):
        order_id = order_id or uuid7()
        wanted = medicine_id or self.medicine_id
        in_transaction(
            self.database,
            lambda c: service.use(
                c, patient_id or self.patient_id, wanted, packs * 1000, order_id, clock=self.watch
            ),
        )
        return order_id

    def release(self, order_id):
        return in_transaction(
            self.database, lambda c: service.release_use(c, order_id, clock=self.watch)
        )

    def left(self, medicine_id=None) -> int:
        with self.database.connect() as connection:
            return (
                queries.accepted_quantity(
                    connection,
                    self.patient_id,
                    medicine_id or self.medicine_id,
                    now=self.watch.now,
                )
                // 1000
            )

    def add(self, **differs):
        with self.database.begin() as connection:
            return a_prescription(
                connection, self.vault, self.patient_id, self.medicine_id, **differs
            )

    def told(self, prescription_id=None) -> list[dict]:
        with self.database.connect() as connection:
            rows = connection.execute(
                sa.select(outbox.c.type, outbox.c.payload)
                .where(outbox.c.aggregateid == str(prescription_id or self.prescription_id))
                .order_by(outbox.c.id)
            )
            return [{"type": row.type, **json.loads(row.payload)} for row in rows]


@pytest.fixture
def prescribed(database):
    return Prescribed(database)


def at_once(work, clients=CLIENTS):
    start = threading.Barrier(clients)

    def run(_):
        start.wait()
        return work()

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(run, range(clients)))


def test_sixteen_orders_at_once_never_get_more_than_was_prescribed(prescribed):
    def order() -> int:
        try:
            prescribed.use(2)
        except Refused:
            return 0
        return 2

    assert sum(at_once(order)) == 10
    assert prescribed.left() == 0
    told = prescribed.told()
    assert [event["used_milli"] for event in told] == [2000, 4000, 6000, 8000, 10000]
    assert [event["version"] for event in told] == sorted(event["version"] for event in told)


def test_control_a_look_before_the_write_gives_more_than_was_prescribed(prescribed):
    """The same race without the lock and the condition in the statement; the barrier makes the bad luck certain."""
    together = threading.Barrier(CLIENTS)

    def order() -> int:
        with prescribed.database.begin() as connection:
            left = queries.accepted_quantity(
                connection, prescribed.patient_id, prescribed.medicine_id, now=A_MONDAY
            )
            together.wait()
            if left < 2000:
                return 0
            line = connection.execute(
                sa.select(prescription_line.c.id).where(
                    prescription_line.c.medicine_id
                    == row_of(connection, medicine, prescribed.medicine_id)
                )
            ).scalar_one()
            connection.execute(
                sa.insert(prescription_use).values(
                    line_id=line,
                    medicine_id=row_of(connection, medicine, prescribed.medicine_id),
                    order_id=uuid7(),
                    quantity_milli=2000,
                    used_at=A_MONDAY,
                )
            )
            return 2

    assert sum(at_once(order)) > 10


def test_orders_that_take_two_medicines_in_opposite_order_all_get_an_answer(prescribed):
    with prescribed.database.begin() as connection:
        other = a_medicine(connection, generic_name="ibuprofen")
        a_prescription(connection, prescribed.vault, prescribed.patient_id, other, packs=10)
    turn = iter(range(CLIENTS))

    def order() -> int:
        mine = [prescribed.medicine_id, other]
        if next(turn) % 2:
            mine.reverse()

        def both(connection):
            order_id = uuid7()
            for each in mine:
                service.use(
                    connection, prescribed.patient_id, each, 1000, order_id, clock=prescribed.watch
                )

        try:
            in_transaction(prescribed.database, both)
        except Refused:
            return 0
        return 1

    assert sum(at_once(order, 8)) == 8
    assert prescribed.left() == prescribed.left(other) == 2


def test_what_an_order_gives_back_can_be_used_again_once(prescribed):
    order_id = prescribed.use(7)
    assert prescribed.left() == 3
    assert prescribed.release(order_id) == 7000
    assert prescribed.release(order_id) == 0
    assert prescribed.left() == 10
    assert [event["type"].split(".")[2] for event in prescribed.told()] == ["used", "released"]


def test_giving_back_many_times_at_once_gives_back_once(prescribed):
    order_id = prescribed.use(4)
    assert sum(at_once(lambda: prescribed.release(order_id))) == 4000
    assert prescribed.left() == 10


def test_what_was_handed_out_is_not_given_back(prescribed):
    order_id = prescribed.use(4)
    with prescribed.database.begin() as connection:
        service.hand_out(connection, order_id, clock=prescribed.watch)
    assert prescribed.release(order_id) == 0
    assert prescribed.left() == 6


def test_what_ends_first_is_used_first_and_two_prescriptions_add_up(prescribed):
    sooner = prescribed.add(packs=3, days=10)
    assert prescribed.left() == 13
    prescribed.use(4)
    assert [event["quantity_milli"] for event in prescribed.told(sooner)] == [3000]
    assert [event["quantity_milli"] for event in prescribed.told()] == [1000]


def test_a_refused_use_takes_nothing(prescribed):
    prescribed.add(packs=3)
    with pytest.raises(Refused, match="allows 13 more packs"):
        prescribed.use(14)
    assert prescribed.left() == 13
    with pytest.raises(Refused, match="more than 0"):
        prescribed.use(0)
    with pytest.raises(UnknownMedicine):
        prescribed.use(1, medicine_id=uuid7())


def test_repeats_count_and_an_expired_or_waiting_prescription_does_not(prescribed):
    prescribed.add(packs=2, repeats=3)
    prescribed.add(packs=50, state="waiting")
    prescribed.add(packs=50, state="refused")
    assert prescribed.left() == 18
    prescribed.watch.wait(days=90)
    assert prescribed.left() == 0
    with pytest.raises(Refused, match="no accepted prescription"):
        prescribed.use(1)


def test_a_patient_cannot_use_anothers_prescription(prescribed):
    with prescribed.database.begin() as connection:
        stranger = a_patient(connection, prescribed.vault, name="Bo")
    with pytest.raises(Refused, match="no accepted prescription"):
        prescribed.use(1, patient_id=stranger)
    assert prescribed.left() == 10


def test_a_confirmed_substitute_counts_against_the_same_prescription(prescribed):
    with prescribed.database.begin() as connection:
        other = a_medicine(connection, brand_name="Otherdol")
        line = connection.execute(
            sa.select(prescription_line.c.id).where(
                prescription_line.c.medicine_id
                == row_of(connection, medicine, prescribed.medicine_id)
            )
        ).scalar_one()
    assert prescribed.left(other) == 0
    with prescribed.database.begin() as connection:
        connection.execute(
            sa.insert(prescription_substitute).values(
                line_id=line,
                medicine_id=row_of(connection, medicine, other),
                confirmed_by=uuid7(),
                confirmed_at=A_MONDAY,
                reason_sealed="-",
            )
        )
    prescribed.use(6, medicine_id=other)
    assert prescribed.left() == prescribed.left(other) == 4
    with pytest.raises(Refused):
        prescribed.use(5)
