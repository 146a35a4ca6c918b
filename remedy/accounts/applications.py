"""Pharmacies that ask to take part: an admin looks at the licence, then the pharmacist is invited."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import model, staff
from remedy.accounts.model import Refused
from remedy.accounts.queries import row_of
from remedy.schema.people import account, pharmacy_application
from remedy.schema.pharmacy import pharmacy
from remedy.values import Clock, uuid7

DECIDED = "Somebody has decided this application already."


@dataclass(frozen=True)
class Application:
    """What a pharmacy tells of itself; coordinates in degrees."""

    name: str
    address: str
    district: str
    phone: str
    licence: str
    latitude: float
    longitude: float
    pharmacist_name: str
    pharmacist_email: str


def apply(connection: sa.Connection, told: Application, *, clock: Clock) -> UUID:
    """Keep an application until an admin decides it; its public id.

    Raises:
        Refused: if something told does not do.
    """
    model.check_name(told.pharmacist_name)
    model.check_phone(told.phone)
    if not (-90 <= told.latitude <= 90 and -180 <= told.longitude <= 180):
        raise Refused("A latitude is from -90 to 90 and a longitude from -180 to 180.")
    made = uuid7(clock)
    values = {**asdict(told), "pharmacist_email": model.check_email(told.pharmacist_email)}
    connection.execute(
        sa.insert(pharmacy_application).values(public_id=made, applied_at=clock(), **values)
    )
    return made


def waiting(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Applications nobody has decided, the oldest first."""
    return connection.execute(
        sa.select(pharmacy_application)
        .where(pharmacy_application.c.decided_at.is_(None))
        .order_by(pharmacy_application.c.id)
    ).all()


def application(connection: sa.Connection, application_id: UUID) -> sa.Row[Any] | None:
    """One application with who decided it (`decider`), or None."""
    return connection.execute(
        sa.select(pharmacy_application, account.c.staff_name.label("decider"))
        .select_from(
            pharmacy_application.outerjoin(
                account, account.c.id == pharmacy_application.c.decided_by
            )
        )
        .where(pharmacy_application.c.public_id == application_id)
    ).one_or_none()


def same_licence(connection: sa.Connection, licence: str) -> Sequence[str]:
    """Names of pharmacies that have that licence already."""
    return (
        connection.execute(sa.select(pharmacy.c.name).where(pharmacy.c.licence == licence))
        .scalars()
        .all()
    )


def approve(
    connection: sa.Connection, application_id: UUID, *, by: UUID, time_zone: str, clock: Clock
) -> tuple[str, str]:
    """Make the pharmacy, verified as of now, and invite its pharmacist: (link's token, e-mail address).

    Of two admins who decide, one wins.

    Raises:
        Refused: if it is decided already, or there is no such application.
    """
    told = _decide(connection, application_id, by=by, note=None, clock=clock)
    pharmacy_id = uuid7(clock)
    connection.execute(
        sa.insert(pharmacy).values(
            public_id=pharmacy_id,
            name=told.name,
            address=told.address,
            district=told.district,
            phone=told.phone,
            licence=told.licence,
            latitude=told.latitude,
            longitude=told.longitude,
            verified_at=clock(),
            time_zone=time_zone,
        )
    )
    connection.execute(
        sa.update(pharmacy_application)
        .where(pharmacy_application.c.id == told.id)
        .values(pharmacy_id=row_of(connection, pharmacy, pharmacy_id))
    )
    token = staff.invite(
        connection,
        role="pharmacist",
        name=told.pharmacist_name,
        email=told.pharmacist_email,
        pharmacy_id=pharmacy_id,
        is_owner=True,
        invited_by=by,
        clock=clock,
    )
    return token, told.pharmacist_email


def decline(
    connection: sa.Connection, application_id: UUID, *, by: UUID, note: str, clock: Clock
) -> str:
    """Decline an application, saying why; the e-mail address to write to.

    Raises:
        Refused: if it is decided already, no reason is given, or there is no such application.
    """
    if not note.strip():
        raise Refused("Tell the pharmacy why it is declined.")
    told = _decide(connection, application_id, by=by, note=note.strip(), clock=clock)
    return str(told.pharmacist_email)


def _decide(
    connection: sa.Connection, application_id: UUID, *, by: UUID, note: str | None, clock: Clock
) -> sa.Row[Any]:
    done = connection.execute(
        sa.update(pharmacy_application)
        .where(
            pharmacy_application.c.public_id == application_id,
            pharmacy_application.c.decided_at.is_(None),
        )
        .values(decided_at=clock(), decided_by=row_of(connection, account, by), note=note)
    )
    if done.rowcount != 1:
        raise Refused(DECIDED)
    return connection.execute(
        sa.select(pharmacy_application).where(pharmacy_application.c.public_id == application_id)
    ).one()
