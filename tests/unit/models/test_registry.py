"""Kept models: found by their row, believed by their SHA-256."""

import hashlib
from datetime import UTC, date, datetime

import pytest

from models.evaluation import compare
from models.registry import Run, WrongArtefact, load, save, version_of
from models.training import learn
from tests.unit.models.town import seasonal

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Shelf:
    """A file store in memory with the two methods the registry uses."""

    def __init__(self):
        self.kept = {}

    def write_once(self, name, chunks):
        self.kept[name] = b"".join(chunks)
        return len(self.kept[name]), hashlib.sha256(self.kept[name]).digest()

    def read(self, name):
        return self.kept[name]


@pytest.fixture
def model():
    made = seasonal(60)
    return learn(made, compare(made))


def run_of(stored):
    return Run(stored.version, "ridge", NOON, date(2026, 1, 30), stored.path, stored.sha256, 0.9)


def test_the_version_is_the_time_of_training_and_the_first_digits_of_the_sha256():
    assert version_of(b"model", NOON) == (
        "20260131T120000Z-" + hashlib.sha256(b"model").hexdigest()[:12]
    )


def test_a_saved_model_loads_and_its_card_lies_beside_it(model):
    shelf = Shelf()
    stored = save(shelf, model, "the card", trained_at=NOON)

    assert load(shelf, run_of(stored)).to_bytes() == model.to_bytes()
    assert shelf.kept[f"models/demand/{stored.version}/card.md"] == b"the card"


def test_a_changed_artefact_is_not_loaded(model):
    shelf = Shelf()
    stored = save(shelf, model, "the card", trained_at=NOON)
    shelf.kept[stored.path] += b" "

    with pytest.raises(WrongArtefact, match="SHA-256"):
        load(shelf, run_of(stored))
