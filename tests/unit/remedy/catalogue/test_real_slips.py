"""Slips of the keyboard in the names of a real register: found among the first ten, and never in place of another."""

import os
import random
from pathlib import Path
from uuid import UUID

import pytest

from bench.search_catalogue import with_a_slip
from remedy.catalogue import price_register
from remedy.catalogue.csvfile import records
from remedy.catalogue.index import Index, Position, Snapshot, Writer
from remedy.catalogue.meaning import asked
from remedy.catalogue.model import NewMedicine

pytestmark = pytest.mark.realdata

REGISTER = "sa_medicine_prices/products_80pct.csv"
NAMES = 500


@pytest.fixture(scope="module")
def register() -> list[NewMedicine]:
    path, prices = Path(os.environ["REMEDY_DATA_DIR"]) / REGISTER, price_register.UnitPrices()
    lines = [line for line in records(path, price_register.COLUMNS) if line.problem is None]
    for line in lines:
        prices.note(line.values)
    made = []
    for line in lines:
        try:
            made.append(price_register.read(line.values, prices)[0])
        except ValueError:
            continue
    assert len(made) > 10_000
    return made


@pytest.fixture(scope="module")
def index(register: list[NewMedicine], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("real")
    writer = Writer(folder)
    for number, one in enumerate(register):
        writer.put(number, UUID(int=number), one)
    writer.commit(Position(UUID(int=1), 1))
    writer.close()
    now = Index(folder).now()
    assert now is not None
    return now


def test_nineteen_of_twenty_slips_are_found_among_the_first_ten(
    register: list[NewMedicine], index: Snapshot
) -> None:
    dice, found, tried = random.Random(3), 0, 0
    while tried < NAMES:
        number = dice.randrange(len(register))
        name = register[number].brand_name or register[number].generic_name
        if not any(len(word) >= 5 and word.isalpha() for word in name.split()):
            continue
        tried += 1
        things = asked(with_a_slip(dice, name))
        shown = index.find(things, "product", 10) or index.find_nearly(things, "product", 10)
        found += UUID(int=number) in {one.medicine_id for one in shown}
    assert found / tried >= 0.95


def test_a_name_typed_as_it_is_finds_its_own_brand_and_no_look_alike(
    register: list[NewMedicine], index: Snapshot
) -> None:
    dice = random.Random(4)
    for number in dice.sample(range(len(register)), NAMES):
        name = register[number].brand_name
        if not name:
            continue
        things = asked(name)
        shown = index.find(things, None, 400)
        assert shown, name
        # An amount and a form are found by what they mean; every other word by its letters.
        wanted = {word for one in things if not (one.strength or one.form) for word in one.words}
        for other in shown:
            has = register[other.medicine_id.int].words
            assert all(any(word.startswith(typed) for word in has) for typed in wanted), name
