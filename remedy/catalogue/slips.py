"""Words written with one slip of the keyboard: a letter wrong, missing, too many, or two swapped. Pure.

Two words that are one slip apart have a beginning in common once a letter is left out of each. So every word is
kept with its beginnings, whole and with one letter left out, and a typed word is looked up by its own; what
is found so is then compared letter by letter.
"""

SHORTEST = 4
"""Shorter words are too like one another to guess at."""

BEGINNING = 7
"""Longer beginnings would find the same words and take more rows."""


def beginnings(word: str) -> set[str]:
    """What a word of a medicine is kept by; nothing for numbers and short words."""
    if not may_slip(word):
        return set()
    found: set[str] = set()
    for length in range(SHORTEST, min(BEGINNING, len(word)) + 1):
        found |= _with_one_left_out(word[:length])
    return found


def looked_up_by(typed: str) -> set[str]:
    """What a typed word is looked up by among the beginnings; nothing for numbers and short words."""
    return _with_one_left_out(typed[:BEGINNING]) if may_slip(typed) else set()


def is_one_slip(typed: str, word: str) -> bool:
    """Whether `typed` is the beginning of `word`, or would be but for one slip."""
    same = 0
    while same < min(len(typed), len(word)) and typed[same] == word[same]:
        same += 1
    if same == len(typed):
        return True
    after = same + 1
    return (
        # wrong, too many, missing
        word.startswith(typed[after:], after)
        or word.startswith(typed[after:], same)
        or word.startswith(typed[same:], after)
        or (
            typed[same:after + 1] == word[same:after + 1][::-1]
            and word.startswith(typed[after + 1:], after + 1)
        )
    )  # fmt: skip


def may_slip(word: str) -> bool:
    """Whether a slip in the word is guessed at: not in numbers, nor in words too short."""
    return len(word) >= SHORTEST and not word[0].isdecimal()


def _with_one_left_out(text: str) -> set[str]:
    return {text, *(text[:spot] + text[spot + 1 :] for spot in range(len(text)))}
