"""The report of an import names every finding, and harms no table program."""

import csv

import pytest

from remedy.catalogue.csvfile import ImportRefused
from remedy.catalogue.report import Report, findings_file


def test_findings_are_written_and_counted(tmp_path):
    path, report = tmp_path / "r.csv", Report(records=9, added=7)
    with findings_file(path, report) as findings:
        findings.doubt(2, "7001", "name cut", "=HYPERLINK(1)")
        findings.refuse(3, "", "no hour", "'x' is not an hour.")
        assert not path.exists()
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[1:] == [
        ["2", "7001", "doubtful", "name cut", "'=HYPERLINK(1)"],
        ["3", "", "refused", "no hour", "'x' is not an hour."],
    ]
    assert (report.doubtful, report.refused) == (1, 1)
    assert str(report).splitlines()[0] == (
        "9 records read: 7 added, 0 there already, 1 findings doubtful, 1 refused."
    )
    assert str(path) in str(report)


def test_a_report_that_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(ImportRefused, match="cannot be written"):
        with findings_file(tmp_path / "nowhere" / "r.csv", Report()):
            pass
