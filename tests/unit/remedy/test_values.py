"""Plain values: instants and days, identifiers, quantities, money, search texts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remedy.values import (
    MILLI,
    day_bounds,
    instant_of,
    instant_text,
    local_day,
    milli_of,
    minor_of,
    money_text,
    packs_text,
    plain_words,
    utc_now,
    uuid7,
    zone,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
ZONES = ("Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
instants = st.integers(0, 10**8).map(lambda minutes: EPOCH + timedelta(minutes=minutes, seconds=7))


@given(instants)
def test_an_instant_is_read_as_it_was_written(instant: datetime) -> None:
    assert instant_of(instant_text(instant)) == instant
    assert instant_text(instant).endswith("Z")


def test_an_instant_of_another_zone_is_turned_into_utc() -> None:
    assert instant_of("2026-01-31T10:30:00+01:00") == AT
    assert instant_text(AT.astimezone(zone("Asia/Tokyo"))) == "2026-01-31T09:30:00.000000Z"


@pytest.mark.parametrize(
    "text", ["", "today", "2026-01-31", "2026-01-31T09:30:00", "2026-13-01T00:00Z"]
)
def test_what_is_no_instant_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 2026-01-31T09:30:00"):
        instant_of(text)


def test_an_instant_without_zone_is_never_guessed() -> None:
    naive = datetime(2026, 1, 31, 9, 30)  # noqa: DTZ001 - what the test is about
    for function in (instant_text, lambda instant: local_day(instant, "UTC")):
        with pytest.raises(ValueError, match="no time zone"):
            function(naive)
    assert utc_now().tzinfo is UTC


@given(instants, st.sampled_from(ZONES))
def test_an_instant_lies_within_the_bounds_of_its_local_day(instant: datetime, place: str) -> None:
    start, end = day_bounds(local_day(instant, place), place)
    assert start <= instant < end
    assert timedelta(hours=22) < end - start < timedelta(hours=26)


@given(st.dates(date(1990, 1, 2), date(2089, 1, 1)), st.sampled_from(ZONES))
def test_days_follow_one_another_without_gap(day: date, place: str) -> None:
    assert day_bounds(day, place)[1] == day_bounds(day + timedelta(days=1), place)[0]


def test_a_day_has_23_or_25_hours_when_the_clocks_change() -> None:
    spring, autumn = (day_bounds(d, "Europe/Rome") for d in (date(2026, 3, 29), date(2026, 10, 25)))
    assert spring[1] - spring[0] == timedelta(hours=23)
    assert autumn[1] - autumn[0] == timedelta(hours=25)


def test_an_unknown_zone_is_utc() -> None:
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    assert local_day(late, "Mars/Olympus") == date(2026, 1, 31)
    assert local_day(late, "../secret") == date(2026, 1, 31)


@given(instants)
def test_a_uuid7_is_of_its_version_and_tells_its_millisecond(instant: datetime) -> None:
    made = uuid7(lambda: instant)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(instant.timestamp() * 1000)


def test_uuid7s_of_one_millisecond_differ_and_later_ones_sort_later() -> None:
    assert len({uuid7(lambda: AT) for _ in range(1000)}) == 1000
    assert uuid7(lambda: AT) < uuid7(lambda: AT + timedelta(milliseconds=1))


@given(st.integers(-(10**14), 10**14))
def test_packs_are_read_as_they_were_written(quantity_milli: int) -> None:
    assert milli_of(packs_text(quantity_milli)) == (quantity_milli, True)


@pytest.mark.parametrize(
    ("packs", "milli", "is_exact"),
    [
        ("12", 12_000, True),
        ("0.5", 500, True),
        ("0.0005", 0, False),
        ("0.0015", 2, False),
        ("-3.25", -3250, True),
        (Decimal("1e-9"), 0, False),
        (7, 7 * MILLI, True),
    ],
)
def test_finer_than_a_thousandth_is_rounded_half_to_even_and_said(
    packs: str | Decimal | int, milli: int, is_exact: bool
) -> None:
    assert milli_of(packs) == (milli, is_exact)


@pytest.mark.parametrize("text", ["", "two", "NaN", "Infinity", "1e99", "1e999999", "1,5"])
def test_what_is_no_amount_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number of packs"):
        milli_of(text)
    with pytest.raises(ValueError, match="is not an amount of money"):
        minor_of(text)


def test_packs_are_written_without_trailing_zeros() -> None:
    assert [packs_text(q) for q in (12_500, 12_000, 1, -250, 0)] == [
        "12.5",
        "12",
        "0.001",
        "-0.25",
        "0",
    ]


@given(st.integers(-(10**12), 10**12), st.sampled_from([0, 2, 3]))
def test_money_is_read_as_it_was_written(amount_minor: int, digits: int) -> None:
    text = money_text(amount_minor, "EUR", digits)
    assert text.endswith(" EUR")
    assert minor_of(text.removesuffix(" EUR"), digits) == amount_minor


def test_money_finer_than_the_currency_is_refused() -> None:
    assert minor_of("12.50") == 1250
    for amount, digits in (("12.505", 2), ("12.5", 0)):
        with pytest.raises(ValueError, match="is not an amount of money"):
            minor_of(amount, digits)


def test_search_texts_are_folded_to_plain_words() -> None:
    assert plain_words("  Para\tcetamol\x00 500\n MG ") == "para cetamol 500 mg"
    assert plain_words("STRASSE") == plain_words("Straße")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert plain_words(plain_words(text)) == plain_words(text)
