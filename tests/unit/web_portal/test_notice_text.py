"""How sure a shortage notice says it is."""

import pytest

from web_portal.notice_text import in_ten


@pytest.mark.parametrize(("chance", "told"), [(0.5, 5), (0.66, 7), (0.94, 9), (0.999, 9), (0.0, 1)])
def test_a_chance_is_told_in_cases_of_ten_and_never_as_certain(chance: float, told: int) -> None:
    assert in_ten(chance) == told
