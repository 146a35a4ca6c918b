"""Who waits, for admins and for the doctor waited for; an admin takes somebody off the list, with a note."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts.queries import contact
from remedy.appointments import waiting_staff
from remedy.appointments.model import Refused
from remedy.appointments.waiting_staff import SHOWN_AT_MOST, Waiter, Wanted
from web_portal import access, postman
from web_portal.access import requires
from web_portal.forms import once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.waiting.forms import RemoveForm

room = Blueprint("waiters", __name__, template_folder="templates", url_prefix="/admin/waiting")


@room.get("")
@requires("admin", "doctor")
def page() -> Response:
    """Who waits, by doctor and speciality; a doctor sees their own. No names of patients here."""
    who = access.signed_in()
    own = who.doctor_id if who.role == "doctor" else None
    everybody = parts().read(lambda c: waiting_staff.waiters(c, of_doctor=own))
    wanted = _wanted()
    found = [one for one in everybody if wanted.holds(one)]
    return render(
        "waiting/staff.html",
        groups=_groups(found[:SHOWN_AT_MOST]),
        count=len(found),
        shown=min(len(found), SHOWN_AT_MOST),
        is_empty=not everybody,
        wanted=wanted,
        specialities=sorted({one.speciality for one in everybody}),
        doctors=sorted(
            {(one.doctor_name, str(one.doctor_id)) for one in everybody if one.doctor_name}
        ),
        time_zone=parts().region.time_zone,
    )


@room.get("/<uuid:entry_id>")
@requires("admin")
def one(entry_id: UUID) -> Response:
    """One who waits, whom to telephone, and the form to take them off the list."""
    return _one_page(_waiter(entry_id), RemoveForm(formdata=None), 200)


@room.post("/<uuid:entry_id>/remove")
@requires("admin")
def remove(entry_id: UUID) -> Response:
    """Take somebody off the list; they get a mail, and read the note in the portal."""
    here, form, account_id = parts(), RemoveForm(), access.signed_in().account_id
    found = _waiter(entry_id)
    if not found.waits:
        # The page has no form any more: what is wrong with it leads nowhere.
        gone = _("This patient does not wait there any more; nothing was changed.")
        return _one_page(found, RemoveForm(formdata=None), 409, refusal=gone)
    if not form.validate():
        return _one_page(found, form, 422)

    def work(connection: sa.Connection) -> str:
        waiting_staff.remove(
            connection,
            here.vault,
            entry_id=entry_id,
            note=form.note.data or "",
            removed_by=account_id,
            clock=here.clock,
        )
        return url_for("waiters.page", changed="removed")

    try:
        address = once(form, work)
    except Refused as refusal:
        return _one_page(_waiter(entry_id), form, 409, refusal=str(refusal))
    postman.wake()
    return redirect(address, 303)


def _one_page(
    found: Waiter, form: RemoveForm, status: int, *, refusal: str | None = None
) -> Response:
    here = parts()
    return render(
        "waiting/staff_one.html",
        status,
        one=found,
        patient=here.read(lambda c: contact(c, here.vault, found.patient_id)),
        form=form,
        refusal=refusal,
        time_zone=here.region.time_zone,
    )


def _waiter(entry_id: UUID) -> Waiter:
    found = parts().read(lambda c: waiting_staff.waiter(c, entry_id))
    if found is None:
        abort(404)
    return found


def _wanted() -> Wanted:
    """What the address asks for; what is none counts for all."""
    try:
        doctor_id = UUID(request.args.get("doctor", ""))
    except ValueError:
        doctor_id = None
    return Wanted(request.args.get("speciality", ""), doctor_id, request.args.get("urgency", ""))


def _groups(found: list[Waiter]) -> list[dict[str, Any]]:
    """Who waits for the same, together, in the order they come in."""
    groups: dict[tuple[str, UUID | None], list[Waiter]] = {}
    for one in found:
        groups.setdefault((one.speciality, one.doctor_id), []).append(one)
    return [
        {"speciality": speciality, "doctor_name": those[0].doctor_name, "those": those}
        for (speciality, _doctor_id), those in groups.items()
    ]
