"""Founds the town: its pharmacies, hospitals, doctors and medicines, once."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.codes import keep_codes
from remedy.catalogue.hours import Hours
from remedy.catalogue.model import NewMedicine
from remedy.catalogue.service import add_medicines, set_hours
from remedy.schema.hospital import doctor, doctor_hours, hospital, visit_kind
from remedy.schema.pharmacy import medicine, pharmacy
from remedy.stock.barcodes import check_digit
from remedy.town import cast
from remedy.town.shelf import medicines
from remedy.values import Clock, at_that, uuid7

SOURCE = "town"
OPENED_DAYS_BEFORE = 40
"""The pharmacies were checked that long before the town's history begins."""

LICENCES = "DEMO-%"


def opened_before(size: cast.Size) -> timedelta:
    """How long before the town was built its pharmacies were checked: a later run takes its day from that."""
    return timedelta(days=size.days + OPENED_DAYS_BEFORE)


def begun(connection: sa.Connection) -> tuple[cast.Size, datetime] | None:
    """The size of the town that is there, and the instant it was begun at; None before that."""
    count, since = connection.execute(
        sa.select(sa.func.count(), sa.func.min(pharmacy.c.verified_at)).where(
            pharmacy.c.licence.like(LICENCES)
        )
    ).one()
    size = next((one for one in cast.SIZES.values() if one.pharmacies == count), None)
    return (size, since + opened_before(size)) if size else None


def found(connection: sa.Connection, size: cast.Size, time_zone: str, now: datetime) -> None:
    """Make pharmacies, hospitals and doctors."""
    clock = at_that(now - opened_before(size))
    for one in cast.pharmacies(size):
        public_id = uuid7(clock)
        connection.execute(
            sa.insert(pharmacy).values(
                public_id=public_id,
                name=one.name,
                address=one.address,
                district=one.district,
                phone=one.phone,
                licence=one.licence,
                verified_at=clock(),
                latitude=one.latitude,
                longitude=one.longitude,
                time_zone=time_zone,
            )
        )
        set_hours(connection, public_id, [Hours(*stretch) for stretch in one.hours])
    rows = {}
    for place in cast.hospitals(size):
        rows[place.name] = connection.execute(
            sa.insert(hospital).values(
                public_id=uuid7(clock),
                name=place.name,
                address=place.address,
                phone=place.phone,
                latitude=place.latitude,
                longitude=place.longitude,
                time_zone=time_zone,
            )
        ).lastrowid
    for who in cast.doctors(size):
        _appoint(connection, who, rows[who.hospital], clock)


def _appoint(
    connection: sa.Connection, who: cast.TownDoctor, hospital_row: int, clock: Clock
) -> None:
    doctor_row = connection.execute(
        sa.insert(doctor).values(
            public_id=uuid7(clock),
            hospital_id=hospital_row,
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
    for name, minutes, after in who.kinds:
        connection.execute(
            sa.insert(visit_kind).values(
                public_id=uuid7(clock),
                doctor_id=doctor_row,
                name=name,
                minutes=minutes,
                buffer_minutes=after,
                is_active=True,
            )
        )


def known(connection: sa.Connection, size: cast.Size) -> dict[str, UUID]:
    """Public ids of the pharmacies by licence and of the doctors by name."""
    pharmacies = sa.select(pharmacy.c.licence, pharmacy.c.public_id).where(
        pharmacy.c.licence.in_([one.licence for one in cast.pharmacies(size)])
    )
    doctors = (
        sa.select(doctor.c.name, doctor.c.public_id)
        .join_from(doctor, hospital)
        .where(
            doctor.c.name.in_([one.name for one in cast.doctors(size)]),
            hospital.c.name.in_([one.name for one in cast.hospitals(size)]),
        )
    )
    return {
        name: public_id
        for query in (pharmacies, doctors)
        for name, public_id in connection.execute(query)
    }


def keys(connection: sa.Connection) -> dict[str, UUID]:
    """Public ids of the town's medicines by their key."""
    found = connection.execute(
        sa.select(medicine.c.source_key, medicine.c.public_id).where(medicine.c.source == SOURCE)
    )
    return {row.source_key: row.public_id for row in found}


def register(connection: sa.Connection, size: cast.Size, now: datetime) -> None:
    """Put the town's medicines into the catalogue; those it knows keep their ids."""
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
            source_key=one.key,
        )
        for one in medicines(size)
    ]
    ids = add_medicines(connection, new, clock=at_that(now - opened_before(size)))
    codes = [_code(one.key) for one in medicines(size)]
    keep_codes(connection, dict(zip(ids, codes, strict=True)))


def _code(key: str) -> str:
    """An EAN for a medicine of the town: such as begin with 2 are a shop's own, and never another product's."""
    digits = f"2{int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % 10**11:011}"
    return digits + check_digit(digits)
