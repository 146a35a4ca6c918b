"""What every DAG shares: assets, default arguments, tags, and the providers' hooks made into our gateways.

The only module of the core that imports Airflow. Clients come from the providers' hooks and are made inside
tasks, never when a DAG file is parsed.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from airflow.sdk import Asset, Variable, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from remedy.gateways.hdfs import Files, FileStoreError
from remedy.gateways.kafka import Publisher
from remedy.gateways.mysql import engine_for
from remedy.region import Region
from remedy.settings import Settings
from remedy.values import utc_now

log = logging.getLogger(__name__)

EVENTS_LANDED = Asset(name="events_landed", uri="remedy://events/landed")
DEMAND_AGGREGATED = Asset(name="demand_aggregated", uri="remedy://demand/aggregated")
VISITS_AGGREGATED = Asset(name="visits_aggregated", uri="remedy://visits/aggregated")
MODELS_TRAINED = Asset(name="models_trained", uri="remedy://models/trained")
STOCK_FORECAST = Asset(name="stock_forecast", uri="remedy://stock/forecast")

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""Airflow wants a beginning; nothing is caught up from it."""

SUBJECTS = ("ingest", "mapreduce", "models", "upkeep")
TIERS = ("tier/1", "tier/2", "tier/3")

LANDING_POOL, COUNTING_POOL, TRAINING_POOL, CHALLENGE_POOL, UPKEEP_POOL = (
    "landing",
    "counting",
    "training",
    "challenge",
    "upkeep",
)
"""Names in dags/pools.json: how many tasks of a kind run at once."""


def succeeded(context: Any) -> None:
    """Called by Airflow after a task: it succeeded."""
    _write_down(context, has_succeeded=True)


def failed(context: Any) -> None:
    """Called by Airflow after a task's last try: it failed."""
    _write_down(context, has_succeeded=False)


def _write_down(context: Any, *, has_succeeded: bool) -> None:
    from remedy.gateways.mysql import in_transaction
    from remedy.pipeline.task_results import TaskEnd, write_down

    ended = context["ti"]
    end = TaskEnd(
        dag_id=ended.dag_id,
        run_id=ended.run_id,
        task_id=ended.task_id,
        map_index=ended.map_index if ended.map_index is not None else -1,
        has_succeeded=has_succeeded,
        try_count=ended.try_number,
        began_at=ended.start_date,
        ended_at=utc_now(),
    )
    engine = database(pool_size=1)
    try:
        in_transaction(engine, lambda connection: write_down(connection, end))
    except sa.exc.DBAPIError as error:
        # It ended as it did; a dashboard that does not know is no reason to say otherwise.
        log.warning("How the task ended was not written down: %s", type(error.orig).__name__)
    finally:
        engine.dispose()


default_args: dict[str, Any] = {
    "owner": "data-engineering",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "execution_timeout": timedelta(minutes=30),
    "on_success_callback": succeeded,
    "on_failure_callback": failed,
}

WATCH_SECONDS = 2

LANDING_SECONDS = 600
FILE_SECONDS = 60
LANDING_SECONDS_VARIABLE = "remedy_landing_seconds"
FILE_SECONDS_VARIABLE = "remedy_file_seconds"
"""Airflow Variables with which a test lets a landing end sooner, and files be written more often."""


def settings() -> Settings:
    """The installation's settings, as this task's process was given them."""
    return Settings.from_env()


def hadoop() -> dict[str, str]:
    """Where a job runs: the members of `mapreduce.runner.Hadoop`, which the core does not know."""
    told = settings()
    return {
        "hadoop_bin": told.hadoop_bin,
        "streaming_jar": told.hadoop_streaming_jar,
        "yarn_url": told.yarn_url,
        "user": told.hdfs_user,
    }


def time_zone() -> str:
    """The installation's own time zone: for events that happened at no pharmacy or hospital."""
    return Region.load(settings().region_file).time_zone


def landing_seconds() -> float:
    """How long one landing lasts before Airflow starts the next."""
    return float(Variable.get(LANDING_SECONDS_VARIABLE, default=LANDING_SECONDS))


def file_seconds() -> float:
    """How long landed rows wait at most before they are written to HDFS."""
    return float(Variable.get(FILE_SECONDS_VARIABLE, default=FILE_SECONDS))


def run_id() -> str:
    """The name of the DAG run this task belongs to, for the rows that say who made them."""
    context = get_current_context()
    return str(context["run_id"])[:120]


def database(*, pool_size: int = 2) -> sa.Engine:
    """An engine over MySqlHook's connections; LOAD DATA LOCAL is allowed on them."""
    from airflow.providers.mysql.hooks.mysql import MySqlHook

    hook = MySqlHook(mysql_conn_id="remedy_mysql", local_infile=True)
    # Looked up once: connections are also made in threads, which Airflow's supervisor does not expect.
    hook.connection = hook.get_connection("remedy_mysql")

    return engine_for("mysql+mysqlconnector://", pool_size=pool_size, creator=hook.get_conn)


@contextmanager
def database_or_skip(nothing_to_do: type[LookupError]) -> Iterator[sa.Engine]:
    """An engine for one task, which is skipped, with its words, where it raises that there is nothing to do yet."""
    engine = database()
    try:
        yield engine
    except nothing_to_do as nothing:
        raise AirflowSkipException(str(nothing)) from None
    finally:
        engine.dispose()


def consumer() -> Any:
    """A Kafka consumer of no group; it is for `assign()` and `landing.land` closes it."""
    from airflow.providers.apache.kafka.hooks.consume import KafkaConsumerHook

    return KafkaConsumerHook(topics=[], kafka_config_id="remedy_kafka").get_conn


def publisher() -> Publisher:
    """A publisher over KafkaProducerHook's client."""
    from airflow.providers.apache.kafka.hooks.produce import KafkaProducerHook

    return Publisher(make=lambda: KafkaProducerHook("remedy_kafka_producer").get_producer())


def file_store() -> Files:
    """HDFS through WebHDFSHook.

    Raises:
        FileStoreError: if no NameNode answers.
    """
    from airflow.providers.apache.hdfs.hooks.webhdfs import (
        AirflowWebHDFSHookException,
        WebHDFSHook,
    )

    root = settings().hdfs_root
    try:
        return Files(WebHDFSHook("remedy_hdfs").get_conn(), root)
    except AirflowWebHDFSHookException:
        raise FileStoreError("No HDFS NameNode answers; see the service `namenode`.") from None


@task(pool=COUNTING_POOL)
def check() -> int:
    """Put what landed since the last look through the gate; the number of rows looked at.

    The task with which every DAG that counts begins: what is not checked is not counted.
    """
    from remedy.pipeline import quality

    return quality.check(database(), run_id=run_id(), clock=utc_now).rows


@contextmanager
def ends_orderly() -> Iterator[threading.Event]:
    """Within: being told to end sets the event, so that the task can finish what it holds.

    Told by SIGTERM, or by the death of the Airflow worker that watches over the task: its successor is on
    its way, and two should not work at once.
    """
    stop = threading.Event()
    worker = os.getppid()

    def watch() -> None:
        while not stop.wait(WATCH_SECONDS):
            if os.getppid() != worker:
                stop.set()

    def told(_number: int, _frame: Any) -> None:
        log.warning("Told to end; finishing what was begun.")
        stop.set()

    before = signal.signal(signal.SIGTERM, told)
    threading.Thread(target=watch, name="worker-watch", daemon=True).start()
    try:
        yield stop
    finally:
        stop.set()
        signal.signal(signal.SIGTERM, before)
