"""Changes to who someone is: accounts, sign-in and its throttle, sessions.

Signing in takes two transactions, because a failure must be remembered though it is refused::

    attempt = in_transaction(engine, lambda c: note_attempt(c, email=…, address=…, …))
    token, person = in_transaction(engine, lambda c: sign_in(c, attempt=attempt, …))

The attempt is counted before the password is looked at, so that many at once gain nothing; success takes it
back.
"""

import os
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import links, model, passwords, queries
from remedy.accounts.model import (
    AlreadyRegistered,
    Person,
    Refused,
    SignInRefused,
    TooManyFailures,
    digest,
)
from remedy.accounts.queries import row_of
from remedy.schema.hospital import doctor
from remedy.schema.people import (
    ROLES,
    account,
    kept_answer,
    patient,
    patient_key,
    session,
    sign_in_failure,
)
from remedy.schema.pharmacy import pharmacy
from remedy.values import Clock, uuid7
from remedy.vault import Vault

_WRONG = "The e-mail address or the password is not right."
_TOO_MANY = "Too many attempts failed. Try again in {minutes} minutes."


def create_account(
    connection: sa.Connection,
    *,
    role: str,
    email: str,
    password: str | None = None,
    password_hash: str | None = None,
    secret_key: str,
    staff_name: str | None = None,
    patient_id: UUID | None = None,
    pharmacy_id: UUID | None = None,
    doctor_id: UUID | None = None,
    is_owner: bool = False,
    is_confirmed: bool = True,
    clock: Clock,
) -> UUID:
    """Make an account; its public id.

    A patient's account belongs to a patient, a pharmacist's to a pharmacy, a doctor's to a doctor, an
    admin's to none; who is staff has a `staff_name`. A pharmacist may be an owner of the pharmacy. The password comes as it is, or as the hash that was
    made when it was checked. Who is not confirmed cannot sign in before following the mailed link.

    Raises:
        AlreadyRegistered: if the address has an account.
        Refused: if role, address, password or what it belongs to do not fit.
    """
    check_belonging(role, staff_name, patient_id, pharmacy_id, doctor_id)
    plain = model.check_email(email)
    if password_hash is None:
        model.check_password(password or "", plain)
        # Hashed before anything is looked up: a taken address costs as much time as a free one.
        password_hash = passwords.hash_of(password or "")
    account_id = uuid7(clock)
    is_staff = role != "patient"
    values = {
        "public_id": account_id,
        "role": role,
        "email_lookup": model.email_lookup(plain, secret_key),
        "password_hash": password_hash,
        "staff_name": model.check_name(staff_name or "") if is_staff else None,
        "staff_email": plain if is_staff else None,
        "patient_id": row_of(connection, patient, patient_id),
        "pharmacy_id": row_of(connection, pharmacy, pharmacy_id),
        "doctor_id": row_of(connection, doctor, doctor_id),
        "is_active": True,
        "is_owner": is_owner and role == "pharmacist",
        "is_email_confirmed": is_confirmed,
        "created_at": clock(),
    }
    try:
        connection.execute(sa.insert(account).values(values))
    except sa.exc.IntegrityError:
        raise AlreadyRegistered("There is an account with this e-mail address already.") from None
    return account_id


def register_patient(
    connection: sa.Connection,
    vault: Vault,
    *,
    name: str,
    email: str,
    password: str | None = None,
    password_hash: str | None = None,
    phone: str | None = None,
    birth_date: str | None = None,
    address: str | None = None,
    is_confirmed: bool = True,
    secret_key: str,
    clock: Clock,
) -> Person:
    """Make a patient with a key of their own, and their account; everything told is kept sealed.

    Whoever registers with an address that nobody confirmed takes the place of who did before.

    Raises:
        AlreadyRegistered: if the address has an account; whoever asked must not be told so.
        Refused: if name, address or password do not do.
    """
    plain_name = model.check_name(name)
    plain = model.check_email(email)
    forget_unconfirmed(connection, account.c.email_lookup == model.email_lookup(plain, secret_key))
    patient_id = uuid7(clock)
    vault.new_key(connection, patient_id)
    told = {
        "name": plain_name,
        "email": plain,
        "phone": phone,
        "birth_date": birth_date,
        "address": address,
    }
    sealed = {
        f"{field}_sealed": vault.seal(connection, patient_id, patient_id, field, text.strip())
        for field, text in told.items()
        if text and text.strip()
    }
    connection.execute(
        sa.insert(patient).values(public_id=patient_id, created_at=clock(), **sealed)
    )
    account_id = create_account(
        connection,
        role="patient",
        email=plain,
        password=password,
        password_hash=password_hash,
        secret_key=secret_key,
        patient_id=patient_id,
        is_confirmed=is_confirmed,
        clock=clock,
    )
    return Person(account_id, "patient", patient_id, None, None, plain_name)


