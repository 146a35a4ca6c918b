"""Builds the town through the features' own services, so that tables, ledger and events agree.

Fixed seed, so two towns differ in ids and passwords only. May be run again: what is there is left alone, a
build that was cut short goes on where it stopped. The admin's account is made last: where it is, the town is
whole.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import service as accounts
from remedy.accounts.model import email_lookup
from remedy.catalogue.model import NewMedicine
from remedy.catalogue.service import add_medicines
from remedy.gateways.mysql import in_transaction
from remedy.region import Region
from remedy.schema.hospital import doctor, doctor_hours, hospital
from remedy.schema.people import account, patient
from remedy.schema.pharmacy import pharmacy
from remedy.settings import Settings
from remedy.town import cast, story
from remedy.town.demand import life
from remedy.town.shelf import MEDICINES
from remedy.values import Clock, local_day, uuid7
from remedy.vault import Vault

SEED = 20_260_301
SOURCE = "town"
OPENED_BEFORE = timedelta(days=100)
"""The pharmacies were checked that long before the town was built: what a later run takes its day from."""

SignIn = dict[str, str]
Progress = Callable[[str], None]


def build(
    engine: sa.Engine,
    vault: Vault,
    *,
    settings: Settings,
    region: Region,
    clock: Clock,
    days: int = 60,
    progress: Progress = print,
) -> list[SignIn]:
    """Build what is missing of the town; the sign-ins of its people (`who`, `role`, `email`, `password`).

    Raises:
        ValueError: in production, or without a secret key: the passwords are made from it.
    """
    if settings.environment == "production":
        raise ValueError("A town of invented people is not for production; nothing was changed.")
    if not settings.secret_key:
        raise ValueError("The town's passwords are made from REMEDY_SECRET_KEY; set it first.")
    people = _people(settings.secret_key)
    admin = people[0]
    with engine.connect() as connection:
        if _has_account(connection, admin["email"], settings.secret_key):
            return people
    began = monotonic()
    now = in_transaction(engine, lambda c: _found(c, region.time_zone, clock()))
    progress("The town: pharmacies, a hospital, its doctors.")
    places = in_transaction(engine, _places)
    for person in people[1:]:
        settle = partial(
            _settle, vault=vault, person=person, places=places, settings=settings, now=now
        )
        in_transaction(engine, settle)
    progress(f"The town: {len(people)} people who can sign in.")
    medicines = in_transaction(engine, lambda c: _medicines(c, now))
    _live(engine, places, medicines, settings, region, now, days, progress)
    in_transaction(engine, lambda c: _finish(c, vault, admin, settings, region, now))
    progress(f"The town is whole after {monotonic() - began:.0f} s.")
    return people


def _people(secret_key: str) -> list[SignIn]:
    """Everybody, the admin first; passwords are made from the installation's key, so they can be told again."""
    named = [(cast.ADMIN, "admin")]
    named += [(one.pharmacist, "pharmacist") for one in cast.PHARMACIES]
    named += [(one.name, "doctor") for one in cast.DOCTORS]
    named += [(name, "patient") for name in cast.PATIENTS]
    people = []
    for who, role in named:
        email = f"{who.lower().replace('dr ', '')}@town.example"
        digest = hmac.new(secret_key.encode(), f"town:{email}".encode(), hashlib.sha256).digest()
        letters = base64.b32encode(digest[:10]).decode().lower()
        password = "-".join(letters[at : at + 4] for at in range(0, 16, 4))
        people.append({"who": who, "role": role, "email": email, "password": password})
    return people


def _has_account(connection: sa.Connection, email: str, secret_key: str) -> bool:
    lookup = email_lookup(email, secret_key)
    return bool(
        connection.execute(sa.select(account.c.id).where(account.c.email_lookup == lookup)).first()
    )


def _found(connection: sa.Connection, time_zone: str, now: datetime) -> datetime:
    """Make pharmacies, hospital and doctors if they are not there; the instant the town is built at."""
    first = cast.PHARMACIES[0].licence
    known = connection.execute(
        sa.select(pharmacy.c.verified_at).where(pharmacy.c.licence == first)
    ).scalar()
    if known is not None:
        since: datetime = known
        return since + OPENED_BEFORE
    clock = story.at_that(now - OPENED_BEFORE)
    for one in cast.PHARMACIES:
        connection.execute(
            sa.insert(pharmacy).values(
                public_id=uuid7(clock),
                name=one.name,
                address=one.address,
                district=one.district,
                phone=one.phone,
                licence=one.licence,
                verified_at=clock(),
                latitude=one.latitude,
                longitude=one.longitude,
                opening_hours=one.opening_hours,
                time_zone=time_zone,
            )
        )
    name, address, phone, latitude, longitude = cast.HOSPITAL
    at = connection.execute(
        sa.insert(hospital).values(
            public_id=uuid7(clock),
            name=name,
            address=address,
            phone=phone,
            latitude=latitude,
            longitude=longitude,
            time_zone=time_zone,
        )
    ).lastrowid
    for who in cast.DOCTORS:
        doctor_row = connection.execute(
            sa.insert(doctor).values(
                public_id=uuid7(clock),
                hospital_id=at,
                name=who.name,
                speciality=who.speciality,
                visit_minutes=who.visit_minutes,
                is_active=True,
            )
        ).lastrowid
        connection.execute(
            sa.insert(doctor_hours),
            [
                {"doctor_id": doctor_row, "weekday": weekday, "starts": starts, "ends": ends}
                for weekday, starts, ends in who.hours
            ],
        )
    return now


