"""A pharmacy's opening hours: patients read by them whether it is open, so its pharmacists keep them here."""

from datetime import time
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers.response import Response
from wtforms import TimeField
from wtforms.validators import Optional

from remedy.catalogue.hours import Hours
from remedy.catalogue.pharmacies import hours_of
from remedy.catalogue.service import set_hours
from web_portal import access
from web_portal.access import owners_only
from web_portal.forms import OnceForm, once
from web_portal.pages import render, weekday_name
from web_portal.parts import parts

room = Blueprint("hours", __name__, url_prefix="/pharmacy/hours")

WEEK = range(7)
STRETCHES = (1, 2)
"""A day with a pause at noon has two."""


def _field(weekday: int, stretch: int, which: str) -> str:
    return f"{which}_{weekday}_{stretch}"


class _Fields(OnceForm):
    """Each day's stretches; a time left out of a pair is said at the field that misses it."""

    def stretches(self) -> list[Hours]:
        """What the form tells, in the order of the week; what is wrong is said at its field.

        A stretch must end before the next one of its day begins; the last may end after midnight.
        """
        told: list[Hours] = []
        for weekday in WEEK:
            before: Hours | None = None
            for stretch in STRETCHES:
                opens = self[_field(weekday, stretch, "opens")]
                closes = self[_field(weekday, stretch, "closes")]
                if opens.errors or closes.errors:
                    continue
                if (opens.data is None) != (closes.data is None):
                    missing = opens if opens.data is None else closes
                    missing.errors = [_("Enter both times, or neither.")]
                elif opens.data is not None:
                    if before and not before.opens_at < before.closes_at <= opens.data:
                        opens.errors = [_("The second opening begins after the first has ended.")]
                    before = Hours(weekday, opens.data, closes.data)
                    told.append(before)
        return told


class ClockField(TimeField):
    """A time of day, and how to write it where it cannot be read."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the time."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Write the time like 08:30.")) from None


HoursForm = type(
    "HoursForm",
    (_Fields,),
    {
        _field(weekday, stretch, which): ClockField(words, [Optional()], format=["%H:%M", "%H.%M"])
        for weekday in WEEK
        for stretch in STRETCHES
        for which, words in (("opens", _l("Opens")), ("closes", _l("Closes")))
    },
)


@room.get("")
@owners_only
def page() -> Response:
    """The week as it is known."""
    pharmacy_id = access.pharmacy_id()
    known = parts().read(lambda c: hours_of(c, [pharmacy_id])).get(pharmacy_id, ())
    shown: MultiDict[str, str] = MultiDict()
    for weekday in WEEK:
        of_day = [one for one in known if one.weekday == weekday]
        for stretch, one in zip(STRETCHES, of_day, strict=False):
            shown[_field(weekday, stretch, "opens")] = _typed(one.opens_at)
            shown[_field(weekday, stretch, "closes")] = _typed(one.closes_at)
    return _page(200, HoursForm(formdata=shown), is_known=bool(known))


@room.post("")
@owners_only
def save() -> Response:
    """Put a week in place of the former one."""
    form, pharmacy_id = HoursForm(), access.pharmacy_id()
    is_read = form.validate()
    told = form.stretches()
    if not is_read or form.problems():
        return _page(422, form, is_known=True)

    def work(connection: sa.Connection) -> str:
        set_hours(connection, pharmacy_id, told)
        return url_for("hours.page", done="saved")

    return redirect(once(form, work), 303)


def _typed(at: time) -> str:
    return f"{at:%H:%M}"


def _page(status: int, form: Any, *, is_known: bool) -> Response:
    return render(
        "pharmacy/hours.html",
        status,
        form=form,
        is_known=is_known,
        days=[
            (
                weekday_name(day),
                [[form[_field(day, n, which)] for which in ("opens", "closes")] for n in STRETCHES],
            )
            for day in WEEK
        ],
    )