def note_attempt(
    connection: sa.Connection, *, email: str, address: str, secret_key: str, clock: Clock
) -> int:
    """Count an attempt to sign in, before it is made; commit it, and give its number to `sign_in`.

    Raises:
        TooManyFailures: if the account at this address, or the address, failed too often lately. Nothing
            is counted then: an attack ends by itself, and the table cannot be flooded.
    """
    lookup, now = model.email_lookup(email, secret_key), clock()
    _refuse_too_many(connection, lookup, address, now, before=None)
    connection.execute(
        sa.delete(sign_in_failure).where(
            sign_in_failure.c.address == address[:64],
            sign_in_failure.c.failed_at < now - model.ADDRESS_WINDOW,
        )
    )
    made = connection.execute(
        sa.insert(sign_in_failure).values(email_lookup=lookup, address=address[:64], failed_at=now)
    )
    return int(made.lastrowid)


def sign_in(
    connection: sa.Connection,
    *,
    email: str,
    password: str,
    address: str,
    attempt: int,
    secret_key: str,
    clock: Clock,
    device: str = "",
    confirm: str = "",
    vault: Vault | None = None,
) -> tuple[str, Person]:
    """Begin a session; its token (for the cookie, kept nowhere) and who it is.

    `attempt` is what `note_attempt` gave and committed; `device` is what its owner will know it by;
    `confirm` is the token of the mailed link that confirms a new account's address: link and password
    together, so that nobody confirms for a stranger. With a vault, a patient's name is read.

    Raises:
        SignInRefused: in the same words, after the same work, for a wrong password, an unknown name and
            an address that was not confirmed.
    """
    now = clock()
    row = prove(
        connection, email=email, password=password, address=address, attempt=attempt,
        secret_key=secret_key, clock=clock, confirm=confirm,
    )  # fmt: skip
    token = secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(session).values(
            token_sha256=digest(token),
            account_id=row,
            csrf_secret=os.urandom(32),
            created_at=now,
            last_seen_at=now,
            expires_at=now + model.ABSOLUTE,
            public_id=uuid7(clock),
            device=device[: model.DEVICE_AT_MOST],
        )
    )
    return token, queries.person_of(connection, row, vault)


def prove(
    connection: sa.Connection,
    *,
    email: str,
    password: str,
    address: str,
    attempt: int,
    secret_key: str,
    clock: Clock,
    confirm: str = "",
) -> int:
    """Look at a password, with the throttle of `note_attempt` around it; the account's row id.

    Raises:
        SignInRefused: as `sign_in` says.
    """
    lookup = model.email_lookup(email, secret_key)
    # Counted again, by number: of many attempts that passed the first look at once only five go on.
    _refuse_too_many(connection, lookup, address, clock(), before=attempt)
    found = connection.execute(
        sa.select(
            account.c.id,
            account.c.password_hash,
            account.c.is_active,
            account.c.is_email_confirmed,
        ).where(account.c.email_lookup == lookup)
    ).one_or_none()
    is_right = passwords.is_right(password, found.password_hash if found else None)
    if found is None or not is_right or not found.is_active:
        raise SignInRefused(_WRONG)
    if not found.is_email_confirmed and not links.use(
        connection, "confirm", confirm, account_row=found.id, clock=clock
    ):
        raise SignInRefused(_WRONG)
    changed: dict[str, object] = {"is_email_confirmed": True}
    if passwords.is_outdated(found.password_hash):
        changed["password_hash"] = passwords.hash_of(password)
    connection.execute(sa.update(account).where(account.c.id == found.id).values(changed))
    connection.execute(
        sa.delete(sign_in_failure).where(
            sign_in_failure.c.email_lookup == lookup, sign_in_failure.c.address == address[:64]
        )
    )
    return int(found.id)


