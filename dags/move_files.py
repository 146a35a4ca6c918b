"""### Move files.

What patients hand in lies encrypted in MySQL first (`file_spool_part`); here it goes to HDFS,
`/remedy/files/<uuid>`. Each file is written, read back, compared and renamed before its spool is emptied.

* **Runs** every two minutes.
* **May be run again** at any time: a file that is there already is compared, and a crash leaves the spool.
* **Depends on it**: nobody waits; readers take whichever holds the file. Without it for weeks, MySQL grows.
* **Urgent**: no. An error that counts broken files is: somebody's file is not what was handed in.
"""

from datetime import timedelta

from airflow.sdk import dag, task

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
)
def move_files():
    """The DAG."""

    @task(pool=UPKEEP_POOL, execution_timeout=timedelta(minutes=20))
    def move_waiting() -> int:
        """The files in the spool, the oldest first."""
        from remedy.pipeline import file_moves
        from remedy.values import utc_now

        return file_moves.move(orchestration.database(), orchestration.file_store(), clock=utc_now)

    move_waiting()


move_files()
