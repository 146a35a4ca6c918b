"""What pages and the postman read of shortage notices. Whose they are stands in every WHERE."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.by_words import MEDICINE_FIELDS
from remedy.catalogue.model import Medicine
from remedy.catalogue.substitution import may_be_replaced
from remedy.notices.model import KEPT, LEAST_CHANCE, Decided, Item, Notice, Told, why_not
from remedy.notices.takers import takers
from remedy.schema.advice import out_stock_risk
from remedy.schema.notices import shortage_notice, shortage_silence, shortage_told
from remedy.schema.people import account, patient
from remedy.schema.pharmacy import (
    medicine,
    pharmacy,
    stock_item,
    stock_movement,
    stock_movement_lot,
)
from remedy.stock.labels import LABEL, label_of
from remedy.stock.locks import Place, place_of
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import local_day

DECIDED_SHOWN = 50
_ABOUT = MEDICINE_FIELDS[1:]
"""The columns of a medicine but its id."""
CAME = ("received", "transferred", "counted", "adjusted")
"""What brings packs in: a delivery, another pharmacy's packs, or such as are found there."""


def offered(connection: sa.Connection, pharmacy_id: UUID, *, now: datetime) -> list[Item]:
    """The items for which a notice can be sent now, the most likely to run out first."""
    place = place_of(connection, pharmacy_id)
    today = local_day(now, place.time_zone)
    return [
        one
        for one in _items(connection, place, now)
        if why_not(one, today=today, now=now) is None and not one.was_decided_lately(now)
    ]


def item(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, *, now: datetime
) -> Item | None:
    """One item of what may run out; None where the last advice does not have it at all."""
    found = _items(connection, place_of(connection, pharmacy_id), now, medicine_id)
    return found[0] if found else None


def decided(connection: sa.Connection, pharmacy_id: UUID) -> list[Notice]:
    """What the pharmacy decided, the newest first."""
    rows = connection.execute(
        sa.select(
            shortage_notice,
            medicine.c.public_id.label("medicine"),
            *LABEL,
            account.c.staff_name,
            pharmacy.c.time_zone,
        )
        .select_from(_decisions())
        .join(medicine, medicine.c.id == shortage_notice.c.medicine_id)
        .where(pharmacy.c.public_id == pharmacy_id)
        .order_by(shortage_notice.c.decided_at.desc(), shortage_notice.c.id.desc())
        .limit(DECIDED_SHOWN)
    )
    return [
        Notice(
            notice_id=row.public_id,
            medicine_id=row.medicine,
            label=label_of(row),
            decision=row.decision,
            decided_at=row.decided_at,
            decided_by=row.staff_name or "",
            runs_out=row.runs_out,
            next_delivery_on=row.next_delivery_on,
            reason=row.reason,
            told_count=row.told_count,
            has_note=bool(row.has_note),
            is_out=row.stock_milli <= 0,
            time_zone=row.time_zone,
        )
        for row in rows
    ]