def session_person(
    connection: sa.Connection, token: str, *, clock: Clock, vault: Vault | None = None
) -> Person | None:
    """Who a session's token stands for; None when it is unknown, ended, idle too long or too old.

    Being asked keeps the session awake (written at most once a minute).
    """
    now, kept = clock(), digest(token)
    live = (
        session.c.token_sha256 == kept,
        session.c.ended_at.is_(None),
        session.c.expires_at > now,
        session.c.last_seen_at > now - model.IDLE,
    )
    found = connection.execute(
        sa.select(session.c.account_id, session.c.last_seen_at)
        .join_from(session, account)
        .where(*live, account.c.is_active)
    ).one_or_none()
    if found is None:
        return None
    if (now - found.last_seen_at).total_seconds() >= 60:
        connection.execute(sa.update(session).where(*live).values(last_seen_at=now))
    return queries.person_of(connection, found.account_id, vault)


def sign_out(connection: sa.Connection, token: str, *, clock: Clock) -> None:
    """End a session at once, everywhere; a second time changes nothing."""
    end_sessions(connection, session.c.token_sha256 == digest(token), clock=clock)


def end_sessions(connection: sa.Connection, *which: sa.ColumnElement[bool], clock: Clock) -> int:
    """End the sessions that all of `which` holds for and that have not ended yet; how many those were."""
    done = connection.execute(
        sa.update(session).where(*which, session.c.ended_at.is_(None)).values(ended_at=clock())
    )
    return int(done.rowcount)


def forget_old(connection: sa.Connection, *, clock: Clock) -> None:
    """Delete what is kept for a while only: failed attempts, sessions 30 days after their end, old answers."""
    now = clock()
    connection.execute(
        sa.delete(sign_in_failure).where(sign_in_failure.c.failed_at < now - model.ADDRESS_WINDOW)
    )
    connection.execute(sa.delete(session).where(session.c.expires_at < now - model.KEPT))
    connection.execute(sa.delete(kept_answer).where(kept_answer.c.created_at < now - model.KEPT))
    links.forget_old(connection, clock=clock)
    forget_unconfirmed(connection, account.c.created_at < now - links.LIFETIMES["confirm"])


def forget_unconfirmed(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Delete accounts that nobody confirmed, with their patients and keys: nothing else is theirs yet."""
    found = connection.execute(
        sa.select(account.c.id, account.c.patient_id).where(which, ~account.c.is_email_confirmed)
    ).all()
    for row, patient_row in found:
        links.forget_account(connection, row)
        connection.execute(sa.delete(account).where(account.c.id == row))
        theirs = sa.select(patient.c.public_id).where(patient.c.id == patient_row).scalar_subquery()
        connection.execute(sa.delete(patient_key).where(patient_key.c.patient_public_id == theirs))
        connection.execute(sa.delete(patient).where(patient.c.id == patient_row))


def _refuse_too_many(
    connection: sa.Connection, lookup: bytes, address: str, now: datetime, *, before: int | None
) -> None:
    failures = sign_in_failure.c
    earlier = (failures.id < before,) if before is not None else ()
    is_account, is_address = failures.email_lookup == lookup, failures.address == address[:64]
    limits: tuple[tuple[int, timedelta, tuple[sa.ColumnElement[bool], ...]], ...] = (
        (model.FAILURES_PER_ACCOUNT, model.ACCOUNT_WINDOW, (is_account, is_address)),
        (model.FAILURES_PER_ADDRESS, model.ADDRESS_WINDOW, (is_address,)),
        (model.FAILURES_PER_NAME, model.NAME_WINDOW, (is_account,)),
    )
    for most, window, which in limits:
        lately = sa.select(sa.func.count()).where(
            failures.failed_at > now - window, *which, *earlier
        )
        if connection.execute(lately).scalar_one() >= most:
            raise TooManyFailures(_TOO_MANY.format(minutes=int(window.total_seconds() // 60)))


def check_belonging(
    role: str,
    staff_name: str | None,
    patient_id: UUID | None,
    pharmacy_id: UUID | None,
    doctor_id: UUID | None,
) -> None:
    """Refuse an account that belongs to somebody else's role, or to nobody.

    Raises:
        Refused: saying what is missing or too much.
    """
    if role not in ROLES:
        raise Refused(f"'{role}' is no role; roles are {', '.join(ROLES)}.")
    owners = {"patient": patient_id, "pharmacist": pharmacy_id, "doctor": doctor_id}
    for owner_role, owner in owners.items():
        if (owner_role == role) != (owner is not None):
            raise Refused(
                f"A {role}'s account {'needs' if owner_role == role else 'has no'} {owner_role}'s record."
            )
    if (role == "patient") == bool(staff_name):
        raise Refused("Who is staff has a staff name; a patient's name is kept sealed.")
