"""A person decides in Airflow about a demand model that changes much; until then forecasts go on with the one in use."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from models.challenge import CHALLENGERS
from models.registry import champion
from remedy.accounts.queries import admins
from remedy.gateways import hdfs
from remedy.gateways.mysql import engine_for
from remedy.schema.pipeline import model_choice, model_run, out_stock_forecast
from tests.journeys.at_airflow import NO, PATIENCE_S, YES, Person, until
from tests.journeys.newcomer import caught

pytestmark = [pytest.mark.journey, pytest.mark.long]


@pytest.fixture(scope="module")
def person(stack) -> Person:
    return Person(stack)


@pytest.fixture(scope="module")
def engine(stack) -> Iterator[sa.Engine]:
    made = engine_for(stack.settings("owner").database_url)
    yield made
    made.dispose()


@pytest.fixture
def proposed(engine, person) -> tuple[str, str]:
    """A training whose model does far worse than the one in use is said to have done: (run id, its question)."""
    with engine.begin() as connection:
        connection.execute(
            model_run.update()
            .where(model_run.c.champion_of.is_not(None))
            .values(relative_error=0.01)
        )
    run = person.airflow.trigger("train_models")
    return run, person.asked(run)["body"]


def in_use(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return champion(connection).version


def row(engine: sa.Engine, version: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(sa.select(model_run).where(model_run.c.version == version)).one()


def foretold_by(engine: sa.Engine) -> set[str]:
    with engine.connect() as connection:
        return set(
            connection.execute(sa.select(out_stock_forecast.c.model_version).distinct()).scalars()
        )


def told_to_admins(stack) -> list[str]:
    """The caught mails that say that a model waits."""
    subject = "A new demand model waits for a decision"
    return [mail for mail in caught(stack, most=200) if subject in mail]


@pytest.fixture
def told_before(stack) -> list[str]:
    return told_to_admins(stack)


def test_an_admin_is_mailed_what_changes_and_finds_the_question_by_the_link(
    engine, person, told_before, proposed, stack, browser
):
    run, question = proposed

    def new() -> list[str]:
        return [mail for mail in told_to_admins(stack) if mail not in told_before]

    until("an admin is written to", new)
    (mail,) = (mail for mail in new() if stack.demo("admin")["email"] in mail)
    assert "the model in use had 0.010" in question
    assert "the model in use had 0.010" in mail
    (link,) = set(re.findall(r"http://[^\s\"<]+required_actions", mail))
    page = browser.new_page()
    page.goto(link)
    page.get_by_label("Username").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Shall it be put in use?")).to_be_visible(timeout=60_000)
    page.close()

    person.answers(run, NO)
    person.ends(run)
    with engine.connect() as connection:
        assert len(new()) == len(admins(connection))


def test_rejected_it_never_serves_and_forecasts_go_on(engine, person, proposed):
    run, question = proposed
    version, *reasons = question.split("\n\n")
    before = in_use(engine)
    assert before != version
    waits = row(engine, version)
    assert waits.is_proposed
    assert waits.proposal.splitlines() == reasons
    assert any("the model in use had 0.010" in reason for reason in reasons)

    forecast = person.airflow.trigger("forecast_stock")
    assert person.airflow.wait("forecast_stock", forecast, seconds=PATIENCE_S) == "success"
    assert foretold_by(engine) == {before}

    person.answers(run, NO)
    person.ends(run)
    told = row(engine, version)
    assert (told.is_proposed, told.decided_by) == (False, person.name)
    assert f"Rejected by {person.name}" in told.proposal
    assert in_use(engine) == before


def test_approved_it_serves_and_its_card_lies_beside_it(engine, person, proposed, stack):
    run, question = proposed
    version = question.split("\n\n")[0]
    settings = stack.settings("pipeline")
    files = hdfs.connect(settings.hdfs_url, settings.hdfs_user, settings.hdfs_root)
    waits = row(engine, version)
    card = waits.path.removesuffix("/model.json") + "/card.md"
    assert files.read(card).decode() == waits.card

    person.answers(run, YES)
    person.ends(run)
    assert in_use(engine) == version
    assert f"Approved by {person.name}" in row(engine, version).proposal
    until("the new model foretells", lambda: foretold_by(engine) == {version})


def test_the_challengers_of_the_first_training_are_written_down_and_not_used(engine):
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(model_choice).where(model_choice.c.method.in_(CHALLENGERS))
        ).all()
    assert {row.method for row in rows} == set(CHALLENGERS)
    assert not any(row.is_used for row in rows)
