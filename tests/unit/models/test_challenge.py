"""Challengers: learned again now and then, from the past alone, in a process that knows no password and ends in time."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from models import challenge
from models.baseline import HORIZON, mean_28
from models.panel import AHEAD, Calendar, Signs
from models.regression import TooLittleHistory
from tests.unit.models.town import seasonal


class Fits:
    """Says the 28-day mean; remembers when it was learned, and refuses before `least` days."""

    def __init__(self, least=0):
        self.learned_at = []
        self._least = least

    def __call__(self, end):
        if end < self._least:
            raise TooLittleHistory("too few")
        self.learned_at.append(end)
        return self

    def forecast(self, panel):
        return mean_28(panel)


def test_a_fit_serves_the_origins_after_it_and_is_made_anew_in_time():
    made = seasonal(300, items=2)
    ends = tuple(range(60, 60 + 7 * 30, 7))
    fits = Fits()
    told = challenge._tell(made, ends, fits)

    assert fits.learned_at == [60, 60 + 7 * challenge.REFIT, 60 + 14 * challenge.REFIT]
    assert told.days.shape == (30, 2, HORIZON)
    assert np.array_equal(told.days[5], mean_28(made.until(ends[5])))


def test_before_anything_can_be_learned_nothing_is_told():
    told = challenge._tell(seasonal(120, items=2), (40, 47, 54), Fits(least=45))
    assert np.isnan(told.days[0]).all()
    assert np.isfinite(told.days[1:]).all()


def test_a_process_of_its_own_answers_for_both():
    told = challenge.tell_apart(seasonal(60, items=2), ())
    assert set(told) == set(challenge.CHALLENGERS)
    assert all(its.days.shape == (0, 2, HORIZON) for its in told.values())


def test_one_that_takes_too_long_is_given_up_with_a_sentence(monkeypatch):
    monkeypatch.setattr(challenge, "PATIENCE_S", 0.01)
    with pytest.raises(challenge.ChallengeFailed, match="not done after"):
        challenge.tell_apart(seasonal(60, items=2), ())


def test_one_that_fails_says_how(monkeypatch):
    monkeypatch.setattr(challenge, "ENVIRONMENT", {"PYTHONHOME": "/nowhere"})
    with pytest.raises(challenge.ChallengeFailed, match="ended with 1"):
        challenge.tell_apart(seasonal(60, items=2), ())


def test_it_is_told_no_password(monkeypatch):
    monkeypatch.setenv("REMEDY_DATABASE_URL", "mysql://secret")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    given = {}

    def run(_words, *, env, **_more):
        given.update(env)
        raise subprocess.TimeoutExpired("challenge", 1)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(challenge.ChallengeFailed):
        challenge.tell_apart(seasonal(60, items=2), ())
    assert given["OMP_NUM_THREADS"] == "1"
    assert "secret" not in " ".join(given.values())


def test_the_process_is_given_the_same_days_whatever_else_is_known_of_them():
    made = seasonal(60, items=2)
    shape = made.demand.shape
    some = np.arange(made.demand.size).reshape(shape) % 5 == 0
    signs = Signs(
        np.ones(shape, np.float32), np.zeros(shape, np.float32), some, some, ~some, made.demand + 1
    )
    calendar = Calendar(np.zeros((2, 60 + AHEAD), bool), np.ones((2, 7), bool))
    for panel in (made, replace(made, signs=signs, calendar=calendar)):
        again = challenge._panel_of(challenge._numbers_of(panel))
        assert again.first_day == panel.first_day
        assert len(again.items) == 2
        for name in ("demand", "is_open", "is_scored", "learned", "is_learned"):
            assert np.array_equal(getattr(again, name), getattr(panel, name)), name
        assert (again.calendar is None) == (panel.calendar is None)
