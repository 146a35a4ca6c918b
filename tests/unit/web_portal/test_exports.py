"""CSV that no spreadsheet runs."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as some

from web_portal.admin import exports


@given(some.text(max_size=40))
def test_no_text_begins_like_a_formula(text: str) -> None:
    shown = exports.defused(text)
    assert not shown.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert shown.removeprefix("'") == text.removeprefix("'")


def test_a_formula_is_shown_as_text() -> None:
    assert exports.defused('=HYPERLINK("http://evil")') == '\'=HYPERLINK("http://evil")'
    assert exports.defused("Corner Pharmacy") == "Corner Pharmacy"


def test_every_row_is_written_however_many() -> None:
    rows = [(str(number), 'a "quoted", name') for number in range(2500)]
    text = "".join(exports.as_csv(("number", "name"), rows))
    read = list(csv.reader(io.StringIO(text)))
    assert read[0] == ["number", "name"]
    assert [tuple(row) for row in read[1:]] == rows


def test_without_rows_the_head_is_written() -> None:
    assert "".join(exports.as_csv(("day",), [])) == '"day"\r\n'
