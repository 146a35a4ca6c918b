"""The generated items of `bench shortage`, and that nothing is chosen on the year that is reported."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from bench.shortage import SETTINGS
from bench.shortage_alerts import weeks_of
from bench.shortage_decisions import Outcome, Replays, choose, town
from bench.shortage_items import CLASSES, YEAR, generate
from models.inventory_replay import Record


def _settings(count=40):
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    settings["items"]["count"] = count
    settings["ways"] |= {"quantile": [0.95, 0.99], "batch_days": [14.0], "sold_by_expiry": [0.1]}
    return settings


@pytest.fixture(scope="module")
def items():
    return generate(_settings())


def _with_another_third_year(items):
    demand = items.demand.copy()
    demand[:, 2 * YEAR :] = demand[:, 2 * YEAR :][:, ::-1] * 3
    return replace(items, demand=demand)


def test_the_same_settings_give_the_same_items_of_the_classes_asked_for(items):
    again = generate(_settings())

    assert (again.demand == items.demand).all()
    assert np.bincount(items.kind).tolist() == [24, 10, 6]
    assert items.demand.shape == (40, 3 * YEAR)


def test_demand_is_drawn_about_the_mean_that_perfect_knowledge_has(items):
    # Of six intermittent items a sum is off by some 3 % (one standard deviation), of the others by less than 1 %.
    for number, off in ((0, 0.02), (1, 0.02), (2, 0.1)):
        of = items.kind == number
        assert items.demand[of].sum() == pytest.approx(items.mean[of].sum(), rel=off)
    sparse = items.kind == CLASSES.index("intermittent")
    assert (items.demand[sparse] == 0).mean() > 0.5


def test_what_is_ordered_is_chosen_without_the_third_year(items):
    settings = _settings()
    first = choose(Replays(town(items, settings, plain=False), settings))
    second = choose(Replays(town(_with_another_third_year(items), settings, plain=False), settings))

    assert first == second


def test_what_alerts_of_year_two_say_does_not_come_from_year_three(items):
    settings = _settings()
    told = []
    for one in (items, _with_another_third_year(items)):
        place = town(one, settings, plain=True)
        record = place.run(place.opened(), place.fixed(), 3 * YEAR)
        told.append(weeks_of(place, record, settings, 2, with_perfect=False))

    assert (told[0].ours == told[1].ours).all()
    assert (told[0].happened == told[1].happened).all()
    assert told[0].happened.any()


def test_an_outcome_is_the_sum_of_what_happened():
    none = np.zeros((2, 2), dtype=np.int64)
    record = Record(
        stock=np.array([[4, 2], [0, 0]]), sold=none, refused=np.array([[1, 0], [2, 3]]), recorded=none,
        received=none, expired=np.array([[0, 5], [0, 0]]), ordered=np.array([[9, 0], [1, 1]]),
    )  # fmt: skip
    costs = {"short": 2.0, "expired": 1.0, "order": 0.5, "stock_day": 0.1}

    assert Outcome.of(record, costs) == Outcome(6, 5, 3, 3.0, pytest.approx(12 + 5 + 1.5 + 0.6))
    assert Outcome.of(record, costs, np.array([False, True])).short == 5
