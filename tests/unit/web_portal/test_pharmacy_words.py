"""Every kind, reason and state of stock has words on the pages."""

from remedy.schema.pharmacy import MOVEMENTS
from remedy.stock import reasons
from remedy.stock.transfers import STEPS
from web_portal.pharmacy.words import MOVEMENT_WORDS, REASON_WORDS, STATE_WORDS


def test_every_movement_has_words():
    assert set(MOVEMENTS) <= set(MOVEMENT_WORDS)


def test_every_reason_has_words():
    assert set(REASON_WORDS) == set(reasons.BY_CODE) | set(reasons.LOST)


def test_every_state_of_a_transfer_has_words_for_both_sides():
    ended = ("received", "taken_back", "declined", "cancelled")
    states = {state for state, _ in STEPS} | set(ended)
    assert set(STATE_WORDS) == {(state, side) for state in states for side in ("out", "in")}
