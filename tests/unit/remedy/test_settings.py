"""Settings are read once, whole, and complain in sentences."""

import json

import pytest

from remedy.settings import Settings, SettingsError


def test_defaults_are_valid_without_any_variable():
    assert Settings.from_env({}).environment == "local"


def test_every_problem_is_told_in_one_message():
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(
            {
                "REMEDY_ENVIRONMENT": "staging",
                "REMEDY_HDFS_ROOT": "remedy",
                "REMEDY_MASTER_KEY": "short",
                "REMEDY_KAFKA_BROKERS": "nowhere",
                "REMEDY_COLOUR": "blue",
            }
        )
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    for name in ("ENVIRONMENT", "HDFS_ROOT", "MASTER_KEY", "KAFKA_BROKERS", "COLOUR"):
        assert any(f"REMEDY_{name}" in line for line in lines)


def test_a_secret_may_come_from_a_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("k" * 40 + "\n")
    assert Settings.from_env({"REMEDY_SECRET_KEY_FILE": str(path)}).secret_key == "k" * 40


def test_a_secret_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.from_env({"REMEDY_SECRET_KEY_FILE": str(tmp_path / "none")})


def test_what_is_no_secret_cannot_come_from_a_file(tmp_path):
    with pytest.raises(SettingsError, match="only secrets"):
        Settings.from_env({"REMEDY_PORTAL_URL_FILE": str(tmp_path)})


def test_a_value_and_its_file_together_are_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("k" * 40)
    with pytest.raises(SettingsError, match="both set"):
        Settings.from_env({"REMEDY_SECRET_KEY": "x" * 40, "REMEDY_SECRET_KEY_FILE": str(path)})


def test_production_wants_https():
    with pytest.raises(SettingsError, match="https://"):
        Settings.from_env({"REMEDY_ENVIRONMENT": "production"})


def test_secrets_do_not_appear_when_settings_are_printed():
    text = repr(Settings(secret_key="s" * 40, master_key="a" * 64, database_url="mysql://u:pw@h/d"))
    assert "s" * 40 not in text
    assert "a" * 64 not in text
    assert "pw" not in text


def test_what_is_written_as_environment_is_read_back_equal():
    settings = Settings(secret_key="s" * 40, master_key="a" * 64)
    assert Settings.from_env(settings.to_env()) == settings


def test_airflow_connections_name_the_same_places():
    settings = Settings(database_url="mysql+pymysql://u:p%40ss@db.example:3307/remedy")
    connections = {name: json.loads(text) for name, text in settings.airflow_connections().items()}
    mysql = connections["AIRFLOW_CONN_REMEDY_MYSQL"]
    assert (mysql["host"], mysql["port"], mysql["login"], mysql["password"]) == (
        "db.example",
        3307,
        "u",
        "p@ss",
    )
    kafka = connections["AIRFLOW_CONN_REMEDY_KAFKA"]["extra"]
    assert kafka["bootstrap.servers"] == settings.kafka_brokers
    assert kafka["enable.auto.commit"] == "false"
    assert connections["AIRFLOW_CONN_REMEDY_HDFS"]["host"] == "127.0.0.1"


def test_production_refuses_a_payment_provider_without_https():
    told = {
        "REMEDY_ENVIRONMENT": "production",
        "REMEDY_PORTAL_URL": "https://remedy.example.org",
        "REMEDY_PAYMENT_URL": "http://127.0.0.1:18026",
    }
    with pytest.raises(SettingsError, match="REMEDY_PAYMENT_URL must begin with https"):
        Settings.from_env(told)
    Settings.from_env({**told, "REMEDY_PAYMENT_URL": "https://pay.example.org"})
    Settings.from_env({"REMEDY_PAYMENT_URL": "http://127.0.0.1:18026"})
