"""What people do with their own account: register, forget and change the password, contact data, devices."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import links, model, passwords, service
from remedy.accounts.model import LinkEnded, Refused, digest
from remedy.accounts.queries import contact, row_of
from remedy.schema.people import account, patient, session, sign_in_failure
from remedy.values import Clock
from remedy.vault import Unreadable, Vault

ENDED = "This link was used before, or it is too old. Ask for a new one."


@dataclass(frozen=True)
class Device:
    """One place where somebody is signed in; `device` is its browser in words, perhaps empty."""

    session_id: UUID | None
    device: str
    began_at: datetime
    last_seen_at: datetime
    is_this: bool


def register(
    connection: sa.Connection,
    vault: Vault,
    *,
    name: str,
    email: str,
    phone: str,
    birth_date: str,
    address: str | None,
    password_hash: str,
    secret_key: str,
    clock: Clock,
) -> str:
    """Make a patient whose address is to be confirmed; the token of the link to mail there.

    Raises:
        AlreadyRegistered: if the address has a confirmed account; whoever asked must not be told so.
        Refused: if something told does not do.
    """
    person = service.register_patient(
        connection,
        vault,
        name=name,
        email=email,
        phone=model.check_phone(phone),
        birth_date=birth_date,
        address=address,
        password_hash=password_hash,
        secret_key=secret_key,
        is_confirmed=False,
        clock=clock,
    )
    row = row_of(connection, account, person.account_id)
    return links.new(connection, "confirm", account_row=row, clock=clock)


def forgot_password(
    connection: sa.Connection, *, email: str, secret_key: str, clock: Clock
) -> str | None:
    """The token of a link to mail to that address; None where nobody signs in with it.

    The same is read and written either way, so that how long it takes tells nothing.
    """
    found = connection.execute(
        sa.select(account.c.id).where(
            account.c.email_lookup == model.email_lookup(email, secret_key),
            account.c.is_active,
            account.c.is_email_confirmed,
        )
    ).scalar()
    token = links.new(connection, "reset", account_row=found, clock=clock)
    return token if found is not None else None


def reset_password(
    connection: sa.Connection, vault: Vault, *, token: str, password: str, clock: Clock
) -> str:
    """Set a new password by a mailed link; every session and link of the account ends.

    Returns the address to tell that it happened; empty where it can no longer be read.

    Raises:
        LinkEnded: if the link is not good (any more).
        Refused: if the password does not do; the link stays good.
    """
    link = links.use(connection, "reset", token, clock=clock)
    if link is None:
        raise LinkEnded(ENDED)
    email = email_of(connection, vault, link.account_id)
    _set_password(connection, link.account_id, password, email, clock=clock)
    service.end_sessions(connection, session.c.account_id == link.account_id, clock=clock)
    lookup = sa.select(account.c.email_lookup).where(account.c.id == link.account_id)
    # Whoever has the mailbox is let in at once, also after a stranger's guesses.
    connection.execute(
        sa.delete(sign_in_failure).where(sign_in_failure.c.email_lookup == lookup.scalar_subquery())
    )
    return email


def change_password(
    connection: sa.Connection,
    vault: Vault,
    account_id: UUID,
    *,
    password: str,
    token: str,
    clock: Clock,
) -> str:
    """Set a new password for who has just proved the old one (`service.prove`); other sessions end.

    `token` is the session that stays. Returns the address to tell that it happened.

    Raises:
        Refused: if the password does not do.
    """
    row = _row_of_account(connection, account_id)
    email = email_of(connection, vault, row)
    _set_password(connection, row, password, email, clock=clock)
    end_other_sessions(connection, account_id, token, clock=clock)
    return email


def _set_password(
    connection: sa.Connection, row: int, password: str, email: str, *, clock: Clock
) -> None:
    model.check_password(password, email)
    connection.execute(
        sa.update(account)
        .where(account.c.id == row)
        .values(password_hash=passwords.hash_of(password))
    )
    links.end_all(connection, row, clock=clock)


def change_details(
    connection: sa.Connection,
    vault: Vault,
    patient_id: UUID,
    *,
    name: str,
    phone: str,
    birth_date: str,
    address: str,
) -> None:
    """Change what a patient told of themselves; an empty address is forgotten.

    Raises:
        Refused: if something told does not do.
    """
    told = {
        "name": model.check_name(name),
        "phone": model.check_phone(phone),
        "birth_date": birth_date,
        "address": address.strip(),
    }
    sealed = {
        f"{field}_sealed": vault.seal(connection, patient_id, patient_id, field, text)
        if text
        else None
        for field, text in told.items()
    }
    connection.execute(sa.update(patient).where(patient.c.public_id == patient_id).values(sealed))


def details(connection: sa.Connection, vault: Vault, patient_id: UUID) -> dict[str, str]:
    """What a patient told of themselves, by field; empty where nothing was told or it was erased."""
    fields = ("name", "email", "phone", "birth_date", "address")
    kept = connection.execute(
        sa.select(*(patient.c[f"{field}_sealed"] for field in fields)).where(
            patient.c.public_id == patient_id
        )
    ).one()
    try:
        return {
            field: vault.open(connection, patient_id, patient_id, field, token) if token else ""
            for field, token in zip(fields, kept, strict=True)
        }
    except Unreadable:
        return dict.fromkeys(fields, "")


def ask_new_email(
    connection: sa.Connection,
    vault: Vault,
    account_id: UUID,
    *,
    email: str,
    secret_key: str,
    clock: Clock,
) -> str | None:
    """The token of a link to mail to a new address; None where it has an account already.

    Nothing changes before that mailbox answers. The same is written either way.

    Raises:
        Refused: if it cannot be an address.
    """
    plain = model.check_email(email)
    lookup = model.email_lookup(plain, secret_key)
    mine = connection.execute(
        sa.select(account.c.id, patient.c.public_id.label("patient_id"))
        .select_from(account.outerjoin(patient, patient.c.id == account.c.patient_id))
        .where(account.c.public_id == account_id)
    ).one()
    taken = connection.execute(
        sa.select(account.c.id).where(
            account.c.email_lookup == lookup, account.c.is_email_confirmed
        )
    ).scalar()
    text = (
        vault.seal(connection, mine.patient_id, mine.patient_id, "email", plain)
        if mine.patient_id
        else plain
    )
    token = links.new(
        connection,
        "email",
        account_row=mine.id if taken is None else None,
        new_email=(lookup, text),
        clock=clock,
    )
    return token if taken is None else None


def confirm_new_email(connection: sa.Connection, vault: Vault, *, token: str, clock: Clock) -> str:
    """Sign-in and mail go to the new address from now on; the address before, to be told so.

    Raises:
        LinkEnded: if the link is not good (any more).
    """
    link = links.use(connection, "email", token, clock=clock)
    if link is None:
        raise LinkEnded(ENDED)
    before = email_of(connection, vault, link.account_id)
    mine = connection.execute(
        sa.select(account.c.patient_id).where(account.c.id == link.account_id)
    ).one()
    changed: dict[str, object] = {"email_lookup": link.new_email_lookup}
    if mine.patient_id is None:
        changed["staff_email"] = link.new_email
    else:
        connection.execute(
            sa.update(patient)
            .where(patient.c.id == mine.patient_id)
            .values(email_sealed=link.new_email)
        )
    service.forget_unconfirmed(connection, account.c.email_lookup == link.new_email_lookup)
    try:
        connection.execute(
            sa.update(account).where(account.c.id == link.account_id).values(changed)
        )
    except sa.exc.IntegrityError:
        raise LinkEnded(ENDED) from None
    links.end_all(connection, link.account_id, clock=clock)
    return before


def devices(
    connection: sa.Connection, account_id: UUID, token: str, *, clock: Clock
) -> list[Device]:
    """Where this account is signed in, the latest first; `token` is the session that asks."""
    now, this = clock(), digest(token)
    found = connection.execute(
        sa.select(session)
        .join(account, account.c.id == session.c.account_id)
        .where(
            account.c.public_id == account_id,
            session.c.ended_at.is_(None),
            session.c.expires_at > now,
            session.c.last_seen_at > now - model.IDLE,
        )
        .order_by(session.c.last_seen_at.desc(), session.c.created_at.desc())
    )
    return [
        Device(
            row.public_id,
            row.device,
            row.created_at,
            row.last_seen_at,
            bytes(row.token_sha256) == this,
        )
        for row in found
    ]


def end_session(
    connection: sa.Connection, account_id: UUID, session_id: UUID, *, clock: Clock
) -> bool:
    """End one session of this account; False where it has no such session."""
    own = session.c.account_id == _row_of_account(connection, account_id)
    return (
        service.end_sessions(connection, session.c.public_id == session_id, own, clock=clock) == 1
    )


def end_other_sessions(
    connection: sa.Connection, account_id: UUID, token: str, *, clock: Clock
) -> int:
    """End every session of this account but the one of `token`; how many those were."""
    own = session.c.account_id == _row_of_account(connection, account_id)
    others = session.c.token_sha256 != digest(token)
    return service.end_sessions(connection, own, others, clock=clock)


def email_of(connection: sa.Connection, vault: Vault, account_row: int) -> str:
    """The address an account signs in with; empty where it was erased."""
    found = connection.execute(
        sa.select(account.c.staff_email, patient.c.public_id)
        .select_from(account.outerjoin(patient, patient.c.id == account.c.patient_id))
        .where(account.c.id == account_row)
    ).one()
    if found.public_id is None:
        return str(found.staff_email or "")
    reached = contact(connection, vault, found.public_id)
    return reached.email if reached else ""


def own_email(connection: sa.Connection, vault: Vault, account_id: UUID) -> str:
    """The address of the account with that public id."""
    return email_of(connection, vault, _row_of_account(connection, account_id))


def _row_of_account(connection: sa.Connection, account_id: UUID) -> int:
    row = row_of(connection, account, account_id)
    if row is None:
        raise Refused("There is no such account.")
    return row
