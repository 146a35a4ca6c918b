"""### File appointments.

Every visit has one record file in HDFS, `/remedy/records/<uuid>/v<version>-<sha256>.json`: the events that landed
about it, from the request on, rewritten at each decision, move and visit. The portal makes its PDF from it.

* **Runs** every two minutes; every half hour records and visits are compared, both ways.
* **May be run again** at any time: an event is in a record once. With `again` every record is made anew from history.
* **Depends on it**: who opens a visit's record as PDF. Without it the record is as old as the last run.
* **Urgent**: no. An error that says records differ: look at `out_appointment_difference` today.
"""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from remedy import orchestration
from remedy.orchestration import FIRST_DAY, UPKEEP_POOL


@dag(
    schedule="*/2 * * * *",
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["upkeep", "tier/3"],
    doc_md=__doc__,
    params={"again": Param(False, type="boolean")},
)
def file_appointments():
    """The DAG."""

    @task(pool=UPKEEP_POOL, execution_timeout=timedelta(minutes=20))
    def file_waiting() -> dict[str, int]:
        """The records of visits that something landed about."""
        from dataclasses import asdict

        from remedy.pipeline import appointment_files
        from remedy.values import utc_now

        engine, files = orchestration.database(), orchestration.file_store()
        if get_current_context()["params"]["again"]:
            return asdict(appointment_files.refile(engine, files, clock=utc_now))
        return asdict(appointment_files.file_waiting(engine, files, clock=utc_now))

    @task(pool=UPKEEP_POOL, execution_timeout=timedelta(minutes=20))
    def compare() -> dict[str, int]:
        """Records and visits, both ways."""
        from dataclasses import asdict

        from remedy.pipeline import appointment_checks
        from remedy.values import utc_now

        engine = orchestration.database()
        is_asked = get_current_context()["params"]["again"]
        if not is_asked and not appointment_checks.is_due(engine, clock=utc_now):
            raise AirflowSkipException("Compared less than half an hour ago.")
        return asdict(appointment_checks.compare(engine, orchestration.file_store(), clock=utc_now))

    file_waiting() >> compare()


file_appointments()
