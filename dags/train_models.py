"""### Train models.

Learns how much of each medicine each pharmacy will sell, from every closed day counted so far: ridge
regression, a 28-day mean and last week again are compared on past origins, and the best is put in use.

* **Runs** on Sundays at 03:30 UTC, and whenever somebody wants it.
* **May be run again** at any time: each run makes a new version and puts it in use in one transaction. The
  same days give the same model. To go back: put an older version's name in `champion_of` of `model_run`.
* **Depends on it**: `forecast_stock`. Without it forecasts go on with the model in use, and say how old it is.
* **Urgent**: no. A model weeks old is a little worse, not wrong.

With nothing counted yet it skips, and says so.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from remedy import orchestration
from remedy.orchestration import MODELS_TRAINED, TRAINING_POOL


@dag(
    # No start date, and no run for the time before the DAG was there: it would find nothing to learn from.
    schedule=CronTriggerTimetable("30 3 * * 0", timezone="UTC", run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["models", "tier/3"],
    doc_md=__doc__,
)
def train_models():
    """The DAG."""

    @task(pool=TRAINING_POOL, outlets=[MODELS_TRAINED])
    def train() -> dict[str, object]:
        """Compare, keep, put in use; the version and how it came off are the result."""
        from dataclasses import asdict

        from models import training

        engine = orchestration.database()
        try:
            return asdict(training.train(engine, orchestration.file_store()))
        except training.NothingCounted as nothing:
            raise AirflowSkipException(str(nothing)) from None
        finally:
            engine.dispose()

    train()


train_models()