def _places(connection: sa.Connection) -> dict[str, UUID]:
    """Public ids of the pharmacies by licence and of the doctors by name."""
    pharmacies = sa.select(pharmacy.c.licence, pharmacy.c.public_id).where(
        pharmacy.c.licence.in_([one.licence for one in cast.PHARMACIES])
    )
    doctors = (
        sa.select(doctor.c.name, doctor.c.public_id)
        .join_from(doctor, hospital)
        .where(
            doctor.c.name.in_([one.name for one in cast.DOCTORS]),
            hospital.c.name == cast.HOSPITAL[0],
        )
    )
    return {
        name: public_id
        for query in (pharmacies, doctors)
        for name, public_id in connection.execute(query)
    }


def _settle(
    connection: sa.Connection,
    vault: Vault,
    person: SignIn,
    places: dict[str, UUID],
    settings: Settings,
    now: datetime,
) -> None:
    """Give one person who is not the admin an account, if they have none."""
    clock = story.at_that(now - OPENED_BEFORE)
    if _has_account(connection, person["email"], settings.secret_key):
        return
    if person["role"] == "patient":
        accounts.register_patient(
            connection,
            vault,
            name=person["who"],
            email=person["email"],
            password=person["password"],
            phone="+39 06 5550 0300",
            secret_key=settings.secret_key,
            clock=clock,
        )
        return
    licences = {one.pharmacist: one.licence for one in cast.PHARMACIES}
    is_doctor = person["role"] == "doctor"
    accounts.create_account(
        connection,
        role=person["role"],
        email=person["email"],
        password=person["password"],
        staff_name=person["who"],
        doctor_id=places[person["who"]] if is_doctor else None,
        pharmacy_id=None if is_doctor else places[licences[person["who"]]],
        secret_key=settings.secret_key,
        clock=clock,
    )


def _medicines(connection: sa.Connection, now: datetime) -> dict[str, UUID]:
    """The town's medicines, by generic name."""
    new = [
        NewMedicine(
            generic_name=one.generic_name,
            brand_name=one.brand_name,
            strength=one.strength,
            form=one.form,
            pack=one.pack,
            atc_code=one.atc_code,
            is_prescription_only=one.is_prescription_only,
            is_controlled=one.is_controlled,
            source=SOURCE,
            source_key=f"{number:03d}",
        )
        for number, one in enumerate(MEDICINES, 1)
    ]
    ids = add_medicines(connection, new, clock=story.at_that(now - OPENED_BEFORE))
    return {one.generic_name: public_id for one, public_id in zip(MEDICINES, ids, strict=True)}


def _live(
    engine: sa.Engine,
    places: dict[str, UUID],
    medicines: dict[str, UUID],
    settings: Settings,
    region: Region,
    now: datetime,
    days: int,
    progress: Progress,
) -> None:
    """The town's days up to today so far, a transaction each; a day that is there is passed over."""
    today = local_day(now, region.time_zone)
    first_day = today - timedelta(days=days)
    teller = story.Teller(places, medicines, settings.secret_key, region, until=now)
    for number, day in enumerate(life(first_day, days + 1, SEED)):
        in_transaction(engine, partial(teller.tell, day=day, is_first=number == 0))
        if number % 10 == 0 or day.day == today:
            progress(f"The town: {number} of {days} days.")


def _finish(
    connection: sa.Connection,
    vault: Vault,
    admin: SignIn,
    settings: Settings,
    region: Region,
    now: datetime,
) -> None:
    """The admin, and with the admin the requests for visits."""
    farah = accounts.create_account(
        connection,
        role="admin",
        staff_name=admin["who"],
        email=admin["email"],
        password=admin["password"],
        secret_key=settings.secret_key,
        clock=story.at_that(now - OPENED_BEFORE),
    )
    story.tell_requests(
        connection, vault, places=_places(connection), patients=_patients(connection, settings),
        decided_by=farah, time_zone=region.time_zone, now=now, seed=SEED,
    )  # fmt: skip


def _patients(connection: sa.Connection, settings: Settings) -> list[UUID]:
    """The town's patients, in the order of the cast."""
    emails = [one["email"] for one in _people(settings.secret_key) if one["role"] == "patient"]
    lookups = {email_lookup(email, settings.secret_key): n for n, email in enumerate(emails)}
    rows = connection.execute(
        sa.select(account.c.email_lookup, patient.c.public_id)
        .join_from(account, patient)
        .where(account.c.email_lookup.in_(list(lookups)))
    )
    return [row.public_id for row in sorted(rows, key=lambda row: lookups[bytes(row.email_lookup)])]
