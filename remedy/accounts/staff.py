"""Pharmacists, doctors and admins: invited by an admin, let in by a mailed link, closed when they leave."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import links, model, service
from remedy.accounts.model import LinkEnded, Refused
from remedy.accounts.own import ENDED
from remedy.accounts.queries import row_of
from remedy.schema.hospital import doctor, hospital
from remedy.schema.people import account, invitation, session
from remedy.schema.pharmacy import pharmacy
from remedy.values import Clock, uuid7


def invite(
    connection: sa.Connection,
    *,
    role: str,
    name: str,
    email: str,
    pharmacy_id: UUID | None = None,
    doctor_id: UUID | None = None,
    is_owner: bool = False,
    invited_by: UUID,
    clock: Clock,
) -> str:
    """Invite a member of staff; the token of the link to mail to them, good for seven days.

    `is_owner` is for pharmacists, as `Person` says it.

    Raises:
        Refused: if the role is not one of staff, or name, address or what they belong to do not fit.
    """
    if role == "patient":
        raise Refused("Patients register themselves.")
    service.check_belonging(role, name, None, pharmacy_id, doctor_id)
    made = connection.execute(
        sa.insert(invitation).values(
            public_id=uuid7(clock),
            role=role,
            staff_name=model.check_name(name),
            staff_email=model.check_email(email),
            pharmacy_id=row_of(connection, pharmacy, pharmacy_id),
            doctor_id=row_of(connection, doctor, doctor_id),
            invited_by=row_of(connection, account, invited_by),
            is_owner=is_owner and role == "pharmacist",
            created_at=clock(),
            expires_at=clock() + links.LIFETIMES["invite"],
        )
    )
    return links.new(connection, "invite", invitation_row=int(made.lastrowid), clock=clock)


def invited(connection: sa.Connection, token: str, *, clock: Clock) -> sa.Row[Any] | None:
    """Who an invitation's link is for (`role`, `staff_name`, `staff_email`), while it is good."""
    link = links.look(connection, "invite", token, clock=clock)
    return None if link is None else _open_invitation(connection, link.invitation_id)


def accept(
    connection: sa.Connection, *, token: str, password: str, secret_key: str, clock: Clock
) -> None:
    """Make the account somebody was invited to; the link has confirmed the address.

    Raises:
        LinkEnded: if the link is not good (any more), or the invitation was withdrawn.
        Refused: if the password does not do, or the address has an account.
    """
    link = links.use(connection, "invite", token, clock=clock)
    found = None if link is None else _open_invitation(connection, link.invitation_id)
    if found is None:
        raise LinkEnded(ENDED)
    service.forget_unconfirmed(
        connection, account.c.email_lookup == model.email_lookup(found.staff_email, secret_key)
    )
    service.create_account(
        connection,
        role=found.role,
        email=found.staff_email,
        password=password,
        secret_key=secret_key,
        staff_name=found.staff_name,
        pharmacy_id=_public(connection, pharmacy, found.pharmacy_id),
        doctor_id=_public(connection, doctor, found.doctor_id),
        is_owner=bool(found.is_owner),
        clock=clock,
    )
    connection.execute(
        sa.update(invitation).where(invitation.c.id == found.id).values(accepted_at=clock())
    )


def withdraw(connection: sa.Connection, invitation_id: UUID, *, clock: Clock) -> bool:
    """Take an invitation back; False where it is not open (any more)."""
    done = connection.execute(
        sa.update(invitation)
        .where(
            invitation.c.public_id == invitation_id,
            invitation.c.accepted_at.is_(None),
            invitation.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=clock())
    )
    return done.rowcount == 1


def close(connection: sa.Connection, account_id: UUID, *, by: UUID, clock: Clock) -> bool:
    """Close a member of staff's account: every session ends. False where there is none that is open.

    Raises:
        Refused: if somebody would close their own.
    """
    if account_id == by:
        raise Refused("You cannot close your own account; ask another admin.")
    done = connection.execute(
        sa.update(account)
        .where(account.c.public_id == account_id, account.c.role != "patient", account.c.is_active)
        .values(is_active=False)
    )
    if done.rowcount != 1:
        return False
    row = row_of(connection, account, account_id)
    service.end_sessions(connection, session.c.account_id == row, clock=clock)
    return True


def people(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Staff whose accounts are open, with where they work."""
    return connection.execute(
        sa.select(
            account.c.public_id,
            account.c.role,
            account.c.staff_name,
            account.c.staff_email,
            _workplace().label("workplace"),
        )
        .select_from(_at_work(account))
        .where(account.c.role != "patient", account.c.is_active)
        .order_by(account.c.role, account.c.staff_name, account.c.id)
    ).all()


def open_invitations(connection: sa.Connection, *, clock: Clock) -> Sequence[sa.Row[Any]]:
    """Invitations nobody has taken up yet, the newest first."""
    return connection.execute(
        sa.select(
            invitation.c.public_id,
            invitation.c.role,
            invitation.c.staff_name,
            invitation.c.staff_email,
            invitation.c.expires_at,
            _workplace().label("workplace"),
        )
        .select_from(_at_work(invitation))
        .where(
            invitation.c.accepted_at.is_(None),
            invitation.c.withdrawn_at.is_(None),
            invitation.c.expires_at > clock(),
        )
        .order_by(invitation.c.id.desc())
    ).all()


def workplaces(connection: sa.Connection) -> tuple[Sequence[Any], Sequence[Any]]:
    """Pharmacies, and doctors without an account: (`public_id`, `name`) each."""
    shops = connection.execute(
        sa.select(pharmacy.c.public_id, pharmacy.c.name).order_by(pharmacy.c.name, pharmacy.c.id)
    ).all()
    doctors = connection.execute(
        sa.select(
            doctor.c.public_id,
            sa.func.concat(doctor.c.name, ", ", doctor.c.speciality, ", ", hospital.c.name).label(
                "name"
            ),
        )
        .join_from(doctor, hospital)
        .outerjoin(account, account.c.doctor_id == doctor.c.id)
        .where(account.c.id.is_(None), doctor.c.is_active)
        .order_by(doctor.c.name, doctor.c.id)
    ).all()
    return shops, doctors


def _at_work(who: sa.Table) -> sa.FromClause:
    return (
        who.outerjoin(pharmacy, pharmacy.c.id == who.c.pharmacy_id)
        .outerjoin(doctor, doctor.c.id == who.c.doctor_id)
        .outerjoin(hospital, hospital.c.id == doctor.c.hospital_id)
    )


def _workplace() -> sa.ColumnElement[str]:
    return sa.func.coalesce(pharmacy.c.name, hospital.c.name, "")


def _open_invitation(connection: sa.Connection, row: int) -> sa.Row[Any] | None:
    return connection.execute(
        sa.select(invitation).where(
            invitation.c.id == row,
            invitation.c.accepted_at.is_(None),
            invitation.c.withdrawn_at.is_(None),
        )
    ).one_or_none()


def _public(connection: sa.Connection, table: sa.Table, row: int | None) -> UUID | None:
    if row is None:
        return None
    return connection.execute(sa.select(table.c.public_id).where(table.c.id == row)).scalar()
