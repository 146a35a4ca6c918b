"""The ablation finds a lead that is there, and keeps none that is not."""

import numpy as np
import pytest

from bench.leads import generated
from models.leads import Finding, ablate

CONTROLS = ("of themselves", "demand itself", "nothing")


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, int], Finding]:
    """One demand, a sign that leads it, and signs that do not."""
    panel, planted = generated("planted")
    signs = {
        "planted": planted["searches"],
        "of themselves": generated("of themselves", seed=2)[1]["searches"],
        "demand itself": panel.demand / 1000,
        "nothing": np.zeros(panel.demand.shape),
    }
    return {(each.sign, each.days): each for each in ablate(panel, signs)}


def test_a_planted_lead_of_ten_days_is_found_and_kept_for_the_week(found):
    week = found["planted", 7]

    assert week.is_kept
    assert week.judged > 0.2
    # And the origins that decided nothing say the same.
    assert week.reported > 0.2


@pytest.mark.parametrize("sign", CONTROLS)
def test_a_sign_that_leads_nothing_is_not_kept(found, sign):
    assert not found[sign, 7].is_kept
    assert not found[sign, 28].is_kept


def test_a_sign_without_events_changes_nothing(found):
    assert (found["nothing", 7].judged, found["nothing", 7].reported) == (0, 0)


def test_a_history_too_short_for_both_halves_gives_no_finding():
    assert ablate(*generated("planted", days=200)) == []
