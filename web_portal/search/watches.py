"""Being told when a medicine is back: a patient asks here, and a thread of the portal writes the mail.

The portal alone holds the keys that a patient's address needs. One worker looks at a time, every half minute, at the
stock itself; so it does not matter which road a change came by. A mail goes at least once: it is handed
over, then the watch is marked.
"""

import logging
import threading
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, redirect, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts import licences
from remedy.accounts.queries import contact
from remedy.catalogue import watches
from remedy.catalogue.watches import Due
from remedy.gateways.mysql import end_session, take_lock
from remedy.messages import service as messages
from remedy.stock import recalls
from remedy.stock.recalls import Untold
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import HandOver, Parts, parts, parts_of, to_the_server

log = logging.getLogger(__name__)
room = Blueprint("watches", __name__)
EXTENSION = "remedy_watchman"
EVERY_SECONDS = 30.0
LOCK = "remedy.watches"
LOCK_SECONDS = 2
"""Not at once: the server frees a lock only when it notices that the last look's session ended."""


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


class Watchman:
    """Looks who is to be told, and tells them."""

    def __init__(self, app: Flask, hand_over: HandOver | None = None) -> None:
        self._app = app
        self._here: Parts = parts_of(app)
        self.hand_over = hand_over or to_the_server(self._here.settings)

    def start(self) -> None:
        """Begin to look; called in the worker, as threads do not survive its fork."""
        threading.Thread(target=self._run, name="watchman", daemon=True).start()

    def look(self) -> int:
        """Tell whoever is due, unless another worker is at it; how many were told."""
        held = self._here.engine.connect()
        try:
            if not take_lock(held, LOCK, seconds=LOCK_SECONDS):
                return 0
            now = self._here.now()
            self._here.change(lambda c: watches.forget_old(c, now=now))
            due = self._here.read(lambda c: watches.due(c, now=now))
            changed = self._here.read(licences.untold)
            withdrawn = self._here.read(recalls.untold)
            told = [*map(self._tell, due), *map(self._tell_licence, changed)]
            return sum([*told, *map(self._tell_withdrawn, withdrawn)])
        finally:
            end_session(held)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY_SECONDS):
            try:
                self.look()
            except Exception as error:
                # Who waits goes on waiting; this thread must outlive a database.
                log.warning("who waits could not be looked at: %s", type(error).__name__)

    def _tell(self, one: Due) -> bool:
        here = self._here
        reached = here.read(lambda c: contact(c, here.vault, one.patient_id))
        if reached is not None:
            try:
                self.hand_over(reached.email, *self._words())
            except messages.NotSent as error:
                log.warning("who waits was not told, and is tried again: %s", error)
                return False
        # Told, or nobody is left to read it.
        here.change(lambda c: watches.was_told(c, one, now=here.now()))
        return reached is not None

    def _tell_licence(self, one: licences.Untold) -> bool:
        """Write to whom packs wait for at a pharmacy that was suspended, or is there again."""
        here = self._here
        reached = here.read(lambda c: contact(c, here.vault, one.patient_id))
        if reached is not None:
            try:
                self.hand_over(reached.email, *self._licence_words(one))
            except messages.NotSent as error:
                log.warning("a patient was not told of a licence, and is tried again: %s", error)
                return False
        here.change(lambda c: licences.was_told(c, one, clock=here.clock))
        return reached is not None

    def _licence_words(self, one: licences.Untold) -> tuple[str, str]:
        """Subject and text: where, and not what."""
        with self._app.app_context(), force_locale(self._here.region.languages[0]):
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

    def _tell_withdrawn(self, one: Untold) -> bool:
        here = self._here
        reached = here.read(lambda c: contact(c, here.vault, one.patient_id))
        if reached is not None:
            try:
                self.hand_over(reached.email, *self._withdrawn_words())
            except messages.NotSent as error:
                log.warning("whose hold is withdrawn was not told, and is tried again: %s", error)
                return False
        here.change(lambda c: recalls.was_told(c, one, now=here.now()))
        return reached is not None

    def _withdrawn_words(self) -> tuple[str, str]:
        """Subject and text: not which medicine, only where to read it."""
        address = self._here.settings.portal_url + self._app.url_map.bind("").build("search.holds")
        with self._app.app_context(), force_locale(self._here.region.languages[0]):
            return (
                _("What was set aside for you cannot be handed out"),
                _(
                    "The pharmacy had to take packs off its shelf that were set aside for you, and has no"
                    " others. We are sorry. Look for another pharmacy, or call this one: %(address)s",
                    address=address,
                ),
            )

    def _words(self) -> tuple[str, str]:
        """Subject and text: not which medicine, only where to read it."""
        path = self._app.url_map.bind("").build("watches.page")
        address = self._here.settings.portal_url + path
        with self._app.app_context(), force_locale(self._here.region.languages[0]):
            return (
                _("What you wait for is back"),
                _(
                    "A pharmacy has a medicine again that you asked to be told of. It may be gone again soon:"
                    " call the pharmacy or have packs set aside. See which, and where, at %(address)s",
                    address=address,
                ),
            )


def init_app(app: Flask) -> None:
    """Give the application its watchman; who serves it starts it."""
    app.extensions[EXTENSION] = Watchman(app)


def of(app: Flask) -> Watchman:
    """The watchman of an application."""
    found: Watchman = app.extensions[EXTENSION]
    return found
