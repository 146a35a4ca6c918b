"""What the watch writes: alerts with their events, and how the last minutes stand for the pages."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy import outbox
from remedy.events.demand import DemandCalmed, DemandRose
from remedy.pipeline.demand_bands import (
    ALL,
    BY_PEOPLE,
    MEASURES,
    SHOWN_WINDOWS,
    Band,
    Key,
    Subject,
)
from remedy.pipeline.demand_looks import Alert, Change, Looks, Seen
from remedy.schema.demand import demand_alert, demand_now, demand_watch
from remedy.values import Clock, uuid7

MOST_SHOWN = 100
"""So many subjects of a measure and window are kept for the pages: those furthest above their usual."""


def shown_count(key: Key, count: int, smallest: int) -> int:
    """A count as it may be read: what people looked for by name is rounded down to steps of `smallest`.

    Exact counts could be subtracted (of two windows, two moments, a group and its medicines), and one person be left.
    """
    subject, measure = key
    is_of_people = measure in BY_PEOPLE and subject != ALL
    return count - count % smallest if is_of_people else count


def open_key(key: Key) -> str:
    """What at most one open alert may have."""
    subject, measure = key
    return f"{subject.kind} {subject.name} {measure}"


def open_alerts(connection: sa.Connection, looks: Looks, now: datetime) -> dict[Key, Alert]:
    """The alerts that are open, as a watch that starts anew goes on with them."""
    found = {}
    # What was unusual at the last look is not known to have been so since.
    looked_at = connection.execute(sa.select(demand_watch.c.looked_at)).scalar() or now
    for row in connection.execute(
        sa.select(demand_alert).where(demand_alert.c.open_key.is_not(None))
    ):
        name = str(row.medicine_id) if row.medicine_id else row.atc_group or ""
        key = Subject(row.subject_kind, name), row.measure
        band = Band(row.usual_milli / 1000, looks.usual.spread[row.measure])
        opened = Seen(row.window_minutes, row.opened_count, row.opened_count, band)
        highest = Seen(row.window_minutes, row.highest_count, row.highest_count, band)
        found[key] = Alert(
            key,
            row.window_minutes,
            row.opened_at,
            opened,
            row.band_high,
            highest,
            row.highest_at,
            row.latest_at or looked_at,
            is_resting=row.latest_at is not None,
        )
    return found


def write_changes(
    connection: sa.Connection, changes: Iterable[Change], clock: Clock, *, smallest: int
) -> None:
    """Write alerts and tell of them, in the caller's one transaction."""
    for change in changes:
        alert = change.alert
        if change.what == "opened":
            alert_id = uuid7(clock)
            connection.execute(
                sa.insert(demand_alert).values(**_row(alert, smallest), public_id=alert_id)
            )
            _tell(connection, DemandRose, alert, alert_id, clock, smallest)
            continue
        here = demand_alert.c.open_key == open_key(alert.key)
        if change.what == "risen":
            connection.execute(
                sa.update(demand_alert)
                .where(here)
                .values(
                    highest_count=shown_count(alert.key, alert.highest.count, smallest),
                    highest_at=alert.highest_at,
                )
            )
            continue
        if change.what in {"rested", "resumed"}:
            latest_at = alert.unusual_at if alert.is_resting else None
            connection.execute(sa.update(demand_alert).where(here).values(latest_at=latest_at))
            continue
        found = connection.execute(sa.select(demand_alert.c.public_id).where(here)).scalar()
        if found is not None:
            connection.execute(
                sa.update(demand_alert).where(here).values(ended_at=alert.ended_at, open_key=None)
            )
            _tell(connection, DemandCalmed, alert, found, clock, smallest)


