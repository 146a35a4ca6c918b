"""Who takes a medicine at a pharmacy, and may be told of it: the one place that says so.

A patient takes it there who
* has a prescription that this pharmacy accepted, with repeats, still valid, of which something is left; or
* collected it there on `COLLECTED_TIMES` different days of the last `COLLECTED_WITHIN`, by order or by hold.

Left out are patients whose key was erased, and who said that they want no such notice.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from remedy.schema.notices import shortage_silence
from remedy.schema.people import patient, patient_key
from remedy.schema.pharmacy import stock_hold, stock_item
from remedy.schema.prescriptions import prescription, prescription_line
from remedy.stock.locks import Place
from remedy.values import zone

COLLECTED_TIMES = 2
COLLECTED_WITHIN = timedelta(days=100)
"""Long enough for two supplies of a month each, and a late one."""


def takers(
    place: Place, medicine_rows: Collection[int], *, now: datetime
) -> sa.Select[tuple[Any, ...]]:
    """SQL: each of these medicines with each patient who takes it: `medicine_id`, `patient_row`, `patient_id`.

    Days are the pharmacy's, by its clock of today: where that changes within the time, an hour at midnight is off.
    """
    line, held = prescription_line.c, stock_hold.c
    ahead = now.astimezone(zone(place.time_zone)).utcoffset() or timedelta(0)
    there = sa.func.timestampadd(sa.text("SECOND"), int(ahead.total_seconds()), held.ended_at)
    prescribed = (
        sa.select(line.medicine_id, prescription.c.patient_id)
        .select_from(prescription_line.join(prescription))
        .where(
            prescription.c.pharmacy_id == place.row_id,
            prescription.c.state == "accepted",
            line.medicine_id.in_(medicine_rows),
            line.repeats > 0,
            line.ends_at > now,
            line.used_milli < line.allowed_milli,
        )
    )
    collected = (
        sa.select(held.medicine_id, held.patient_id)
        .select_from(stock_hold.join(stock_item, stock_item.c.id == held.stock_item_id))
        .where(
            stock_item.c.pharmacy_id == place.row_id,
            stock_item.c.medicine_id.in_(medicine_rows),
            held.patient_id.is_not(None),
            held.state == "collected",
            held.ended_at > now - COLLECTED_WITHIN,
        )
        .group_by(held.medicine_id, held.patient_id)
        .having(sa.func.count(sa.distinct(sa.func.date(there))) >= COLLECTED_TIMES)
    )
    # A union, not a union of all: who does both takes it once.
    found = prescribed.union(collected).subquery("found")
    return (
        sa.select(
            found.c.medicine_id,
            patient.c.id.label("patient_row"),
            patient.c.public_id.label("patient_id"),
        )
        .select_from(
            found.join(patient, patient.c.id == found.c.patient_id).join(
                patient_key, patient_key.c.patient_public_id == patient.c.public_id
            )
        )
        .where(
            patient_key.c.erased_at.is_(None),
            patient.c.id.not_in(sa.select(shortage_silence.c.patient_id)),
        )
    )
