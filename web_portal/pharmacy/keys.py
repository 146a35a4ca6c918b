"""The keys of a pharmacy's tills: made here, shown once, revoked here."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from werkzeug.wrappers.response import Response

from remedy.accounts import keys
from remedy.accounts.model import Refused
from remedy.schema.people import api_key
from remedy.schema.pharmacy import pharmacy
from web_portal import access
from web_portal.access import owners_only
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy.forms import KeyForm

room = Blueprint("till_keys", __name__, url_prefix="/pharmacy/keys")


@room.get("")
@owners_only
def page() -> Response:
    """The pharmacy's keys, by what they are for; never the keys themselves."""
    return _page(200, KeyForm(formdata=None))


@room.post("")
@owners_only
def new() -> Response:
    """Make a key. It is in this one answer and nowhere else, so this answer is not kept for a repeat."""
    here, form, pharmacy_id = parts(), KeyForm(), access.pharmacy_id()
    if not form.validate():
        return _page(422, form)
    try:
        key = here.change(
            lambda c: keys.new_api_key(c, pharmacy_id, form.label.data, clock=here.clock)
        )
    except Refused as refusal:
        form.refuse("label", str(refusal))
        return _page(422, form)
    return _page(200, KeyForm(formdata=None), key=key)


@room.post("/<uuid:key_id>/revoke")
@owners_only
def revoke(key_id: UUID) -> Response:
    """End a key for good."""
    here, form = parts(), OnceForm()
    if key_id not in {row.public_id for row in _keys()}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        # Revoked before, in another window: the page shows it so, and nothing is left to do.
        with suppress(Refused):
            keys.revoke_api_key(connection, key_id, clock=here.clock)
        return url_for("till_keys.page", done="revoked")

    return redirect(once(form, work), 303)


def _page(status: int, form: KeyForm, key: str = "") -> Response:
    return render(
        "pharmacy/keys.html", status, keys=_keys(), form=form, key=key,
        revoke=OnceForm(formdata=None),
    )  # fmt: skip


def _keys() -> list[Any]:
    pharmacy_id = access.pharmacy_id()
    query = (
        sa.select(api_key.c.public_id, api_key.c.label, api_key.c.created_at, api_key.c.revoked_at)
        .join_from(api_key, pharmacy)
        .where(pharmacy.c.public_id == pharmacy_id)
        .order_by(api_key.c.revoked_at.is_not(None), api_key.c.id)
    )
    return list(parts().read(lambda c: list(c.execute(query))))
