"""Which version is in use: at once or after a person's word, never none and never two, whoever is killed in between."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from models import promotion, registry
from models.baseline import MEAN_28
from models.choice import Choice
from models.demand_model import DemandModel
from models.evaluation import compare
from models.mixing import CLASSES
from models.registry import NoModel, WrongArtefact, record, save
from models.training import learn
from remedy.gateways.mysql import engine_for, in_transaction
from remedy.schema.pipeline import model_choice, model_error, model_run
from tests.integration.advice_scene import Kept
from tests.unit.models.town import seasonal, served_by

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PANEL = seasonal(120, items=3)


def at(minute: int) -> datetime:
    return NOW + timedelta(minutes=minute)


@pytest.fixture
def kept(database: sa.Engine) -> Iterator[Kept]:
    """A file store in memory, and nothing trained before."""
    yield Kept()
    with database.begin() as connection:
        for table in (model_choice, model_error, model_run):
            connection.execute(table.delete())


@pytest.fixture(scope="module")
def compared():
    return compare(PANEL)


@pytest.fixture(scope="module")
def plain(compared) -> DemandModel:
    return learn(PANEL, served_by(MEAN_28, compared))


@pytest.fixture
def trained(database, kept, compared, plain):
    """Train a version at a minute, with reasons to ask a person or without."""

    def train(minute: int, *reasons: str) -> str:
        stored = save(kept, plain, f"card {minute}", trained_at=at(minute))
        in_transaction(
            database,
            lambda connection: record(
                connection, stored, plain, compared, f"card {minute}", reasons
            ),
        )
        return stored.version

    return train


def in_use(database: sa.Engine) -> list[str]:
    with database.connect() as connection:
        query = sa.select(model_run.c.version).where(model_run.c.champion_of.is_not(None))
        return list(connection.execute(query).scalars())


def row(database: sa.Engine, version: str) -> sa.Row:
    with database.connect() as connection:
        return connection.execute(sa.select(model_run).where(model_run.c.version == version)).one()


def test_a_version_without_a_reason_to_ask_is_in_use_at_once(database, trained):
    first, second = trained(1), trained(2)
    assert in_use(database) == [second]
    assert not row(database, first).is_proposed
    assert not row(database, second).is_proposed


def test_one_that_changes_much_waits_and_the_model_before_it_stays(database, trained):
    first, second = trained(1), trained(2, "Everything is 30% more.", "It is worse.")
    assert in_use(database) == [first]
    waits = row(database, second)
    assert (waits.is_proposed, waits.decided_at) == (True, None)
    assert waits.proposal == "Everything is 30% more.\nIt is worse."


def test_approved_it_is_in_use_and_who_said_so_is_written_down(database, kept, trained):
    trained(1)
    second = trained(2, "Much.")
    decision = promotion.decide(
        database, kept, second, is_approved=True, by="ops", clock=lambda: at(9)
    )
    assert decision.is_in_use
    assert in_use(database) == [second]
    told = row(database, second)
    assert (told.is_proposed, told.decided_by, told.decided_at) == (False, "ops", at(9))
    assert told.proposal == "Much.\nApproved by ops: it is in use."


def test_approved_but_gone_meanwhile_it_goes_on_waiting(database, kept, trained):
    first, second = trained(1), trained(2, "Much.")
    kept.files[row(database, second).path] = b"something else"
    with pytest.raises(WrongArtefact, match="is not the file that was trained"):
        promotion.decide(database, kept, second, is_approved=True, by="ops")
    assert in_use(database) == [first]
    assert row(database, second).is_proposed


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("ops", "Rejected by ops: the model before it stays in use."),
        (None, "Nobody answered in time: the model before it stays in use."),
    ],
)
def test_rejected_or_not_answered_the_model_before_it_stays(database, kept, trained, by, words):
    first, second = trained(1), trained(2, "Much.")
    decision = promotion.decide(
        database, kept, second, is_approved=False, by=by, clock=lambda: at(9)
    )
    assert not decision.is_in_use
    assert in_use(database) == [first]
    told = row(database, second)
    assert (told.is_proposed, told.decided_by, told.decided_at) == (False, by, at(9))
    assert told.proposal == f"Much.\n{words}"


def test_a_newer_training_lets_an_unanswered_proposal_fall(database, kept, trained):
    first, second = trained(1), trained(2, "Much.")
    third = trained(3, "Much too.")
    fallen = row(database, second)
    assert (fallen.is_proposed, fallen.decided_by) == (False, "train_models")
    assert fallen.proposal == f"Much.\nFell unanswered: {third} came after it."
    late = promotion.decide(database, kept, second, is_approved=True, by="ops")
    assert not late.is_in_use
    assert "no longer waits" in late.sentence
    assert in_use(database) == [first]
    assert row(database, third).is_proposed

    fourth = trained(4)
    assert in_use(database) == [fourth]
    assert not row(database, third).is_proposed


def test_the_same_answer_twice_changes_nothing_the_second_time(database, kept, trained):
    trained(1)
    second = trained(2, "Much.")
    promotion.decide(database, kept, second, is_approved=True, by="ops", clock=lambda: at(9))
    before = row(database, second)
    again = promotion.decide(
        database, kept, second, is_approved=False, by="other", clock=lambda: at(10)
    )
    assert not again.is_in_use
    assert row(database, second) == before


def test_going_back_by_hand_puts_the_named_version_in_use(database, trained, kept):
    first, second = trained(1), trained(2)
    third = trained(3, "Much.")
    promotion.use(database, kept, first, by="root", clock=lambda: at(9))
    assert in_use(database) == [first]
    assert row(database, first).decided_by == "root"
    assert not row(database, third).is_proposed
    assert row(database, second).champion_of is None
    with pytest.raises(NoModel, match="nothing-like-it"):
        promotion.use(database, kept, "nothing-like-it", by="root")
    kept.files[row(database, second).path] += b" "
    with pytest.raises(WrongArtefact):
        promotion.use(database, kept, second, by="root")
    assert in_use(database) == [first]


def test_the_card_in_the_file_store_is_the_card_of_the_row_for_a_proposal_as_well(
    database, trained, kept
):
    for version in (trained(1), trained(2, "Much.")):
        told = row(database, version)
        folder = told.path.removesuffix("/model.json")
        assert kept.read(f"{folder}/card.md").decode() == told.card


def test_nobody_is_asked_before_the_first_model_nor_where_the_one_in_use_cannot_be_read(
    database, trained, kept, plain
):
    twice = replace(plain, champions=dict.fromkeys(CLASSES, "seasonal naive"))

    def reasons():
        with database.connect() as connection:
            return promotion.reasons_to_ask(connection, kept, PANEL, twice, {}, 9.0)

    assert reasons() == ()
    version = trained(1)
    assert reasons() != ()
    kept.files[row(database, version).path] += b" "
    assert reasons() == ()


def test_an_exception_between_taking_one_out_and_putting_one_in_leaves_the_one_in_use(
    database, kept, trained, monkeypatch
):
    first = trained(1)
    other = trained(2, "Much.")

    def breaks(connection: sa.Connection, *_args: object, **_more: object) -> None:
        connection.execute(model_run.update().values(champion_of=None))
        raise ConnectionError("gone")

    monkeypatch.setattr(promotion, "promote", breaks)
    with pytest.raises(ConnectionError):
        promotion.decide(database, kept, other, is_approved=True, by="ops")
    assert in_use(database) == [first]
    assert row(database, other).is_proposed


HALFWAY = """
import sys, sqlalchemy as sa
from models import registry
from models.registry import model_run
from remedy.gateways.mysql import engine_for
with engine_for(sys.argv[1]).begin() as connection:
    registry.alone(connection)
    connection.execute(model_run.update().values(champion_of=None))
    print("halfway", flush=True)
    sys.stdin.read()
