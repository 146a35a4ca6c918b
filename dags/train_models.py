"""### Train models.

Learns what each pharmacy will sell of each medicine: of several methods the best on past origins, for each class.

* **Runs** on Sundays at 03:30 UTC, and whenever somebody wants it.
* **May be run again** at any time: each run makes a new version. The same days give the same model.
* **Depends on it**: `forecast_stock`. Without it forecasts go on with the model in use, and say how old it is.
* **Urgent**: no. A model weeks old is a little worse, not wrong.

What changes **much** waits at the task `ask` for a person, under "Required Actions" and in a mail to every admin.
Until then, and for good after a no or after three days, forecasts go on with the model in use; the next training
waits. How: `docs/runbooks/forecasting.md`. Trees and an LSTM (`challenge`) are compared, never used.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from remedy import orchestration
from remedy.messages.model_question import ANSWERED_WITHIN
from remedy.orchestration import CHALLENGE_POOL, MODELS_TRAINED, TRAINING_POOL

YES, NO = "Put it in use", "Keep the model in use"


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
    def train() -> dict[str, Any]:
        """Compare and keep; put in use what changes little. The version and how it came off are the result."""
        from dataclasses import asdict

        from models import training

        try:
            made = training.train(orchestration.database(), orchestration.file_store())
        except training.NothingCounted as nothing:
            raise AirflowSkipException(str(nothing)) from None
        return asdict(made) | {"question": "\n\n".join((made.version, *made.reasons))}

    @task.short_circuit(pool=TRAINING_POOL)
    def changes_much(trained: dict[str, Any]) -> bool:
        """Whether a person is to be asked; without a reason nothing below runs."""
        return bool(trained["reasons"])

    @task(pool=TRAINING_POOL, outlets=[MODELS_TRAINED])
    def decide(version: str, answer: dict[str, Any]) -> str:
        """Do what was answered. Skipped when the model in use stays, and says why."""
        from models import promotion

        who = answer["responded_by_user"] or {}
        decision = promotion.decide(
            orchestration.database(),
            orchestration.file_store(),
            version,
            is_approved=answer["chosen_options"] == [YES],
            by=who.get("name"),
        )
        if not decision.is_in_use:
            raise AirflowSkipException(decision.sentence)
        return decision.sentence

    @task(pool=CHALLENGE_POOL, retries=1)
    def challenge(version: str) -> dict[str, Any]:
        """Compare the trees and the network with what is served; how far off each was is the result."""
        from models import challenge

        return challenge.run(orchestration.database(), version)

    trained = train()
    ask = HITLOperator(
        task_id="ask",
        subject="A new demand model changes much. Shall it be put in use?",
        body=trained["question"],
        options=[YES, NO],
        defaults=NO,
        response_timeout=ANSWERED_WITHIN,
        retries=10,  # An answer quicker than Airflow's scheduler is lost and asked for again: apache/airflow#71580.
        retry_delay=timedelta(seconds=5),
        doc_md="Waits for a person's word, three days at most; no answer is no.",
    )
    changes_much(trained) >> ask
    decide(trained["version"], ask.output)
    challenge(trained["version"])


train_models()
