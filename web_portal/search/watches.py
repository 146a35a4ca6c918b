"""Being told when a medicine is back: a patient asks here, and a thread of the portal writes the mail.

The portal alone holds the keys that a patient's address needs. One worker looks at a time, every half minute, at the
stock itself; so it does not matter which road a change came by. A mail goes at least once: it is handed
over, then the watch is marked.
"""

from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts import licences
from remedy.catalogue import watches
from remedy.catalogue.watches import Due
from remedy.stock import recalls
from remedy.stock.recalls import Untold
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.rounds import Writer

room = Blueprint("watches", __name__)
EXTENSION = "remedy_watchman"
LOCK = "remedy.watches"


@room.get("/watches")
@requires("patient")
def page() -> Response:
    """What a patient waits for."""
    here, patient_id = parts(), access.patient_id()
    found = here.read(lambda c: watches.watches_of(c, patient_id, now=here.now()))
    return render("search/watches.html", watches=found, form=OnceForm(formdata=None))


@room.post("/medicines/<uuid:medicine_id>/watch")
@requires("patient")
def begin(medicine_id: UUID) -> Response:
    """Have oneself told when a pharmacy has it again."""
    here, patient_id = parts(), access.patient_id()

    def work(connection: sa.Connection) -> str:
        watches.watch(connection, patient_id, medicine_id, clock=here.clock)
        return url_for("watches.page", done="watching")

    try:
        return redirect(once(OnceForm(), work), 303)
    except LookupError:
        abort(404)


@room.post("/medicines/<uuid:medicine_id>/watch/end")
@requires("patient")
def end(medicine_id: UUID) -> Response:
    """Wait no longer."""
    patient_id = access.patient_id()

    def work(connection: sa.Connection) -> str:
        watches.unwatch(connection, patient_id, medicine_id)
        return url_for("watches.page", done="unwatched")

    return redirect(once(OnceForm(), work), 303)


class Watchman(Writer):
    """Looks who is to be told, and tells them."""

    name = "watchman"
    every_seconds = 30.0

    def look(self) -> int:
        """Tell whoever is due, unless another worker is at it; how many were told."""
        here = self._here
        with self._alone(LOCK) as is_alone:
            if not is_alone:
                return 0
            now = here.now()
            here.change(lambda c: watches.forget_old(c, now=now))
            due = here.read(lambda c: watches.due(c, now=now))
            changed = here.read(licences.untold)
            withdrawn = here.read(recalls.untold)
            told = [*map(self._tell, due), *map(self._tell_licence, changed)]
            return sum([*told, *map(self._tell_withdrawn, withdrawn)])

    def _tell(self, one: Due) -> bool:
        return self._write(
            one.patient_id, self._words, lambda c: watches.was_told(c, one, now=self._here.now())
        )

    def _tell_licence(self, one: licences.Untold) -> bool:
        """Write to whom packs wait for at a pharmacy that was suspended, or is there again."""
        return self._write(
            one.patient_id,
            lambda: self._licence_words(one),
            lambda c: licences.was_told(c, one, clock=self._here.clock),
        )

    def _tell_withdrawn(self, one: Untold) -> bool:
        return self._write(
            one.patient_id,
            self._withdrawn_words,
            lambda c: recalls.was_told(c, one, now=self._here.now()),
        )

    def _licence_words(self, one: licences.Untold) -> tuple[str, str]:
        """Subject and text: where, and not what."""
        if one.became == licences.SUSPENDED:
            return (
                _("Do not go to %(pharmacy)s", pharmacy=one.pharmacy_name),
                _(
                    "You had something set aside or ordered at %(pharmacy)s. That pharmacy is suspended for"
                    " now: it cannot hand anything out. Find another pharmacy at %(address)s",
                    pharmacy=one.pharmacy_name,
                    address=self._here.settings.portal_url,
                ),
            )
        return (
            _("%(pharmacy)s is open to you again", pharmacy=one.pharmacy_name),
            _(
                "What you had set aside or ordered at %(pharmacy)s can be collected again, as long as it says"
                " so at %(address)s",
                pharmacy=one.pharmacy_name,
                address=self._here.settings.portal_url,
            ),
        )

    def _withdrawn_words(self) -> tuple[str, str]:
        """Subject and text: not which medicine, only where to read it."""
        return (
            _("What was set aside for you cannot be handed out"),
            _(
                "The pharmacy had to take packs off its shelf that were set aside for you, and has no"
                " others. We are sorry. Look for another pharmacy, or call this one: %(address)s",
                address=self._address("search.holds"),
            ),
        )

    def _words(self) -> tuple[str, str]:
        """Subject and text: not which medicine, only where to read it."""
        return (
            _("What you wait for is back"),
            _(
                "A pharmacy has a medicine again that you asked to be told of. It may be gone again soon:"
                " call the pharmacy or have packs set aside. See which, and where, at %(address)s",
                address=self._address("watches.page"),
            ),
        )


def init_app(app: Flask) -> None:
    """Give the application its watchman; who serves it starts it."""
    app.extensions[EXTENSION] = Watchman(app)


def of(app: Flask) -> Watchman:
    """The watchman of an application."""
    found: Watchman = app.extensions[EXTENSION]
    return found
