"""What the live demand pages read: what the watch has written, and refusals as they landed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.demand import demand_alert, demand_now, demand_watch
from remedy.schema.pipeline import RAW
from remedy.stock.labels import label_of
from remedy.values import MILLI

HISTORY_DAYS = 30
MOST_ALERTS = 50
MOST_ROWS = 20
SHOWN_MINUTES = 60
FOR_PHARMACISTS = ("searches", "unmet")
"""Of what is bought elsewhere a pharmacist reads the alerts, not the figures."""

REFUSED = "remedy.stock-movements.refused.v1"


@dataclass(frozen=True)
class Watched:
    """When the watch last looked, what the newest landed event it knows is, and how many days it learnt from."""

    looked_at: datetime
    landed_at: datetime | None
    history_days: int


@dataclass(frozen=True)
class Figure:
    """A window of a measure: `name` is a medicine, `usual` what it uses to be, `band_high` the most chance brings."""

    name: str
    kind: str
    measure: str
    minutes: int
    count: int
    usual: float
    band_high: int


@dataclass(frozen=True)
class AlertRow:
    """An alert as pages show it; `latest_at` is when it was last unusual, None while it is."""

    alert_id: UUID
    kind: str
    name: str
    measure: str
    minutes: int
    opened_at: datetime
    opened_count: int
    usual: float
    highest_count: int
    latest_at: datetime | None
    ended_at: datetime | None

    @property
    def is_now(self) -> bool:
        """Whether it is unusual just now."""
        return self.latest_at is None and self.ended_at is None


def watched(connection: sa.Connection) -> Watched | None:
    """How the watch stands; None before its first look."""
    row = connection.execute(sa.select(demand_watch)).first()
    return Watched(row.looked_at, row.landed_at, row.history_days) if row else None


def town(connection: sa.Connection) -> list[Figure]:
    """All demand by measure and window."""
    rows = connection.execute(sa.select(demand_now).where(demand_now.c.subject_kind == "all")).all()
    return [_figure(row, "") for row in rows]


def wanted(connection: sa.Connection) -> list[Figure]:
    """What is searched for in the last hour, furthest above its usual first; few people are not in the table."""
    rows = connection.execute(
        sa.select(demand_now)
        .where(
            demand_now.c.subject_kind == "medicine",
            demand_now.c.measure.in_(FOR_PHARMACISTS),
            demand_now.c.window_minutes == SHOWN_MINUTES,
        )
        .order_by(
            (demand_now.c.event_count / (demand_now.c.usual_milli + 1)).desc(),
            demand_now.c.subject_name,
        )
        .limit(MOST_ROWS)
    ).all()
    labels = names(connection, (UUID(row.subject_name) for row in rows))
    return [
        _figure(row, labels[UUID(row.subject_name)])
        for row in rows
        if UUID(row.subject_name) in labels
    ]


def alerts(connection: sa.Connection, now: datetime, *, only_now: bool = False) -> list[AlertRow]:
    """Alerts, what is unusual now first, then what may come back, then the newest; ended ones for thirty days."""
    is_open = demand_alert.c.open_key.is_not(None)
    is_now = sa.and_(is_open, demand_alert.c.latest_at.is_(None))
    is_recent = demand_alert.c.opened_at > now - timedelta(days=HISTORY_DAYS)
    rows = connection.execute(
        sa.select(demand_alert)
        .where(is_now if only_now else sa.or_(is_open, is_recent))
        .order_by(
            is_now.desc(),
            is_open.desc(),
            demand_alert.c.opened_at.desc(),
            demand_alert.c.id.desc(),
        )
        .limit(MOST_ALERTS)
    ).all()
    labels = names(connection, (row.medicine_id for row in rows if row.medicine_id))
    return [
        AlertRow(
            alert_id=row.public_id,
            kind=row.subject_kind,
            name=labels.get(row.medicine_id, "") if row.medicine_id else row.atc_group or "",
            measure=row.measure,
            minutes=row.window_minutes,
            opened_at=row.opened_at,
            opened_count=row.opened_count,
            usual=row.usual_milli / MILLI,
            highest_count=row.highest_count,
            latest_at=row.latest_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Refusals:
    """What could not be given in the last hour: here, and in the district's other pharmacies."""

    own: list[tuple[str, int]]
    district: list[tuple[str, int]]
    district_name: str


def refusals(
    connection: sa.Connection, pharmacy_id: UUID, now: datetime, *, smallest: int
) -> Refusals:
    """Refusals by medicine, most first; the district's only from `smallest` on."""
    raw = RAW["stock-movements"]
    pharmacy = _member(raw, "pharmacy_id")
    medicine = _member(raw, "medicine_id")
    rows = connection.execute(
        sa.select(
            pharmacy.label("pharmacy"), medicine.label("medicine"), sa.func.count().label("n")
        )
        .where(
            raw.c.event_at > now - timedelta(minutes=SHOWN_MINUTES),
            raw.c.event_at <= now,
            raw.c.type == REFUSED,
        )
        .group_by(pharmacy, medicine)
    ).all()
    places = {
        UUID(bytes=bytes(row.public_id)): row.district
        for row in connection.execute(sa.text("SELECT public_id, district FROM known_pharmacy"))
    }
    here = places.get(pharmacy_id, "")
    own: dict[UUID, int] = {}
    others: dict[UUID, int] = {}
    for row in rows:
        at, what = _id(row.pharmacy), _id(row.medicine)
        if at is None or what is None:
            continue
        if at == pharmacy_id:
            own[what] = own.get(what, 0) + row.n
        elif places.get(at) == here:
            others[what] = others.get(what, 0) + row.n
    others = {what: count for what, count in others.items() if count >= smallest}
    labels = names(connection, {*own, *others})
    return Refusals(_most(own, labels), _most(others, labels), here)


def names(connection: sa.Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """What medicines are called, by id; one that is no longer listed is not there."""
    wanted_ids = list(set(ids))
    if not wanted_ids:
        return {}
    query = sa.text(
        "SELECT public_id, generic_name, brand_name, strength, form, pack FROM known_medicine"
        " WHERE public_id IN :ids"
    ).bindparams(sa.bindparam("ids", [one.bytes for one in wanted_ids], expanding=True))
    return {UUID(bytes=bytes(row.public_id)): label_of(row) for row in connection.execute(query)}


def _figure(row: Any, name: str) -> Figure:
    return Figure(
        name=name,
        kind=row.subject_kind,
        measure=row.measure,
        minutes=row.window_minutes,
        count=row.event_count,
        usual=row.usual_milli / MILLI,
        band_high=row.band_high,
    )


def _member(raw: sa.Table, name: str) -> sa.ColumnElement[str]:
    # By the path itself: as a bound value, selecting and grouping by it would be two expressions.
    path: sa.ColumnElement[str] = sa.literal_column(f"'$.data.{name}'")
    return sa.func.json_value(raw.c.event, path)


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _most(counts: dict[UUID, int], labels: dict[UUID, str]) -> list[tuple[str, int]]:
    named: Sequence[tuple[str, int]] = [
        (labels[what], count) for what, count in counts.items() if what in labels
    ]
    return sorted(named, key=lambda one: (-one[1], one[0]))[:MOST_ROWS]
