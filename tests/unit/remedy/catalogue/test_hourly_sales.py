"""Hours of sales become lines of stock: their instants when clocks change, and what is rounded."""

from datetime import UTC, datetime

import pytest

from remedy.catalogue.csvfile import ImportRefused
from remedy.catalogue.hourly_sales import Sale, groups_of, hour_of, last_instant, sales_of
from remedy.values import local_day

ROME = "Europe/Rome"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_sale_is_told_at_the_last_instant_of_its_hour_and_so_on_its_day():
    instant, doubt = last_instant(hour_of("2018-06-30 23:00"), ROME)
    assert (instant, doubt) == (at("2018-06-30T21:59:59.999999"), "")
    assert str(local_day(instant, ROME)) == "2018-06-30"


def test_an_hour_that_comes_twice_is_the_first():
    instant, doubt = last_instant(hour_of("2018-10-28 02:00"), ROME)
    assert instant == at("2018-10-28T00:59:59.999999")
    assert "comes twice" in doubt
    assert last_instant(hour_of("2018-10-28 03:00"), ROME) == (at("2018-10-28T02:59:59.999999"), "")


def test_an_hour_that_is_left_out_is_still_of_its_day():
    instant, doubt = last_instant(hour_of("2018-03-25 02:00"), ROME)
    assert "leaves out" in doubt
    assert instant == at("2018-03-25T01:59:59.999999")
    midnight, _ = last_instant(hour_of("2018-11-04 00:00"), "America/Sao_Paulo")
    assert str(local_day(midnight, "America/Sao_Paulo")) == "2018-11-04"


def test_each_hour_around_a_change_of_clocks_has_an_instant_on_its_own_day():
    starts = [
        hour_of(f"2018-{month:02}-{day} {hour:02}:00")
        for month in (3, 10)
        for day in range(24, 30)
        for hour in range(24)
    ]
    for start in starts:
        assert local_day(last_instant(start, ROME)[0], ROME) == start.date()


def test_zeros_are_left_out_and_finer_amounts_rounded_and_said():
    record = {"datum": "2018-05-02 08:00", "M01AB": "0", "N02BE": "1.3334", "R03": "0.0004"}
    fine, nothing = sales_of(record, ["M01AB", "N02BE", "R03"], ROME)
    assert fine == Sale(
        "N02BE", "hour:N02BE:2018-05-02T08", 1333, at("2018-05-02T06:59:59.999999"),
        (("finer than a thousandth of a pack, rounded", "1.3334"),),
    )  # fmt: skip
    assert isinstance(nothing, Sale)
    assert (nothing.quantity_milli, len(nothing.doubts)) == (0, 1)


def test_an_amount_that_is_none_does_not_stop_the_others():
    record = {"datum": "2018-05-02 08:00", "M01AB": "-1", "N02BE": "2", "R03": "x"}
    below, sold, letter = sales_of(record, ["M01AB", "N02BE", "R03"], ROME)
    assert (below[0], "less than 0" in below[1]) == ("M01AB", True)
    assert isinstance(sold, Sale)
    assert letter[0] == "R03"


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2018-05-02 08:30", "2018-05-02T08:00+02:00", "2018-13-02 08:00"]
)
def test_what_is_no_hour_is_a_sentence(text):
    with pytest.raises(ValueError, match="is not an hour; write it like"):
        hour_of(text)


def test_every_other_column_must_be_a_group():
    assert groups_of(["datum", "M01AB", "N05B", "R03"]) == ["M01AB", "N05B", "R03"]
    for columns in (["datum"], ["datum", "total"]):
        with pytest.raises(ImportRefused, match="must be an ATC group"):
            groups_of(columns)
