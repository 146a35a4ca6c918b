"""What patients hand in, kept encrypted in MySQL: whose it is, what erasing does, what the mover may."""

import hashlib

import pytest
import sqlalchemy as sa

from remedy.files import service
from remedy.files.model import Examined
from remedy.schema.prescriptions import file_spool, file_spool_part, stored_file
from remedy.values import uuid7
from remedy.vault import Unreadable
from tests.factories import Watch, a_patient, a_vault, an_admin

SECRET = b"a picture of what the doctor wrote " * 40_000
HANDED_IN = Examined("prescription.png", "image/png", 1, SECRET)
WATCH = Watch()
VAULT = a_vault(WATCH)


def kept(connection, patient_id):
    return service.keep(connection, VAULT, patient_id, HANDED_IN, clock=WATCH)


def test_a_file_comes_back_as_it_was_handed_in_and_lies_encrypted(database):
    with database.begin() as connection:
        patient_id = a_patient(connection, VAULT)
        file_id = kept(connection, patient_id)
        found, sealed = service.stored(connection, file_id), service.spooled(connection, file_id)
        assert service.opened(connection, VAULT, found, sealed) == (HANDED_IN.name, SECRET)
        assert found.patient_id == patient_id
        assert b"the doctor wrote" not in sealed
        row = connection.execute(
            sa.select(file_spool).where(file_spool.c.file_public_id == file_id)
        ).one()
        assert row.sealed_bytes == len(sealed)
        assert row.sealed_sha256 == hashlib.sha256(sealed).digest()
        parts = connection.execute(
            sa.select(sa.func.max(sa.func.length(file_spool_part.c.content)))
        ).scalar()
        assert parts == service.PART_BYTES


def test_the_same_file_twice_is_two_files_with_nothing_alike(database):
    with database.begin() as connection:
        patient_id = a_patient(connection, VAULT)
        first, second = (kept(connection, patient_id) for _ in range(2))
        assert first != second
        assert service.spooled(connection, first) != service.spooled(connection, second)


def test_its_name_is_not_readable_in_the_table(database):
    with database.begin() as connection:
        file_id = kept(connection, a_patient(connection, VAULT))
        row = connection.execute(
            sa.select(stored_file).where(stored_file.c.public_id == file_id)
        ).one()
        assert "prescription" not in row.name_sealed


def test_erasing_the_patients_key_makes_the_file_unreadable(database):
    with database.begin() as connection:
        patient_id = a_patient(connection, VAULT)
        file_id = kept(connection, patient_id)
        found, sealed = service.stored(connection, file_id), service.spooled(connection, file_id)
        VAULT.forget(connection, patient_id)
        with pytest.raises(Unreadable):
            service.opened(connection, VAULT, found, sealed)
        with pytest.raises(Unreadable):
            kept(connection, patient_id)


def test_another_patients_bytes_under_this_files_name_do_not_open(database):
    with database.begin() as connection:
        mine = kept(connection, a_patient(connection, VAULT))
        other = kept(connection, a_patient(connection, VAULT, name="Bo"))
        found = service.stored(connection, mine)
        with pytest.raises(Unreadable):
            service.opened(connection, VAULT, found, service.spooled(connection, other))


def test_a_file_nobody_handed_in_is_none(database):
    with database.begin() as connection:
        assert service.stored(connection, uuid7()) is None
        assert service.spooled(connection, uuid7()) is None


def test_who_looked_is_written_down(database):
    with database.begin() as connection:
        file_id = kept(connection, a_patient(connection, VAULT))
        account_id = an_admin(connection)
        service.note_read(connection, file_id, account_id, clock=WATCH)
        read = connection.execute(
            sa.text(
                "SELECT a.public_id FROM file_read r JOIN account a ON a.id = r.account_id"
                " JOIN stored_file f ON f.id = r.file_id WHERE f.public_id = :id"
            ),
            {"id": file_id.bytes},
        ).scalars()
        assert [bytes(one) for one in read] == [account_id.bytes]
