"""Whatever happens to lots, in any order: what is expired or recalled is never there to be sold, and each pack is somewhere."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remedy.stock import reasons
from remedy.stock.model import (
    Effect,
    Line,
    Lot,
    changed,
    effect_of,
    first_expired,
    problem_of,
    take,
    undo_of,
)

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
MEDICINE, TRANSFER = UUID(int=1), UUID(int=2)
LOTS = {
    "": None,
    "A": NOW.date() + timedelta(days=3),
    "B": NOW.date() + timedelta(days=9),
    "C": NOW.date() - timedelta(days=1),
}
IDS = {number: UUID(int=10 + at) for at, number in enumerate(LOTS)}

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["received", "sold", "hold", "expired", "recall", "undo", "surplus", "transfer", "wait"]
        ),
        st.sampled_from(list(LOTS)),
        st.integers(1, 9),
    ),
    max_size=60,
)


def a_line(kind: str, quantity: int, lot_number: str = "", code: str | None = None) -> Line:
    transfer = TRANSFER if kind == "transferred" else None
    return Line(
        kind, MEDICINE, quantity, NOW, lot_number=lot_number, reason_code=code, transfer_id=transfer
    )


def line_of(what: str, number: str, packs: int) -> Line | None:
    """What each step tells, if it is a movement."""
    return {
        "received": a_line("received", packs, number),
        "sold": a_line("sold", packs),
        "expired": a_line("expired", packs, number, "date_passed"),
        "surplus": a_line("returned", -packs, number, "surplus"),
        "transfer": a_line("transferred", -packs, "", "transfer_sent"),
    }.get(what)


class Shelf:
    """Lots and what became of them, kept a second time by plain sums."""

    def __init__(self) -> None:
        self.lots = [Lot(IDS[number], number, day, False, 0) for number, day in LOTS.items()]
        self.day = NOW.date()
        self.ledger: list[tuple[str, Effect]] = []
        self.sums = dict.fromkeys(IDS.values(), 0)

    def sellable(self) -> list[Lot]:
        return [
            lot
            for lot in self.lots
            if not lot.is_recalled and (lot.expires_on is None or lot.expires_on > self.day)
        ]

    def apply(self, kind: str, effect: Effect) -> None:
        for lot_id, delta in effect.deltas.items():
            self.sums[lot_id] += delta
        self.lots = changed(self.lots, effect.deltas)
        self.ledger.append((kind, effect))

    def do(self, what: str, number: str, packs: int) -> None:
        line = line_of(what, number, packs)
        if what == "wait":
            self.day += timedelta(days=packs % 4)
        elif what == "recall":
            self.lots = [
                Lot(one.lot_id, one.lot_number, one.expires_on, True, one.quantity_milli)
                if number and one.lot_number == number
                else one
                for one in self.lots
            ]
        elif what == "undo" and self.ledger:
            kind, effect = self.ledger[packs % len(self.ledger)]
            undone = undo_of(kind, effect.quantity_milli, effect.deltas, self.lots)
            self.apply("reversed", undone)
        elif what == "hold":
            self.picked(dict(take(first_expired(self.sellable()), packs)[0]))
        elif line is not None:
            assert problem_of(line, NOW) is None
            effect = effect_of(line, self.lots, into=IDS[number], day=self.day)
            if what in {"sold", "transfer"}:
                self.picked(effect.deltas)
            if not (effect.uncovered_milli and line.kind in reasons.KINDS):
                self.apply(line.kind, effect)

    def picked(self, deltas: dict[UUID, int]) -> None:
        """What is handed out, or goes to another pharmacy, may be handed out, and the first to expire goes first."""
        allowed = {lot.lot_id: lot for lot in self.sellable()}
        assert deltas.keys() <= allowed.keys()
        dates = [allowed[lot_id].expires_on or date.max for lot_id in deltas]
        left = [
            lot.expires_on or date.max
            for lot in allowed.values()
            if lot.quantity_milli + deltas.get(lot.lot_id, 0) > 0
        ]
        assert not dates or not left or max(dates) <= min(left)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_expired_or_recalled_packs_are_never_picked_and_the_ledger_gives_every_balance(steps):
    shelf = Shelf()
    for step in steps:
        shelf.do(*step)
        assert all(lot.quantity_milli == shelf.sums[lot.lot_id] >= 0 for lot in shelf.lots)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (a_line("expired", 1, "A"), "Choose why"),
        (a_line("expired", 1, "A", "surplus"), "Choose why"),
        (a_line("expired", -1, "A", "date_passed"), "more than 0"),
        (a_line("returned", 1, "A", "surplus"), "the other way"),
        (a_line("returned", -1, "A", "brought_back_by_patient"), "the other way"),
        (a_line("returned", 0, "A", "surplus"), "the other way"),
        (Line("transferred", MEDICINE, 1, NOW, reason_code="transfer_arrived"), "which one"),
        (a_line("expired", 1, "A" * 61, "date_passed"), "60 characters"),
    ],
)
def test_a_line_that_names_no_reason_of_its_own_is_refused(line, sentence):
    assert sentence in (problem_of(line, NOW) or "")


def test_what_a_patient_had_at_home_is_never_for_sale_again():
    lots = [Lot(IDS["A"], "A", LOTS["A"], False, 4)]
    home = a_line("returned", 2, "A", "brought_back_by_patient")
    counter = a_line("returned", 2, "A", "never_handed_over")
    assert effect_of(home, lots, into=IDS["A"], day=NOW.date()) == Effect(2, {})
    assert effect_of(counter, lots, into=IDS["A"], day=NOW.date()).deltas == {IDS["A"]: 2}


def test_only_the_lot_that_is_meant_is_written_off():
    lots = [Lot(IDS[n], n, day, False, 4) for n, day in LOTS.items()]
    line = a_line("expired", 6, "C", "date_passed")
    effect = effect_of(line, lots, into=IDS["C"], day=NOW.date())
    assert (effect.deltas, effect.uncovered_milli) == ({IDS["C"]: -4}, 2)


def test_every_reason_belongs_to_one_kind():
    assert len(reasons.BY_CODE) == len(reasons.REASONS)
    assert reasons.reason_of("surplus", "expired") is None
