"""Which name somebody may have meant who wrote it with one slip: a letter wrong, missing, too many, or two swapped.

Plain functions of the standard library: the reducer on a YARN node calls them. Nothing is swapped for a searcher by this: it
is for people who keep the catalogue.
"""

from collections.abc import Iterable

SHORTEST = 5
"""Shorter words are one slip from too many others."""

MOST_NAMES = 3


class Names:
    """The names of the catalogue, found by words that differ in one slip."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._by_part: dict[str, set[str]] = {}
        for name in names:
            for word in name.casefold().split():
                if len(word) >= SHORTEST and word not in self._known:
                    self._known.add(word)
                    for part in _parts(word):
                        self._by_part.setdefault(part, set()).add(word)

    def meant(self, query: str) -> list[str]:
        """The names one slip from a word of a query, in order of the alphabet; none for a word that is a name."""
        found: set[str] = set()
        for word in query.casefold().split():
            if len(word) < SHORTEST or word in self._known:
                continue
            for part in _parts(word):
                found.update(
                    name for name in self._by_part.get(part, ()) if is_one_slip(word, name)
                )
        return sorted(found)[:MOST_NAMES]


def is_one_slip(one: str, other: str) -> bool:
    """Whether two different words differ in one letter wrong, missing, too many, or two neighbours swapped."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = one[:at] + one[at : at + 2][::-1] + one[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or swapped == other


def _parts(word: str) -> set[str]:
    """The word, and it without each of its letters: words one slip apart share one of these."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
