"""`./run town`: what is said when it cannot be, and the speed it is told."""

import pytest

from stack.__main__ import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REMEDY_STACK_DIR", str(tmp_path))
    monkeypatch.delenv("REMEDY_ENVIRONMENT", raising=False)
    (tmp_path / "run").mkdir()
    return tmp_path


def test_a_speed_is_kept_for_the_town_to_read(folder, capsys):
    assert main(["town", "speed", "2.5"]) == 0
    assert (folder / "run" / "town-speed").read_text() == "2.5\n"
    assert "2.5 events a second" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["speed"], "./run town speed 3"),
        (["on", "3"], "./run town speed 3"),
        (["speed", "0"], "more than 0"),
        (["speed", "51"], "at most 50"),
        (["on"], "not running"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(folder, capsys, words, sentence):
    assert main(["town", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not (folder / "run" / "town-speed").exists()


@pytest.mark.parametrize("words", [["on"], ["off"], ["speed", "3"]])
def test_where_people_are_real_it_refuses(folder, capsys, monkeypatch, words):
    monkeypatch.setenv("REMEDY_ENVIRONMENT", "production")
    assert main(["town", *words]) == 2
    assert "not for production" in capsys.readouterr().err
    assert not (folder / "run" / "town-speed").exists()
