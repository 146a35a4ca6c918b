"""What a patient writes leaves the portal's transaction only encrypted, and is gone with the key."""

import json
import os
import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bench import landed
from remedy.appointments import queries, service
from remedy.gateways.hdfs import connect
from remedy.gateways.mysql import engine_for, in_transaction
from remedy.schema import hospital, people
from remedy.schema.hospital import appointment
from remedy.schema.pipeline import RAW, landing_file
from remedy.values import utc_now, uuid7
from remedy.vault import Unreadable, Vault

pytestmark = pytest.mark.journey

CHUNK = 1 << 20


def files_that_hold(folders, word: str) -> list[str]:
    """Every file below the folders that holds the word as bytes."""
    found, sought = [], word.encode()
    for folder in folders:
        # A running stack clears away files and folders meanwhile; `rglob` fails on those, `walk` passes them over.
        for parent, _, names in os.walk(folder):
            for path in sorted(Path(parent, name) for name in names):
                with suppress(FileNotFoundError):
                    if path.is_file() and not path.is_symlink() and holds(path, sought):
                        found.append(str(path))
    return found


def holds(path: Path, sought: bytes) -> bool:
    """Whether a file holds these bytes, also across the edge of two chunks."""
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(CHUNK):
            if sought in tail + chunk:
                return True
            tail = chunk[-len(sought) :]
    return False


@pytest.fixture(scope="module")
def engine(stack):
    return engine_for(stack.settings("owner").database_url)


@pytest.fixture
def vault(stack):
    return Vault(stack.settings("portal").master_key)


def ask(engine, vault, symptoms):
    """One request for a visit with these symptoms; the appointment."""
    now = utc_now()
    with engine.connect() as connection:
        patient_id = connection.execute(
            sa.select(people.patient.c.public_id).order_by(people.patient.c.id.desc()).limit(1)
        ).scalar()
        doctor_id = connection.execute(
            sa.select(hospital.doctor.c.public_id).order_by(hospital.doctor.c.id.desc()).limit(1)
        ).scalar()
        slot = queries.free_slots(
            connection, doctor_id, first_day=now.date() + timedelta(days=3), days=14, now=now
        )[-1]
    visit = in_transaction(
        engine,
        lambda connection: service.request_visit(
            connection,
            vault,
            doctor_id=doctor_id,
            patient_id=patient_id,
            starts_at=slot.starts_at,
            urgency="routine",
            symptoms=symptoms,
            clock=utc_now,
        ),
    )
    return visit, patient_id


def wait_for_files(engine):
    def drained():
        with engine.connect() as connection:
            return landed.is_drained(connection)

    landed.wait_until(drained, "The landing of everything told", seconds=180, every=1)


def test_symptoms_are_nowhere_in_clear_and_gone_with_the_key(stack, engine, vault):
    canary = f"canary{uuid.uuid4().hex}"
    visit, patient_id = ask(engine, vault, f"It hurts, {canary}.")
    wait_for_files(engine)
    assert files_that_hold(stack.folders(), canary) == []

    # The same event without the vault: the search above does find what is there to be found.
    plain = f"plain{uuid.uuid4().hex}"
    with engine.begin() as connection:
        event = connection.execute(
            sa.select(people.outbox).where(
                people.outbox.c.payload.contains(str(visit.appointment_id))
            )
        ).one()
        body = json.loads(event.payload) | {"symptoms_sealed": plain}
        connection.execute(
            sa.insert(people.outbox).values(
                event_id=uuid7(),
                aggregatetype=event.aggregatetype,
                aggregateid=event.aggregateid,
                type=event.type,
                payload=json.dumps(body),
                occurred_at=event.occurred_at,
                recorded_at=utc_now(),
            )
        )
    wait_for_files(engine)
    places = files_that_hold(stack.folders(), plain)
    # A log segment of Kafka, a block of HDFS, a file of the database.
    for part in ("kafka", "blk_", "mariadb"):
        assert any(part in place for place in places), (part, places)

    tokens = sealed_everywhere(stack, engine, visit.appointment_id)
    assert len(tokens) >= 3
    opened = {
        open_token(engine, vault, patient_id, visit.appointment_id, token) for token in tokens
    }
    assert opened == {f"It hurts, {canary}."}
    with engine.begin() as connection:
        vault.forget(connection, patient_id)
    for token in tokens:
        with pytest.raises(Unreadable):
            open_token(engine, vault, patient_id, visit.appointment_id, token)


def sealed_everywhere(stack, engine, appointment_id):
    """The sealed symptoms as they lie in the table, in the landed row and in HDFS."""
    settings = stack.settings("owner")
    files = connect(settings.hdfs_url, settings.hdfs_user, settings.hdfs_root)
    raw = RAW["appointments"]
    wanted = str(appointment_id)
    with engine.connect() as connection:
        tokens = [
            connection.execute(
                sa.select(appointment.c.symptoms_sealed).where(
                    appointment.c.public_id == appointment_id
                )
            ).scalar()
        ]
        lines = list(
            connection.execute(sa.select(raw.c.event).where(raw.c.event.contains(wanted))).scalars()
        )
        paths = connection.execute(
            sa.select(landing_file.c.path).where(
                landing_file.c.topic == "appointments", landing_file.c.state == "ready"
            )
        ).scalars()
        lines += [line for path in paths for line in files.open_lines(path) if wanted in line]
    sealed = [json.loads(line)["data"].get("symptoms_sealed", "") for line in lines]
    return tokens + [token for token in sealed if token and not token.startswith("plain")]


def open_token(engine, vault, patient_id, appointment_id, token):
    with engine.connect() as connection:
        return vault.open(connection, patient_id, appointment_id, "symptoms", token)
