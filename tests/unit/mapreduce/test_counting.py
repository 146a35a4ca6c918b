"""What a landed line adds to which day, and that it does not matter how the lines reach the mappers."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapreduce import counting
from mapreduce.counting import DailyCount
from mapreduce.landed_lines import NOTHING, Fate, Wanted
from remedy.events import pharmacy as events
from tests.unit.mapreduce.landed import (
    CORNER,
    HARBOUR,
    IBUPROFEN,
    MOVEMENTS,
    SALBUTAMOL,
    count,
    count_in_parts,
    event_id,
    line,
    movement,
    refusal,
    search,
    wanted,
)


def of_kind(kind: str, lines: list[str]) -> list[list[str]]:
    return [found.split("\t")[1:] for found in lines if found.split("\t")[0] == kind]


def demand(lines: list[str]) -> list[list[str]]:
    return of_kind("demand", lines)


def test_nothing_landed_counts_nothing():
    assert count([]) == []


def test_a_sale_adds_its_packs_to_the_local_day_of_its_pharmacy():
    late = datetime(
        2026, 3, 10, 23, 30, tzinfo=UTC
    )  # half past midnight in Rome, evening in New York
    lines = [
        line(movement(occurred_at=late)),
        line(movement(occurred_at=late, pharmacy_id=HARBOUR)),
    ]
    found = demand(count(lines, wanted("2026-03-10", "2026-03-11")))
    assert found == [
        ["2026-03-10", str(HARBOUR), str(IBUPROFEN), "1000", "0", "0", "0", "1", "0"],
        ["2026-03-11", str(CORNER), str(IBUPROFEN), "1000", "0", "0", "0", "1", "0"],
    ]


def test_sales_shortfalls_refusals_and_receipts_each_have_their_number():
    lines = [
        line(movement(quantity_milli=1500, uncovered_milli=500)),
        line(movement(quantity_milli=2000)),
        line(refusal(quantity_milli=700)),
        line(movement(events.StockReceived, quantity_milli=9000)),
    ]
    (found,) = demand(count(lines))
    assert found[3:] == ["3500", "500", "700", "9000", "2", "1"]


def test_holds_prices_counts_and_adjustments_are_rows_but_no_demand():
    lines = [
        line(movement(events.StockCounted)),
        line(movement(events.StockAdjusted, quantity_milli=-5)),
        line(
            events.StockRepriced(
                CORNER, 2, event_id(0), IBUPROFEN, 450, "EUR", movement().occurred_at
            )
        ),
    ]
    found = count(lines)
    assert demand(found) == []
    assert of_kind("rows", found) == [[MOVEMENTS, "2026-03-10", "3", "0"]]


def test_a_reversal_takes_the_sale_off_the_day_it_was_sold():
    sold_at = datetime(2026, 3, 9, 9, tzinfo=UTC)
    kept = movement(quantity_milli=1000, occurred_at=sold_at)
    mistake = movement(quantity_milli=3000, uncovered_milli=1000, occurred_at=sold_at)
    undone = movement(
        events.StockReversed,
        quantity_milli=3000,
        reverses_id=event_id(5),
        reversed_kind="sold",
        reversed_quantity_milli=3000,
        reversed_uncovered_milli=1000,
        reversed_at=sold_at,
    )
    found = count([line(kept), line(mistake), line(undone)], wanted("2026-03-09", "2026-03-10"))
    (day,) = demand(found)
    assert day == ["2026-03-09", str(CORNER), str(IBUPROFEN), "1000", "0", "0", "0", "1", "0"]


def test_a_day_all_of_whose_sales_were_reversed_has_no_row():
    undone = movement(
        events.StockReversed,
        reversed_kind="sold",
        reversed_quantity_milli=1000,
        reversed_at=movement().occurred_at,
    )
    found = count([line(movement()), line(undone)])
    assert demand(found) == []
    assert of_kind("rows", found) == [[MOVEMENTS, "2026-03-10", "2", "0"]]


def test_a_reversed_receipt_is_taken_off_what_came_in():
    undone = movement(
        events.StockReversed,
        reversed_kind="received",
        reversed_quantity_milli=400,
        reversed_at=movement().occurred_at,
    )
    (day,) = demand(count([line(movement(events.StockReceived)), line(undone)]))
    assert day[3:] == ["0", "0", "0", "600", "0", "0"]


def test_a_search_in_vain_counts_searches_and_different_searchers():
    lines = [
        line(search(searcher="s1")),
        line(search(searcher="s1")),
        line(search(searcher="s2")),
        line(search(searcher="s3", pharmacies_found=4)),
    ]
    found = count(lines)
    assert of_kind("unmet", found) == [["2026-03-10", str(IBUPROFEN), "Centro", "", "3", "2"]]
    assert of_kind("search", found) == [["2026-03-10", str(IBUPROFEN), "4", "1"]]


def test_a_search_that_meant_no_medicine_is_counted_by_its_words():
    odd = "  Strange\tRemedy \x1f  X \ud83d"
    lines = [line(search(medicine_id=None, query="strange remedy x"))]
    lines.append(line(search(medicine_id=None, query=odd.replace("\ud83d", ""), searcher="s2")))
    found = count(lines)
    assert of_kind("unmet", found) == [
        ["2026-03-10", NOTHING, "Centro", "strange remedy x", "2", "2"]
    ]


def test_a_text_cut_to_its_length_never_ends_in_a_space():
    lines = [
        line(search(medicine_id=None, query="a" * 99 + " tail", district=None)),
        line(search(district="d" * 59 + " tail")),
    ]
    found = of_kind("unmet", count(lines))
    assert {(district, query) for _, _, district, query, *_ in found} == {
        ("", "a" * 99),
        ("d" * 59, ""),
    }


def test_quarantined_rows_are_told_apart_and_add_to_nothing():
    lines = [line(movement(), number=1), line(movement(), number=2)]
    found = count(lines, wanted(quarantined=(event_id(2),)))
    assert of_kind("rows", found) == [[MOVEMENTS, "2026-03-10", "1", "1"]]
    assert demand(found)[0][3] == "1000"


def test_rows_of_other_days_and_topics_are_left_out():
    lines = [line(movement()), line(search())]
    assert count(lines, Wanted.of({MOVEMENTS: ["2026-03-11"]})) == []


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"topic":"stock-movements"}',
        b'{"topic":["stock-movements"],"data":{}}',
        line(movement()).replace(b'"quantity_milli":1000', b'"quantity_milli":1.5'),
        line(movement()).replace(b'"quantity_milli":1000', b'"quantity_milli":true'),
        line(movement()).replace(b'"quantity_milli":1000', b'"quantity_milli":null'),
        line(movement()).replace(str(IBUPROFEN).encode(), b"ibuprofen"),
        line(movement()).replace(b'"day":"2026-03-10"', b'"day":["2026-03-10"]'),
        line(movement()).replace(b'"day":"2026-03-10"', b'"when":"2026-03-10"'),
        line(search()).replace(b'"pharmacies_found":0', b'"pharmacies_found":"0"'),
    ],
)
def test_a_line_that_cannot_be_read_is_counted_as_such_and_stops_nothing(bad):
    mapper = DailyCount(wanted())
    for each in (line(movement()), bad, line(movement())):
        mapper.add(each)
    assert mapper.fates[Fate.UNREADABLE] == 1
    assert mapper.fates[Fate.COUNTED] == 2
    assert dict(mapper.drain())[f"rows\x1f{MOVEMENTS}\x1f2026-03-10"] == "2 0"


def test_a_full_mapper_hands_on_what_it_has_and_goes_on(monkeypatch):
    monkeypatch.setattr(counting, "MAX_KEYS", 4)
    mapper = DailyCount(wanted())
    mapper.add(line(movement()))
    assert not mapper.is_full
    mapper.add(line(movement(medicine_id=SALBUTAMOL)))
    assert mapper.is_full
    assert len(list(mapper.drain())) == 5
    assert not mapper.is_full
    assert list(mapper.drain()) == []


happenings = st.one_of(
    st.builds(
        movement,
        st.sampled_from([events.StockSold, events.StockReceived, events.StockCounted]),
        pharmacy_id=st.sampled_from([CORNER, HARBOUR]),
        medicine_id=st.sampled_from([IBUPROFEN, SALBUTAMOL]),
        quantity_milli=st.integers(1, 10**9),
        occurred_at=st.datetimes(
            datetime(2026, 3, 9),  # noqa: DTZ001 - the zone is given beside it
            datetime(2026, 3, 12),  # noqa: DTZ001
            timezones=st.just(UTC),
        ),
    ),
    st.builds(refusal, quantity_milli=st.integers(1, 10**6)),
    st.builds(
        search,
        searcher=st.sampled_from(["s1", "s2", "s3"]),
        medicine_id=st.sampled_from([IBUPROFEN, None]),
        query=st.one_of(st.none(), st.text(max_size=12)),
        pharmacies_found=st.integers(0, 2),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(happenings, max_size=30), st.data())
def test_however_the_lines_are_split_and_ordered_the_result_is_the_same(happened, data):
    question = wanted("2026-03-10", "2026-03-11", quarantined=(event_id(3),))
    lines = [line(each, number=number) for number, each in enumerate(happened)]
    mixed = data.draw(st.permutations(lines))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)))
    edges = [0, *cuts, len(lines)]
    parts = [mixed[first:last] for first, last in pairwise(edges)]
    assert count_in_parts(parts, question) == count(lines, question)


@settings(max_examples=60, deadline=None)
@given(st.lists(happenings, min_size=1, max_size=30))
def test_every_row_of_a_wanted_day_is_counted_once(happened):
    question = wanted()
    # No zone is known: days are UTC.
    lines = [line(each, number=number, zones={}) for number, each in enumerate(happened)]
    rows = of_kind("rows", count(lines, question))
    of_the_day = sum(each.occurred_at.date().isoformat() == "2026-03-10" for each in happened)
    assert sum(int(counted) for _, _, counted, _ in rows) == of_the_day
