"""The vault's sealing without a database: a table of keys in memory (SQLite) is all it needs here."""

import base64
from collections.abc import Iterator
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remedy.schema.people import patient_key
from remedy.values import uuid7
from remedy.vault import Unreadable, Vault

MASTER = "5a" * 32
PATIENT, RECORD = uuid7(), uuid7()


@pytest.fixture(scope="module")
def keys() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        patient_key.create(connection)
        Vault(MASTER).new_key(connection, PATIENT)
        yield connection
    engine.dispose()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(text=st.text())
def test_what_was_sealed_opens_and_the_token_shows_none_of_it(
    keys: sa.Connection, text: str
) -> None:
    vault = Vault(MASTER)
    token = vault.seal(keys, PATIENT, RECORD, "symptoms", text)
    assert vault.open(keys, PATIENT, RECORD, "symptoms", token) == text
    blob = base64.b64decode(token)
    assert len(text) < 4 or text.encode() not in blob


def test_the_same_text_never_gives_the_same_token(keys: sa.Connection) -> None:
    vault = Vault(MASTER)
    tokens = {vault.seal(keys, PATIENT, RECORD, "symptoms", "a cough") for _ in range(50)}
    assert len(tokens) == 50


def test_a_token_opens_for_its_own_patient_record_and_field_only(keys: sa.Connection) -> None:
    vault, ben = Vault(MASTER), uuid7()
    vault.new_key(keys, ben)
    token = vault.seal(keys, PATIENT, RECORD, "symptoms", "a cough")
    for patient_id, record_id, field in (
        (ben, RECORD, "symptoms"),
        (PATIENT, uuid7(), "symptoms"),
        (PATIENT, RECORD, "note"),
        (uuid4(), RECORD, "symptoms"),
    ):
        with pytest.raises(Unreadable):
            vault.open(keys, patient_id, record_id, field, token)


def test_a_token_that_was_changed_anywhere_does_not_open(keys: sa.Connection) -> None:
    vault = Vault(MASTER)
    blob = base64.b64decode(vault.seal(keys, PATIENT, RECORD, "symptoms", "a cough"))
    for place in range(len(blob)):
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(Unreadable):
            vault.open(keys, PATIENT, RECORD, "symptoms", base64.b64encode(changed).decode())


@pytest.mark.parametrize("token", ["", "AQ==", "no token", "é", "AUtub3du"])
def test_what_is_no_token_does_not_open(keys: sa.Connection, token: str) -> None:
    with pytest.raises(Unreadable):
        Vault(MASTER).open(keys, PATIENT, RECORD, "symptoms", token)


def test_another_master_key_opens_nothing(keys: sa.Connection) -> None:
    token = Vault(MASTER).seal(keys, PATIENT, RECORD, "symptoms", "a cough")
    other = Vault("a5" * 32)
    with pytest.raises(Unreadable, match="master key"):
        other.open(keys, PATIENT, RECORD, "symptoms", token)


def test_a_master_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        Vault("5a" * 16)


def test_an_error_tells_nothing_of_the_text_or_the_patient(keys: sa.Connection) -> None:
    vault = Vault(MASTER)
    token = vault.seal(keys, PATIENT, RECORD, "symptoms", "canary")
    with pytest.raises(Unreadable) as refused:
        vault.open(keys, PATIENT, uuid7(), "symptoms", token)
    for secret in ("canary", str(PATIENT), token):
        assert secret not in str(refused.value)
