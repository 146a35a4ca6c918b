"""### Forecast stock.

Foretells 28 days of demand per medicine and pharmacy with the model in use, and how long the stock lasts,
into `out_stock_forecast` and `out_stock_cover`; then what follows for each pharmacy: what runs out before the next
delivery, what to order, to hand over, what will be left at its expiry, and how the pharmacy does (`out_stock_risk`,
`out_reorder`, `out_transfer`, `out_expiring_lot`, `out_pharmacy_item`, `out_pharmacy_figure`).

What was told before of days that have closed since is scored first (`forecast_score`), and the scores are held against
what the training promised (`forecast_drift`).

* **Runs** after each count of demand and each training, and at 02:40 UTC in any case.
* **May be run again** at any time: each run replaces the forecast before in one transaction, and the advice in another.
* **Depends on it**: the admins' pages on forecasts, shortages and orders, the pharmacists' page "My pharmacy" and
  their shortage notices. When it stands still they show the last forecast and its age; on old advice no notice is sent.
* **Urgent**: when it has failed for a day: shortages are then not foretold. See `docs/runbooks/forecasting.md`.

A forecast that drifts is no failure: `watch_drift` says so in its result and its log, and training again helps.
With no model in use yet it trains the first one. With nothing counted yet it skips, and says so.
"""

from datetime import timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task

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
        """Score what was told before, foretell and store; the version used and the first day are the result."""
        from models import forecasting
        from models.training import NothingCounted

        with orchestration.database_or_skip(NothingCounted) as engine:
            told = forecasting.forecast_with_a_model(engine, orchestration.file_store())
        return {
            "model_version": told.model_version,
            "first_day": told.first_day.isoformat(),
            "items": str(told.item_count),
        }

    @task(pool=TRAINING_POOL)
    def advise() -> dict[str, int]:
        """Advise every pharmacy from what was foretold; how many items, orders and transfers are the result."""
        from models import stock_advice
        from models.advice_data import NothingForetold

        with orchestration.database_or_skip(NothingForetold) as engine:
            told = stock_advice.advise(engine, orchestration.file_store())
        return {
            "items": told.item_count,
            "orders": told.order_count,
            "transfers": told.transfer_count,
            "pharmacies": told.pharmacy_count,
        }

    @task(pool=TRAINING_POOL)
    def watch_drift() -> dict[str, object]:
        """Hold recent forecasts against what the training promised; a sentence for each drift is the result."""
        from models import drift_watch
        from models.registry import NoModel

        with orchestration.database_or_skip(NoModel) as engine:
            found = drift_watch.watch(engine)
        return {"days": found.day_count, "drifts": list(found.sentences)}

    forecast() >> [advise(), watch_drift()]


forecast_stock()
