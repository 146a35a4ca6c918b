"""Whoever may decide about a demand model is written to: once, when there is something to decide, as the mail is read."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from models import promotion
from models.baseline import MEAN_28
from models.demand_model import DemandModel
from models.evaluation import Comparison, compare
from models.registry import record, save
from models.training import learn
from remedy.gateways.mysql import in_transaction
from remedy.messages.model_question import ANSWERED_WITHIN
from remedy.pipeline import overdue
from remedy.schema.people import mail_owed
from remedy.schema.pipeline import model_choice, model_error, model_run
from tests.factories import an_admin
from tests.integration.advice_scene import Kept
from tests.integration.portal_cast import Cast, a_cast, mails
from tests.unit.models.town import seasonal, served_by

SUBJECT = "A new demand model waits for a decision"
MUCH = "All items together: it foretells 31% more for the next 28 days than the model in use."
ALSO = "Items of the class smooth: ridge instead of 28-day mean."
PANEL = seasonal(60, items=2)


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    """The portal, with a second admin beside Farah."""
    made = a_cast(database_url, database, airflow_url="http://airflow.example")
    with database.begin() as connection:
        an_admin(connection, clock=made.watch)
    return made


@pytest.fixture
def cast(everybody: Cast) -> Iterator[Cast]:
    """Nothing is owed, and nothing was trained."""
    with everybody.engine.begin() as connection:
        connection.execute(mail_owed.delete())
    yield everybody
    with everybody.engine.begin() as connection:
        for table in (model_choice, model_error, model_run):
            connection.execute(table.delete())


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return served_by(MEAN_28, compare(PANEL))


@pytest.fixture(scope="module")
def plain(compared: Comparison) -> DemandModel:
    return learn(PANEL, compared)


@pytest.fixture
def files() -> Kept:
    return Kept()


@pytest.fixture
def trained(cast: Cast, files: Kept, compared: Comparison, plain: DemandModel):
    """Train a version now, with reasons to ask a person or without."""

    def train(*reasons: str) -> str:
        cast.watch.wait(minutes=1)
        stored = save(files, plain, "card", trained_at=cast.watch())
        in_transaction(cast.engine, lambda c: record(c, stored, plain, compared, "card", reasons))
        return stored.version

    return train


def look(cast: Cast) -> list[tuple[str, str, str]]:
    """What is mailed about models when the portal has looked twice at what is due."""
    for _ in range(2):
        overdue.look(cast.engine, clock=cast.watch)
    return [mail for mail in mails(cast) if mail[1] == SUBJECT]


def test_every_admin_reads_once_what_changes_until_when_and_where_to_answer(cast, trained):
    trained()
    trained(MUCH, ALSO)

    told = look(cast)

    admins = cast.rows("SELECT staff_email FROM account WHERE role = 'admin'")
    assert len(admins) == 2
    assert {to for to, *_ in told} == {row.staff_email for row in admins}
    assert len(told) == 2
    text = told[0][2]
    assert MUCH in text
    until = (cast.watch() + ANSWERED_WITHIN).astimezone(ZoneInfo("Europe/Rome"))
    assert f"until {until:%a} {until.day} {until:%b %Y, %H:%M} (CET);" in text
    assert text.endswith(": http://airflow.example/dags/train_models/required_actions")
    cast.watch.wait(days=2)
    assert look(cast) == []


def test_on_an_ordinary_sunday_nobody_is_written_to(cast, trained):
    trained()
    trained()
    assert look(cast) == []


def test_what_is_answered_before_the_mail_goes_is_not_mailed(cast, trained, files):
    version = trained(MUCH)
    overdue.look(cast.engine, clock=cast.watch)
    promotion.decide(cast.engine, files, version, is_approved=False, by="ops", clock=cast.watch)
    assert look(cast) == []
    assert cast.rows("SELECT kind FROM mail_owed WHERE kind = 'model_question'") == []


def test_a_newer_question_is_told_and_the_one_it_took_the_place_of_is_not(cast, trained):
    trained(MUCH)
    assert {MUCH in text for *_, text in look(cast)} == {True}
    trained(ALSO)
    assert {ALSO in text for *_, text in look(cast)} == {True}


def test_a_question_whose_place_was_taken_before_its_mail_went_is_not_told(cast, trained):
    trained(MUCH)
    overdue.look(cast.engine, clock=cast.watch)
    trained(ALSO)
    told = look(cast)
    assert [MUCH in text for *_, text in told] == [False, False]


def test_nobody_is_asked_to_answer_when_it_is_too_late(cast, trained):
    trained(MUCH)
    cast.watch.wait(days=3)
    assert look(cast) == []
