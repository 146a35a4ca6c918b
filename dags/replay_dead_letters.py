"""### Replay dead letters.

Puts records that could not be read on their topic again, after the reader was mended.

* **Runs** by hand only: `topic`, a part of the `reason`, and `dry_run` (on: only counts, and changes nothing).
* **May be run again** at any time: a dead letter is replayed once; one that still cannot be read becomes a new one.
* **Depends on it**: nothing.
* **Urgent**: no, but Kafka keeps the records for 14 days only.
"""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

from remedy import orchestration
from remedy.orchestration import FIRST_DAY, UPKEEP_POOL


@dag(
    schedule=None,
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["upkeep", "tier/3"],
    doc_md=__doc__,
    params={
        "topic": Param("stock-movements", type="string", minLength=1),
        "reason": Param("", type="string"),
        "dry_run": Param(True, type="boolean"),
    },
)
def replay_dead_letters():
    """The DAG."""

    @task(pool=UPKEEP_POOL, retries=1, execution_timeout=timedelta(minutes=30))
    def replay() -> dict[str, int]:
        """Count what is wanted and, unless the run is dry, tell it again."""
        from dataclasses import asdict

        from remedy.pipeline import dead_letters
        from remedy.values import utc_now

        params = get_current_context()["params"]
        consumer = orchestration.consumer()
        try:
            replayed = dead_letters.replay(
                orchestration.database(),
                consumer,
                orchestration.publisher(),
                topic=params["topic"],
                reason=params["reason"],
                is_dry=params["dry_run"],
                clock=utc_now,
            )
        finally:
            consumer.close()
        return asdict(replayed)

    replay()


replay_dead_letters()