def write_now(
    connection: sa.Connection,
    looks: Looks,
    now: datetime,
    *,
    landed_at: datetime | None,
    smallest: int,
) -> None:
    """Replace how the last minutes stand. A medicine or group of fewer people than `smallest` is not written."""
    rows = []
    keys = looks.keys()
    for minutes in SHOWN_WINDOWS:
        for measure in MEASURES:
            whole: Key = ALL, measure
            rows.append(_now_row(looks, whole, looks.seen(whole, now, minutes), now, smallest))
            parts = []
            for key in keys:
                if key[1] != measure or key[0] == ALL or looks.count(key, now, minutes) < smallest:
                    continue
                seen = looks.seen(key, now, minutes)
                if seen.people >= smallest:
                    parts.append((seen.count / seen.band.mean, key, seen))
            parts.sort(key=lambda part: part[0], reverse=True)
            rows += [
                _now_row(looks, key, seen, now, smallest) for _, key, seen in parts[:MOST_SHOWN]
            ]
    _upsert(
        connection, demand_now, rows, ("subject_kind", "subject_name", "measure", "window_minutes")
    )
    connection.execute(sa.delete(demand_now).where(demand_now.c.seen_at != now))
    usual = looks.usual
    state = {
        "id": 1,
        "looked_at": now,
        "landed_at": landed_at,
        "history_days": usual.days,
        "subject_count": usual.subjects,
    }
    _upsert(connection, demand_watch, [state], ("id",))


def _upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[dict[str, Any]],
    keys: tuple[str, ...],
) -> None:
    statement = insert(table)
    others = [column.name for column in table.columns if column.name not in keys]
    statement = statement.on_duplicate_key_update(
        {name: statement.inserted[name] for name in others}
    )
    connection.execute(statement, rows)


def _now_row(looks: Looks, key: Key, seen: Seen, now: datetime, smallest: int) -> dict[str, Any]:
    subject, measure = key
    return {
        "subject_kind": subject.kind,
        "subject_name": subject.name,
        "measure": measure,
        "window_minutes": seen.minutes,
        "event_count": shown_count(key, seen.count, smallest),
        "usual_milli": round(seen.band.mean * 1000),
        "band_high": seen.band.highest(looks.usual.chance),
        "seen_at": now,
    }


def _row(alert: Alert, smallest: int) -> dict[str, Any]:
    subject, measure = alert.key
    return {
        "subject_kind": subject.kind,
        "medicine_id": UUID(subject.name) if subject.kind == "medicine" else None,
        "atc_group": subject.name if subject.kind == "group" else None,
        "measure": measure,
        "window_minutes": alert.minutes,
        "opened_at": alert.opened_at,
        "opened_count": shown_count(alert.key, alert.opened.count, smallest),
        "usual_milli": round(alert.opened.band.mean * 1000),
        "band_high": alert.band_high,
        "highest_count": shown_count(alert.key, alert.highest.count, smallest),
        "highest_at": alert.highest_at,
        "open_key": open_key(alert.key),
    }


def _tell(
    connection: sa.Connection,
    kind: type[DemandRose] | type[DemandCalmed],
    alert: Alert,
    alert_id: UUID,
    clock: Clock,
    smallest: int,
) -> None:
    subject, measure = alert.key
    at = alert.ended_at or alert.opened_at
    more = (
        {"opened_at": alert.opened_at, "highest_at": alert.highest_at}
        if kind is DemandCalmed
        else {}
    )
    happened = kind(
        alert_id=alert_id,
        subject=subject.kind,
        medicine_id=UUID(subject.name) if subject.kind == "medicine" else None,
        atc_group=subject.name if subject.kind == "group" else None,
        measure=measure,
        window_minutes=alert.minutes,
        count=shown_count(alert.key, alert.highest.count, smallest),
        usual_milli=round(alert.opened.band.mean * 1000),
        band_high=alert.band_high,
        occurred_at=at,
        **more,
    )
    outbox.record(
        connection,
        happened,
        event_id=uuid7(clock),
        key=subject.name or subject.kind,
        occurred_at=at,
        recorded_at=clock(),
    )
