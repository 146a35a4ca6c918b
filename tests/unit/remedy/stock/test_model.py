"""Which lots a line takes from, what is refused, and what events add up to; no database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from remedy.events.pharmacy import LotChange, StockCounted, StockRefused, StockRepriced, StockSold
from remedy.stock.folding import FoldedLot, fold
from remedy.stock.model import (
    Effect,
    Line,
    Lot,
    effect_of,
    medicine_label,
    problem_of,
    shortage_sentence,
    undo_of,
)

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = NOW.date()
MEDICINE = UUID(int=1)
INTO = UUID(int=99)


def a_lot(number: int, packs: int, expires_on: date | None = None, *, is_recalled=False) -> Lot:
    return Lot(UUID(int=number), f"L{number}", expires_on, is_recalled, packs)


def a_line(kind="sold", packs=1, **more) -> Line:
    return Line(kind, MEDICINE, packs, more.pop("occurred_at", NOW), **more)


def done(line: Line, *lots: Lot) -> Effect:
    return effect_of(line, lots, into=INTO, day=DAY)


def test_sales_take_the_earliest_expiry_first_and_stock_without_expiry_last():
    lots = [
        a_lot(1, 5),
        a_lot(2, 5, DAY + timedelta(days=90)),
        a_lot(3, 5, DAY + timedelta(days=9)),
    ]
    effect = done(a_line(packs=12), *lots)
    assert effect.deltas == {UUID(int=3): -5, UUID(int=2): -5, UUID(int=1): -2}
    assert effect.uncovered_milli == 0


def test_a_lot_is_not_sold_from_the_day_it_expires_on():
    assert done(a_line(), a_lot(1, 5, DAY)).uncovered_milli == 1
    assert done(a_line(), a_lot(1, 5, DAY + timedelta(days=1))).uncovered_milli == 0


def test_recalled_lots_are_not_sold():
    assert done(a_line(), a_lot(1, 5, is_recalled=True)) == Effect(1, {}, 1)


def test_a_lot_the_till_names_was_sold_even_if_it_had_expired():
    lots = [a_lot(1, 5, DAY - timedelta(days=3)), a_lot(2, 5)]
    effect = done(a_line(packs=7, lot_number="L1"), *lots)
    assert effect.deltas == {UUID(int=1): -5, UUID(int=2): -2}


def test_what_comes_in_goes_to_the_lot_for_it():
    assert done(a_line("received", 4)).deltas == {INTO: 4}
    assert done(a_line("adjusted", 4), a_lot(1, 3)).deltas == {INTO: 4}


def test_a_correction_downwards_takes_what_can_be_sold_before_what_cannot():
    lots = [a_lot(1, 5, DAY - timedelta(days=3)), a_lot(2, 5)]
    assert done(a_line("adjusted", -6), *lots) == Effect(-6, {UUID(int=2): -5, UUID(int=1): -1}, 0)


def test_a_correction_of_a_named_lot_leaves_the_others_alone():
    lots = [a_lot(1, 5), a_lot(2, 5)]
    effect = done(a_line("adjusted", -7, lot_number="L2"), *lots)
    assert effect == Effect(-7, {UUID(int=2): -5}, 2)


def test_a_count_takes_off_what_expired_first_and_adds_what_is_more():
    lots = [a_lot(1, 5, DAY - timedelta(days=3)), a_lot(2, 5)]
    assert done(a_line("counted", 4), *lots) == Effect(-6, {UUID(int=1): -5, UUID(int=2): -1}, 0)
    assert done(a_line("counted", 12), *lots) == Effect(2, {INTO: 2}, 0)
    assert done(a_line("counted", 10), *lots) == Effect(0, {}, 0)


def test_undoing_gives_back_and_takes_back_what_is_there():
    lots = [a_lot(1, 2), a_lot(2, 0)]
    sold = undo_of("sold", 7, {UUID(int=1): -3, UUID(int=2): -1}, lots)
    assert sold == Effect(7, {UUID(int=1): 3, UUID(int=2): 1}, 0)
    assert undo_of("received", 5, {UUID(int=1): 5}, lots) == Effect(-5, {UUID(int=1): -2}, 3)
    assert undo_of("adjusted", -5, {UUID(int=2): -5}, lots) == Effect(5, {UUID(int=2): 5}, 0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (a_line("stolen"), "no kind of movement"),
        (a_line("sold", 0), "more than 0"),
        (a_line("received", -1), "more than 0"),
        (a_line("adjusted", 0), "changes nothing"),
        (a_line("counted", -1), "less than 0"),
        (a_line("counted", 1, lot_number="A"), "all lots together"),
        (a_line("received", 1, expires_on=DAY), "needs its lot number"),
        (a_line(packs=10**13), "impossibly large"),
        (a_line(line_id=" "), "'line_id' is empty"),
        (a_line(line_id="x" * 81), "more than 80"),
        (a_line(reason="x" * 201), "more than 200"),
        (a_line(occurred_at=NOW.replace(tzinfo=None)), "no time zone"),
        (a_line(occurred_at=NOW + timedelta(hours=25)), "in the future"),
        (a_line(occurred_at=NOW.replace(year=1066)), "before 1900"),
    ],
)
def test_a_line_that_cannot_be_believed_is_answered_with_a_sentence(line, words):
    problem = problem_of(line, NOW)
    assert problem is not None
    assert words in problem
    assert problem.endswith(".")


def test_a_plausible_line_has_no_problem():
    assert problem_of(a_line(occurred_at=NOW + timedelta(hours=23), line_id="1"), NOW) is None


def test_the_sentence_of_a_shortage_says_what_is_left():
    assert shortage_sentence(0) == "This pharmacy has no pack of this medicine left."
    assert "only 2.5 packs" in shortage_sentence(2500)


def test_a_label_leaves_out_what_is_not_known():
    assert medicine_label("paracetamol", None, "500 mg", None, "20") == "paracetamol, 500 mg, 20"
    assert medicine_label("paracetamol", "Calmadol", None, None, None) == "Calmadol (paracetamol)"


PHARMACY, ITEM, LOT = uuid4(), uuid4(), uuid4()


def moved(cls, seq, delta, balance, *, uncovered=0, expires_on=None):
    lots = (LotChange(LOT, delta, "L1", expires_on),) if delta else ()
    return cls(
        uuid4(), PHARMACY, seq, ITEM, MEDICINE, abs(delta), uncovered, balance, lots, NOW, NOW
    )


def test_events_add_up_to_the_item():
    events = [
        moved(StockCounted, 1, 9, 9, expires_on="2026-04-01"),
        StockRepriced(PHARMACY, 2, ITEM, MEDICINE, 350, "EUR", NOW),
        StockRefused(PHARMACY, ITEM, MEDICINE, 5, NOW),
        moved(StockSold, 3, -9, 0, uncovered=1, expires_on="2026-04-01"),
    ]
    item = fold(events)[ITEM]
    assert item.lots == {LOT: FoldedLot("L1", date(2026, 4, 1), 0)}
    assert (item.price_minor, item.version, item.changed_seq) == (350, 3, 3)
    assert (item.counted_at, item.count_wanted_at) == (NOW, NOW)


def test_events_that_are_out_of_order_or_missing_are_not_added_up():
    first, second = moved(StockCounted, 1, 9, 9), moved(StockSold, 2, -2, 7)
    with pytest.raises(ValueError, match="comes after"):
        fold([first, first])
    with pytest.raises(ValueError, match="another balance"):
        fold([second])
