"""### Aggregate weeks.

Sets each speciality's visits of a week beside what pharmacies sold in the week after, by ATC group, from the history in
HDFS into `agg_weekly_visit_demand`: one MapReduce job on YARN over both halves and all weeks that changed.

* **Runs** every morning. By hand: `from` and `to` (Mondays) narrow it, `again` also counts weeks that did not change.
* **May be run again** at any time: a week is replaced whole, in one transaction, and only when every landed row
  was counted or is in quarantine. With nothing changed it says so and starts no job.
* **Depends on it**: the dashboards' page "Visits and demand". Nobody waits for it.
* **Urgent**: no. It catches up by itself.
"""

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

from remedy import orchestration
from remedy.orchestration import COUNTING_POOL, FIRST_DAY

JOB = "mapreduce.visit_demand:MRVisitDemand"
DAY = {"type": ["null", "string"], "format": "date"}


@dag(
    schedule="47 4 * * *",
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["mapreduce", "tier/3"],
    doc_md=__doc__,
    params={
        "from": Param(None, **DAY),
        "to": Param(None, **DAY),
        "again": Param(False, type="boolean"),
    },
)
def aggregate_weeks():
    """The DAG."""

    @task(pool=COUNTING_POOL, execution_timeout=timedelta(hours=2))
    def count() -> int:
        """Count the weeks that need it on YARN and load them; how many they were."""
        from collections.abc import Sequence

        from mapreduce.landed_lines import Wanted
        from mapreduce.runner import Hadoop, run
        from remedy.pipeline.aggregates import Asked, Plan, aggregate
        from remedy.pipeline.landing_rows import read_zones
        from remedy.pipeline.week_ahead import WEEKS, groups_of, plan_weeks, wanted_days
        from remedy.values import utc_now

        hadoop = Hadoop(**orchestration.hadoop())
        owner = f"aggregate_weeks {orchestration.run_id()}"
        engine = orchestration.database()
        zones = read_zones(engine, orchestration.time_zone())
        with engine.connect() as connection:
            groups = groups_of(connection)

        def count_on_yarn(plan: Plan, inputs: Sequence[str], output: str) -> str:
            doubted = map(str, plan.quarantined)
            wanted = Wanted.of(wanted_days(plan), doubted, zones=zones, groups=groups)
            told = run(JOB, inputs, output, wanted=wanted, owner=owner, hadoop=hadoop)
            return told.application_id

        done = aggregate(
            engine, orchestration.file_store(), zones, count_on_yarn,
            asked=Asked.of({"include_open": False, **get_current_context()["params"]}),
            run_id=orchestration.run_id(),
            clock=utc_now,
            subject=WEEKS,
            planned=plan_weeks,
        )  # fmt: skip
        return len(done.days)

    orchestration.check() >> count()


aggregate_weeks()
