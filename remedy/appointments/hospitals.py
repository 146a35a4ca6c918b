"""Changes to hospitals, and to the public holidays on which they are closed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts.queries import staff_name
from remedy.appointments.calendars import HOSPITAL
from remedy.appointments.model import Hospital, Refused
from remedy.appointments.public_holidays import public_holidays
from remedy.schema.hospital import (
    doctor,
    doctor_hours,
    hospital,
    hospital_change,
    hospital_holiday,
)
from remedy.values import Clock, uuid7


@dataclass(frozen=True)
class HospitalClock:
    """A hospital's time zone, and the country whose public holidays are brought in; empty where nobody said."""

    time_zone: str
    country: str


@dataclass(frozen=True)
class HospitalChange:
    """A change of a hospital: what it was until then, and who changed it (None: no longer known)."""

    before: Hospital
    changed_at: datetime
    changed_by: str | None


class ChangedMeanwhile(Refused):
    """Somebody changed it since it was looked at; the text says who."""


def make_hospital(
    connection: sa.Connection,
    *,
    name: str,
    address: str,
    phone: str | None,
    latitude: float,
    longitude: float,
    time_zone: str,
    country: str,
    clock: Clock,
) -> UUID:
    """Make a hospital; its public id."""
    made = uuid7(clock)
    connection.execute(
        sa.insert(hospital).values(
            public_id=made,
            name=name,
            address=address,
            phone=phone,
            latitude=latitude,
            longitude=longitude,
            time_zone=time_zone,
            country=country,
        )
    )
    return made


def hospital_of(connection: sa.Connection, hospital_id: UUID) -> tuple[Hospital, int]:
    """A hospital, and its version.

    Raises:
        Refused: if there is none.
    """
    row = connection.execute(
        sa.select(*HOSPITAL, hospital.c.version).where(hospital.c.public_id == hospital_id)
    ).one_or_none()
    if row is None:
        raise Refused("There is no such hospital.")
    return Hospital(*row[:-1]), row.version


def change_hospital(
    connection: sa.Connection,
    told: Hospital,
    *,
    version: int,
    changed_by: UUID,
    clock: Clock,
) -> None:
    """Change what patients read of a hospital; what it was is kept with who changed it. Its clocks stay.

    Of two who looked at the same version, one changes it.

    Raises:
        ChangedMeanwhile: if it is not at that version any more.
        Refused: if there is no such hospital.
    """
    before, found_version = hospital_of(connection, told.hospital_id)
    if found_version == version and before == told:
        return
    row = hospital_row(connection, told.hospital_id)
    done = connection.execute(
        sa.update(hospital)
        .where(hospital.c.id == row, hospital.c.version == version)
        .values(**_told_of(told), version=version + 1)
    )
    if done.rowcount == 0:
        last = changes_of(connection, told.hospital_id)[:1]
        who = (last[0].changed_by if last else None) or "Somebody"
        raise ChangedMeanwhile(
            f"{who} changed this hospital since you opened it; nothing of yours was saved. Compare, and save again."
        )
    connection.execute(
        sa.insert(hospital_change).values(
            hospital_id=row,
            version=version,
            **_told_of(before),
            changed_at=clock(),
            changed_by=changed_by,
        )
    )
    _everybody_changed(connection, row)


def changes_of(connection: sa.Connection, hospital_id: UUID) -> list[HospitalChange]:
    """How a hospital was changed, the last change first."""
    kept = hospital_change.c
    rows = connection.execute(
        sa.select(
            kept.name,
            kept.address,
            kept.phone,
            kept.latitude,
            kept.longitude,
            kept.changed_at,
            kept.changed_by,
        )
        .join_from(hospital_change, hospital, hospital.c.id == kept.hospital_id)
        .where(hospital.c.public_id == hospital_id)
        .order_by(kept.version.desc())
    )
    return [
        HospitalChange(
            Hospital(hospital_id, *row[:5]), row.changed_at, staff_name(connection, row.changed_by)
        )
        for row in rows
    ]


