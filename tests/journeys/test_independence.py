"""Airflow, Kafka or HDFS may be down: no click is refused or lost, and everything catches up."""

import threading
import time

import pytest
import requests

from bench import landed
from bench.till import Till
from remedy.gateways.hdfs import connect
from remedy.gateways.mysql import engine_for

pytestmark = pytest.mark.journey

AIRFLOW = ("airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-api-server")


@pytest.mark.parametrize(
    "stopped",
    [pytest.param(AIRFLOW, id="airflow", marks=pytest.mark.long), pytest.param(("kafka",), id="kafka"),
     pytest.param(("datanode", "namenode"), id="hdfs", marks=pytest.mark.long)],
)  # fmt: skip
def test_no_click_is_refused_or_lost_while_a_part_is_down(stack, till_for, stopped, admin_page):
    prefix = f"without-{stopped[0]}-{int(time.time())}"
    till: Till = till_for(prefix, rate=5)
    selling = threading.Thread(target=till.run)
    selling.start()
    try:
        landed.wait_until(lambda: len(till.acknowledged) >= 5, "The first sales", seconds=60)
        for name in stopped:
            stack.stop(name)
        before = len(till.acknowledged)
        landed.wait_until(
            lambda: len(till.acknowledged) >= before + 25, "Sales while it is down", seconds=60
        )
        # A patient's page and an admin's dashboard answer all the same, and say how old figures are.
        assert requests.get(stack.url("portal") + "/?q=para", timeout=20).status_code == 200
        page = admin_page("/pipeline")
        page.get_by_text("ago").first.wait_for(timeout=60_000)
    finally:
        for name in reversed(stopped):
            stack.start(name)
        till.stop.set()
        selling.join()

    assert set(till.acknowledged) == set(till.attempted), "no click was refused"
    settings = stack.settings("owner")
    engine = engine_for(settings.database_url)

    def drained():
        with engine.connect() as connection:
            return landed.is_drained(connection)

    landed.wait_until(drained, "Catching up", seconds=240, every=1)
    files = connect(settings.hdfs_url, settings.hdfs_user, settings.hdfs_root)
    with engine.connect() as connection:
        rows = landed.in_mysql(connection, prefix)
        lines = landed.in_hdfs(connection, files, prefix)
    assert set(rows) == set(lines) == set(till.acknowledged)
    assert max(rows.values()) == max(lines.values()) == 1
