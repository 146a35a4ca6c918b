"""How a pharmacy's warnings that an item will run out turned out."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.advice import stock_alert_day
from remedy.schema.pipeline import agg_daily_demand, agg_daily_stock

WARNED_DAYS, TRUE_WITHIN_DAYS = 90, 14
"""Warnings of so many days are looked back at; one came true if the item was out so soon after."""
SHELF_DAYS = 90
"""So long before the first warning it is looked how a shelf stood: it stays as it closed until something moves."""


@dataclass(frozen=True)
class Warned:
    """How often the pharmacy was warned in these days that an item will run out, and how often it then did."""

    first_on: date
    last_on: date
    count: int
    came_true: int


def warned(connection: sa.Connection, pharmacy_id: UUID, last: date) -> Warned:
    """Warnings whose days are all counted by `last`: a warning repeated on following days is one."""
    alert, until = stock_alert_day.c, last - timedelta(days=TRUE_WITHIN_DAYS)
    began: list[tuple[UUID, date]] = []
    before: dict[UUID, date] = {}
    for row in connection.execute(
        sa.select(alert.medicine_id, alert.day)
        .where(
            alert.pharmacy_id == pharmacy_id,
            alert.day > until - timedelta(days=WARNED_DAYS),
            alert.day <= until,
        )
        .order_by(alert.medicine_id, alert.day)
    ):
        previous = before.get(row.medicine_id)
        if previous is None or (row.day - previous).days > TRUE_WITHIN_DAYS:
            began.append((row.medicine_id, row.day))
        before[row.medicine_id] = row.day
    days = (until - timedelta(days=WARNED_DAYS - 1), until)
    if not began:
        return Warned(*days, 0, 0)
    out = _days_out(connection, pharmacy_id, list(before), days[0], last)
    kept = sum(
        any(
            since < first + timedelta(days=TRUE_WITHIN_DAYS) and first < to
            for since, to in out[what]
        )
        for what, first in began
    )
    return Warned(*days, len(began), kept)


def _days_out(
    connection: sa.Connection, pharmacy_id: UUID, items: list[UUID], first: date, last: date
) -> dict[UUID, list[tuple[date, date]]]:
    """Of each item when it was out, by `last`: from a day to before a day. An empty shelf is so until something moves."""
    shelf, asked = agg_daily_stock.c, agg_daily_demand.c
    closed: dict[UUID, list[tuple[date, bool]]] = {item: [] for item in items}
    for row in connection.execute(
        sa.select(shelf.medicine_id, shelf.day, shelf.closing_milli)
        .where(
            shelf.pharmacy_id == pharmacy_id,
            shelf.medicine_id.in_(items),
            shelf.day >= first - timedelta(days=SHELF_DAYS),
            shelf.day <= last,
        )
        .order_by(shelf.medicine_id, shelf.day)
    ):
        closed[row.medicine_id].append((row.day, row.closing_milli <= 0))
    next_day = timedelta(days=1)
    out = {
        item: [
            (day, to)
            for (day, is_empty), to in zip(
                seen, [day for day, _ in seen[1:]] + [last + next_day], strict=True
            )
            if is_empty
        ]
        for item, seen in closed.items()
        if seen
    }
    for refused in connection.execute(
        sa.select(asked.medicine_id, asked.day).where(
            asked.pharmacy_id == pharmacy_id,
            asked.medicine_id.in_(items),
            asked.day >= first,
            asked.day <= last,
            asked.refused_milli > 0,
        )
    ):
        out.setdefault(refused.medicine_id, []).append((refused.day, refused.day + next_day))
    return defaultdict(list, out)
