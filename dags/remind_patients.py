"""### Remind patients.

Writes down which accepted visit is to be reminded of, when and by what (`out_reminder`), a day before it falls due. The
portal, which alone holds the keys to addresses and numbers, sends it, if the visit is still so by then; what became of
reminders is told here as counts.

* **Runs** every ten minutes.
* **May be run again** at any time: one row for a visit, its version and step.
* **Depends on it**: the portal's reminders. Without it for a day none is late; after that none is sent.
* **Urgent**: yes, after some hours. A warning that some were given up says why: see the page Pipeline.
"""

from datetime import timedelta

from airflow.sdk import dag, task

from remedy import orchestration
from remedy.orchestration import FIRST_DAY


@dag(
    schedule="*/10 * * * *",
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["upkeep", "tier/1"],
    doc_md=__doc__,
)
def remind_patients():
    """The DAG."""

    @task(execution_timeout=timedelta(minutes=5))
    def write_down_due() -> list[str]:
        """What falls due within a day; how many reminders were sent, wait, or were given up and why."""
        from remedy.pipeline import reminding
        from remedy.reminders.model import steps_of
        from remedy.values import utc_now

        told, database = orchestration.settings(), orchestration.database()
        steps = steps_of(told.reminders, has_sms=bool(told.sms_url))
        reminding.plan(database, steps, clock=utc_now)
        return reminding.tell(database)

    write_down_due()


remind_patients()
