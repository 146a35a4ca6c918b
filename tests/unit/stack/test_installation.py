"""Where an installation lies, which ports it has, and who is told which secret."""

import dataclasses
import stat

import pytest

from remedy.settings import Settings
from stack.installation import PORTS, Installation, StackError
from stack.render import TEMPLATES, fill, template_values


@pytest.fixture
def installation(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    found = Installation.locate(
        {"REMEDY_STACK_DIR": str(tmp_path / "state"), "REMEDY_STACK_PORT_BASE": "21000"}
    )
    found.prepare()
    # The jars are fetched, not part of a unit test; settings ask that the path exists.
    monkeypatch.setattr(Installation, "streaming_jar", tmp_path)
    return found


def test_every_port_stays_below_the_ephemeral_ones(installation):
    assert len(set(PORTS.values())) == len(PORTS)
    assert max(PORTS.values()) < 30
    assert installation.port("mariadb") == 21001


@pytest.mark.parametrize("base", ["", "x", "80", "32740", "-5", "1e4"])
def test_a_port_base_that_cannot_work_is_refused_in_a_sentence(tmp_path, base):
    environ = {"REMEDY_STACK_DIR": str(tmp_path), "REMEDY_STACK_PORT_BASE": base}
    if base == "":
        assert Installation.locate(environ).base == 18000
        return
    with pytest.raises(StackError, match=r"it must be a number from 1024 to \d+"):
        Installation.locate(environ)


def test_the_chosen_ports_are_remembered(installation):
    again = Installation.locate({"REMEDY_STACK_DIR": str(installation.state)})
    assert again.base == 21000


def test_secrets_are_random_kept_and_readable_by_their_owner_only(installation):
    first = installation.secret("master_key")
    installation.prepare()
    assert installation.secret("master_key") == first
    assert len(first) == 64
    assert installation.secret("secret_key") != first
    files = list(installation.secret_folder.iterdir())
    assert len(files) >= 10
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(installation.secret_folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("account", ["owner", "portal", "pipeline", "dashboard"])
def test_each_account_has_its_own_database_password_and_no_secret_in_clear(installation, account):
    env = installation.account_env(account)
    settings = Settings.from_env(env)
    assert f"remedy_{account}:" in settings.database_url
    assert settings.master_key == ""
    assert settings.secret_key == ""
    secrets = [path.read_text().strip() for path in installation.secret_folder.iterdir()]
    assert not [name for name, value in env.items() if value in secrets]


def test_only_the_portal_and_the_operator_can_be_given_the_keys(installation):
    has_key = {
        account: bool(
            Settings.from_env(installation.account_env(account, has_keys=True)).master_key
        )
        for account in ("owner", "portal", "pipeline", "dashboard")
    }
    assert has_key == {"owner": True, "portal": True, "pipeline": False, "dashboard": False}


def test_the_callers_environment_does_not_reach_our_processes(tmp_path):
    caller = {
        "REMEDY_STACK_DIR": str(tmp_path),
        "HOME": "/home/someone",
        "AWS_SECRET_ACCESS_KEY": "x",
        "REMEDY_MAIL_FROM": "us@town.example",
        "REMEDY_REMINDERS": "mail:24",
        "REMEDY_SMALLEST_GROUP": "9",
    }
    found = Installation.locate(caller)
    env = found.process_env() | found.account_env("pipeline")
    assert env["HOME"] == str(found.home)
    assert "AWS_SECRET_ACCESS_KEY" not in env
    assert env["REMEDY_MAIL_FROM"] == "us@town.example"
    assert env["REMEDY_REMINDERS"] == "mail:24"
    assert env["REMEDY_SMALLEST_GROUP"] == "9"


def test_only_our_own_airflow_variables_reach_airflow(installation):
    installation.prepare()
    caller = {
        "AIRFLOW_VAR_REMEDY_FILE_SECONDS": "10",
        "AIRFLOW__CORE__PARALLELISM": "99",
        "AIRFLOW_VAR_OTHER": "x",
    }
    told = dataclasses.replace(installation, caller=caller).airflow_env()
    assert told["AIRFLOW_VAR_REMEDY_FILE_SECONDS"] == "10"
    assert not {"AIRFLOW__CORE__PARALLELISM", "AIRFLOW_VAR_OTHER"} & told.keys()


def test_every_template_can_be_filled_and_names_no_port_outside_the_block(installation):
    values = template_values(installation)
    templates = [path for path in TEMPLATES.rglob("*") if path.is_file()]
    assert len(templates) >= 10
    for template in templates:
        text = fill(template.read_text(), values, xml=template.suffix == ".xml")
        assert "0.0.0.0" not in text, template.name
        assert "$port" not in text, template.name


def test_a_placeholder_without_a_value_is_an_error():
    with pytest.raises(KeyError, match="port_of_nothing"):
        fill("port=$port_of_nothing", {})


def test_values_in_xml_are_escaped():
    assert fill("<a>$path</a>", {"path": "/a&b<c"}, xml=True) == "<a>/a&amp;b&lt;c</a>"
