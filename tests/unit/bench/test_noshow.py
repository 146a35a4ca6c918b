"""When the bench of missed visits says no: too good to be true, or no better than knowing nothing."""

from dataclasses import replace

from bench.noshow import DECISIONS, MOST_AUC, explained_up_to, verdict
from models.no_show_evaluation import Scores

OURS = Scores(0.71, 0.34, 0.151, 0.01, 1.0, 0.0)
LEAD = Scores(0.70, 0.33, 0.152, 0.01, 1.0, 0.0)
CONSTANT = Scores(0.5, 0.21, 0.168, 0.03, None, None)


def test_a_model_that_beats_both_and_is_believable_may_be_used():
    assert verdict(OURS, LEAD, CONSTANT, MOST_AUC) == []


def test_an_auc_above_what_can_be_known_fails():
    (reason,) = verdict(replace(OURS, auc=0.76), LEAD, CONSTANT, MOST_AUC)
    assert "leak" in reason
    assert verdict(replace(OURS, auc=0.76), LEAD, CONSTANT, 0.77) == []


def test_a_model_that_does_not_beat_the_constant_or_the_lead_time_fails():
    worse = replace(OURS, brier=0.17)
    assert len(verdict(worse, LEAD, CONSTANT, MOST_AUC)) == 2
    assert len(verdict(replace(OURS, average_precision=0.33), LEAD, CONSTANT, MOST_AUC)) == 1


def test_only_a_decision_that_says_so_explains_a_higher_auc(tmp_path):
    page = tmp_path / "0099-more.md"
    page.write_text("We are glad of an AUC of 0.80.")
    assert explained_up_to(tmp_path) == MOST_AUC
    page.write_text(
        "An AUC of missed visits up to 0.78 is explained: rides are booked with the visit."
    )
    assert explained_up_to(tmp_path) == 0.78


def test_today_nothing_above_the_bound_is_explained():
    assert DECISIONS.is_dir()
    assert explained_up_to(DECISIONS) == MOST_AUC
