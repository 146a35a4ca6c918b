"""A patient says whether they want some kind of mail: the form, and what becomes of it."""

from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from flask import abort, redirect, url_for
from werkzeug.wrappers.response import Response
from wtforms import HiddenField
from wtforms.validators import AnyOf

from remedy.values import Clock
from web_portal import access
from web_portal.forms import OnceForm, once
from web_portal.parts import parts


class ChoiceForm(OnceForm):
    """Whether they are wanted."""

    is_wanted = HiddenField(validators=[AnyOf(("yes", "no"))])


class Choose(Protocol):
    """How the core is told."""

    def __call__(
        self, connection: sa.Connection, patient_id: UUID, *, is_wanted: bool, clock: Clock
    ) -> None:
        """Keep the choice."""


def chosen(choose: Choose, page: str) -> Response:
    """Keep what the form says of the patient who sends it, and show the page again."""
    here, patient_id, form = parts(), access.patient_id(), ChoiceForm()
    if not form.validate():
        abort(400)

    def work(connection: sa.Connection) -> str:
        choose(connection, patient_id, is_wanted=form.is_wanted.data == "yes", clock=here.clock)
        return url_for(page, done="saved")

    return redirect(once(form, work), 303)
