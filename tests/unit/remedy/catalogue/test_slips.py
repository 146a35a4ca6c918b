"""One slip of the keyboard: recognised for what it is, and every such word is found among the beginnings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remedy.catalogue.slips import SHORTEST, beginnings, is_one_slip, looked_up_by

LETTERS = "abcé"
WORDS = st.text(LETTERS, min_size=SHORTEST, max_size=10)


@pytest.mark.parametrize(
    "typed",
    [
        "paracetamol", "parac", "paracetamil", "paracetamoll", "paracetmol", "paracteamol",
        "aracetamol", "xparacetamol", "apracetamol", "paracx",
    ],
)  # fmt: skip
def test_one_slip_is_forgiven(typed):
    assert is_one_slip(typed, "paracetamol")


@pytest.mark.parametrize(
    "typed",
    ["paracetimil", "paracetmoll", "ibuprofen", "apracteamol", "paracetamolll", "rapacetamol"],
)
def test_two_slips_are_not(typed):
    assert not is_one_slip(typed, "paracetamol")


@pytest.mark.parametrize("word", ["500", "12.5", "mg", "abc"])
def test_numbers_and_short_words_are_taken_as_they_are(word):
    assert beginnings(word) == set()
    assert looked_up_by(word) == set()


def slipped(typed, word):
    """By definition: some beginning of the word is the typed word with one slip."""
    variants = {typed}
    for spot in range(len(typed) + 1):
        variants |= {typed[:spot] + letter + typed[spot:] for letter in LETTERS}
        if spot < len(typed):
            variants |= {typed[:spot] + letter + typed[spot + 1 :] for letter in ("", *LETTERS)}
            variants.add(typed[:spot] + typed[spot : spot + 2][::-1] + typed[spot + 2 :])
    return any(word.startswith(variant) for variant in variants if variant)


@given(WORDS, WORDS)
def test_a_slip_is_what_the_definition_says(typed, word):
    assert is_one_slip(typed, word) == slipped(typed, word)


@given(
    WORDS, st.integers(0, 9), st.sampled_from(["wrong", "more", "missing", "swapped"]), st.data()
)
def test_every_word_written_with_one_slip_is_found_by_its_beginnings(word, at, slip, data):
    begun = word[: data.draw(st.integers(SHORTEST, len(word)))]
    at = min(at, len(begun) - 1)
    typed = {
        "wrong": begun[:at] + "a" + begun[at + 1 :],
        "more": begun[:at] + "a" + begun[at:],
        "missing": begun[:at] + begun[at + 1 :],
        "swapped": begun[:at] + begun[at : at + 2][::-1] + begun[at + 2 :],
    }[slip]
    if len(typed) >= SHORTEST:
        assert is_one_slip(typed, word)
        assert looked_up_by(typed) & beginnings(word)