def told_to(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> list[Told]:
    """What a patient was told, the newest first; with what is so now."""
    notice = shortage_notice.c
    rows = connection.execute(
        sa.select(
            shortage_notice,
            medicine.c.public_id.label("medicine"),
            *_ABOUT,
            pharmacy.c.public_id.label("pharmacy"),
            pharmacy.c.name,
            pharmacy.c.phone,
            pharmacy.c.time_zone,
            pharmacy.c.verified_at,
            account.c.staff_name,
            shortage_told.c.note_sealed,
            _has_come(notice.pharmacy_id, notice.medicine_id, notice.decided_at).label("has_come"),
        )
        .select_from(_decisions())
        .join(shortage_told, shortage_told.c.notice_id == notice.id)
        .join(patient, patient.c.id == shortage_told.c.patient_id)
        .join(medicine, medicine.c.id == notice.medicine_id)
        .where(patient.c.public_id == patient_id, shortage_told.c.told_at > now - KEPT)
        .order_by(notice.decided_at.desc(), notice.id.desc())
    )
    return [
        Told(
            notice_id=row.public_id,
            medicine_id=row.medicine,
            label=label_of(row),
            pharmacy_id=row.pharmacy,
            pharmacy_name=row.name,
            phone=row.phone,
            time_zone=row.time_zone,
            runs_out=row.runs_out,
            next_delivery_on=row.next_delivery_on,
            delivery_from=row.delivery_from,
            decided_at=row.decided_at,
            decided_by=row.staff_name or "",
            note_sealed=row.note_sealed,
            is_out=row.stock_milli <= 0,
            is_replaceable=may_be_replaced(
                Medicine(row.medicine, *(getattr(row, column.name) for column in _ABOUT))
            ),
            has_come=bool(row.has_come),
            is_over=row.next_delivery_on < local_day(now, row.time_zone),
            is_suspended=row.verified_at is None,
        )
        for row in rows
    ]


def current_for(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> list[Told]:
    """What of it still is so: the packs did not come, the day is not past, and the pharmacy is not suspended."""
    return [one for one in told_to(connection, patient_id, now=now) if one.stands]


def is_to_be_mailed(
    connection: sa.Connection, notice_id: UUID, patient_id: UUID, *, now: datetime
) -> bool:
    """Whether the mail is still to go: it is so as it was told, and the patient has not said no since."""
    return wants(connection, patient_id) and any(
        one.notice_id == notice_id for one in current_for(connection, patient_id, now=now)
    )


def wants(connection: sa.Connection, patient_id: UUID) -> bool:
    """Whether a patient is told of shortages; so it is until they say otherwise."""
    silent = (
        sa.select(sa.func.count())
        .select_from(shortage_silence.join(patient, patient.c.id == shortage_silence.c.patient_id))
        .where(patient.c.public_id == patient_id)
    )
    return not connection.execute(silent).scalar_one()


def last_decision(
    connection: sa.Connection, pharmacy_row: int, medicine_rows: Iterable[int]
) -> dict[int, Decided]:
    """The last decision about each of these items, by the medicine's row."""
    notice = shortage_notice.c
    newest = (
        sa.select(notice.medicine_id, sa.func.max(notice.number).label("number"))
        .where(notice.pharmacy_id == pharmacy_row, notice.medicine_id.in_(list(medicine_rows)))
        .group_by(notice.medicine_id)
        .subquery("newest")
    )
    rows = connection.execute(
        sa.select(shortage_notice, account.c.staff_name)
        .select_from(_decisions())
        .join(
            newest,
            (newest.c.medicine_id == notice.medicine_id) & (newest.c.number == notice.number),
        )
        .where(notice.pharmacy_id == pharmacy_row)
    )
    return {
        row.medicine_id: Decided(
            int(row.number), row.decision, row.decided_at, row.decided_by, row.staff_name or ""
        )
        for row in rows
    }


def _items(
    connection: sa.Connection, place: Place, now: datetime, medicine_id: UUID | None = None
) -> list[Item]:
    risk, day = out_stock_risk.c, local_day(now, place.time_zone)
    available = sellable_milli(stock_item.c.id, day) - held_milli(stock_item.c.id, now)
    query = (
        sa.select(
            risk.medicine_id,
            risk.runs_out,
            risk.next_delivery_on,
            risk.delivery_from,
            risk.made_at,
            medicine.c.id,
            *LABEL,
            available.label("available_milli"),
            _has_come(stock_item.c.pharmacy_id, stock_item.c.medicine_id, risk.made_at).label(
                "has_come"
            ),
        )
        .select_from(out_stock_risk)
        .join(medicine, medicine.c.public_id == risk.medicine_id)
        .join(
            stock_item,
            (stock_item.c.medicine_id == medicine.c.id)
            & (stock_item.c.pharmacy_id == place.row_id),
        )
        .where(risk.pharmacy_id == place.pharmacy_id)
        .order_by(risk.runs_out.desc(), risk.medicine_id)
    )
    if medicine_id is None:
        query = query.where(risk.runs_out >= LEAST_CHANCE)
    else:
        query = query.where(risk.medicine_id == medicine_id)
    rows = connection.execute(query).all()
    if not rows:
        return []
    medicines = [row.id for row in rows]
    counts = _counts(connection, place, medicines, now)
    last = last_decision(connection, place.row_id, medicines)
    return [
        Item(
            medicine_id=row.medicine_id,
            medicine_row=row.id,
            label=label_of(row),
            runs_out=row.runs_out,
            next_delivery_on=row.next_delivery_on,
            delivery_from=row.delivery_from,
            made_at=row.made_at,
            stock_milli=max(0, int(row.available_milli)),
            has_come=bool(row.has_come),
            taker_count=counts.get(row.id, 0),
            last=last.get(row.id),
        )
        for row in rows
    ]


def _counts(
    connection: sa.Connection, place: Place, medicines: list[int], now: datetime
) -> dict[int, int]:
    found = takers(place, medicines, now=now).subquery("takers")
    rows = connection.execute(
        sa.select(found.c.medicine_id, sa.func.count()).group_by(found.c.medicine_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def _has_come(
    pharmacy_row: sa.ColumnElement[int],
    medicine_row: sa.ColumnElement[int],
    since: sa.ColumnElement[datetime],
) -> sa.ColumnElement[bool]:
    """SQL: whether packs of it came in there since that instant, and that was not undone."""
    kept, moved, lot = stock_item.alias("kept"), stock_movement.c, stock_movement_lot.c
    undo = stock_movement.alias("undo")
    return sa.exists(
        sa.select(moved.id)
        .select_from(
            stock_movement.join(kept, kept.c.id == moved.stock_item_id).join(
                stock_movement_lot, lot.movement_id == moved.id
            )
        )
        .where(
            kept.c.pharmacy_id == pharmacy_row,
            kept.c.medicine_id == medicine_row,
            moved.kind.in_(CAME),
            moved.quantity_milli > 0,
            lot.delta_milli > 0,
            moved.recorded_at > since,
            ~sa.exists().where(undo.c.reverses_id == moved.id),
        )
        .correlate_except(stock_movement, stock_movement_lot, kept)
    )


def _decisions() -> sa.Join:
    """Decisions with their pharmacy, and with who made them."""
    return shortage_notice.join(pharmacy, pharmacy.c.id == shortage_notice.c.pharmacy_id).outerjoin(
        account, account.c.public_id == shortage_notice.c.decided_by
    )
