"""### Check quality.

The gate: every range that was landed since the last look is put to the rules of
`remedy/pipeline/quality_rules.py` by Great Expectations, before it may be counted.

* **Runs** every quarter of an hour, and every DAG that counts calls the same function first.
* **May be run again** at any time: a range is checked once, and a second look finds nothing to do.
* **Depends on it**: counting. What is not checked is not counted.
* **Urgent**: within the day. A doubtful row waits in `quarantine` for a person; it stops nothing else.
"""

from datetime import timedelta

from airflow.sdk import dag, task

from remedy import orchestration
from remedy.orchestration import FIRST_DAY, UPKEEP_POOL


@dag(
    schedule="*/15 * * * *",
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["ingest", "tier/2"],
    doc_md=__doc__,
)
def check_quality():
    """The DAG."""

    @task(pool=UPKEEP_POOL, execution_timeout=timedelta(minutes=20))
    def check() -> dict[str, int]:
        """Check what is new; how many ranges, rows, quarantined rows and warnings are the result."""
        from dataclasses import asdict

        from remedy.pipeline import quality
        from remedy.values import utc_now

        return asdict(
            quality.check(orchestration.database(), run_id=orchestration.run_id(), clock=utc_now)
        )

    check()


check_quality()
