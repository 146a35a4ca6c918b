"""Shortage notices: what patients who take a medicine can be told of, what they would read, and the pharmacist's decision."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import BooleanField, Field, HiddenField, StringField, TextAreaField
from wtforms.validators import AnyOf, ValidationError

from remedy.catalogue.offers import Offers, offers_near
from remedy.catalogue.pharmacies import pharmacy_of
from remedy.catalogue.queries import alternatives, medicine
from remedy.catalogue.substitution import may_be_replaced
from remedy.notices import queries, service
from remedy.notices.model import (
    LEAST_CHANCE,
    NOTE_AT_MOST,
    QUIET,
    REASON_AT_MOST,
    Changed,
    Item,
    why_not,
)
from remedy.stock.model import Refused
from remedy.values import local_day
from web_portal import access, postman
from web_portal.access import requires
from web_portal.forms import OnceForm, once, text_between
from web_portal.notice_text import NoticeText, in_ten
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy.advice import DELIVERY_WORDS, about, chance_of, percent
from web_portal.pharmacy.advice_queries import empty_since, expected_before
from web_portal.translations.core_sentences import said

room = Blueprint("notices", __name__, url_prefix="/pharmacy/notices")

NEAR_SHOWN = 3


class NoticeForm(OnceForm):
    """The decision; `seen` is the mark of the notice that was read."""

    decision = HiddenField(validators=[AnyOf(("look", "send", "dismiss"))])
    seen = HiddenField()
    note = TextAreaField(
        _l("Your own words (optional)"),
        [text_between(0, NOTE_AT_MOST, _l("Your own words may have at most 300 letters."))],
    )
    is_read = BooleanField(_l("I have read what the patients will read"))
    reason = StringField(
        _l("Why nobody is told"),
        [text_between(0, REASON_AT_MOST, _l("A reason has at most 500 letters."))],
    )

    def validate_is_read(self, field: Field) -> None:
        """Nothing goes out that nobody has read."""
        if self.decision.data == "send" and not field.data:
            raise ValidationError(_("Tick that you have read what the patients will read."))

    def validate_reason(self, field: Field) -> None:
        """Colleagues read why."""
        if self.decision.data == "dismiss" and not (field.data or "").strip():
            raise ValidationError(_("Say why nobody is told; your colleagues read it."))


@room.get("")
@requires("pharmacist")
def page() -> Response:
    """The items for which a notice can be sent, and what was decided."""
    here, pharmacy_id = parts(), access.pharmacy_id()

    def look(connection: sa.Connection) -> dict[str, Any]:
        offered = queries.offered(connection, pharmacy_id, now=here.now())
        empty = [one.medicine_id for one in offered if one.is_out]
        return {
            "offered": offered,
            "empty_since": empty_since(connection, pharmacy_id, empty),
            "decided": queries.decided(connection, pharmacy_id),
        }

    return render(
        "pharmacy/notices.html", percent=percent, chance_of=chance_of, delivery_words=DELIVERY_WORDS, least=LEAST_CHANCE,
        quiet_days=QUIET.days, **here.read(look),
    )  # fmt: skip


@room.get("/<uuid:medicine_id>")
@requires("pharmacist")
def one(medicine_id: UUID) -> Response:
    """One item: how it stands, what else can be done, what the patients would read."""
    return _page(200, medicine_id, NoticeForm(formdata=None))


@room.post("/<uuid:medicine_id>")
@requires("pharmacist")
def decide(medicine_id: UUID) -> Response:
    """Send or dismiss; of two pharmacists who do, one wins and the other reads who did what."""
    form = NoticeForm()
    if not form.validate():
        return _page(422, medicine_id, form)
    if form.decision.data == "look":
        return _page(200, medicine_id, form)
    here, pharmacy_id, account_id = parts(), access.pharmacy_id(), access.signed_in().account_id

    def work(connection: sa.Connection) -> str:
        told: dict[str, Any] = {"decided_by": account_id, "clock": here.clock}
        if form.decision.data == "send":
            service.send(
                connection, here.vault, pharmacy_id, medicine_id, seen=form.seen.data or "",
                note=form.note.data or "", **told,
            )  # fmt: skip
            return url_for("notices.page", done="notice-sent")
        service.dismiss(connection, pharmacy_id, medicine_id, reason=form.reason.data or "", **told)
        return url_for("notices.page", done="notice-dismissed")

    try:
        address = once(form, work)
    except Changed as refusal:
        return _page(409, medicine_id, form, str(refusal))
    except Refused as refusal:
        return _page(422, medicine_id, form, f"{said(str(refusal))} {_('Nobody was written to.')}")
    # The mails are owed since the commit; this only spares the patients the wait.
    postman.wake()
    return redirect(address, 303)


def _page(status: int, medicine_id: UUID, form: NoticeForm, refusal: str = "") -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    found = here.read(lambda c: medicine(c, medicine_id))
    if found is None:
        abort(404)

    def look(connection: sa.Connection) -> dict[str, Any]:
        item = queries.item(connection, pharmacy_id, medicine_id, now=here.now())
        place = pharmacy_of(connection, pharmacy_id)
        if item is None or place is None:
            return {"item": None}
        near = (place.latitude, place.longitude)
        today = local_day(here.now(), place.time_zone)
        having = offers_near(
            connection, medicine_id, near=near, now=here.now(), limit=NEAR_SHOWN + 1
        )
        same = alternatives(
            connection, found, near=near, now=here.now(), limit=NEAR_SHOWN, offers_of_each=1
        )
        return {
            "item": item,
            "place": place,
            "why_not": why_not(item, today=today, now=here.now()),
            "empty_since": empty_since(connection, pharmacy_id, [medicine_id]).get(medicine_id),
            "expected_milli": expected_before(
                connection, pharmacy_id, medicine_id, today, item.next_delivery_on
            ),
            "is_decided": item.was_decided_lately(here.now()),
            "having": _others(having, pharmacy_id),
            "same": [(other, some.shown[0]) for other, some in same],
        }

    looked = here.read(look)
    if looked["item"] is None:
        return render(
            "pharmacy/notice.html", status, found=found, item=None, form=form, refusal=refusal
        )
    note = (form.note.data or "").strip()
    item: Item = looked["item"]
    text = NoticeText(
        item.label, medicine_id, pharmacy_id, looked["place"].name, looked["place"].phone or "",
        looked["place"].time_zone, item.runs_out, item.next_delivery_on,
        item.delivery_from, item.is_out, may_be_replaced(found), note, access.signed_in().name or "",
        here.now(),
    )  # fmt: skip
    return render(
        "pharmacy/notice.html", status, found=found, form=form, refusal=refusal, text=text,
        seen=item.mark(note), chance_of=chance_of, in_ten=in_ten, delivery_words=DELIVERY_WORDS,
        about=about, quiet_days=QUIET.days, **looked,
    )  # fmt: skip


def _others(having: Offers, pharmacy_id: UUID) -> list[Any]:
    """Who else has it, the nearest first."""
    return [offer for offer in having.shown if offer.has_it and offer.pharmacy_id != pharmacy_id][
        :NEAR_SHOWN
    ]
