"""The vault on a real database: what is kept is unreadable, and forgetting the key ends it for good."""

import pytest
import sqlalchemy as sa

from remedy.schema.people import patient_key
from remedy.values import uuid7
from remedy.vault import Unreadable, Vault
from tests import factories
from tests.factories import MASTER_KEY, Watch

pytestmark = pytest.mark.integration


def test_a_forgotten_key_makes_every_token_of_the_patient_unreadable(database: sa.Engine) -> None:
    vault, watch = factories.a_vault(), Watch()
    with database.begin() as c:
        asha, ben = (factories.a_patient(c, vault, name=name) for name in ("Asha", "Ben"))
        records = [uuid7(watch) for _ in range(3)]
        tokens = {one: vault.seal(c, asha, one, "symptoms", "a cough") for one in records}
        bens = vault.seal(c, ben, records[0], "symptoms", "a fever")
    with database.begin() as c:
        vault.forget(c, asha)
    with database.begin() as c:
        for record_id, token in tokens.items():
            with pytest.raises(Unreadable):
                vault.open(c, asha, record_id, "symptoms", token)
        with pytest.raises(Unreadable):
            vault.seal(c, asha, records[0], "note", "more")
        assert vault.open(c, ben, records[0], "symptoms", bens) == "a fever"
        kept = c.execute(
            sa.select(patient_key.c.wrapped_key, patient_key.c.erased_at).where(
                patient_key.c.patient_public_id == asha
            )
        ).one()
    assert kept.wrapped_key is None
    assert kept.erased_at is not None


def test_another_process_with_the_same_master_key_reads_and_one_with_another_does_not(
    database: sa.Engine,
) -> None:
    with database.begin() as c:
        asha, record_id = factories.a_patient(c, factories.a_vault()), uuid7()
        token = Vault(MASTER_KEY).seal(c, asha, record_id, "note", "rest for a week")
    with database.connect() as c:
        assert Vault(MASTER_KEY).open(c, asha, record_id, "note", token) == "rest for a week"
        with pytest.raises(Unreadable, match="master key"):
            Vault("00" * 32).open(c, asha, record_id, "note", token)


def test_a_wrapped_key_moved_to_another_patient_opens_nothing(database: sa.Engine) -> None:
    """Who can write to the table still cannot read Asha's record as Ben's."""
    vault, record_id = factories.a_vault(), uuid7()
    with database.begin() as c:
        asha, ben = (factories.a_patient(c, vault, name=name) for name in ("Asha", "Ben"))
        token = vault.seal(c, asha, record_id, "note", "rest for a week")
        ashas_key = c.execute(
            sa.select(patient_key.c.wrapped_key).where(patient_key.c.patient_public_id == asha)
        ).scalar_one()
        c.execute(
            sa.update(patient_key)
            .where(patient_key.c.patient_public_id == ben)
            .values(wrapped_key=ashas_key)
        )
    with database.connect() as c, pytest.raises(Unreadable):
        vault.open(c, ben, record_id, "note", token)


def test_the_key_itself_is_in_no_row(database: sa.Engine) -> None:
    with database.begin() as c:
        asha = factories.a_patient(c, factories.a_vault())
        wrapped = c.execute(
            sa.select(patient_key.c.wrapped_key).where(patient_key.c.patient_public_id == asha)
        ).scalar_one()
    # 12 bytes of nonce, 32 of key, 16 of tag; and the master key is nowhere in it.
    assert len(bytes(wrapped)) == 60
    assert bytes.fromhex(MASTER_KEY)[:8] not in bytes(wrapped)
