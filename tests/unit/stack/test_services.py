"""The table of services holds together."""

from collections import Counter
from xml.etree import ElementTree

from stack.installation import ACCOUNTS, PORTS
from stack.render import TEMPLATES
from stack.services import SERVICES, STEPS
from stack.steps import STEPS as FUNCTIONS

ALL = {service.name: service for service in (*STEPS, *SERVICES)}


def test_names_are_used_once():
    assert Counter(s.name for s in (*STEPS, *SERVICES)).most_common(1)[0][1] == 1
    assert len(SERVICES) == 20


def test_what_is_waited_for_exists_and_nothing_waits_for_itself():
    def waits_for(name, seen=()):
        assert name not in seen, f"{name} waits for itself: {seen}"
        for other in ALL[name].after:
            waits_for(other, (*seen, name))

    for name in ALL:
        waits_for(name)


def test_ports_and_accounts_are_known():
    assert {s.port for s in ALL.values() if s.port} <= set(PORTS)
    assert {s.account for s in ALL.values() if s.account} <= set(ACCOUNTS)


def test_airflow_runs_as_the_pipeline_and_streamlit_as_the_dashboard():
    assert {s.account for s in ALL.values() if s.is_airflow} == {"pipeline"}
    assert ALL["streamlit"].account == "dashboard"
    assert ALL["migrate"].account == "owner"


def test_keys_go_to_the_portal_and_to_the_town_alone():
    assert {s.name for s in ALL.values() if s.has_keys} == {"portal", "build-town", "town"}


def test_only_the_living_town_waits_to_be_asked_for_and_nothing_waits_for_it():
    assert {s.name for s in ALL.values() if s.is_off} == {"town"}
    assert not any("town" in s.after for s in ALL.values())


def test_the_portal_waits_for_the_migrations():
    def everything_before(name):
        return {name}.union(*(everything_before(other) for other in ALL[name].after))

    assert "migrate" in everything_before("portal")
    assert "migrate" in everything_before("relay")
    assert "prepare" in everything_before("airflow-scheduler")


def test_every_step_of_ours_has_its_function():
    called = {s.command.split()[-1] for s in STEPS if "-m stack step" in s.command}
    assert called == set(FUNCTIONS)


def test_every_java_process_knows_this_machine_by_its_own_file_of_names():
    # Hadoop ends at once on a machine whose own name nothing resolves, as a fresh installation's may not.
    given = "-Djdk.net.hosts.file=$conf/hosts"
    started = [s.command for s in ALL.values() if s.command.startswith("java ")]
    options = [
        value.text or ""
        for value in ElementTree.parse(TEMPLATES / "hadoop" / "mapred-site.xml").iter("value")
        if (value.text or "").startswith("-Xmx")
    ]
    assert len(started) == 5
    assert len(options) == 3
    assert [one for one in started + options if given not in one] == []
    assert "127.0.0.1 localhost $host_name" in (TEMPLATES / "hosts").read_text()
