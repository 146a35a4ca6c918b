"""### Aggregate demand.

Counts what was sold, refused and searched for, what lay on the shelves and at which price, per day, from the history
in HDFS into `agg_daily_*`: one MapReduce job on YARN over all days that changed.

* **Runs** every hour. By hand: `from` and `to` (days) narrow it, `include_open` also counts today as far as
  it has landed, `again` also counts days that did not change.
* **May be run again** at any time: a day is replaced whole, in one transaction, and only when every landed row
  was counted or is in quarantine. With nothing changed it says so and starts no job.
* **Depends on it**: forecasts and the demand pages. When it stands still they show the last count and its age.
* **Urgent**: when it has failed for a day. A failure to reconcile names the days and the numbers.
"""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from remedy import orchestration
from remedy.orchestration import COUNTING_POOL, DEMAND_AGGREGATED, FIRST_DAY

JOB = "mapreduce.daily_demand:MRDailyDemand"
DAY = {"type": ["null", "string"], "format": "date"}


@dag(
    schedule="7 * * * *",
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["mapreduce", "tier/2"],
    doc_md=__doc__,
    params={
        "from": Param(None, **DAY),
        "to": Param(None, **DAY),
        "include_open": Param(False, type="boolean"),
        "again": Param(False, type="boolean"),
    },
)
def aggregate_demand():
    """The DAG."""

    @task(pool=COUNTING_POOL, execution_timeout=timedelta(hours=2))
    def count() -> int:
        """Count the days that need it on YARN and load them; how many they were."""
        from collections.abc import Sequence

        from mapreduce.landed_lines import Wanted
        from mapreduce.runner import Hadoop, run
        from remedy.pipeline.aggregates import Asked, Plan, aggregate
        from remedy.pipeline.landing_rows import read_zones
        from remedy.values import utc_now

        hadoop = Hadoop(**orchestration.hadoop())
        run_id = orchestration.run_id()
        owner = f"aggregate_demand {run_id}"

        def count_on_yarn(plan: Plan, inputs: Sequence[str], output: str) -> str:
            wanted = Wanted.of(plan.wanted_days(), map(str, plan.quarantined), plan.names)
            return run(
                JOB, inputs, output, wanted=wanted, owner=owner, hadoop=hadoop
            ).application_id

        engine = orchestration.database()
        done = aggregate(
            engine,
            orchestration.file_store(),
            read_zones(engine, orchestration.time_zone()),
            count_on_yarn,
            asked=Asked.of(get_current_context()["params"]),
            run_id=run_id,
            clock=utc_now,
        )
        return len(done.days)

    @task(outlets=[DEMAND_AGGREGATED])
    def announce(days: int) -> None:
        """Tell what depends on it, when there is something new."""
        if not days:
            raise AirflowSkipException("No day was counted: nothing new to tell.")

    counted = count()
    orchestration.check() >> counted
    announce(counted)


aggregate_demand()
