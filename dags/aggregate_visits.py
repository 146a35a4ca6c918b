"""### Aggregate visits.

Counts requests, answers, waiting times, cancellations, missed visits and the use of each doctor's hours, and visits
that were brought in from a file, from the history in HDFS into `agg_daily_*` and `agg_hourly_*`: one MapReduce job on
YARN over all days that changed. How much time doctors offered is measured from their calendars when a day is over.

* **Runs** every hour. By hand: `from` and `to` (days) narrow where it begins, `include_open` also counts today as far
  as it has landed, `again` also counts days that did not change. Days after the first one counted are counted too.
* **May be run again** at any time: a day is replaced whole, in one transaction, and only when every landed row
  was counted or is in quarantine. With nothing changed it says so and starts no job.
* **Depends on it**: the pages on visits and on the use of hours. When it stands still they show the last count and its age.
* **Urgent**: when it has failed for a day. A failure to reconcile names the days and the numbers.
"""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

from remedy import orchestration
from remedy.orchestration import COUNTING_POOL, FIRST_DAY, VISITS_AGGREGATED

JOB = "mapreduce.visits:MRVisits"
DAY = {"type": ["null", "string"], "format": "date"}


@dag(
    schedule="37 * * * *",
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
def aggregate_visits():
    """The DAG."""

    @task(pool=COUNTING_POOL, execution_timeout=timedelta(hours=2), outlets=[VISITS_AGGREGATED])
    def count() -> int:
        """Count the days that need it on YARN and load them; how many they were."""
        from collections.abc import Sequence

        from mapreduce.landed_lines import Wanted
        from mapreduce.runner import Hadoop, run
        from remedy.pipeline.aggregates import Asked, Plan, aggregate
        from remedy.pipeline.landing_rows import read_zones
        from remedy.pipeline.visit_counts import VISITS, plan_visits
        from remedy.values import utc_now

        hadoop = Hadoop(**orchestration.hadoop())
        owner = f"aggregate_visits {orchestration.run_id()}"
        engine = orchestration.database()
        zones = read_zones(engine, orchestration.time_zone())

        def count_on_yarn(plan: Plan, inputs: Sequence[str], output: str) -> str:
            wanted = Wanted.of(plan.wanted_days(), map(str, plan.quarantined), zones=zones)
            told = run(JOB, inputs, output, wanted=wanted, owner=owner, hadoop=hadoop)
            return told.application_id

        done = aggregate(
            engine, orchestration.file_store(), zones, count_on_yarn,
            asked=Asked.of(get_current_context()["params"]),
            run_id=orchestration.run_id(),
            clock=utc_now,
            subject=VISITS,
            planned=plan_visits,
        )  # fmt: skip
        return len(done.days)

    @task(pool=COUNTING_POOL)
    def measure() -> int:
        """Write down how much time doctors offered on the days that ended; how many they were."""
        from remedy.pipeline.landing_rows import read_zones
        from remedy.pipeline.offered_hours import measure as measure_hours
        from remedy.values import utc_now

        engine = orchestration.database()
        return measure_hours(engine, read_zones(engine, orchestration.time_zone()), clock=utc_now)

    measure() >> orchestration.check() >> count()


aggregate_visits()
