"""A workbook is read as a list is; what a stranger may have built into it is refused."""

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from remedy.catalogue.csvfile import ImportRefused
from remedy.catalogue.stock_list import MOST_LINES, Told, read
from remedy.catalogue.stock_workbook import MOST_PARTS, MOST_ROWS, written

HEADER = ("medicine", "received", "lot_number", "expires_on", "price")


def a_book(*rows, header=HEADER) -> bytes:
    book = Workbook()
    for row in (header, *rows):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rebuilt(content: bytes, **parts: bytes) -> bytes:
    """The same zip with some parts changed, or others added."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in {*old.namelist(), *parts}:
            new.writestr(name, parts.get(name) or old.read(name))
    return file.getvalue()


def test_numbers_dates_and_texts_mean_what_they_show():
    told = read(
        "list.xlsx",
        a_book(
            ("A:1", 12, 77, datetime.fromisoformat("2027-03-31"), 4.5),
            ("A:2", 0.1 + 0.2, "L7", date(2027, 4, 1), None),
            (None, None, None, None, None),
            ("A:3", "2,5", None, None, "3,20"),
        ),
        2,
    )
    assert told == [
        Told(2, "A:1", "received", 12_000, "77", date(2027, 3, 31)),
        Told(2, "A:1", "price", 450),
        Told(3, "A:2", "received", 300, "L7", date(2027, 4, 1)),
        Told(5, "A:3", "received", 2_500),
        Told(5, "A:3", "price", 320),
    ]


def test_a_formula_is_refused_and_holds_up_nobody_else():
    told = read("list.xlsx", a_book(("A:1", "=1+1"), ("A:2", 3)), 2)
    assert "holds a formula" in told[0].problem
    assert told[1] == Told(3, "A:2", "received", 3_000)


def test_what_is_written_is_read_back_and_becomes_no_formula():
    content = written([("medicine", "name", "received"), ("A:1", "=cmd()", "3")])
    assert read("stock.xlsx", content, 2) == [Told(2, "A:1", "received", 3_000)]


def test_what_unfolds_to_too_much_is_refused_before_it_is_parsed():
    bomb = rebuilt(a_book(("A:1", 1)), **{"xl/media/a": b"\0" * 30_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(ImportRefused, match="unfolds to more"):
        read("list.xlsx", bomb, 2)
    many = rebuilt(a_book(("A:1", 1)), **{f"xl/{n}": b"x" for n in range(MOST_PARTS)})
    with pytest.raises(ImportRefused, match="unfolds to more"):
        read("list.xlsx", many, 2)


def sheet_of(rows: str) -> bytes:
    """A small workbook whose sheet has these rows, as XML."""
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    told = f'<worksheet xmlns="{name}"><sheetData>{rows}</sheetData></worksheet>'
    return rebuilt(a_book(("A:1", 1)), **{"xl/worksheets/sheet1.xml": told.encode()})


@pytest.mark.parametrize(
    "rows", ['<row r="1000000000"><c><v>1</v></c></row>', "<row/>" * (MOST_ROWS + 1)]
)
def test_rows_that_are_not_there_are_not_gone_through_without_end(rows):
    content = sheet_of(rows)
    assert len(content) < 10_000
    with pytest.raises(ImportRefused, match="empty ones counted"):
        read("list.xlsx", content, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_that_grows_is_refused_before_it_is_parsed(encoding):
    grows = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><worksheet>&b;</worksheet>'
    content = rebuilt(a_book(("A:1", 1)), **{"xl/worksheets/sheet1.xml": grows.encode(encoding)})
    with pytest.raises(ImportRefused, match="no list of stock needs"):
        read("list.xlsx", content, 2)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "former format"),
        (b"PK\x03\x04 and nothing else", "cannot be read"),
        (rebuilt(a_book(("A:1", 1)), **{"xl/worksheets/sheet1.xml": b"<worksheet"}), "cannot be read"),
        (rebuilt(a_book(("A:1", 1)), **{"[Content_Types].xml": b"no"}), "cannot be read"),
        (a_book(), "no records"),
        (a_book(("A:1", 1), header=("medicine", "medicine")), "each column once"),
        (a_book(("A:1", 1), header=("medicine", "colour")), "nobody knows"),
        (a_book(*[("A:1", 1)] * (MOST_LINES + 1)), "more than 2,000 lines"),
    ],
)  # fmt: skip
def test_what_is_no_list_says_why(content, sentence):
    with pytest.raises(ImportRefused, match=sentence):
        read("list.xlsx", content, 2)


def test_a_row_longer_than_the_first_says_so():
    told = read("list.xlsx", a_book(("A:1", 1), header=("medicine", "received")), 2)
    assert not told[0].problem
    told = read("list.xlsx", a_book(("A:1", 1, "?"), header=("medicine", "received")), 2)
    assert "more fields" in told[0].problem
