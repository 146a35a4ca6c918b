"""### Land events.

Takes what Kafka holds into `raw_*` (MySQL) and `/remedy/landing` (HDFS), exactly once and nearly live.

* **Runs** all the time: each run lasts ten minutes, and the next begins when it ends or fails.
* **May be run again** at any time, and killed at any time: positions are kept with the rows, files are made
  from rows. Never run two at once: the second stops by itself and says so.
* **Depends on it**: everything that is counted, foretold or shown about events. Patients do not: the portal
  works without it, and what waits in Kafka is landed later (retention is 14 days).
* **Urgent**: if it has not landed for a day. See `docs/runbooks/landing.md`.
"""

from datetime import timedelta

from airflow.sdk import dag, task

from remedy import orchestration
from remedy.orchestration import EVENTS_LANDED, FIRST_DAY, LANDING_POOL, LANDING_SECONDS

PATIENCE = timedelta(minutes=5)


@dag(
    schedule="@continuous",
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["ingest", "tier/1"],
    doc_md=__doc__,
)
def land_events():
    """The DAG."""

    @task(
        retries=20,
        retry_delay=timedelta(seconds=1),
        execution_timeout=timedelta(seconds=LANDING_SECONDS) + PATIENCE,
        pool=LANDING_POOL,
        priority_weight=100,
        outlets=[EVENTS_LANDED],
    )
    def land() -> dict[str, int]:
        """Land for ten minutes; the counts of what came are the result."""
        from dataclasses import asdict

        from remedy.pipeline import landing
        from remedy.values import utc_now

        with orchestration.ends_orderly() as stop:
            landed = landing.land(
                orchestration.database(),
                orchestration.consumer(),
                orchestration.file_store,
                orchestration.publisher(),
                seconds=orchestration.landing_seconds(),
                file_seconds=orchestration.file_seconds(),
                stop=stop,
                time_zone=orchestration.time_zone(),
                clock=utc_now,
            )
        return asdict(landed)

    land()


land_events()
