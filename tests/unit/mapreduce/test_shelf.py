"""What lay on the shelf, at which price, looked for by how many, and which name was meant: the new lines of the count."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapreduce.counting import DailyCount, reduce_pairs
from mapreduce.look_alikes import Names, is_one_slip
from mapreduce.shelf import Price, Shelf, latest, together
from remedy.events import pharmacy as events
from tests.unit.mapreduce.landed import (
    CORNER,
    IBUPROFEN,
    NOON,
    count,
    count_in_parts,
    event_id,
    line,
    movement,
    search,
    wanted,
)


def of_kind(kind: str, lines: list[str]) -> list[list[str]]:
    return [found.split("\t")[1:] for found in lines if found.split("\t")[0] == kind]


def moved(cls, seq: int, change: int, left: int, **more):
    lot = events.LotChange(event_id(0), change)
    return movement(
        cls, pharmacy_seq=seq, quantity_milli=abs(change), balance_milli=left, lots=(lot,),
        occurred_at=NOON + timedelta(minutes=seq), **more,
    )  # fmt: skip


def a_day() -> list[bytes]:
    """Opens with 5 packs, sells all, is delivered 9, of which 2 go out of date."""
    happened = [
        moved(events.StockSold, 11, -5000, 0),
        moved(events.StockReceived, 12, 9000, 9000),
        moved(events.StockAdjusted, 13, -2000, 7000, reason="Expired"),
        moved(events.StockAdjusted, 14, -500, 6500, reason="Broken pack"),
    ]
    return [line(each, number=n, offset=n) for n, each in enumerate(happened)]


def test_a_day_says_how_it_began_and_ended_its_lowest_and_what_expired():
    place = ["2026-03-10", str(CORNER), str(IBUPROFEN)]
    assert of_kind("shelf", count(a_day())) == [[*place, "5000", "6500", "0", "2000", "4"]]


@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_shelf_is_the_same_however_the_lines_are_split_and_ordered(random: Random, parts: int):
    lines = a_day()
    random.shuffle(lines)
    split = [lines[n::parts] for n in range(parts)]
    assert of_kind("shelf", count_in_parts(split)) == of_kind("shelf", count(a_day()))


def test_a_lot_that_expires_is_an_expiry_and_a_receipt_with_that_word_is_none():
    lines = [
        line(moved(events.StockExpired, 1, -3000, 4000), number=1),
        line(moved(events.StockReceived, 2, 1000, 5000, reason="Expired"), number=2),
    ]
    ((*_, expired, movements),) = of_kind("shelf", count(lines))
    assert (expired, movements) == ("3000", "2")


def test_a_reversal_says_nothing_of_how_the_day_it_reverses_ended():
    reversal = moved(
        events.StockReversed, 99, 5000, 70_000, reversed_kind="sold",
        reversed_quantity_milli=5000, reversed_at=NOON,
    )  # fmt: skip
    lines = [*a_day(), line(reversal, number=9, offset=9)]
    assert of_kind("shelf", count(lines)) == of_kind("shelf", count(a_day()))


def test_the_last_price_of_a_day_counts():
    def priced(seq: int, price_minor: int) -> bytes:
        told = events.StockRepriced(
            CORNER, seq, event_id(0), IBUPROFEN, price_minor, "EUR", NOON + timedelta(minutes=seq)
        )
        return line(told, number=seq, offset=seq)

    place = ["2026-03-10", str(CORNER), str(IBUPROFEN)]
    lines = [priced(1, 400), priced(3, 450), priced(2, 420)]
    assert of_kind("price", count(lines)) == [[*place, "450", "3"]]
    assert of_kind("price", count_in_parts([lines[:2], lines[2:]])) == [[*place, "450", "3"]]


def test_people_are_counted_once_whatever_they_find_and_however_often_they_look():
    lines = [
        line(search(searcher=who, pharmacies_found=found), number=n, offset=n)
        for n, (who, found) in enumerate([("a", 0), ("a", 3), ("b", 3)])
    ]
    for found in (count(lines), count_in_parts([[each] for each in lines])):
        assert of_kind("people", found) == [["2026-03-10", str(IBUPROFEN), "2"]]


def test_words_that_mean_nothing_are_held_against_the_names_of_the_catalogue():
    mapper = DailyCount(wanted())
    for number, query in enumerate(["ibuprofn", "ibuprofen", "ginger tea"]):
        mapper.add(line(search(medicine_id=None, query=query), number=number, offset=number))
    names = Names(["Ibuprofen", "Brufen"])
    found = ["\t".join(p) for k, v in mapper.drain() for p in reduce_pairs(k, [v], names)]
    assert of_kind("alike", found) == [["2026-03-10", "Centro", "ibuprofn", "ibuprofen", "1", "1"]]
    assert of_kind("alike", count([line(search(medicine_id=None, query="ibuprofn"))])) == []


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("ibuprofen", "ibuprofn", True), ("ibuprofen", "ibuproofen", True),
        ("ibuprofen", "ibuprofem", True), ("ibuprofen", "ibupforen", False),
        ("ibuprofen", "ibuprofne", True), ("ibuprofen", "ibupro", False),
        ("ibuprofen", "ibuprofen", False), ("ibuprofen", "buprofen", True), ("ab", "ba", True),
    ],
)  # fmt: skip
def test_one_slip_is_a_letter_wrong_missing_too_many_or_two_swapped(one, other, is_one):
    assert is_one_slip(one, other) is is_one
    assert is_one_slip(other, one) is is_one


@given(st.text("abcde", min_size=5, max_size=9), st.text("abcde", min_size=5, max_size=9))
def test_the_names_find_exactly_what_is_one_slip_away(word, name):
    assert Names([name]).meant(word) == ([name] if is_one_slip(word, name) else [])


def test_short_words_and_names_themselves_are_left_alone():
    names = Names(["Aspirin", "Zinc"])
    assert names.meant("zink") == []
    assert names.meant("aspirin 500") == []
    assert names.meant("apsirin 500") == ["aspirin"]
    assert Names().meant("anything") == []


def test_parts_of_a_day_join_in_any_order():
    parts = [Shelf(1, 1, 9, 5, 5, 0, 1), Shelf(2, 4, 5, 3, 2, 1, 3)]
    assert together(parts) == together(reversed(parts)) == Shelf(1, 4, 9, 3, 2, 1, 4)
    prices = [Price(1, 10, 1), Price(7, 12, 2)]
    assert latest(prices) == latest(reversed(prices)) == Price(7, 12, 3)
