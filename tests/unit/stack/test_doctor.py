"""Every problem is one sentence that says what to do."""

from pathlib import Path

import pytest

from stack import doctor
from stack.installation import Installation


@pytest.fixture
def installation(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return Installation.locate(
        {"REMEDY_STACK_DIR": str(tmp_path), "REMEDY_STACK_PORT_BASE": "21000"}
    )


def test_nothing_missing_is_no_problem():
    assert doctor.missing_packages(lambda program: f"/usr/bin/{program}", True) == []


def test_missing_programs_are_named_by_their_packages_in_one_line(monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda self: False)
    [sentence] = doctor.missing_packages(lambda program: None, False)
    assert "apt-get install" in sentence
    for package in ("openjdk-17-jre-headless", "maven", "mariadb-server", "postgresql"):
        assert package in sentence


@pytest.mark.parametrize(("version", "is_problem"), [(11, True), (17, False), (21, False)])
def test_java_must_be_17_or_newer(version, is_problem):
    assert bool(doctor.java_problem(version)) is is_problem


def test_missing_java_is_said_once_and_not_again_as_too_old():
    assert doctor.java_problem(None) == []


@pytest.mark.parametrize(
    ("free_gb", "is_problem"), [(5.9, True), (6.0, False), (23.0, False), (0.3, True)]
)
def test_less_than_six_gigabytes_of_memory_is_a_problem(free_gb, is_problem):
    found = doctor.memory_problem(int(free_gb * 1e9))
    assert bool(found) is is_problem
    assert not found or f"{free_gb:.1f} GB" in found[0]


def test_a_full_disk_is_a_problem(tmp_path):
    [sentence] = doctor.disk_problem(tmp_path, 1_000_000_000)
    assert str(tmp_path) in sentence
    assert "REMEDY_STACK_DIR" in sentence


def test_a_taken_port_names_its_use_and_its_holder(installation):
    listening = {21003: "java (process 77)", 80: "nginx (process 1)"}
    [sentence] = doctor.port_problems(installation, listening)
    assert sentence.startswith("Port 21003, meant for kafka, is taken by java (process 77).")
    assert "REMEDY_STACK_PORT_BASE" in sentence


def test_data_without_its_keys_is_not_started_over(installation):
    assert doctor.secrets_problem(installation) == []
    (installation.databases / "mariadb").mkdir(parents=True)
    [sentence] = doctor.secrets_problem(installation)
    assert "Put that folder back" in sentence
    installation.secret_folder.mkdir()
    (installation.secret_folder / "master_key").write_text("x")
    assert doctor.secrets_problem(installation) == []
