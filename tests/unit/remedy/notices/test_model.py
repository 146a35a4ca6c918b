"""When a shortage notice can be sent, and what makes two notices the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from remedy.notices.model import LEAST_CHANCE, QUIET, Decided, Item, why_not
from remedy.schema.advice import ADVICE_LASTS

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TODAY = NOW.date()
SOMEBODY = UUID(int=1)
ITEM = Item(
    UUID(int=2), 1, "Calmadol", 0.7, TODAY + timedelta(days=5), "item", NOW, 4000, False, 3, None
)


def why(**differs: object) -> str:
    return why_not(replace(ITEM, **differs), today=TODAY, now=NOW) or ""  # type: ignore[arg-type]


def test_a_notice_can_be_sent_of_what_is_likely_to_run_out_and_somebody_takes() -> None:
    assert why() == ""
    assert why(runs_out=LEAST_CHANCE) == ""
    assert why(next_delivery_on=TODAY) == ""


@pytest.mark.parametrize(
    ("differs", "words"),
    [
        ({"runs_out": LEAST_CHANCE - 0.001}, "not expected to run out"),
        ({"has_come": True}, "Packs came in"),
        ({"made_at": NOW - ADVICE_LASTS}, "too old"),
        ({"next_delivery_on": TODAY - timedelta(days=1)}, "is past"),
        ({"taker_count": 0}, "None of your patients"),
    ],
)
def test_what_is_not_so_any_more_is_said(differs: dict[str, object], words: str) -> None:
    assert words in why(**differs)


def test_what_advice_does_not_know_cannot_be_told() -> None:
    assert "not expected to run out" in (why_not(None, today=TODAY, now=NOW) or "")


def test_a_decision_stands_until_its_time_is_over() -> None:
    last = Decided(1, "dismissed", NOW, SOMEBODY, "Chitra")
    decided = replace(ITEM, last=last)
    assert decided.was_decided_lately(NOW + QUIET - timedelta(seconds=1))
    assert not decided.was_decided_lately(NOW + QUIET)
    assert not ITEM.was_decided_lately(NOW)


def test_notices_that_would_be_read_differently_have_other_marks() -> None:
    marks = {
        ITEM.mark(),
        ITEM.mark("Ask us."),
        replace(ITEM, runs_out=0.8).mark(),
        replace(ITEM, next_delivery_on=date(2026, 3, 9)).mark(),
        replace(ITEM, delivery_from="assumed").mark(),
        replace(ITEM, stock_milli=0).mark(),
        replace(ITEM, medicine_id=UUID(int=3)).mark(),
    }
    assert len(marks) == 7
    # What is not in the text makes no other notice of it.
    assert replace(ITEM, taker_count=9, stock_milli=1000).mark(" ") == ITEM.mark()
