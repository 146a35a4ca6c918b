"""What is shown to people and to programs."""

import json

import pytest

from stack import show
from stack.installation import Installation
from stack.services import SERVICES


@pytest.fixture
def installation(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    found = Installation.locate(
        {"REMEDY_STACK_DIR": str(tmp_path), "REMEDY_STACK_PORT_BASE": "21000"}
    )
    found.prepare()
    return found


def unit(name, state, **more):
    return {
        "name": name, "state": state, "pid": 7, "port": 1, "since": "2026-01-31T00:00:00+00:00",
        "step": False, "reason": "", "words": "", **more,
    }  # fmt: skip


def test_without_a_supervisor_everything_is_stopped(installation):
    rows = show.services(installation, None)
    assert [row["name"] for row in rows] == [service.name for service in SERVICES]
    assert {row["state"] for row in rows} == {"stopped"}
    assert set(rows[0]) == {"name", "state", "pid", "port", "since"}


def test_programs_see_services_and_no_steps(installation):
    status = {"units": [unit("kafka", "ready"), unit("migrate", "done", step=True)]}
    assert [set(row) for row in show.services(installation, status)] == [
        {"name", "state", "pid", "port", "since"}
    ]


def test_following_ends_well_when_everything_answers(installation, monkeypatch, capsys):
    monkeypatch.setattr(show.time, "sleep", lambda _: None)
    answers = iter(
        [
            {"units": [unit("kafka", "starting")]},
            {"units": [unit("kafka", "ready"), unit("migrate", "done", step=True)]},
        ]
    )
    assert show.follow(installation, lambda: next(answers)) == 0
    assert "kafka: ready" in capsys.readouterr().out


def test_following_ends_badly_and_names_the_log_when_a_service_failed(installation, capsys):
    status = {"units": [unit("kafka", "failed", reason="did not answer; read /x/kafka.log")]}
    assert show.follow(installation, lambda: status) == 1
    assert "read /x/kafka.log" in capsys.readouterr().out


def test_the_table_shows_how_to_sign_in(installation, capsys):
    person = {"who": "Farah", "role": "admin", "email": "farah@example.org", "password": "p-w"}
    installation.demo_file.write_text(json.dumps([person]))
    show.table(installation, {"units": [unit("portal", "ready")]})
    words = capsys.readouterr().out
    assert "farah@example.org" in words
    assert installation.secret("airflow-admin") in words
    assert "http://127.0.0.1:21020" in words


def test_following_shows_how_far_a_step_is(installation, monkeypatch, capsys):
    monkeypatch.setattr(show.time, "sleep", lambda _: None)
    running = unit("first-runs", "starting", step=True, words="first run of train_models: started")
    done = unit("first-runs", "done", step=True)
    answers = iter([{"units": [running]}, {"units": [running]}, {"units": [done]}])
    assert show.follow(installation, lambda: next(answers)) == 0
    assert capsys.readouterr().out.count("first run of train_models: started") == 1
