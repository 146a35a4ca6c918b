"""A stranger's CSV is read record by record, or refused in one sentence."""

from pathlib import Path

import pytest

from remedy.catalogue.csvfile import ImportRefused, records


@pytest.fixture
def read(tmp_path):
    def reading(content: bytes, columns=("a", "b"), **more):
        path = tmp_path / "given.csv"
        path.write_bytes(content)
        return list(records(path, columns, **more))

    return reading


def test_records_know_the_line_they_begin_on(read):
    found = read(b'a,b\r\n1,"two\nlines"\r\n\r\n3,4\r\n')
    assert [(one.line, one.values) for one in found] == [
        (2, {"a": "1", "b": "two\nlines"}),
        (5, {"a": "3", "b": "4"}),
    ]


def test_a_byte_order_mark_and_blanks_around_column_names_do_no_harm(read):
    assert read(b"\xef\xbb\xbfa, b\n1,2\n")[0].values == {"a": "1", "b": "2"}


def test_a_record_with_too_few_fields_does_not_stop_the_next(read):
    found = read(b"a,b\n1\n2,3\n")
    assert found[0].problem == "It has 1 fields; the header has 2."
    assert found[1].problem is None


def test_more_columns_are_welcome_only_where_they_mean_something(read):
    assert read(b"a,b,c\n1,2,3\n", has_more=True)[0].values["c"] == "3"
    with pytest.raises(ImportRefused, match="columns nobody knows: c"):
        read(b"a,b,c\n1,2,3\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n", "a header and no records"),
        (b"a,c\n1,2\n", "lacks the columns b; it has a, c"),
        (b"a,b,a\n1,2,3\n", "the column a twice"),
        (b"a,b\n1,\xe9\n", "Line 2 of 'given.csv' is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "is not UTF-8"),
        (b"a,b\n1,2\x00\n", "NUL"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "no CSV at line 2: field larger than"),
        (b"a,b\n1," + b"x" * 2**21 + b"\n", "Line 2 of 'given.csv' is longer than"),
        (b'a,b\n1,"never closed\n' + b"2,3\n" * 100_000, "no CSV at line"),
        (b'a,b\n1,"closed" badly\n', "no CSV at line 2"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_a_sentence(read, content, words):
    with pytest.raises(ImportRefused) as caught:
        read(content)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 400


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(ImportRefused, match="cannot be read: No such file"):
        list(records(tmp_path / "none.csv", ("a",)))


def test_every_byte_read_is_told(tmp_path):
    path = Path(tmp_path / "x.csv")
    path.write_bytes(b"a\n1\n22\n")
    counts: list[int] = []
    list(records(path, ("a",), advanced=counts.append))
    assert sum(counts) == 7
