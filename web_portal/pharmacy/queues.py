"""What a stock-keeper has to look at: counts wanted, lots near their date, medicines below their levels."""

from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response

from remedy.stock import queries, service
from remedy.stock.lot_queries import SHOWN, lots_near_expiry
from remedy.stock.model import Line, Refused
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, PacksField, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy.forms import VersionedForm, first_error

room = Blueprint("queues", __name__, url_prefix="/pharmacy")

DAYS = 90
MOST_DAYS = 3650
ROWS_SHOWN = 200


class LevelField(PacksField):
    """A level in packs; left empty, none is kept."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Nothing typed is no level."""
        if valuelist and not valuelist[0].strip():
            self.data = None
            return
        super().process_formdata(valuelist)


class LevelsForm(VersionedForm):
    """Below which amounts a medicine is too few, and is to be ordered."""

    minimum = LevelField(_l("Minimum"), zero=True)
    reorder = LevelField(_l("Order again below"), zero=True)


class CountForm(VersionedForm):
    """Everything on the shelf of one medicine."""

    packs = PacksField(_l("Packs"), zero=True)


@room.get("/counts")
@requires("pharmacist")
def counts() -> Response:
    """The medicines that wait for a count: more of them was sold than the stock held."""
    return _counts_page(200)


@room.post("/counts/<uuid:medicine_id>")
@requires("pharmacist")
def count(medicine_id: UUID) -> Response:
    """Everything that is on the shelf of one medicine."""
    here, form = parts(), CountForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    if not form.validate():
        return _counts_page(422, form, medicine_id)

    def work(connection: sa.Connection) -> str:
        service.record_movement(
            connection,
            pharmacy_id,
            Line("counted", medicine_id, form.packs.data, here.now()),
            account_id=account_id,
            expected_version=form.expected_version,
            clock=here.clock,
        )
        return url_for("queues.counts", done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refused:
        return _counts_page(422, form, medicine_id, str(refused))


def _counts_page(
    status: int,
    form: CountForm | None = None,
    medicine_id: UUID | None = None,
    refusal: str = "",
) -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    rows = here.read(
        lambda c: queries.stock_rows(c, pharmacy_id, now=here.now(), only="count_wanted")
    )
    rows.sort(key=lambda row: str(row.count_wanted_at))
    if form is not None and medicine_id not in {row.medicine_id for row in rows[:ROWS_SHOWN]}:
        # Counted by somebody else meanwhile: there is no row to lead to.
        refusal, form = refusal or first_error(form), None
    return render(
        "pharmacy/counts.html",
        status,
        rows=rows[:ROWS_SHOWN],
        count=len(rows),
        form=form,
        wrong=medicine_id,
        refusal=refusal,
        nonce=OnceForm(formdata=None).nonce.data,
    )


@room.get("/expiry")
@requires("pharmacist")
def expiry() -> Response:
    """Lots that have fewer days left than they should, in packs and in money."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    typed = request.args.get("days", str(DAYS)).strip()
    is_read = typed.isascii() and typed.isdigit() and 0 < int(typed[:9]) <= MOST_DAYS
    days = int(typed) if is_read else DAYS
    lots = here.read(lambda c: lots_near_expiry(c, pharmacy_id, days_at_least=days, now=here.now()))
    groups = {
        state: [lot for lot in lots if lot.state == state]
        for state in ("expired", "recalled", "sellable")
    }
    return render(
        "pharmacy/expiry.html",
        200 if is_read else 422,
        days=days,
        typed=typed[:9],
        refusal="" if is_read else _("Write the days as a whole number, such as 90."),
        lots=lots,
        is_cut=len(lots) == SHOWN,
        totals={
            state: (
                sum(lot.quantity_milli for lot in of),
                sum(lot.value_minor or 0 for lot in of),
                sum(lot.value_minor is None for lot in of),
            )
            for state, of in groups.items()
            if of
        },
    )


@room.get("/levels")
@requires("pharmacist")
def levels() -> Response:
    """Medicines below their levels; with `q` those of that name, to set their levels."""
    return _levels_page(200)


@room.post("/levels/<uuid:medicine_id>")
@requires("pharmacist")
def set_levels(medicine_id: UUID) -> Response:
    """Keep a medicine's levels."""
    here, form, pharmacy_id = parts(), LevelsForm(), access.pharmacy_id()
    q = request.form.get("q", "")[:100]
    if not form.validate():
        return _levels_page(422, form=form, medicine_id=medicine_id)

    def work(connection: sa.Connection) -> str:
        service.set_levels(
            connection, pharmacy_id, medicine_id, form.minimum.data, form.reorder.data,
            expected_version=form.expected_version, clock=here.clock,
        )  # fmt: skip
        return url_for("queues.levels", done="saved", q=q or None, _anchor=f"level-{medicine_id}")

    try:
        return redirect(once(form, work), 303)
    except Refused as refused:
        return _levels_page(422, form=form, medicine_id=medicine_id, refusal=str(refused))


def _levels_page(
    status: int,
    *,
    form: LevelsForm | None = None,
    medicine_id: UUID | None = None,
    refusal: str = "",
) -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    q = request.values.get("q", "").strip()[:100]
    is_all = bool(q) or request.values.get("show") == "all"

    rows = here.read(
        lambda c: queries.stock_rows(
            c, pharmacy_id, now=here.now(), only=None if is_all else "with_level"
        )
    )
    words = q.casefold().split()
    found = [row for row in rows if all(word in row.label.casefold() for word in words)]
    if not is_all:
        found = [row for row in found if row.is_to_reorder or row.medicine_id == medicine_id]
        found.sort(key=lambda row: (not row.is_below_minimum, row.label.casefold()))
    if form is not None and medicine_id not in {row.medicine_id for row in found[:ROWS_SHOWN]}:
        refusal, form = refusal or first_error(form), None
    return render(
        "pharmacy/levels.html",
        status,
        rows=found[:ROWS_SHOWN],
        count=len(found),
        has_levels=bool(rows),
        is_all=is_all,
        q=q,
        form=form,
        wrong=medicine_id if status != 200 else None,
        refusal=refusal,
        nonce=OnceForm(formdata=None).nonce.data,
    )
