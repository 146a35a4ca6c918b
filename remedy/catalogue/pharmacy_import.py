"""Bringing in a list of pharmacies: each is known by its id in the list, so that the list may be brought in again.

The list is taken for a register that somebody has looked at: its pharmacies can be seen at once, with where and
from when they are. What a pharmacy's own people keep is theirs, and no list changes it.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.catalogue import osm_pharmacies
from remedy.catalogue.csvfile import ImportRefused, Record, records
from remedy.catalogue.imports import CHUNK, chunks, progress_bar, report_path_of
from remedy.catalogue.osm_pharmacies import ListedPharmacy, Spot
from remedy.catalogue.report import Findings, Report, findings_file
from remedy.catalogue.service import set_hours
from remedy.schema.people import account
from remedy.schema.pharmacy import pharmacy
from remedy.values import Clock, uuid7


def import_pharmacies(
    engine: sa.Engine,
    path: Path,
    *,
    as_of: str,
    time_zone: str,
    progress: bool = False,
    report_path: Path | None = None,
    clock: Clock,
) -> Report:
    """Bring in pharmacies from OpenStreetMap; one that is there already is brought up to date.

    Args:
        engine: of the database.
        path: the list, as CSV.
        as_of: how old the list is: a year, or a day written `2015-06-30`.
        time_zone: where its pharmacies are.
        progress: whether to show a bar.
        report_path: where each finding is written (by default `<name of the file>.report.csv` here).
        clock: what tells the time.

    Raises:
        ImportRefused: if the file is no such list, or its age cannot be read; then nothing of it was applied.
    """
    _check_as_of(as_of)
    report = Report()
    spots: list[Spot] = []
    with progress_bar(path, progress) as advanced:
        for record in records(path, osm_pharmacies.COLUMNS, advanced=advanced):
            spot = osm_pharmacies.spot_of(record.values) if record.problem is None else None
            if spot is not None:
                spots.append(spot)
        with findings_file(report_path or report_path_of(path), report) as findings:
            all_records = records(path, osm_pharmacies.COLUMNS, advanced=advanced)
            for chunk in chunks(_pharmacies(all_records, spots, findings), CHUNK):
                _add(engine, chunk, report, as_of=as_of, time_zone=time_zone, clock=clock)
    return report


def _check_as_of(as_of: str) -> None:
    try:
        date.fromisoformat(f"{as_of}-01-01" if len(as_of) == 4 else as_of)
    except ValueError:
        raise ImportRefused(
            f"'{as_of}' is no year and no day; say how old the list is, such as 2015 or 2015-06-30."
        ) from None


def _pharmacies(
    all_records: Iterable[Record], spots: list[Spot], findings: Findings
) -> Iterator[ListedPharmacy]:
    for record in all_records:
        findings.report.records += 1
        if record.problem is not None:
            findings.refuse(record.line, "", "wrong number of fields", record.problem)
            continue
        try:
            found, doubts = osm_pharmacies.read(record.values, spots)
        except ValueError as error:
            findings.refuse(record.line, record.values["osm_id"], "no pharmacy", str(error))
            continue
        for reason, detail in doubts:
            findings.doubt(record.line, found.source_key, reason, detail)
        yield found


def _add(
    engine: sa.Engine,
    chunk: list[ListedPharmacy],
    report: Report,
    *,
    as_of: str,
    time_zone: str,
    clock: Clock,
) -> None:
    with engine.begin() as connection:
        known = connection.execute(
            sa.select(pharmacy.c.source_key, account.c.id.is_not(None).label("has_people"))
            .select_from(pharmacy.outerjoin(account, account.c.pharmacy_id == pharmacy.c.id))
            .where(
                pharmacy.c.source == osm_pharmacies.SOURCE,
                pharmacy.c.source_key.in_([one.source_key for one in chunk]),
            )
        ).all()
        theirs = {row.source_key for row in known if row.has_people}
        mine = [one for one in chunk if one.source_key not in theirs]
        if mine:
            _write(connection, mine, as_of=as_of, time_zone=time_zone, clock=clock)
    there = {row.source_key for row in known}
    new = {one.source_key for one in chunk} - there
    report.added += len(new)
    report.there_already += len(chunk) - len(new)


def _write(
    connection: sa.Connection,
    chunk: list[ListedPharmacy],
    *,
    as_of: str,
    time_zone: str,
    clock: Clock,
) -> None:
    statement = insert(pharmacy)
    told = ("name", "address", "district", "phone", "latitude", "longitude")
    rows = [
        {
            **{column: getattr(one, column) for column in told},
            "public_id": uuid7(clock),
            # The list knows none; the page says where the pharmacy is known from instead.
            "licence": "",
            "verified_at": clock(),
            "time_zone": time_zone,
            "source": osm_pharmacies.SOURCE,
            "source_key": one.source_key,
            "source_as_of": as_of,
        }
        for one in chunk
    ]
    # Not `verified_at`: it was looked at when it came in, and may have been suspended since.
    renewed = (*told, "time_zone", "source_as_of")
    connection.execute(
        statement.on_duplicate_key_update({name: statement.inserted[name] for name in renewed}),
        rows,
    )
    ids = connection.execute(
        sa.select(pharmacy.c.source_key, pharmacy.c.public_id).where(
            pharmacy.c.source == osm_pharmacies.SOURCE,
            pharmacy.c.source_key.in_([one.source_key for one in chunk]),
        )
    )
    public_ids = {row.source_key: row.public_id for row in ids}
    for one in chunk:
        set_hours(connection, public_ids[one.source_key], one.hours)
