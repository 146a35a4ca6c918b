"""### Forecast stock.

Foretells 28 days of demand per medicine and pharmacy with the model in use, and how long the stock lasts,
into `out_stock_forecast` and `out_stock_cover`.

* **Runs** after each count of demand and each training, and at 02:40 UTC in any case.
* **May be run again** at any time: each run replaces the forecast before in one transaction.
* **Depends on it**: the admins' forecast page and its export. When it stands still they show the last
  forecast and its age.
* **Urgent**: when it has failed for a day: shortages are then not foretold. See `docs/runbooks/forecasting.md`.

With no model in use yet it trains the first one. With nothing counted yet it skips, and says so.
"""

from datetime import timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from remedy import orchestration
from remedy.orchestration import (
    DEMAND_AGGREGATED,
    MODELS_TRAINED,
    STOCK_FORECAST,
    TRAINING_POOL,
)


@dag(
    schedule=AssetOrTimeSchedule(
        # No start date, and no run for the time before the DAG was there: nothing was counted yet.
        timetable=CronTriggerTimetable("40 2 * * *", timezone="UTC", run_immediately=timedelta(0)),
        assets=(DEMAND_AGGREGATED | MODELS_TRAINED),
    ),
    catchup=False,
    max_active_runs=1,
    default_args=orchestration.default_args,
    tags=["models", "tier/2"],
    doc_md=__doc__,
)
def forecast_stock():
    """The DAG."""

    @task(pool=TRAINING_POOL, outlets=[STOCK_FORECAST])
    def forecast() -> dict[str, str]:
        """Foretell and store; the version used and the first day are the result."""
        from models import forecasting
        from models.training import NothingCounted

        engine = orchestration.database()
        try:
            told = forecasting.forecast_with_a_model(engine, orchestration.file_store())
        except NothingCounted as nothing:
            raise AirflowSkipException(str(nothing)) from None
        finally:
            engine.dispose()
        return {
            "model_version": told.model_version,
            "first_day": told.first_day.isoformat(),
            "items": str(told.item_count),
        }

    forecast()


forecast_stock()
