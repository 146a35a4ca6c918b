"""The risk of a missed visit: plain arithmetic, from the file that was measured and no other."""

import json

import pytest

from remedy.calls import model
from remedy.calls.model import NAMES, Known, Learnt, UnreadableModel, features, learnt


def a_model(**differs):
    told = {
        "weights": (0.0,) * len(NAMES), "intercept": 0.0, "slope": 1.0, "offset": 0.0,
        "where": "Nowhere", "first_day": "2026-01-01", "last_day": "2026-02-01", "visit_count": 9,
    }  # fmt: skip
    return Learnt(**{**told, **differs})


def weighing(name, weight):
    return tuple(weight if one == name else 0.0 for one in NAMES)


def test_the_released_model_is_the_one_that_was_measured():
    assert learnt().visit_count > 30_000
    assert len(learnt().weights) == len(NAMES)


def test_a_model_that_was_changed_is_not_believed(tmp_path, monkeypatch):
    other = tmp_path / "no_show.json"
    other.write_bytes(model.ARTEFACT.read_bytes().replace(b"0.", b"1.", 1))
    monkeypatch.setattr(model, "ARTEFACT", other)
    learnt.cache_clear()
    with pytest.raises(UnreadableModel, match="SHA-256"):
        learnt()


def test_a_model_survives_being_written_and_read():
    made = a_model(weights=weighing("lead", 1.5))
    assert Learnt.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"form": 1, "features": []}', b"\xff"])
def test_what_is_no_model_is_refused(content):
    with pytest.raises(UnreadableModel):
        Learnt.from_bytes(content)


def test_a_model_of_other_features_is_refused():
    read = json.loads(a_model().to_bytes())
    read["features"][0] = "sms_received"
    with pytest.raises(UnreadableModel, match="other features"):
        Learnt.from_bytes(json.dumps(read).encode())


def test_the_risk_is_the_calibrated_logistic_of_the_weighed_numbers():
    assert a_model().risk(Known(3, 0, 0)) == pytest.approx(0.5)
    made = a_model(weights=weighing("same_day", 2.0), intercept=1.0, slope=0.5, offset=-1.5)
    assert made.risk(Known(0, 0, 0)) == pytest.approx(0.5)
    assert made.risk(Known(1, 0, 0)) == pytest.approx(0.26894, abs=1e-5)


def test_the_features_are_named_and_of_order_one():
    odd = [Known(0, 0, 0), Known(-2, 0, 0), Known(5000, 900, 900), Known(30, 3, 1)]
    for known in odd:
        told = features(known)
        assert len(told) == len(NAMES)
        assert all(abs(number) < 4 for number in told)
    assert features(Known(-2, 0, 0)) == features(Known(0, 0, 0))


def test_of_two_visits_the_one_booked_longer_ahead_is_likelier_missed():
    told = [learnt().risk(Known(days, 0, 0)) for days in (0, 1, 7, 14, 30)]
    assert told == sorted(told)
    assert told[0] < 0.06
    assert 0.3 < told[-1] < 0.45


def test_who_missed_before_stands_above_who_came():
    came, missed = learnt().risk(Known(14, 3, 0)), learnt().risk(Known(14, 3, 2))
    assert missed > came + 0.03
