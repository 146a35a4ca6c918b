"""Who works at one pharmacy: its owners invite and remove colleagues, and say who is an owner.

Every function is told the pharmacy and touches nobody of another. An owner cannot remove or demote themselves, so a
pharmacy that has an owner keeps one. What only owners may do is in docs/decisions/0008-owners.md.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import staff
from remedy.accounts.model import Refused
from remedy.accounts.queries import row_of
from remedy.schema.people import account, invitation
from remedy.schema.pharmacy import pharmacy
from remedy.values import Clock

INVITED_AT_MOST = 30
"""Invitations of a pharmacy that are open at a time: each is a mail to somebody's mailbox."""


def people(connection: sa.Connection, pharmacy_id: UUID) -> Sequence[Any]:
    """The pharmacy's people whose accounts are open, owners first."""
    return connection.execute(
        sa.select(
            account.c.public_id, account.c.staff_name, account.c.staff_email, account.c.is_owner
        )
        .where(account.c.pharmacy_id == _row(connection, pharmacy_id), account.c.is_active)
        .order_by(account.c.is_owner.desc(), account.c.staff_name, account.c.id)
    ).all()


def invitations(connection: sa.Connection, pharmacy_id: UUID, *, clock: Clock) -> Sequence[Any]:
    """Invitations to this pharmacy that nobody has taken up yet, the newest first."""
    return connection.execute(
        sa.select(
            invitation.c.public_id,
            invitation.c.staff_name,
            invitation.c.staff_email,
            invitation.c.is_owner,
            invitation.c.expires_at,
        )
        .where(
            invitation.c.pharmacy_id == _row(connection, pharmacy_id),
            invitation.c.accepted_at.is_(None),
            invitation.c.withdrawn_at.is_(None),
            invitation.c.expires_at > clock(),
        )
        .order_by(invitation.c.id.desc())
    ).all()


def invite(
    connection: sa.Connection,
    pharmacy_id: UUID,
    *,
    name: str,
    email: str,
    is_owner: bool,
    by: UUID,
    clock: Clock,
) -> str:
    """Invite a colleague; the token of the link to mail to them, good for seven days.

    Raises:
        Refused: if name or address do not do, or too many invitations are open.
    """
    if len(invitations(connection, pharmacy_id, clock=clock)) >= INVITED_AT_MOST:
        raise Refused("Too many invitations are open. Withdraw some, or wait until they end.")
    return staff.invite(
        connection,
        role="pharmacist",
        name=name,
        email=email,
        pharmacy_id=pharmacy_id,
        is_owner=is_owner,
        invited_by=by,
        clock=clock,
    )


def withdraw(
    connection: sa.Connection, pharmacy_id: UUID, invitation_id: UUID, *, clock: Clock
) -> bool:
    """Take an invitation to this pharmacy back; False where it is not open (any more)."""
    mine = {row.public_id for row in invitations(connection, pharmacy_id, clock=clock)}
    return invitation_id in mine and staff.withdraw(connection, invitation_id, clock=clock)


def remove(
    connection: sa.Connection, pharmacy_id: UUID, account_id: UUID, *, by: UUID, clock: Clock
) -> bool:
    """Close a colleague's account: every session of theirs ends at once. False where there is none.

    Raises:
        Refused: if somebody would remove themselves, or is no owner any more.
    """
    if account_id == by:
        raise Refused("You cannot remove yourself; ask another owner, or an admin.")
    _check_owner(connection, pharmacy_id, by)
    mine = {row.public_id for row in people(connection, pharmacy_id)}
    return account_id in mine and staff.close(connection, account_id, by=by, clock=clock)


def set_owner(
    connection: sa.Connection, pharmacy_id: UUID, account_id: UUID, *, is_owner: bool, by: UUID
) -> bool:
    """Make a colleague an owner, or one who is not any more; False where there is no such colleague.

    Raises:
        Refused: if somebody would change themselves, or is no owner any more.
    """
    if account_id == by:
        raise Refused("You cannot change your own part; ask another owner.")
    _check_owner(connection, pharmacy_id, by)
    done = connection.execute(
        sa.update(account)
        .where(
            account.c.public_id == account_id,
            account.c.pharmacy_id == _row(connection, pharmacy_id),
            account.c.is_active,
        )
        .values(is_owner=is_owner)
    )
    return done.rowcount == 1 or account_id in {
        row.public_id for row in people(connection, pharmacy_id)
    }


def _check_owner(connection: sa.Connection, pharmacy_id: UUID, by: UUID) -> None:
    """Lock the owners, so that of two who would take each other's part away one comes second and is refused."""
    owners = connection.execute(
        sa.select(account.c.public_id)
        .where(
            account.c.pharmacy_id == _row(connection, pharmacy_id),
            account.c.is_owner,
            account.c.is_active,
        )
        .order_by(account.c.id)
        .with_for_update()
    ).scalars()
    if by not in set(owners):
        raise Refused("You are no owner of this pharmacy any more.")


def _row(connection: sa.Connection, pharmacy_id: UUID) -> int | None:
    return row_of(connection, pharmacy, pharmacy_id)
