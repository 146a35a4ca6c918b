"""docker-compose.yml is the same list as stack/services.py, told in containers."""

import re
from configparser import RawConfigParser
from dataclasses import fields
from typing import Any

import pytest
import yaml

from remedy.settings import PREFIX, Settings
from stack.services import SERVICES, STEPS
from tests.house_rules.repository import text_of

# The official images have other names and set themselves up.
ONLY_IN_COMPOSE = {
    "mysql": "MySQL 8.4 stands where the local stack has Debian's MariaDB",
}
ONLY_LOCAL = {
    "mariadb": "`mysql` stands in its place",
    "install-mariadb": "the image's own entry does it",
    "create-accounts": "docker/create-accounts.sh, run by the image's own entry, does it",
    "install-postgres": "the image's own entry does it",
    "format-kafka": "the image's own entry does it",
    "format-namenode": "docker/hadoop.sh does it before the first start",
    "warm-airflow": "only shortens the first page of a desk",
    "build-town": "an invented town is for one machine",
    "town": "so is its life",
    "payments": "takes no money; in production a real provider stands in its place",
    "sms": "sends no SMS on; in production a real provider stands in its place",
    "first-runs": "in production the schedule decides",
}
OFFICIAL = {"mysql": "mysql:8.4", "kafka": "apache/kafka:4.3", "postgres": "postgres:17"}


def _compose() -> dict[str, Any]:
    read = yaml.safe_load(text_of("docker-compose.yml"))
    assert isinstance(read, dict)
    return read


COMPOSE = _compose()
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_compose_and_the_local_stack_run_the_same_services() -> None:
    local = {service.name for service in (*SERVICES, *STEPS)}
    assert set(CONTAINERS) - set(ONLY_IN_COMPOSE) == local - set(ONLY_LOCAL)
    assert set(ONLY_IN_COMPOSE) <= set(CONTAINERS)
    assert set(ONLY_LOCAL) <= local


def test_databases_and_kafka_are_official_images() -> None:
    for name, image in OFFICIAL.items():
        assert CONTAINERS[name]["image"].startswith(image)


@pytest.mark.parametrize("name", sorted(set(CONTAINERS) - set(OFFICIAL)))
def test_everything_else_is_one_image_of_ours(name: str) -> None:
    assert CONTAINERS[name]["image"] == "remedy"


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_ports_are_open_on_loopback_only(name: str) -> None:
    for port in CONTAINERS[name].get("ports", []):
        assert str(port).startswith("127.0.0.1:"), f"{name} publishes {port} to the world."


LASTING = sorted(name for name, container in CONTAINERS.items() if container.get("restart") != "no")


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"], f"{name} cannot say whether it is well."


def test_no_secret_is_written_down() -> None:
    for name, container in CONTAINERS.items():
        for variable, value in (container.get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY\b|DATABASE_URL", variable):
                assert re.search(r"/run/secrets/|^/data/", str(value)), (
                    f"{name} is given {variable} in clear."
                )
    for secret, source in COMPOSE["secrets"].items():
        assert source["file"].startswith("./secrets/"), f"{secret} is not a file of ./secrets."


def test_every_secret_that_is_used_is_declared_and_the_other_way_round() -> None:
    used = {secret for container in CONTAINERS.values() for secret in container.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])


def test_the_master_key_is_given_to_the_portals_processes_alone() -> None:
    holders = {name for name, box in CONTAINERS.items() if "master_key" in box.get("secrets", [])}
    assert holders == {"portal"}


def test_compose_uses_no_variable_that_is_not_a_setting() -> None:
    known = {PREFIX + spec.name.upper() for spec in fields(Settings)}
    known |= {
        f"{PREFIX}{spec.name.upper()}_FILE" for spec in fields(Settings) if spec.metadata["secret"]
    }
    used = set(re.findall(r"\bREMEDY_[A-Z_]+", text_of("docker-compose.yml")))
    assert used
    unknown = {name for name in used - known if not name.startswith("REMEDY_STACK_")}
    assert not unknown


def test_airflow_is_set_up_alike() -> None:
    """Addresses, paths and secrets differ; every choice is the same."""
    local = RawConfigParser()
    local.read_string(text_of("stack/conf/airflow.cfg"))
    given = CONTAINERS["airflow-scheduler"]["environment"]
    choices = {
        f"AIRFLOW__{section.upper()}__{option.upper()}": value
        for section in local.sections()
        for option, value in local.items(section)
        if "$" not in value and (section, option) != ("api", "host")
    }
    assert choices
    differ = {name: value for name, value in choices.items() if given.get(name) != value}
    assert not differ, f"docker-compose.yml should say as stack/conf/airflow.cfg: {differ}"


def test_containers_wait_for_what_exists() -> None:
    for name, container in CONTAINERS.items():
        for other in container.get("depends_on", {}):
            assert other in CONTAINERS, f"{name} waits for {other}, which does not exist."
