"""A trained demand model that waits for a person's word: what is asked, until when, and one mail to every admin.

The training asks in Airflow (decision 0021), where nobody looks on a Sunday. What is asked is read from its row, so that
however often a task of Airflow is tried again there is one question to a version, and one mail about it to each admin.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa

from remedy import owed
from remedy.accounts.queries import admins
from remedy.accounts.repeats import answer_once
from remedy.schema.pipeline import model_run
from remedy.values import Clock

ANSWERED_WITHIN = timedelta(days=3)
"""An answer that has not come by then is a no."""
ASKED_AT = "/dags/train_models/required_actions"
"""Where Airflow asks, below its address."""


@dataclass(frozen=True)
class Question:
    """A version that waits: what changes most, in a sentence, and until when an answer counts."""

    version: str
    change: str
    until: datetime

    @property
    def about(self) -> UUID:
        """What a mail about it is about; a version has a name and no public id."""
        return uuid5(NAMESPACE_URL, f"remedy://models/{self.version}")


def asked(connection: sa.Connection, *, now: datetime) -> list[Question]:
    """What waits for an answer that can still come in time: nothing, or one version."""
    rows = connection.execute(
        sa.select(model_run.c.version, model_run.c.proposal, model_run.c.trained_at).where(
            model_run.c.is_proposed, model_run.c.trained_at > now - ANSWERED_WITHIN
        )
    )
    return [
        Question(row.version, row.proposal.splitlines()[0], row.trained_at + ANSWERED_WITHIN)
        for row in rows
    ]


def tell_admins(connection: sa.Connection, question: Question, *, clock: Clock) -> bool:
    """Owe every admin a mail about a question; False if that was done before."""
    is_new = False

    def owe() -> tuple[int, str]:
        nonlocal is_new
        is_new = True
        owed.owe(connection, "model_question", question.about, *admins(connection), now=clock())
        return 200, ""

    version = question.version
    answer_once(
        connection, scope="admins", route="model_question", key=version, body=version,
        work=owe, clock=clock,
    )  # fmt: skip
    return is_new


def of_mail(connection: sa.Connection, about: UUID, *, now: datetime) -> Question | None:
    """The question that a mail is about; None where it was answered, or nobody waits for the answer any more."""
    return next((one for one in asked(connection, now=now) if one.about == about), None)
