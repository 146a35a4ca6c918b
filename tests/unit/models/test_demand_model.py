"""The model that is kept: its bytes, its intervals, and what is refused."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from models.baseline import MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.card import card_of
from models.demand_model import BY_CLASS, DemandModel, UnreadableModel
from models.evaluation import compare
from models.mixing import CLASSES, INTERMITTENT, LEVEL_MIX, NEW, SEASONAL, SMOOTH
from models.quantiles import PLAIN
from models.regression import RIDGE
from models.training import choices_made, groups_told, learn
from tests.unit.models.town import seasonal, served_by


def trained(made):
    return learn(made, compare(made))


@pytest.fixture(scope="module")
def town():
    """Two thirds of a year of six items, compared once."""
    made = seasonal(240)
    return made, compare(made)


def test_a_model_survives_its_own_bytes(town):
    made, comparison = town
    model = learn(made, served_by(RIDGE, comparison))

    again = DemandModel.from_bytes(model.to_bytes())

    assert again.to_bytes() == model.to_bytes()
    eve = made.last_day + timedelta(days=1)
    before, after = model.forecast(made, eve), again.forecast(made, eve)
    assert np.allclose(before.expected, after.expected)
    assert np.allclose(before.high, after.high, atol=1)


def test_the_same_data_give_the_same_bytes():
    assert trained(seasonal(120)).to_bytes() == trained(seasonal(120)).to_bytes()


def test_every_item_is_foretold_by_the_champion_of_its_class(town):
    made, comparison = town
    champions = dict(zip(CLASSES, (RIDGE, MEAN_28, LEVEL_MIX, SEASONAL_NAIVE), strict=True))
    plain = learn(made, served_by(RIDGE, comparison))
    model = replace(
        plain,
        champions=champions,
        kinds=(SMOOTH, SEASONAL, INTERMITTENT, NEW, SMOOTH, SMOOTH),
        mix=comparison.mix,
    )

    told = model.forecast(made, made.last_day).expected

    mixed = learn(made, served_by(LEVEL_MIX, comparison)).forecast(made, made.last_day).expected
    assert np.allclose(told[0], plain.forecast(made, made.last_day).expected[0])
    assert np.allclose(told[1], mean_28(made)[1])
    assert np.allclose(told[2], mixed[2])
    assert np.allclose(told[3], seasonal_naive(made)[3])
    assert model.method == BY_CLASS
    assert plain.method == RIDGE


def test_an_item_unknown_to_the_model_is_foretold_as_a_new_one(town):
    made, comparison = town
    model = replace(
        learn(made, served_by(MEAN_28, comparison)),
        champions=dict(zip(CLASSES, (MEAN_28, MEAN_28, MEAN_28, SEASONAL_NAIVE), strict=True)),
    )
    more = seasonal(240, items=7)

    told = model.forecast(more, more.last_day).expected

    is_new = np.array([item not in made.items for item in more.items])
    assert is_new.sum() == 1
    assert np.allclose(told[is_new], seasonal_naive(more)[is_new])
    assert np.allclose(told[~is_new], mean_28(more)[~is_new])


def test_intervals_hold_the_expected_demand_and_are_never_negative(town):
    made, comparison = town
    told = learn(made, comparison).forecast(made, made.last_day)

    assert (told.low >= 0).all()
    assert (told.low <= told.expected).all()
    assert (told.high >= told.expected).all()
    assert (told.total_low <= told.expected.sum(axis=1)).all()
    assert (told.total_high >= told.expected.sum(axis=1)).all()


def test_about_eight_of_ten_days_to_come_lie_within_the_interval():
    made = seasonal(300, items=8)
    inside = []
    for back in (1, 3):
        past = made.until(300 - 28 * back)
        told = trained(past).forecast(past, past.last_day)
        came = made.demand[:, past.day_count : past.day_count + 28]
        trades = told.expected > 0
        inside.append(((came >= told.low) & (came <= told.high))[trades])

    assert 0.7 < np.concatenate(inside).mean() < 0.9


def test_a_closed_weekday_is_foretold_as_nothing_with_no_doubt():
    made = seasonal(147)  # whole weeks, so that the seventh day foretold is a Sunday
    told = learn(made, served_by(RIDGE, compare(made))).forecast(made, made.last_day)

    assert (told.expected[:, 6::7] == 0).all()
    assert (told.high[:, 6::7] == 0).all()
    assert (told.high[:, :6] > 0).all()


def test_an_item_that_came_after_the_training_gets_the_bands_of_all():
    model = trained(seasonal(150, items=3))
    more = seasonal(150, items=5)

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
        b'{"form":2,"champions":{"smooth":"oracle"},"kinds":[]}',
        b'{"form":2,"champions":[],"kinds":[]}',
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_model_is_refused_with_a_sentence(content):
    with pytest.raises(UnreadableModel, match=r"Train again\.$"):
        DemandModel.from_bytes(content)


def test_a_model_made_for_other_features_is_refused(town):
    changed = json.loads(learn(town[0], served_by(RIDGE, town[1])).to_bytes())
    changed["ridge"]["features"][0] = "tea_leaves"

    with pytest.raises(UnreadableModel, match="other features"):
        DemandModel.from_bytes(json.dumps(changed).encode())


@pytest.mark.parametrize(
    ("member", "value", "sentence"),
    [
        ("champions", {"smooth": RIDGE}, "other classes"),
        ("kinds", [SMOOTH], "class for every item"),
        ("kinds", ["odd"] * 6, "other classes"),
        ("ridge", None, "lacks what 'ridge' had learned"),
    ],
)
def test_a_model_with_a_part_missing_is_refused(town, member, value, sentence):
    changed = json.loads(learn(town[0], served_by(RIDGE, town[1])).to_bytes())
    changed[member] = value

    with pytest.raises(UnreadableModel, match=sentence):
        DemandModel.from_bytes(json.dumps(changed).encode())


def test_the_card_names_the_champion_of_every_class_and_who_is_not_used(town):
    made, comparison = town
    model = learn(made, comparison)
    choices = choices_made(made, model, comparison)
    card = card_of(made, model, comparison, choices)

    assert made.last_day.isoformat() in card
    assert f"- Class smooth: {model.champions[SMOOTH]}" in card
    for method in comparison.told:
        used = "in use" if method == model.champions[SMOOTH] else "not used"
        assert f"| {method} | {used} |" in card
    assert "1.000" in card
    assert "On 13 weekly origins" in card


def test_the_card_says_how_wide_the_band_of_several_items_is(town):
    made, comparison = town
    model = learn(made, comparison)
    choices = choices_made(made, model, comparison)
    groups = groups_told(model, comparison)

    assert 0 <= groups.shared <= 1
    assert 0.6 < groups.inside < 1
    card = card_of(made, model, comparison, choices, groups)
    assert f"together: {groups.shared:.1%} of their errors are taken to be shared" in card
    assert f"it held {groups.inside:.0%} of days" in card
    assert "is not known yet" in card_of(made, model, comparison, choices)


def test_a_card_says_that_the_28_day_mean_is_the_champion_and_why():
    made = seasonal(60)
    comparison = compare(made)
    model = learn(made, comparison)

    card = card_of(made, model, comparison, choices_made(made, model, comparison))

    assert "The past is too short to choose on" in card
    assert "The 28-day mean is the champion" in card
    assert f"| {RIDGE} | not used |" in card
