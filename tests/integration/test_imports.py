"""Imports on a real database: all of the real files, resumed, and files that are none."""

import csv
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from remedy.catalogue import imports
from remedy.catalogue.imports import ImportRefused, import_medicines, import_sales
from remedy.catalogue.price_register import COLUMNS
from remedy.catalogue.queries import find_medicines
from remedy.schema.pharmacy import medicine, pharmacy, stock_item, stock_movement
from remedy.stock.model import Refused
from remedy.values import local_day, milli_of, utc_now, uuid7
from tests.factories import a_pharmacy

ZONE = "Europe/Belgrade"
FIRST = date(2018, 5, 2)


def count(engine, table) -> int:
    with engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.fixture
def data_dir() -> Path:
    return Path(os.environ["REMEDY_DATA_DIR"])


@pytest.fixture
def seller(database):
    with database.begin() as connection:
        return a_pharmacy(connection, time_zone=ZONE)


def sold_by_day(engine, pharmacy_id) -> dict[tuple[str, str], int]:
    """(local day, ATC group) -> thousandths sold, by the ledger."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(
                stock_movement.c.occurred_at, stock_movement.c.quantity_milli, medicine.c.atc_code
            )
            .select_from(
                stock_movement.join(pharmacy, pharmacy.c.id == stock_movement.c.pharmacy_id)
                .join(stock_item, stock_item.c.id == stock_movement.c.stock_item_id)
                .join(medicine, medicine.c.id == stock_item.c.medicine_id)
            )
            .where(pharmacy.c.public_id == pharmacy_id)
        ).all()
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        sums[local_day(row.occurred_at, ZONE).isoformat(), row.atc_code] += row.quantity_milli
    return dict(sums)


@pytest.mark.realdata
def test_every_record_of_the_price_register_comes_in_once(database, data_dir, tmp_path):
    path = data_dir / "sa_medicine_prices" / "products_80pct.csv"
    first = import_medicines(database, path, report_path=tmp_path / "1.csv", clock=utc_now)
    again = import_medicines(database, path, report_path=tmp_path / "2.csv", clock=utc_now)
    assert (first.records, first.added, first.refused) == (10_276, 10_276, 0)
    assert (again.added, again.there_already) == (0, 10_276)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert first.reasons["pack size of 0 or below"] == 168
    assert first.reasons["price below 1 ZAR"] == 13
    with database.connect() as connection:
        kept = sa.select(sa.func.count()).where(medicine.c.source == "sa-medicine-prices")
        assert connection.execute(kept).scalar() == 10_276
        flagged = connection.execute(kept.where(medicine.c.doubts.is_not(None))).scalar()
        currencies = sa.select(medicine.c.reference_currency).distinct()
        currencies = currencies.where(medicine.c.source == "sa-medicine-prices")
        assert connection.execute(currencies).scalars().all() == ["ZAR"]
        found = find_medicines(connection, "xylestesin adrenaline")
    assert 1000 < flagged < 3000
    assert "Xylestesin-a 1.7ml cartridge" in [one.brand_name for one in found]


@pytest.mark.realdata
def test_sixty_days_of_hourly_sales_equal_the_daily_file(database, data_dir, seller, tmp_path):
    folder = data_dir / "pharma_sales"
    hours = (folder / "saleshourly_until_2018-06-30.csv").read_text().splitlines()
    path = tmp_path / "hours.csv"
    kept = [hours[0], *(line for line in hours[1:] if line[:10] >= FIRST.isoformat())]
    path.write_text("\n".join(kept))
    report = import_sales(database, path, seller, report_path=tmp_path / "r.csv", clock=utc_now)
    with (folder / "salesdaily_until_2018-06-30.csv").open(newline="") as file:
        expected = {
            (row["datum"], group): milli_of(packs)[0]
            for row in csv.DictReader(file)
            if row["datum"] >= FIRST.isoformat()
            for group, packs in row.items()
            if group != "datum" and float(packs) != 0
        }
    assert len(expected) == 420 - 64
    assert sold_by_day(database, seller) == expected
    again = import_sales(database, path, seller, report_path=tmp_path / "r.csv", clock=utc_now)
    assert (again.added, again.there_already) == (0, report.added)
    assert report.added > 1000
    assert sold_by_day(database, seller) == expected


@pytest.mark.realdata
@pytest.mark.long
def test_all_hourly_sales_come_in(database, data_dir, seller, tmp_path):
    path = data_dir / "pharma_sales" / "saleshourly_until_2018-06-30.csv"
    report = import_sales(database, path, seller, report_path=tmp_path / "r.csv", clock=utc_now)
    assert (report.records, report.added, report.refused) == (39_376, 47_671, 0)
    assert report.reasons == {"finer than a thousandth of a pack, rounded": 1592}


def hourly(*rows: str) -> str:
    return "\n".join(["datum,M01AB,N02BE", *rows])


def test_a_bad_line_is_reported_and_the_others_come_in(database, seller, tmp_path):
    path = tmp_path / "hours.csv"
    path.write_text(
        hourly(
            "2018-05-02 08:00,1,0",
            "2018-05-02 09:30,1,0",
            "2018-05-02 10:00,minus one,2",
            "2018-05-02 11:00,1",
            "2018-05-02 08:00,7,0",
            "2918-05-02 08:00,7,0",
        )
    )
    report = import_sales(database, path, seller, report_path=tmp_path / "r.csv", clock=utc_now)
    assert (report.records, report.added, report.refused) == (6, 2, 5)
    with (tmp_path / "r.csv").open(newline="") as file:
        refused = [(row["line"], row["reason"]) for row in csv.DictReader(file)]
    assert sorted(refused) == [
        ("3", "no hour"),
        ("4", "no amount that can be sold"),
        ("5", "wrong number of fields"),
        ("6", "refused by the ledger"),
        ("7", "refused by the ledger"),
    ]
    assert sold_by_day(database, seller) == {
        ("2018-05-02", "M01AB"): 1000,
        ("2018-05-02", "N02BE"): 2000,
    }


def test_an_import_that_was_stopped_goes_on_where_it_was(database, seller, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 10)
    path = tmp_path / "hours.csv"
    path.write_text(hourly(*(f"2018-05-02 {h:02}:00,1,{h + 1}" for h in range(24))))
    record, calls = imports.record_movements, []

    def dies_in_its_third_chunk(*args, **more):
        calls.append(1)
        done = record(*args, **more)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(imports, "record_movements", dies_in_its_third_chunk)
    with pytest.raises(KeyboardInterrupt):
        import_sales(database, path, seller, report_path=tmp_path / "r.csv", clock=utc_now)
    assert sold_by_day(database, seller) == {
        ("2018-05-02", "M01AB"): 10_000,
        ("2018-05-02", "N02BE"): 1000 * sum(range(1, 11)),
    }
    assert not (tmp_path / "r.csv").exists()
    monkeypatch.setattr(imports, "record_movements", record)
    report = import_sales(database, path, seller, report_path=tmp_path / "r.csv", clock=utc_now)
    assert (report.added, report.there_already) == (28, 20)
    assert sold_by_day(database, seller) == {
        ("2018-05-02", "M01AB"): 24_000,
        ("2018-05-02", "N02BE"): 1000 * sum(range(1, 25)),
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"datum,M01AB\n",
        b"when,M01AB\n2018-05-02 08:00,1\n",
        b"datum,total\n2018-05-02 08:00,1\n",
        # Broken only at its end: nothing of its beginning may have been applied.
        b"datum,M01AB\n2018-05-02 08:00,1\n2018-05-02 09:00,\xff\n",
        b"datum,M01AB\n2018-05-02 08:00,1\n2018-05-02 09:00," + b"9" * 2**20 + b"\n",
    ],
)
def test_a_file_that_is_no_such_table_changes_nothing(database, seller, tmp_path, content):
    path = tmp_path / "hours.csv"
    path.write_bytes(content)
    before = count(database, medicine), count(database, stock_movement)
    with pytest.raises(ImportRefused):
        import_sales(database, path, seller, report_path=tmp_path / "r.csv", clock=utc_now)
    path.write_bytes(content.replace(b"datum", b"name"))
    with pytest.raises(ImportRefused):
        import_medicines(database, path, report_path=tmp_path / "r.csv", clock=utc_now)
    assert (count(database, medicine), count(database, stock_movement)) == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["hours.csv"]


def test_a_broken_end_leaves_a_register_unimported(database, tmp_path):
    record = "1,799999999,a,Name,S2,Tab,1,1,5,Generic,1,Salt 5mg"
    path = tmp_path / "register.csv"
    path.write_bytes(f"{','.join(COLUMNS)}\n{record}\n".encode() + b"\xff\n")
    before = count(database, medicine)
    with pytest.raises(ImportRefused, match="Line 3 of"):
        import_medicines(database, path, report_path=tmp_path / "r.csv", clock=utc_now)
    assert count(database, medicine) == before


def test_sales_of_a_pharmacy_nobody_knows_are_refused(database, tmp_path):
    path = tmp_path / "hours.csv"
    path.write_text(hourly("2018-05-02 08:00,1,0"))
    with pytest.raises(Refused, match="No pharmacy"):
        import_sales(database, path, uuid7(), report_path=tmp_path / "r.csv", clock=utc_now)
