"""`./run models`: what it lists, saying no to what waits, and a sentence where MySQL is down."""

import getpass

import pytest

from models.__main__ import main
from tests.integration.test_promotion import compared, in_use, kept, plain, row, trained

__all__ = ["compared", "kept", "plain", "trained"]


@pytest.fixture
def here(database_url, monkeypatch):
    monkeypatch.setenv("REMEDY_DATABASE_URL", database_url)


def test_every_version_is_listed_with_what_it_is_newest_first(here, trained, capsys):
    first, second = trained(1), trained(2, "Much.")

    assert main([]) == 0

    waits, used = capsys.readouterr().out.splitlines()
    assert waits.startswith(second)
    assert waits.endswith("waits for a word")
    assert used.startswith(first)
    assert used.endswith("in use")


def test_what_waits_without_a_question_can_be_said_no_to(here, database, trained, capsys):
    first, second = trained(1), trained(2, "Much.")

    assert main(["reject", second]) == 0

    assert "Rejected by" in capsys.readouterr().out
    told = row(database, second)
    assert (told.is_proposed, told.decided_by) == (False, getpass.getuser())
    assert in_use(database) == [first]
    assert main(["reject", "nothing-like-it"]) == 2
    assert "No version is called" in capsys.readouterr().err


def test_without_mysql_it_says_so_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setenv("REMEDY_DATABASE_URL", "mysql+pymysql://nobody@127.0.0.1:1/remedy")

    assert main([]) == 2

    told = capsys.readouterr().err
    assert told.startswith("models: MySQL did not do what was asked (OperationalError)")
    assert len(told.splitlines()) == 1