"""


def test_killed_halfway_it_leaves_the_one_in_use_and_the_next_one_goes_on(
    database, kept, database_url, trained
):
    first, other = trained(1), trained(2, "Much.")
    child = subprocess.Popen(
        [sys.executable, "-c", HALFWAY, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    with child:
        assert child.stdout
        assert child.stdout.readline() == b"halfway\n"
        child.send_signal(signal.SIGKILL)
    assert in_use(database) == [first]
    promotion.decide(database, kept, other, is_approved=True, by="ops")
    assert in_use(database) == [other]


def race(database_url: str, versions: list[str], put) -> tuple[set[int], list[Exception]]:
    """How many versions were seen in use while each was put in use again and again, and what went wrong."""
    engine = engine_for(database_url, pool_size=len(versions) + 1)
    seen: set[int] = set()
    wrong: list[Exception] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(len(in_use(engine)))

    def promoter(version: str) -> None:
        try:
            for _ in range(15):
                put(engine, version)
        except sa.exc.DBAPIError as error:
            wrong.append(error)

    watcher = threading.Thread(target=look)
    watcher.start()
    promoters = [threading.Thread(target=promoter, args=(version,)) for version in versions]
    for each in promoters:
        each.start()
    for each in promoters:
        each.join()
    done.set()
    watcher.join()
    engine.dispose()
    return seen, wrong


def test_promoters_at_once_leave_exactly_one_in_use_at_every_moment(database_url, trained):
    versions = [trained(minute) for minute in range(4)]
    seen, wrong = race(
        database_url,
        versions,
        lambda engine, version: in_transaction(
            engine, lambda connection: registry.promote(connection, version, at=NOW)
        ),
    )
    assert (seen, wrong) == ({1}, [])


def test_the_watcher_sees_promoters_that_do_it_in_two_transactions(database_url, trained):
    """The control: taking out and putting in one after the other shows as none, or as a refused second."""
    versions = [trained(minute) for minute in range(4)]

    def in_two(engine: sa.Engine, version: str) -> None:
        family = model_run.c.champion_of
        in_transaction(
            engine,
            lambda connection: connection.execute(
                model_run.update().where(family.is_not(None)).values(champion_of=None)
            ),
        )
        in_transaction(
            engine,
            lambda connection: connection.execute(
                model_run.update()
                .where(model_run.c.version == version)
                .values(champion_of=registry.FAMILY)
            ),
        )

    seen, wrong = race(database_url, versions, in_two)
    assert 0 in seen or wrong


def test_two_first_trainings_at_once_leave_one_in_use(
    database, database_url, kept, compared, plain
):
    engine = engine_for(database_url, pool_size=2)
    ready = threading.Barrier(2)

    def first(minute: int) -> None:
        stored = save(kept, plain, "card", trained_at=at(minute))
        ready.wait()
        in_transaction(
            engine, lambda connection: record(connection, stored, plain, compared, "card")
        )

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(first, range(2))) == [None, None]
    engine.dispose()
    assert len(in_use(database)) == 1
    with database.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(model_run)).scalar() == 2


def test_another_method_for_a_class_is_a_reason_to_ask(database, kept, plain, compared):
    stored = save(kept, plain, "card", trained_at=NOW)
    choice = Choice("smooth", MEAN_28, True, 3, 9, *[None] * 9)
    in_transaction(
        database,
        lambda connection: record(
            connection,
            stored,
            plain,
            compared,
            "card",
            choices=[choice, replace(choice, kind="new", series_count=0)],
        ),
    )

    def reasons(**methods: str) -> tuple[str, ...]:
        with database.connect() as connection:
            return promotion.reasons_to_ask(connection, kept, PANEL, plain, methods, 1.0)

    assert reasons(smooth=MEAN_28, new="ridge") == ()
    assert reasons(smooth="ridge") == ("Items of the class smooth: ridge instead of 28-day mean.",)
