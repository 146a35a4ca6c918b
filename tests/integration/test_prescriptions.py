"""A prescription from the patient's picture to a pharmacist's decision: whose it is, who wins, what may be swapped."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.accounts import service as accounts
from remedy.files.model import Examined
from remedy.gateways.mysql import in_transaction
from remedy.prescriptions import other_brands, queries, review, service
from remedy.prescriptions.model import Changed, Refused
from remedy.prescriptions.review import NewLine
from remedy.schema.people import outbox
from remedy.values import uuid7
from tests.factories import (
    PASSWORD,
    SECRET_KEY,
    Watch,
    a_medicine,
    a_patient,
    a_pharmacy,
    a_vault,
)

PICTURE = Examined("mine.png", "image/png", 1, b"a picture")


class Desk:
    """A patient, a pharmacy with two pharmacists, and a medicine."""

    def __init__(self, database: sa.Engine) -> None:
        self.database, self.watch = database, Watch()
        self.vault = a_vault(self.watch)
        with database.begin() as connection:
            self.pharmacy_id = a_pharmacy(connection)
            self.patient_id = a_patient(connection, self.vault)
            self.medicine_id = a_medicine(connection, is_prescription_only=True)
            self.first, self.second = (self.pharmacist(connection, name) for name in ("Chi", "Dan"))

    def pharmacist(self, connection: sa.Connection, name: str) -> UUID:
        return accounts.create_account(
            connection, role="pharmacist", email=f"{name}-{uuid7().hex}@town.example",
            password=PASSWORD, secret_key=SECRET_KEY, staff_name=name,
            pharmacy_id=self.pharmacy_id, clock=self.watch,
        )  # fmt: skip

    def do(self, change, *args, **more):
        return in_transaction(self.database, lambda c: change(c, *args, clock=self.watch, **more))

    def upload(self, pharmacy_id=None, patient_id=None) -> UUID:
        return self.do(
            service.upload, self.vault, patient_id or self.patient_id,
            pharmacy_id or self.pharmacy_id, PICTURE,
        )  # fmt: skip

    def line(self, **differs) -> NewLine:
        told = {
            "medicine_id": self.medicine_id, "quantity_milli": 2000, "repeats": 1,
            "valid_until": date(2026, 6, 1), "is_as_written": False,
        }  # fmt: skip
        return NewLine(**{**told, **differs})

    def add(self, prescription_id, **differs):
        self.do(review.add_line, self.pharmacy_id, prescription_id, self.line(**differs))

    def accept(self, prescription_id, version=None, by=None):
        return self.do(
            review.accept, self.pharmacy_id, prescription_id,
            version=version or self.look(prescription_id).version,
            checked="not_checked", decided_by=by or self.first,
        )  # fmt: skip

    def refuse(self, prescription_id, reason="It cannot be read.", version=None, by=None):
        return self.do(
            review.refuse, self.vault, self.pharmacy_id, prescription_id,
            version=version or self.look(prescription_id).version, reason=reason,
            decided_by=by or self.first,
        )  # fmt: skip

    def accepted(self, **differs) -> UUID:
        prescription_id = self.upload()
        self.add(prescription_id, **differs)
        self.accept(prescription_id)
        return prescription_id

    def look(self, prescription_id):
        with self.database.connect() as connection:
            return queries.prescription_of(
                connection, prescription_id, pharmacy_id=self.pharmacy_id
            )

    def substitute(self, prescription_id, medicine_id, reason="Not to be had."):
        (line,) = self.look(prescription_id).lines
        return self.do(
            other_brands.confirm_substitute, self.vault, self.pharmacy_id, prescription_id,
            line.line_id, medicine_id, reason=reason, decided_by=self.first,
        )  # fmt: skip

    def other(self, **differs) -> UUID:
        with self.database.begin() as connection:
            return a_medicine(connection, **{"brand_name": "Otherdol", **differs})

    def told(self, prescription_id) -> list[dict]:
        with self.database.connect() as connection:
            rows = connection.execute(
                sa.select(outbox.c.type, outbox.c.payload)
                .where(outbox.c.aggregateid == str(prescription_id))
                .order_by(outbox.c.id)
            )
            return [{"what": row.type.split(".")[2], **json.loads(row.payload)} for row in rows]

    def allowed(self, medicine_id=None) -> int:
        with self.database.connect() as connection:
            return queries.accepted_quantity(
                connection, self.patient_id, medicine_id or self.medicine_id, now=self.watch.now
            )


@pytest.fixture
def desk(database):
    return Desk(database)


def test_from_the_picture_to_what_may_be_ordered(desk):
    prescription_id = desk.upload()
    assert desk.allowed() == 0
    desk.add(prescription_id)
    assert desk.allowed() == 0
    decided = desk.accept(prescription_id)
    assert (decided.state, decided.checked) == ("accepted", "not_checked")
    assert desk.allowed() == 4000
    uploaded, accepted = desk.told(prescription_id)
    assert uploaded["what"] == "uploaded"
    assert accepted["lines"][0]["allowed_milli"] == 4000
    assert accepted["version"] == decided.version > uploaded["version"]
    # The last day counts to its end at the pharmacy, in Rome, and not a moment longer.
    (line,) = decided.lines
    assert line.ends_at.isoformat() == "2026-06-01T22:00:00+00:00"
    desk.watch.now = line.ends_at - timedelta(seconds=1)
    assert desk.allowed() == 4000
    desk.watch.wait(seconds=1)
    assert desk.allowed() == 0


def test_what_is_handed_in_and_taken_back_without_end_is_refused(desk, monkeypatch):
    monkeypatch.setattr(service, "HANDED_IN_AT_MOST", 3)
    for _ in range(3):
        desk.do(service.withdraw, desk.upload(), patient_id=desk.patient_id)
    with pytest.raises(Refused, match="go on tomorrow"):
        desk.upload()
    desk.watch.wait(days=1)
    desk.upload()


def test_another_pharmacy_cannot_see_or_change_it_and_another_patient_neither(desk):
    prescription_id = desk.upload()
    with desk.database.begin() as connection:
        elsewhere = a_pharmacy(connection)
        stranger = a_patient(connection, desk.vault, name="Bo")
        assert queries.prescription_of(connection, prescription_id, pharmacy_id=elsewhere) is None
        assert queries.prescription_of(connection, prescription_id, patient_id=stranger) is None
        assert queries.review_queue(connection, elsewhere) == []
        with pytest.raises(ValueError, match="whose"):
            queries.prescription_of(connection, prescription_id)
    with pytest.raises(Refused, match="no such prescription"):
        desk.do(review.add_line, elsewhere, prescription_id, desk.line())
    with pytest.raises(Refused, match="no such prescription"):
        desk.do(service.withdraw, prescription_id, patient_id=stranger)


def test_two_pharmacists_decide_at_once_and_one_wins(desk):
    for _ in range(20):
        prescription_id = desk.upload()
        desk.add(prescription_id)
        version = desk.look(prescription_id).version
        start = threading.Barrier(2)

        def accept(prescription_id=prescription_id, version=version, start=start):
            start.wait()
            return desk.accept(prescription_id, version, desk.first).state

        def refuse(prescription_id=prescription_id, version=version, start=start):
            start.wait()
            return desk.refuse(prescription_id, version=version, by=desk.second).state

        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(accept), pool.submit(refuse)]
            wrong = [one.exception() for one in answers]
        (lost,) = [error for error in wrong if error is not None]
        assert isinstance(lost, Changed)
        assert "this prescription" in str(lost)
        assert [one["what"] for one in desk.told(prescription_id)][1:] in (
            ["accepted"],
            ["refused"],
        )


def test_what_was_changed_since_it_was_looked_at_is_looked_at_again(desk):
    prescription_id = desk.upload()
    desk.add(prescription_id)
    seen = desk.look(prescription_id).version
    desk.add(prescription_id, medicine_id=desk.other(generic_name="ibuprofen"))
    with pytest.raises(Changed, match="look at it again"):
        desk.accept(prescription_id, seen)
    desk.accept(prescription_id)
    with pytest.raises(Changed, match="Chi accepted this prescription"):
        desk.refuse(prescription_id)
    with pytest.raises(Changed, match="Chi accepted"):
        desk.add(prescription_id, medicine_id=desk.other())


def test_a_refusal_has_a_reason_that_only_the_patient_and_the_pharmacy_can_read(desk):
    prescription_id = desk.upload()
    with pytest.raises(Refused, match="Say why"):
        desk.refuse(prescription_id, reason=" ")
    decided = desk.refuse(prescription_id, reason="The name is missing.")
    told = desk.told(prescription_id)[-1]
    assert "missing" not in json.dumps(told)
    with desk.database.connect() as connection:
        opened = desk.vault.open(
            connection, desk.patient_id, prescription_id, review.REASON, decided.reason_sealed
        )
    assert opened == "The name is missing."


def test_without_a_medicine_it_is_not_accepted(desk):
    with pytest.raises(Refused, match="Enter the medicines"):
        desk.accept(desk.upload())


def test_a_patient_takes_back_what_waits_and_nothing_else(desk):
    prescription_id = desk.upload()
    desk.do(service.withdraw, prescription_id, patient_id=desk.patient_id)
    assert desk.told(prescription_id)[-1]["what"] == "withdrawn"
    with pytest.raises(Changed):
        desk.do(service.withdraw, prescription_id, patient_id=desk.patient_id)
    with pytest.raises(Changed, match="took this prescription back"):
        desk.add(prescription_id)
    with pytest.raises(Changed):
        desk.do(service.withdraw, desk.accepted(), patient_id=desk.patient_id)


def test_the_oldest_waits_first_and_an_erased_patient_waits_for_nothing(desk):
    first = desk.upload()
    desk.watch.wait(minutes=1)
    second = desk.upload()

    def queue():
        with desk.database.connect() as connection:
            return [
                one.prescription_id for one in queries.review_queue(connection, desk.pharmacy_id)
            ]

    assert queue() == [first, second]
    with desk.database.begin() as connection:
        desk.vault.forget(connection, desk.patient_id)
    assert queue() == []


@pytest.mark.parametrize(
    ("differs", "sentence"),
    [
        ({"quantity_milli": 0}, "between 0.001 and 100 packs"),
        ({"quantity_milli": 101_000}, "between 0.001 and 100 packs"),
        ({"repeats": -1}, "repeats"),
        ({"repeats": 25}, "repeats"),
        ({"valid_until": date(2026, 3, 1)}, "past"),
        ({"valid_until": date(2029, 3, 1)}, "two years"),
        ({"daily_dose_milli": 1000}, "both the dose"),
        ({"daily_dose_milli": 0, "units_per_pack": 20}, "dose per day"),
        ({"medicine_id": uuid7()}, "No medicine"),
    ],
)
def test_what_makes_no_sense_is_not_entered(desk, differs, sentence):
    prescription_id = desk.upload()
    with pytest.raises(Refused, match=sentence):
        desk.add(prescription_id, **differs)
    assert desk.look(prescription_id).lines == ()


def test_a_controlled_medicine_is_not_entered(desk):
    strong = desk.other(is_controlled=True)
    with pytest.raises(Refused, match="controlled"):
        desk.add(desk.upload(), medicine_id=strong)


def test_one_medicine_is_entered_once_and_can_be_removed(desk):
    prescription_id = desk.upload()
    desk.add(prescription_id)
    with pytest.raises(Refused, match="entered already"):
        desk.add(prescription_id)
    (line,) = desk.look(prescription_id).lines
    with desk.database.begin() as connection:
        review.remove_line(connection, desk.pharmacy_id, prescription_id, line.line_id)
    assert desk.look(prescription_id).lines == ()
    desk.add(prescription_id, repeats=0)


def test_an_unverified_pharmacy_takes_none(desk):
    with desk.database.begin() as connection:
        hidden = a_pharmacy(connection, verified_at=None)
        names = queries.pharmacies_to_choose(connection, "", limit=10_000)
    assert hidden not in {one.pharmacy_id for one in names}
    with pytest.raises(Refused, match="choose another"):
        desk.upload(pharmacy_id=hidden)


def test_a_confirmed_substitute_counts_and_is_told_once(desk):
    prescription_id = desk.accepted()
    other = desk.other()
    assert desk.allowed(other) == 0
    desk.substitute(prescription_id, other)
    desk.substitute(prescription_id, other)
    assert desk.allowed(other) == desk.allowed() == 4000
    told = [one for one in desk.told(prescription_id) if one["what"] == "substituted"]
    assert [one["substitute_id"] for one in told] == [str(other)]
    with desk.database.connect() as connection:
        (confirmed,) = queries.confirmed_for(connection, prescription_id)
    assert confirmed.medicine_id == other


@pytest.mark.parametrize(
    "differs",
    [
        {"strength": "1000 mg"},
        {"form": "syrup"},
        {"form": "prolonged-release tablet"},
        {"brand_name": "Otherdol XR"},
        {"generic_name": "ibuprofen"},
        {"pack": "30 tablets"},
        {"is_controlled": True},
        {"atc_code": "N03AX09"},
    ],
)
def test_what_is_not_the_same_cannot_be_confirmed(desk, differs):
    prescription_id = desk.accepted()
    other = desk.other(**differs)
    with pytest.raises(Refused):
        desk.substitute(prescription_id, other)
    assert desk.allowed(other) == 0


def test_as_written_is_respected_and_a_reason_is_wanted(desk):
    with pytest.raises(Refused, match="as written"):
        desk.substitute(desk.accepted(is_as_written=True), desk.other())
    with pytest.raises(Refused, match="Say why"):
        desk.substitute(desk.accepted(), desk.other(), reason="")
    waiting = desk.upload()
    desk.add(waiting)
    with pytest.raises(Changed, match="accepted prescription"):
        desk.substitute(waiting, desk.other())
