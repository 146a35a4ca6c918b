"""Reading a pharmacist's list: any common dialect, one sentence per bad line."""

from datetime import date

import pytest

from remedy.catalogue import stock_list
from remedy.catalogue.csvfile import ImportRefused
from remedy.catalogue.stock_list import Told, read


def of(text: str, encoding: str = "utf-8") -> list[Told]:
    return read("list.csv", text.encode(encoding), 2)


def test_a_line_tells_a_movement_a_price_or_both() -> None:
    told = of("medicine,counted,price\nA:1,12,4.50\nA:2,,5\nA:3,0.5,\n")
    assert told == [
        Told(2, "A:1", "counted", 12_000),
        Told(2, "A:1", "price", 450),
        Told(3, "A:2", "price", 500),
        Told(4, "A:3", "counted", 500),
    ]


def test_what_was_received_has_its_lot() -> None:
    told = of("medicine,received,lot_number,expires_on\nA:1,3,L-7,2027-03-31\n")
    assert told == [Told(2, "A:1", "received", 3000, "L-7", date(2027, 3, 31))]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_separator_and_encoding_are_guessed(separator: str, encoding: str) -> None:
    text = "\r\n".join(separator.join(line) for line in (["Medicine", "Sold"], ["Crème", "2"]))
    assert of(text, encoding) == [Told(2, "Crème", "sold", 2000)]


def test_a_decimal_comma_and_a_named_separator_are_understood() -> None:
    assert of("sep=;\r\nmedicine;price\r\nA:1;4,50\r\n") == [Told(2, "A:1", "price", 450)]


def test_a_line_in_which_nothing_happened_tells_nothing() -> None:
    assert of("medicine,name,on_shelf,counted\nA:1,Calmadol,20,\nA:2,Other,3,3\n") == [
        Told(3, "A:2", "counted", 3000)
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("A:1,1,1,,,", "counted and received"),
        (",1,,,,", "names no medicine"),
        ("A:1,x,,,,", "'x' in counted is no number"),
        ("A:1,-1,,,,", "no number"),
        ("A:1,1e3,,,,", "no number"),
        ("A:1,=1+1,,,,", "no number"),
        ("A:1,0.0005,,,,", "finer than a thousandth"),
        ("A:1,,0,,,", "0 in received changes nothing"),
        ("A:1,,,4.555,,", "finer than the currency"),
        ("A:1,999999999999,,,,", "impossibly large"),
        ("A:1,1,,,L-1,", "belongs to what was received"),
        ("A:1,,1,,,2027-03-31", "needs its lot number"),
        ("A:1,,1,,L-1,31.3.2027", "is no date"),
        ("A:1,,1,,L-\u202e1,", "cannot be seen"),
        ("A:1,,1,," + "x" * 61 + ",", "more than 60 letters"),
        ("A:1,1", "It has 2 fields; the header has 6."),
    ],
)
def test_a_bad_line_has_its_sentence_and_stops_no_other(line: str, words: str) -> None:
    header = "medicine,counted,received,price,lot_number,expires_on"
    bad, good = of(f"{header}\n{line}\nA:2,3,,,,\n")
    assert bad.kind is None
    assert words in bad.problem
    assert (bad.line, good) == (2, Told(3, "A:2", "counted", 3000))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("medicine,counted\n", "no records"),
        ("medicine,recieved\nA:1,1\n", "'recieved', which nobody knows"),
        ("medicine,name\nA:1,1\n", "at least one of"),
        ("counted,sold\n1,1\n", "needs a column 'medicine'"),
        ("medicine,counted,counted\nA:1,1,1\n", "twice"),
        ('medicine,counted\n"A:1,1\n', "is no CSV"),
        ("medicine,counted\nA\0,1\n", "NUL"),
        ("medicine,counted\n" + "A:1,1\n" * (stock_list.MOST_LINES + 1), "more than 2,000 lines"),
        ("x" * (stock_list.MOST_BYTES + 1), "more than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        of(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ImportRefused):
        read("list.csv", bytes(range(256)) * 4, 2)
