"""What a pharmacist decides about an item that may run out: tell the patients who take it, or dismiss it.

A decision has the item's next number, which is a key: of two pharmacists who decide at once one has it, and the other reads
who did what. Whom it tells, and the mails that are owed to them, are written in its transaction: all are told, each
once, or nobody is.
"""

from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox, owed
from remedy.events.demand import ShortageDismissed, ShortageNoticed
from remedy.notices import queries
from remedy.notices.model import (
    KEPT,
    NOTE_AT_MOST,
    REASON_AT_MOST,
    Changed,
    Decided,
    Decision,
    Item,
    why_not,
)
from remedy.notices.takers import takers
from remedy.schema.notices import shortage_notice, shortage_silence, shortage_told
from remedy.schema.people import patient
from remedy.stock.locks import Place, place_of
from remedy.stock.model import Refused
from remedy.values import Clock, local_day, uuid7, zone
from remedy.vault import Unreadable, Vault

NOTE = "note"
"""The field the pharmacist's own words are sealed for, with each patient's key."""

FORGOTTEN_AT_A_TIME = 5000


def send(
    connection: sa.Connection,
    vault: Vault,
    pharmacy_id: UUID,
    medicine_id: UUID,
    *,
    seen: str,
    note: str,
    decided_by: UUID,
    clock: Clock,
) -> int:
    """Tell every patient who takes it; how many are told.

    `seen` is the mark of the notice as it was read (`Item.mark`), with the pharmacist's own words in `note`.

    Raises:
        Changed: if it was decided lately, or the notice would say something else than was read.
        Refused: if it is not so any more, or there is nobody to be told.
    """
    now, words = clock(), note.strip()
    if len(words) > NOTE_AT_MOST:
        raise Refused("Your own words may have at most 300 letters.")
    place, item = _open_item(connection, pharmacy_id, medicine_id, now)
    if item.mark(words) != seen:
        raise Changed("The notice says something else by now; read it again before you send it.")
    notice_id = uuid7(clock)
    told = []
    for one in connection.execute(takers(place, [item.medicine_row], now=now)).all():
        try:
            sealed = vault.seal(connection, one.patient_id, notice_id, NOTE, words)
        except Unreadable:
            # Erased in this moment.
            continue
        told.append((one, sealed if words else None))
    if not told:
        raise Refused("None of your patients who may be written to takes this medicine.")
    row = _decide(
        connection, place, item, notice_id, decided_by, now,
        decision="sent", told_count=len(told), has_note=bool(words),
    )  # fmt: skip
    connection.execute(
        sa.insert(shortage_told),
        [
            {
                "notice_id": row, "patient_id": one.patient_row, "told_at": now,
                "note_sealed": sealed,
            }
            for one, sealed in told
        ],
    )  # fmt: skip
    owed.owe(connection, "shortage", notice_id, *(one.patient_id for one, _ in told), now=now)
    happened = ShortageNoticed(
        **_facts(place, item, notice_id, decided_by, now), told_count=len(told)
    )
    outbox.record_now(connection, happened, item.medicine_id, now, clock)
    return len(told)


def dismiss(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    *,
    reason: str,
    decided_by: UUID,
    clock: Clock,
) -> None:
    """Tell nobody, and say why; the item is not offered again for a while.

    Raises:
        Changed: if it was decided lately.
        Refused: if no reason is given, or it is not so any more.
    """
    now, why = clock(), reason.strip()
    if not 0 < len(why) <= REASON_AT_MOST:
        raise Refused("Say why nobody is told, in at most 500 letters.")
    place, item = _open_item(connection, pharmacy_id, medicine_id, now)
    notice_id = uuid7(clock)
    _decide(
        connection, place, item, notice_id, decided_by, now,
        decision="dismissed", reason=why, told_count=0, has_note=False,
    )  # fmt: skip
    happened = ShortageDismissed(**_facts(place, item, notice_id, decided_by, now))
    outbox.record_now(connection, happened, item.medicine_id, now, clock)


def choose(connection: sa.Connection, patient_id: UUID, *, is_wanted: bool, clock: Clock) -> None:
    """A patient wants such notices, or none."""
    row = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id).with_for_update()
    ).scalar_one()
    connection.execute(sa.delete(shortage_silence).where(shortage_silence.c.patient_id == row))
    if not is_wanted:
        connection.execute(sa.insert(shortage_silence).values(patient_id=row, asked_at=clock()))


def forget_old(connection: sa.Connection, *, now: datetime) -> None:
    """Delete who was told of what long ago; what was decided, and how many were told, is kept."""
    old = connection.execute(
        sa.select(shortage_told.c.notice_id, shortage_told.c.patient_id)
        .where(shortage_told.c.told_at <= now - KEPT)
        .limit(FORGOTTEN_AT_A_TIME)
    ).all()
    if old:
        key = sa.tuple_(shortage_told.c.notice_id, shortage_told.c.patient_id)
        connection.execute(sa.delete(shortage_told).where(key.in_([tuple(row) for row in old])))


def _open_item(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, now: datetime
) -> tuple[Place, Item]:
    """An item that can be decided now."""
    place = place_of(connection, pharmacy_id)
    if not place.is_verified:
        raise Refused("Your pharmacy is suspended: it cannot write to patients now.")
    item = queries.item(connection, pharmacy_id, medicine_id, now=now)
    if item is not None and item.last is not None and item.was_decided_lately(now):
        _refuse_late(place, item.last)
    why = why_not(item, today=local_day(now, place.time_zone), now=now)
    if item is None or why is not None:
        raise Refused(why or "")
    return place, item


def _decide(
    connection: sa.Connection,
    place: Place,
    item: Item,
    notice_id: UUID,
    decided_by: UUID,
    now: datetime,
    *,
    decision: Decision,
    **values: object,
) -> int:
    """Write the decision down under the item's next number; its row id."""
    try:
        with connection.begin_nested():
            made = connection.execute(
                sa.insert(shortage_notice).values(
                    public_id=notice_id,
                    pharmacy_id=place.row_id,
                    medicine_id=item.medicine_row,
                    number=item.last.number + 1 if item.last else 1,
                    decision=decision,
                    decided_at=now,
                    decided_by=decided_by,
                    runs_out=item.runs_out,
                    next_delivery_on=item.next_delivery_on,
                    delivery_from=item.delivery_from,
                    stock_milli=item.stock_milli,
                    **values,
                )
            )
    except sa.exc.IntegrityError:
        # The key says that somebody was first.
        last = queries.last_decision(connection, place.row_id, [item.medicine_row])
        _refuse_late(place, last[item.medicine_row])
    return int(made.lastrowid)


def _refuse_late(place: Place, last: Decided) -> NoReturn:
    at = last.decided_at.astimezone(zone(place.time_zone))
    who, when = last.name or "Somebody", f"{at:%Y-%m-%d, %H:%M} ({at.tzname()})"
    if last.decision == "sent":
        raise Changed(f"{who} sent a notice of this medicine: {when}. Nobody was written to again.")
    raise Changed(f"{who} dismissed a notice of this medicine: {when}. Nobody was written to.")


def _facts(
    place: Place, item: Item, notice_id: UUID, decided_by: UUID, now: datetime
) -> dict[str, Any]:
    return {
        "notice_id": notice_id,
        "pharmacy_id": place.pharmacy_id,
        "medicine_id": item.medicine_id,
        "chance_percent": round(item.runs_out * 100),
        "next_delivery_on": item.next_delivery_on.isoformat(),
        "decided_by": decided_by,
        "occurred_at": now,
    }
