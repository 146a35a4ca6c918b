"""### Compact history.

Landing leaves a file a minute; here the files of each closed landing day become one per topic and partition,
verified and swapped in one transaction. Also removes raw rows older than 90 days (HDFS keeps all).

* **Runs** every night at 02:40 UTC.
* **May be run again** at any time: what is joined is not joined again, and a crash leaves the old files valid.
* **Depends on it**: nobody by tomorrow. Without it for weeks, counting grows slow and HDFS full of small files.
* **Urgent**: no. An error that names a file means that file is not what it was landed as: look at it soon.
"""

from datetime import timedelta

from airflow.sdk import dag, task

from remedy import orchestration
from remedy.orchestration import FIRST_DAY, UPKEEP_POOL


@dag(
    schedule="40 2 * * *",
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["upkeep", "tier/3"],
    doc_md=__doc__,
)
def compact_history():
    """The DAG."""

    @task(pool=UPKEEP_POOL, execution_timeout=timedelta(hours=2))
    def join_files() -> dict[str, int]:
        """One file per topic, partition and closed landing day."""
        from dataclasses import asdict

        from remedy.pipeline import compaction
        from remedy.values import utc_now

        return asdict(
            compaction.compact(orchestration.database(), orchestration.file_store(), clock=utc_now)
        )

    @task(pool=UPKEEP_POOL, execution_timeout=timedelta(hours=1))
    def retire_raw_rows() -> int:
        """Raw rows older than 90 days go."""
        from remedy.pipeline import compaction
        from remedy.values import utc_now

        return compaction.retire_raw_rows(orchestration.database(), clock=utc_now)

    join_files() >> retire_raw_rows()


compact_history()
