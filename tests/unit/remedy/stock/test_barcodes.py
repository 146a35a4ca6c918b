"""What a scanner types is read, however it writes the mark between fields; a misread digit is said."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remedy.stock.barcodes import Scanned, check_digit, gtin_of, looks_scanned, read
from remedy.stock.model import Refused

TODAY = date(2026, 3, 2)
GTIN = "04006381333931"
WHOLE = Scanned(GTIN, "CA26-1", date(2027, 9, 30))


@pytest.mark.parametrize(
    "text",
    [
        "010400638133393117270930" + "10CA26-1",
        "]d2010400638133393117270930" + "10CA26-1\x1d21SERIAL7",
        "\x1d0104006381333931" + "10CA26-1\x1d17270930",
        "0104006381333931" + "10CA26-1<GS>1727093021X",
        "0104006381333931" + "21SERIAL7␝10CA26-1␝17270930",
        "(01)04006381333931(17)270930(10)CA26-1",
        " (01)04006381333931 (10)CA26-1 (17)270930 ",
        "0104006381333931" + "1727093010CA26-1\r\n",
        "0104006381333931" + "71012345678\x1d1727093010CA26-1",
    ],
)
def test_a_gs1_code_tells_product_lot_and_expiry(text):
    assert read(text, today=TODAY) == WHOLE
    assert looks_scanned(text)


@pytest.mark.parametrize("digits", ["4006381333931", "04006381333931", "96385074", "036000291452"])
def test_a_plain_code_tells_the_product(digits):
    assert read(digits, today=TODAY) == Scanned(digits.zfill(14))
    assert looks_scanned(digits)


def test_day_nought_is_the_last_of_its_month():
    told = read("0104006381333931" + "17280200", today=TODAY)
    assert told.expires_on == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("digits", "year"), [("76", 2076), ("77", 1977), ("99", 1999), ("26", 2026)]
)
def test_the_century_is_the_nearest(digits, year):
    told = read("0104006381333931" + f"17{digits}0131", today=TODAY)
    assert told.expires_on == date(year, 1, 31)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("4006381333932", "does not fit the others"),
        ("(01)04006381333932(10)A", "does not fit the others"),
        ("", "Scan the code"),
        ("   ", "Scan the code"),
        ("calmadol", "no code of a pack"),
        ("10CA26-1", "which product"),
        ("0104006381", "no code of a pack"),
        ("0104006381333931" + "17271330", "is no date"),
        ("0104006381333931" + "1727AB30", "cannot be read"),
        ("0104006381333931" + "10" + "x" * 21, "no code of a pack"),
        ("0104006381333931" + "10A\x1d10B", "no code of a pack"),
        ("(01)04006381333931(10)A(10)B", "no code of a pack"),
        ("(01)04006381333931 (10)A\u00e9", "lot in the code"),
        ("9912345", "no code of a pack"),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", "no code of a pack"),
    ],
)
def test_what_cannot_be_read_is_said(text, sentence):
    with pytest.raises(Refused, match=sentence):
        read(text, today=TODAY)


@pytest.mark.parametrize("text", ["calmadol", "A-1", "register:A-1", "500 mg", "0104", "1234567"])
def test_names_and_other_codes_are_not_taken_for_a_scan(text):
    assert not looks_scanned(text)


@given(st.from_regex(r"\A[0-9]{7}\Z|\A[0-9]{11,13}\Z"), st.data())
def test_any_single_wrong_digit_is_noticed(digits, data):
    digits = "".join(str(int(d)) for d in digits)
    whole = digits + check_digit(digits)
    assert gtin_of(whole) == whole.zfill(14)
    at = data.draw(st.integers(0, len(whole) - 1))
    other = str((int(whole[at]) + data.draw(st.integers(1, 9))) % 10)
    with pytest.raises(Refused):
        gtin_of(whole[:at] + other + whole[at + 1 :])


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused_with_a_sentence(text):
    try:
        said = read(text, today=TODAY).gtin + "."
    except Refused as refused:
        said = str(refused)
    assert said.endswith(".")
