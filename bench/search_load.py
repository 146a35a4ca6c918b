"""Loads the catalogue of `bench/search_catalogue.py` into a migrated, empty database: whole tables by LOAD DATA."""

import itertools
import random
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.search_catalogue import CENTRE, DISTRICTS, Product, Size, products, shelves
from remedy.catalogue.model import NewMedicine
from remedy.catalogue.slips import beginnings
from remedy.gateways.mysql import engine_for
from remedy.pipeline.indexing import make_anew
from remedy.values import utc_now


def is_loaded(engine: sa.Engine, size: Size) -> bool:
    """Whether the whole of it is there: the peers' table, which is made last, has every product."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("bench_name"):
            return False
        count = connection.execute(sa.text("SELECT COUNT(*) FROM bench_name")).scalar()
        items = connection.execute(sa.text("SELECT COUNT(*) FROM stock_item")).scalar()
    return count == size.products and items == size.pharmacies * size.stocked


def load(url: str, size: Size, folder: Path) -> float:
    """Fill the tables; return the seconds it took. `folder` is for the files in between."""
    begun = time.monotonic()
    engine = engine_for(
        sa.make_url(url).update_query_dict({"local_infile": "1"}).render_as_string(False)
    )
    made = products(size)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Into empty tables without checks the server builds each index at once, sorted.
        for setting in ("unique_checks = 0", "foreign_key_checks = 0"):
            connection.exec_driver_sql(f"SET SESSION {setting}")
        for table, columns, rows, settings in _tables(size, made):
            _table(connection, folder / f"{table}.tsv", table, columns, rows, settings)
        _peers(connection)
        # They were not added one by one, so nothing numbered them.
        make_anew(connection, clock=utc_now)
    engine.dispose()
    return time.monotonic() - begun


Rows = Iterable[tuple[Any, ...]]


def _tables(size: Size, made: list[Product]) -> Iterator[tuple[str, str, Rows, str]]:
    now = datetime.now(UTC).replace(tzinfo=None)
    yield "medicine", (
        "id, generic_name, brand_name, strength, form, pack, atc_code, kind, is_prescription_only, is_controlled"
    ), (
        (p.row_id, p.generic_name, p.brand_name, p.strength, p.form, p.pack, p.atc_code, "product",
         p.row_id % 3 == 0, 0)
        for p in made
    ), _public_id("medicine")  # fmt: skip
    words = {
        p.row_id: NewMedicine(
            p.generic_name, "product", p.brand_name, p.strength, p.form, p.pack, p.atc_code
        ).words
        for p in made
    }
    pairs = sorted((word, row_id) for row_id, some in words.items() for word in some)
    yield "medicine_word", "word, medicine_id", pairs, ""
    different = {word for word, _ in pairs}
    yield "medicine_word_near", "near, word", sorted(
        (near, word) for word in different for near in beginnings(word)
    ), ""  # fmt: skip
    yield "pharmacy", (
        "id, name, address, district, phone, licence, verified_at, latitude, longitude, time_zone"
    ), _pharmacies(size, now), _public_id("pharmacy")  # fmt: skip
    yield "pharmacy_hours", "pharmacy_id, weekday, opens_at, closes_at", (
        (number, day, "08:30:00", "19:30:00") for number in range(1, size.pharmacies + 1) for day in range(6)
    ), ""  # fmt: skip
    yield "stock_item", "id, pharmacy_id, medicine_id, price_minor, changed_at", _items(size, now), (
        _public_id("item")
    )  # fmt: skip
    yield "stock_lot", (
        "stock_item_id, medicine_id, lot_number, expires_on, recalled_at, quantity_milli"
    ), _lots(size, now), (
        "public_id = UNHEX(MD5(CONCAT('lot', @stock_item_id, '/', @lot_number))), "
        "stock_item_id = @stock_item_id, lot_number = @lot_number"
    )  # fmt: skip
    kept = list(itertools.chain.from_iterable(shelves(size)))
    yield "stock_hold", (
        "id, stock_item_id, medicine_id, quantity_milli, state, created_at, expires_at"
    ), (
        (n, item, kept[item - 1], 1000, ("held", "released")[n % 2], now, now + timedelta(days=30))
        for n, item in ((n, n * 97 % len(kept) + 1) for n in range(1, 20_001))
    ), _public_id("hold")  # fmt: skip


def _public_id(what: str) -> str:
    return f"public_id = UNHEX(MD5(CONCAT('{what}', @id))), id = @id"


def _pharmacies(size: Size, now: datetime) -> Iterator[tuple[Any, ...]]:
    dice = random.Random(size.seed + 2)
    for number in range(1, size.pharmacies + 1):
        district = number % DISTRICTS
        yield (
            number, f"Pharmacy {number:03d}", f"{number} Mill Lane", f"District {chr(65 + district)}",
            f"+39 06 555 {number:04d}", f"LIC-{number:05d}", now - timedelta(days=300),
            round(CENTRE[0] + (district // 5 - 2) * 0.05 + dice.uniform(-0.02, 0.02), 5),
            round(CENTRE[1] + (district % 5 - 2) * 0.07 + dice.uniform(-0.03, 0.03), 5),
            "Europe/Rome",
        )  # fmt: skip


def _items(size: Size, now: datetime) -> Iterator[tuple[Any, ...]]:
    dice, row = random.Random(size.seed + 3), 0
    for pharmacy, shelf in enumerate(shelves(size), 1):
        for medicine in shelf:
            row += 1
            minutes = dice.randrange(60 * 24 * 20)
            yield (
                row,
                pharmacy,
                medicine,
                200 + medicine * 7 % 3000,
                now - timedelta(minutes=minutes),
            )


def _lots(size: Size, now: datetime) -> Iterator[tuple[Any, ...]]:
    """One lot each; of ten items two have a second: a later, an expired or a recalled one."""
    dice, today = random.Random(size.seed + 4), now.date()
    for row, medicine in enumerate(itertools.chain.from_iterable(shelves(size)), 1):
        quantity = dice.choice((0, 1, 2, 3, 5, 8, 12, 20)) * 1000
        yield row, medicine, "A", today + timedelta(days=dice.randrange(60, 900)), None, quantity
        second = dice.randrange(20)
        if second < 2:
            yield row, medicine, "B", today + timedelta(days=dice.randrange(900, 1200)), None, 3000
        elif second == 2:
            yield row, medicine, "B", today - timedelta(days=20), None, 3000
        elif second == 3:
            yield row, medicine, "B", today + timedelta(days=400), now, 3000


def _table(
    connection: sa.Connection, path: Path, table: str, columns: str, rows: Rows, settings: str
) -> None:
    begun, count = time.monotonic(), 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write("\t".join("\\N" if value is None else _text(value) for value in row) + "\n")
            count += 1
    derived = {part.split("=")[0].strip() for part in settings.split(", ") if "=" in part}
    names = ", ".join(
        f"@{name}" if f"@{name}" in settings and name in derived else name
        for name in columns.split(", ")
    )
    connection.exec_driver_sql(f"DELETE FROM {table}")
    connection.exec_driver_sql(
        f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table} CHARACTER SET utf8mb4 ({names})"
        + (f" SET {settings}" if settings else "")
    )
    path.unlink()
    print(f"{table}: {count:,} rows in {time.monotonic() - begun:.0f} s", flush=True)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _peers(connection: sa.Connection) -> None:
    """What the peers look in: the same names on one line each, with the full-text index of the server."""
    begun = time.monotonic()
    connection.exec_driver_sql("DROP TABLE IF EXISTS bench_name")
    connection.exec_driver_sql(
        "CREATE TABLE bench_name (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(600) NOT NULL,"
        " FULLTEXT KEY words (name)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"
    )
    connection.exec_driver_sql(
        "INSERT INTO bench_name SELECT id, CONCAT_WS(' ', brand_name, generic_name, strength, form, pack) FROM medicine"
    )
    print(f"the peers' full-text index in {time.monotonic() - begun:.0f} s", flush=True)
