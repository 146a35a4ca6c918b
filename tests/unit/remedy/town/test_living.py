"""How fast the living town is told to be."""

from pathlib import Path

import pytest

from remedy.town.living import EVENTS_A_SECOND, speed_in


@pytest.mark.parametrize(
    ("told", "speed"),
    [
        ("2.5\n", 2.5),
        ("50", 50.0),
        ("0", EVENTS_A_SECOND),
        ("1000", EVENTS_A_SECOND),
        ("fast", EVENTS_A_SECOND),
        ("nan", EVENTS_A_SECOND),
    ],
)
def test_it_goes_as_fast_as_told_and_never_faster_than_it_may(
    tmp_path: Path, told: str, speed: float
) -> None:
    file = tmp_path / "town-speed"
    file.write_text(told)
    assert speed_in(file) == speed


def test_it_has_a_pace_of_its_own_where_nobody_told_one(tmp_path: Path) -> None:
    assert speed_in(tmp_path / "nothing") == EVENTS_A_SECOND
    assert speed_in(None) == EVENTS_A_SECOND
