"""A pharmacy whose licence is withdrawn: seen by nobody from that moment on, and nothing of it is lost.

What makes a pharmacy visible is `verified_at`, which every search, offer, hold and transfer asks for. To suspend one
is to empty it: its stock, holds, orders and people stay as they are, and its tills go on telling what was sold.
Whoever has packs set aside there is owed a mail, at the withdrawal and when the licence is given back.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.accounts.model import Refused
from remedy.accounts.queries import row_of
from remedy.schema.people import account, patient
from remedy.schema.pharmacy import (
    pharmacy,
    pharmacy_licence_change,
    stock_hold,
    stock_item,
)
from remedy.values import Clock

REASON_AT_MOST = 500
SUSPENDED, REINSTATED = "suspended", "reinstated"


def suspend(
    connection: sa.Connection, pharmacy_id: UUID, *, reason: str, by: UUID, clock: Clock
) -> None:
    """Take a pharmacy out of sight because its licence is withdrawn; its people read the reason.

    Raises:
        Refused: if no reason is given, there is no such pharmacy, or patients do not see it as it is.
    """
    now, why = clock(), _reason(reason)
    done = connection.execute(
        sa.update(pharmacy)
        .where(pharmacy.c.public_id == pharmacy_id, pharmacy.c.verified_at.is_not(None))
        .values(verified_at=None, suspended_at=now, suspended_reason=why)
    )
    if done.rowcount != 1:
        raise Refused(
            "This pharmacy is not open to patients: it is suspended already, or was never checked."
        )
    _note(connection, pharmacy_id, SUSPENDED, why, by, clock)


def reinstate(
    connection: sa.Connection, pharmacy_id: UUID, *, reason: str, by: UUID, clock: Clock
) -> None:
    """Show a suspended pharmacy to patients again, its licence looked at now.

    Raises:
        Refused: if no reason is given, there is no such pharmacy, or it is not suspended.
    """
    why = _reason(reason)
    done = connection.execute(
        sa.update(pharmacy)
        .where(pharmacy.c.public_id == pharmacy_id, pharmacy.c.suspended_at.is_not(None))
        .values(verified_at=clock(), suspended_at=None, suspended_reason=None)
    )
    if done.rowcount != 1:
        raise Refused("This pharmacy is not suspended.")
    _note(connection, pharmacy_id, REINSTATED, why, by, clock)


def _reason(reason: str) -> str:
    why = reason.strip()
    if not 0 < len(why) <= REASON_AT_MOST:
        raise Refused("Say why, in at most 500 characters: the pharmacy reads it.")
    return why


def _note(
    connection: sa.Connection,
    pharmacy_id: UUID,
    became: str,
    reason: str,
    by: UUID,
    clock: Clock,
) -> None:
    """Keep the decision, and that whoever has packs set aside there is to be told."""
    row, now = row_of(connection, pharmacy, pharmacy_id), clock()
    kind: owed.Kind = "pharmacy_suspended" if became == SUSPENDED else "pharmacy_reinstated"
    connection.execute(
        sa.insert(pharmacy_licence_change).values(
            pharmacy_id=row,
            became=became,
            reason=reason,
            decided_by=row_of(connection, account, by),
            decided_at=now,
        )
    )
    waiting = (
        sa.select(patient.c.public_id)
        .select_from(stock_hold.join(stock_item).join(patient))
        .where(
            stock_item.c.pharmacy_id == row,
            stock_hold.c.state == "held",
            stock_hold.c.expires_at > now,
        )
        .distinct()
    )
    owed.owe(connection, kind, pharmacy_id, *connection.execute(waiting).scalars(), now=now)


def pharmacies(
    connection: sa.Connection, *, named: str = "", limit: int = 50, offset: int = 0
) -> Sequence[Any]:
    """Every pharmacy for an admin, those that are suspended first, then by name; `named` is a part of the name."""
    columns = pharmacy.c
    query = sa.select(
        columns.public_id, columns.name, columns.district, columns.licence, columns.source,
        columns.verified_at, columns.suspended_at,
    )  # fmt: skip
    if named:
        query = query.where(sa.func.lower(columns.name).contains(named.lower(), autoescape=True))
    order = (columns.suspended_at.is_(None), columns.name, columns.id)
    return connection.execute(query.order_by(*order).limit(limit).offset(offset)).all()


def one_pharmacy(connection: sa.Connection, pharmacy_id: UUID) -> sa.Row[Any] | None:
    """A pharmacy as an admin looks at it, whether or not patients see it."""
    return connection.execute(
        sa.select(pharmacy).where(pharmacy.c.public_id == pharmacy_id)
    ).one_or_none()


def history(connection: sa.Connection, pharmacy_id: UUID) -> Sequence[Any]:
    """What was decided about its licence, and by whom (`decider`), the latest first."""
    change = pharmacy_licence_change
    return connection.execute(
        sa.select(
            change.c.became, change.c.reason, change.c.decided_at,
            account.c.staff_name.label("decider"),
        )
        .select_from(change)
        .join(account, account.c.id == change.c.decided_by)
        .join(pharmacy, pharmacy.c.id == change.c.pharmacy_id)
        .where(pharmacy.c.public_id == pharmacy_id)
        .order_by(change.c.id.desc())
    ).all()  # fmt: skip