def _told_of(one: Hospital) -> dict[str, Any]:
    """What patients read of a hospital, by the columns in which it is kept, now and as it was."""
    return {name: value for name, value in vars(one).items() if name != "hospital_id"}


def bring_holidays(connection: sa.Connection, hospital_id: UUID, *, country: str, year: int) -> int:
    """Bring in a country's public holidays of a year; how many. What is kept of a day already stays as it is.

    Raises:
        Refused: if there is no such hospital, or nothing is known of that country.
    """
    found = public_holidays(country, year)
    row = hospital_row(connection, hospital_id)
    connection.execute(sa.update(hospital).where(hospital.c.id == row).values(country=country))
    for day, name in found.items():
        _keep_holiday(connection, row, day, name)
    _everybody_changed(connection, row)
    return len(found)


def add_holiday(connection: sa.Connection, hospital_id: UUID, day: date, name: str) -> None:
    """Close a hospital on a day; a day that was opened is closed again.

    Raises:
        Refused: if there is no such hospital, or the day has no name.
    """
    plain = name.strip()
    if not 1 <= len(plain) <= 120:
        raise Refused("Say in at most 120 characters why the hospital is closed that day.")
    row = hospital_row(connection, hospital_id)
    _keep_holiday(connection, row, day, plain)
    connection.execute(
        sa.update(hospital_holiday)
        .where(hospital_holiday.c.hospital_id == row, hospital_holiday.c.day == day)
        .values(name=plain, is_open=False)
    )
    _everybody_changed(connection, row)


def open_holiday(connection: sa.Connection, hospital_id: UUID, day: date) -> bool:
    """Let a hospital work on a public holiday; whether it was closed. Bringing holidays in anew does not close it.

    Raises:
        Refused: if there is no such hospital.
    """
    row = hospital_row(connection, hospital_id)
    done = connection.execute(
        sa.update(hospital_holiday)
        .where(
            hospital_holiday.c.hospital_id == row,
            hospital_holiday.c.day == day,
            hospital_holiday.c.is_open.is_(False),
        )
        .values(is_open=True)
    )
    _everybody_changed(connection, row)
    return done.rowcount > 0


def where_and_country(connection: sa.Connection, hospital_id: UUID) -> HospitalClock:
    """Which clocks and which country's holidays a hospital goes by.

    Raises:
        Refused: if there is none.
    """
    row = hospital_row(connection, hospital_id)
    found = connection.execute(
        sa.select(hospital.c.time_zone, hospital.c.country).where(hospital.c.id == row)
    ).one()
    return HospitalClock(*found)


def hospital_row(connection: sa.Connection, hospital_id: UUID) -> int:
    """The row id of a hospital.

    Raises:
        Refused: if there is none.
    """
    row = connection.execute(
        sa.select(hospital.c.id).where(hospital.c.public_id == hospital_id)
    ).scalar()
    if row is None:
        raise Refused("There is no such hospital.")
    return int(row)


def _everybody_changed(connection: sa.Connection, at: int) -> None:
    """Open pages of the doctors who work at a hospital look again."""
    elsewhere = sa.select(doctor_hours.c.doctor_id).where(doctor_hours.c.hospital_id == at)
    rows = connection.execute(
        sa.select(doctor.c.id).where(sa.or_(doctor.c.hospital_id == at, doctor.c.id.in_(elsewhere)))
    ).scalars()
    for row in sorted(rows):
        connection.execute(
            sa.update(doctor).where(doctor.c.id == row).values(doctor_seq=doctor.c.doctor_seq + 1)
        )


def _keep_holiday(connection: sa.Connection, at: int, day: date, name: str) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO hospital_holiday (hospital_id, day, name) VALUES (:place, :day, :name)"
            " ON DUPLICATE KEY UPDATE day = day"
        ),
        {"place": at, "day": day, "name": name[:120]},
    )
