"""The model that is kept: its bytes, its intervals, and what is refused."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from models.demand_model import DemandModel, UnreadableModel
from models.evaluation import compare
from models.intervals import PLAIN
from models.regression import RIDGE
from models.training import card_of, learn
from tests.unit.models.town import seasonal


def trained(made):
    return learn(made, compare(made))


def test_a_model_survives_its_own_bytes():
    made = seasonal(500)
    model = trained(made)
    assert model.method == RIDGE

    again = DemandModel.from_bytes(model.to_bytes())

    assert again.to_bytes() == model.to_bytes()
    eve = made.last_day + timedelta(days=1)
    before, after = model.forecast(made, eve), again.forecast(made, eve)
    assert np.allclose(before.expected, after.expected)
    assert np.allclose(before.high, after.high, atol=1)


def test_the_same_data_give_the_same_bytes():
    assert trained(seasonal(300)).to_bytes() == trained(seasonal(300)).to_bytes()


def test_intervals_hold_the_expected_demand_and_are_never_negative():
    made = seasonal(300)
    told = trained(made).forecast(made, made.last_day)

    assert (told.low >= 0).all()
    assert (told.low <= told.expected).all()
    assert (told.high >= told.expected).all()
    assert (told.total_low <= told.expected.sum(axis=1)).all()
    assert (told.total_high >= told.expected.sum(axis=1)).all()


def test_about_eight_of_ten_days_to_come_lie_within_the_interval():
    made = seasonal(900, items=8)
    inside = []
    for back in (1, 2, 3):
        past = made.until(900 - 28 * back)
        told = trained(past).forecast(past, past.last_day)
        came = made.demand[:, past.day_count : past.day_count + 28]
        trades = told.expected > 0
        inside.append(((came >= told.low) & (came <= told.high))[trades])

    assert 0.7 < np.concatenate(inside).mean() < 0.9


def test_a_closed_weekday_is_foretold_as_nothing_with_no_doubt():
    made = seasonal(301)  # whole weeks, so that the seventh day foretold is a Sunday
    told = trained(made).forecast(made, made.last_day)

    assert (told.expected[:, 6::7] == 0).all()
    assert (told.high[:, 6::7] == 0).all()
    assert (told.high[:, :6] > 0).all()


def test_an_item_that_came_after_the_training_gets_the_bands_of_all():
    model = trained(seasonal(300, items=3))
    more = seasonal(300, items=5)

    told = model.forecast(more, more.last_day)

    assert told.is_active.all()
    assert (told.high[4] > told.expected[4]).any()


def test_before_there_are_past_errors_the_interval_is_the_normal_one():
    made = seasonal(30)
    model = trained(made)

    assert model.bands.any_days.tolist() == [[-PLAIN, PLAIN]] * 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b'{"form":1}',
        b'{"form":99,"method":"ridge"}',
        b'{"form":1,"method":"oracle"}',
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_model_is_refused_with_a_sentence(content):
    with pytest.raises(UnreadableModel, match=r"Train again\.$"):
        DemandModel.from_bytes(content)


def test_a_model_made_for_other_features_is_refused():
    changed = json.loads(trained(seasonal(500)).to_bytes())
    changed["ridge"]["features"][0] = "tea_leaves"

    with pytest.raises(UnreadableModel, match="other features"):
        DemandModel.from_bytes(json.dumps(changed).encode())


def test_the_card_names_every_method_and_its_error():
    made = seasonal(400)
    comparison = compare(made)
    card = card_of(made, learn(made, comparison), comparison)

    for method in comparison.errors:
        assert f"| {method} |" in card
    assert made.last_day.isoformat() in card
    assert "1.000" in card
    assert isinstance(made.last_day, date)
