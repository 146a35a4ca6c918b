"""Figures to take away as CSV, for admins: a spreadsheet must not run what a cell says."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from remedy.stock.model import medicine_label
from remedy.values import packs_text

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
ROWS_AT_ONCE = 1000

_NAMES = """
    LEFT JOIN known_pharmacy p ON p.public_id = t.pharmacy_id
    LEFT JOIN known_medicine m ON m.public_id = t.medicine_id
"""
_MEDICINE = "m.generic_name, m.brand_name, m.strength, m.form, m.pack, m.atc_code"

DEMAND = sa.text(
    f"SELECT t.day, p.name, p.district, {_MEDICINE}, t.sold_milli, t.uncovered_milli, t.refused_milli,"  # noqa: S608 - constants
    f" t.received_milli, t.sale_count, t.refusal_count FROM agg_daily_demand t {_NAMES}"
    " ORDER BY t.day, p.name, m.generic_name, t.medicine_id"
)
DEMAND_HEAD = (
    "day", "pharmacy", "district", "medicine", "atc_code", "sold_packs", "uncovered_packs",
    "refused_packs", "received_packs", "sales", "refusals",
)  # fmt: skip
FORECAST = sa.text(
    f"SELECT t.day, p.name, p.district, {_MEDICINE}, t.expected_milli, t.low_milli, t.high_milli,"  # noqa: S608 - constants
    f" t.model_version, t.made_at FROM out_stock_forecast t {_NAMES}"
    " ORDER BY t.day, p.name, m.generic_name, t.medicine_id"
)
FORECAST_HEAD = (
    "day", "pharmacy", "district", "medicine", "atc_code", "expected_packs", "low_packs",
    "high_packs", "model_version", "made_at_utc",
)  # fmt: skip


def defused(text: str) -> str:
    """A text no spreadsheet takes for a formula (CWE-1236): such a start gets an apostrophe before it."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV in pieces; texts are quoted and defused, numbers are written as they are."""
    page = io.StringIO()
    writer = csv.writer(page, quoting=csv.QUOTE_ALL)
    writer.writerow(head)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % ROWS_AT_ONCE == 0:
            yield page.getvalue()
            page.seek(0)
            page.truncate()
    yield page.getvalue()


def demand_rows(engine: sa.Engine) -> Iterator[list[str]]:
    """Demand of every closed day, in packs."""
    for row in _rows(engine, DEMAND):
        yield [*_what(row), *(packs_text(int(milli)) for milli in row[9:13]), *map(str, row[13:15])]


def forecast_rows(engine: sa.Engine) -> Iterator[list[str]]:
    """The forecast for every day ahead, with its interval and the model that made it."""
    for row in _rows(engine, FORECAST):
        yield [
            *_what(row),
            *(packs_text(int(milli)) for milli in row[9:12]),
            defused(str(row[12])),
            row[13].isoformat(),
        ]


def _rows(engine: sa.Engine, query: sa.TextClause) -> Iterator[Sequence[Any]]:
    with engine.connect() as connection:
        result = connection.execution_options(stream_results=True).execute(query)
        yield from result.yield_per(ROWS_AT_ONCE)


def _what(row: Sequence[Any]) -> list[str]:
    """Day, pharmacy, district, medicine and code; ids nobody knows any more are left empty."""
    label = medicine_label(*row[3:8]) if row[3] else ""
    texts = (row[1] or "", row[2] or "", label, row[8] or "")
    return [row[0].isoformat(), *(defused(text) for text in texts)]
