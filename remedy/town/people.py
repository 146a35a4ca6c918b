"""The town's people who can sign in: their addresses, their passwords, their accounts."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import service as accounts
from remedy.accounts.model import email_lookup
from remedy.schema.people import account, patient
from remedy.town import cast
from remedy.town.places import opened_before
from remedy.values import at_that
from remedy.vault import Vault

SignIn = dict[str, str]
"""`who`, `role`, `email`, `password`."""


def sign_ins(size: cast.Size, secret_key: str) -> list[SignIn]:
    """Everybody, the admin first; passwords are made from the installation's key, so they can be told again."""
    named = [(cast.ADMIN, "admin")]
    named += [(one.pharmacist, "pharmacist") for one in cast.pharmacies(size)]
    named += [(one.name, "doctor") for one in cast.doctors(size)]
    named += [(one.name, "patient") for one in cast.patients(size)]
    people = []
    for who, role in named:
        email = f"{who.lower().replace('dr ', '').replace(' ', '.')}@town.example"
        digest = hmac.new(secret_key.encode(), f"town:{email}".encode(), hashlib.sha256).digest()
        letters = base64.b32encode(digest[:10]).decode().lower()
        password = "-".join(letters[at : at + 4] for at in range(0, 16, 4))
        people.append({"who": who, "role": role, "email": email, "password": password})
    return people


def has_account(connection: sa.Connection, email: str, secret_key: str) -> bool:
    """Whether there is an account with that address."""
    lookup = email_lookup(email, secret_key)
    query = sa.select(account.c.id).where(account.c.email_lookup == lookup)
    return connection.execute(query).first() is not None


def settle(
    connection: sa.Connection,
    vault: Vault,
    person: SignIn,
    *,
    size: cast.Size,
    places: dict[str, UUID],
    secret_key: str,
    now: datetime,
) -> None:
    """Give one person an account, if they have none."""
    if has_account(connection, person["email"], secret_key):
        return
    clock = at_that(now - opened_before(size))
    who, role = person["who"], person["role"]
    if role == "patient":
        told = next(one for one in cast.patients(size) if one.name == who)
        accounts.register_patient(
            connection,
            vault,
            name=who,
            email=person["email"],
            password=person["password"],
            phone=told.phone,
            birth_date=told.born_on,
            address=told.district,
            secret_key=secret_key,
            clock=clock,
        )
        return
    licences = {one.pharmacist: one.licence for one in cast.pharmacies(size)}
    accounts.create_account(
        connection,
        role=role,
        email=person["email"],
        password=person["password"],
        staff_name=who,
        doctor_id=places[who] if role == "doctor" else None,
        pharmacy_id=places[licences[who]] if role == "pharmacist" else None,
        is_owner=role == "pharmacist",
        secret_key=secret_key,
        clock=clock,
    )


def patients_of(
    connection: sa.Connection, people: Sequence[SignIn], secret_key: str
) -> tuple[UUID, ...]:
    """Public ids of those of these people who are patients and have an account, in their order."""
    lookups = {email_lookup(one["email"], secret_key): n for n, one in enumerate(people)}
    found = connection.execute(
        sa.select(account.c.email_lookup, patient.c.public_id)
        .join_from(account, patient)
        .where(account.c.email_lookup.in_(list(lookups)))
    )
    ordered = sorted(found, key=lambda row: lookups[bytes(row.email_lookup)])
    return tuple(row.public_id for row in ordered)


def account_of(connection: sa.Connection, email: str, secret_key: str) -> UUID:
    """The public id of the account with that address."""
    query = sa.select(account.c.public_id).where(
        account.c.email_lookup == email_lookup(email, secret_key)
    )
    found: UUID = connection.execute(query).scalar_one()
    return found
