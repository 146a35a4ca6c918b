"""Bringing in data from files: a register of medicines, a pharmacy's past sales by the hour.

A file is read twice: first to its end without touching the database, so that one that is broken anywhere is
refused whole; then in chunks, each one transaction. What came in before is known by its key, so an import
that was stopped is simply run again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from tqdm import tqdm

from remedy.catalogue import hourly_sales, price_register
from remedy.catalogue.csvfile import ImportRefused, Record, records
from remedy.catalogue.model import NewMedicine
from remedy.catalogue.report import Findings, Report, findings_file
from remedy.catalogue.service import add_medicine, add_medicines
from remedy.schema.pharmacy import medicine, pharmacy
from remedy.stock.model import Line, Refused
from remedy.stock.service import record_movements
from remedy.values import Clock

__all__ = ["ImportRefused", "Report", "import_medicines", "import_sales"]

CHUNK = 500
"""Medicines or lines of sale per transaction."""

GROUP_SOURCE = "atc-group"
Item = TypeVar("Item")


def import_medicines(
    engine: sa.Engine,
    path: Path,
    *,
    progress: bool = False,
    report_path: Path | None = None,
    clock: Clock,
) -> Report:
    """Bring in the register of medicine prices; a record that is there already is brought up to date.

    Odd records are kept and flagged, in the medicine's `doubts` and in the report, which is written to
    `report_path` (by default `<name of the file>.report.csv` in the current folder).

    Raises:
        ImportRefused: if the file is no such register; then nothing of it was applied.
    """
    report = Report()
    prices = price_register.UnitPrices()
    with progress_bar(path, progress) as advanced:
        for record in records(path, price_register.COLUMNS, advanced=advanced):
            if record.problem is None:
                prices.note(record.values)
        with findings_file(report_path or report_path_of(path), report) as findings:
            all_records = records(path, price_register.COLUMNS, advanced=advanced)
            read = _medicines(all_records, prices, findings)
            for chunk in chunks(read, CHUNK):
                _add(engine, chunk, report, clock)
    return report


def _medicines(
    all_records: Iterable[Record], prices: price_register.UnitPrices, findings: Findings
) -> Iterator[NewMedicine]:
    seen: dict[tuple[str | None, ...], str | None] = {}
    for record in all_records:
        findings.report.records += 1
        if record.problem is not None:
            findings.refuse(record.line, "", "wrong number of fields", record.problem)
            continue
        try:
            made, doubts = price_register.read(record.values, prices)
        except ValueError as error:
            findings.refuse(record.line, "", "no product", str(error))
            continue
        like = (made.brand_name, made.generic_name, made.strength, made.form, made.pack)
        twin = seen.setdefault(like, made.source_key)
        if twin != made.source_key:
            doubts.append(("same name, ingredients, form and pack as another record", f"{twin}"))
            made = price_register.flagged(made, doubts)
        for reason, detail in doubts:
            findings.doubt(record.line, made.source_key or "", reason, detail)
        yield made


def _add(engine: sa.Engine, chunk: list[NewMedicine], report: Report, clock: Clock) -> None:
    keys = [made.source_key for made in chunk]
    with engine.begin() as connection:
        there = connection.execute(
            sa.select(medicine.c.source_key).where(
                medicine.c.source == price_register.SOURCE, medicine.c.source_key.in_(keys)
            )
        )
        known = set(there.scalars())
        add_medicines(connection, chunk, clock=clock)
    new = len(set(keys) - known)
    report.added += new
    report.there_already += len(chunk) - new


def import_sales(
    engine: sa.Engine,
    path: Path,
    pharmacy_id: UUID,
    *,
    progress: bool = False,
    report_path: Path | None = None,
    clock: Clock,
) -> Report:
    """Bring in a pharmacy's hourly sales by ATC group, each non-zero hour as a sale of its group.

    Each group is a medicine of kind `group`. A line is known by group and hour: run again, it is not sold
    again. Amounts finer than a thousandth of a pack are rounded and reported.

    Raises:
        ImportRefused: if the file is no such table; then nothing of it was applied.
        Refused: if there is no such pharmacy.
    """
    report = Report()
    time_zone = _time_zone(engine, pharmacy_id)
    columns = (hourly_sales.HOUR_COLUMN,)
    groups: list[str] = []
    with progress_bar(path, progress) as advanced:
        for record in records(path, columns, has_more=True, advanced=advanced):
            if record.problem is None and not groups:
                groups = hourly_sales.groups_of(list(record.values))
        with findings_file(report_path or report_path_of(path), report) as findings:
            medicines = _group_medicines(engine, groups, clock)
            all_records = records(path, columns, has_more=True, advanced=advanced)
            sales = _sales(all_records, groups, time_zone, findings)
            for chunk in chunks(sales, CHUNK):
                _record(engine, pharmacy_id, medicines, chunk, findings, clock)
    return report


def _sales(
    all_records: Iterable[Record], groups: list[str], time_zone: str, findings: Findings
) -> Iterator[tuple[int, hourly_sales.Sale]]:
    """Each sale to be told, with its line in the file."""
    for record in all_records:
        findings.report.records += 1
        if record.problem is not None:
            findings.refuse(record.line, "", "wrong number of fields", record.problem)
            continue
        try:
            sales = list(hourly_sales.sales_of(record.values, groups, time_zone))
        except ValueError as error:
            findings.refuse(record.line, "", "no hour", str(error))
            continue
        for sale in sales:
            if not isinstance(sale, hourly_sales.Sale):
                group, sentence = sale
                findings.refuse(record.line, group, "no amount that can be sold", sentence)
                continue
            for reason, detail in sale.doubts:
                findings.doubt(record.line, sale.line_id, reason, detail)
            if sale.quantity_milli:
                yield record.line, sale


def _record(
    engine: sa.Engine,
    pharmacy_id: UUID,
    medicines: dict[str, UUID],
    chunk: list[tuple[int, hourly_sales.Sale]],
    findings: Findings,
    clock: Clock,
) -> None:
    lines = [
        Line(
            "sold", medicines[sale.group], sale.quantity_milli, sale.occurred_at,
            line_id=sale.line_id, reason="imported",
        )
        for _, sale in chunk
    ]  # fmt: skip
    with engine.begin() as connection:
        answers = record_movements(connection, pharmacy_id, lines, clock=clock)
    for (line, sale), answer in zip(chunk, answers, strict=True):
        if isinstance(answer, Refused):
            findings.refuse(line, sale.line_id, "refused by the ledger", str(answer))
        elif answer.is_repeat:
            findings.report.there_already += 1
        else:
            findings.report.added += 1


def _time_zone(engine: sa.Engine, pharmacy_id: UUID) -> str:
    with engine.connect() as connection:
        found = connection.execute(
            sa.select(pharmacy.c.time_zone).where(pharmacy.c.public_id == pharmacy_id)
        ).scalar_one_or_none()
    if found is None:
        raise Refused("No pharmacy has that id; register it first.")
    return str(found)


def _group_medicines(engine: sa.Engine, groups: list[str], clock: Clock) -> dict[str, UUID]:
    """The medicine of kind `group` of each ATC group, made where there is none yet."""
    with engine.begin() as connection:
        rows = connection.execute(
            sa.select(medicine.c.atc_code, medicine.c.public_id)
            .where(medicine.c.kind == "group", medicine.c.atc_code.in_(groups))
            .order_by(medicine.c.id.desc())
        )
        found = {row.atc_code: row.public_id for row in rows}
        for group in groups:
            if group not in found:
                found[group] = add_medicine(
                    connection,
                    kind="group",
                    generic_name=hourly_sales.GROUP_NAMES.get(group, f"Medicines of group {group}"),
                    atc_code=group,
                    source=GROUP_SOURCE,
                    source_key=group,
                    clock=clock,
                )
    return found


def report_path_of(path: Path) -> Path:
    """Where the findings in a file go unless somebody says otherwise: into the current folder."""
    return Path.cwd() / f"{path.stem}.report.csv"


@contextmanager
def progress_bar(path: Path, shown: bool) -> Iterator[Callable[[int], object]]:
    """A progress bar over the two readings of the file, in bytes."""
    total = 2 * path.stat().st_size if path.is_file() else None
    with tqdm(
        total=total, unit="B", unit_scale=True, desc=path.name, disable=not shown, mininterval=0.5
    ) as bar:
        yield bar.update


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of at most `size`."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
