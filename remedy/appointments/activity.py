"""What happened to visits in a range of days: closed days as MapReduce counted them, later ones as they have landed.

The dashboards' page and the portal's report ask here, so that both say the same. A day is the hospital's, and the one
on which something happened. No day comes from both sources. Nothing here names a patient.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.values import day_bounds, local_day, reference_of

TOPIC = "appointments"
KINDS = (
    "requested", "accepted", "declined", "proposed", "moved",
    "cancelled_by_patient", "cancelled_by_hospital", "lapsed", "attended", "missed",
)  # fmt: skip
"""What can happen to a visit, as `agg_daily_visits` counts it."""

ENDS = ("attended", "missed")
"""Of these a later one takes the earlier of the same visit back."""

BOOKED_STATES = ("accepted", "attended", "missed")
RAW_DAYS = 90
"""So long landed rows are kept; what was counted of them stays."""

MOST_ROWS = 5000
WAITED_FOR = ("accepted", "declined", "proposed", "lapsed", "visit")
LONGEST_WAIT = 10**7
"""The class of waits longer than all bounds."""

_NO_DOCTOR = UUID(int=0)
_NOT_QUARANTINED = "NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.event_id = r.event_id AND q.released_at IS NULL)"


@dataclass(frozen=True)
class Chosen:
    """Which visits: days at the hospital, first and last; of some doctors or of all; of a speciality or of all."""

    first: date
    last: date
    doctor_ids: tuple[UUID, ...] | None = None
    speciality: str | None = None


@dataclass(frozen=True)
class Count:
    """The last closed day counted, when, and by which job; how many counted days changed since."""

    day: date
    counted_at: datetime
    job: str
    stale_days: int


@dataclass(frozen=True)
class Day:
    """What happened on one day; `is_counted` says whether MapReduce counted it or its rows have only landed."""

    day: date
    is_counted: bool
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened:
    """One thing that happened to a visit: a row behind a figure. `state` is how the visit stands now, if it is known."""

    appointment_id: UUID
    kind: str
    happened_at: datetime
    day: date
    doctor_id: UUID
    starts_at: datetime
    state: str

    @property
    def reference(self) -> str:
        """The visit's short name, as on the portal."""
        return reference_of(self.appointment_id)


@dataclass(frozen=True)
class Waits:
    """How long was waited for one thing: how often, on average, and bounds that half and nine of ten lie within; minutes."""

    waited_for: str
    wait_count: int
    mean_minutes: float
    half_within: int
    most_within: int


def last_count(connection: sa.Connection) -> Count | None:
    """How far visits were counted; None before the first count."""
    row = connection.execute(
        sa.text(
            "SELECT day, aggregated_at, application_id, run_id FROM aggregated_day"
            " WHERE kind = :kind AND NOT is_open ORDER BY day DESC LIMIT 1"
        ),
        {"kind": TOPIC},
    ).one_or_none()
    if row is None:
        return None
    stale = connection.execute(
        sa.text(
            "SELECT COUNT(*) FROM landed_day l LEFT JOIN aggregated_day a ON a.kind = l.kind AND a.day = l.day"
            " WHERE l.kind = :kind AND l.day <= :day AND (a.day IS NULL OR l.changed_at > a.changed_at)"
        ),
        {"kind": TOPIC, "day": row.day},
    ).scalar_one()
    return Count(
        row.day, row.aggregated_at.replace(tzinfo=UTC), row.application_id or row.run_id, stale
    )


def days(connection: sa.Connection, chosen: Chosen, closed: date | None) -> list[Day]:
    """Every day of the range on which something happened, in order: counted up to `closed`, as landed after it."""
    counted = [] if closed is None else _counted(connection, chosen, closed)
    return [*counted, *_landed(connection, chosen, closed)]


def totals(found: Iterable[Day]) -> dict[str, int]:
    """What happened on those days together, by kind."""
    sums = dict.fromkeys(KINDS, 0)
    for one in found:
        for kind, number in one.counts.items():
            sums[kind] += number
    return sums


def rows(connection: sa.Connection, chosen: Chosen, kind: str) -> list[Happened]:
    """The rows behind a figure, the newest first, at most `MOST_ROWS`; of landed rows, so of the last 90 days."""
    wanted = ENDS if kind in ENDS else (kind,)
    found = _events(connection, chosen, chosen.first, wanted)
    if kind in ENDS:
        last = {one.appointment_id: one for one in found}
        found = [one for one in last.values() if one.kind == kind]
    return sorted(found, key=lambda one: one.happened_at, reverse=True)[:MOST_ROWS]


def booked_count(connection: sa.Connection, chosen: Chosen) -> int:
    """How many visits are accepted, attended or missed whose own time lies in the range, as they stand now."""
    where, values = of_doctors("s.doctor_id", chosen)
    values = {**values, "states": BOOKED_STATES}
    zones = connection.execute(sa.text("SELECT DISTINCT time_zone FROM request_state")).scalars()
    query = text_of(
        "SELECT COUNT(*) FROM request_state s WHERE s.time_zone = :zone AND s.starts_at >= :since"  # noqa: S608 - constants
        f" AND s.starts_at < :until AND s.state IN :states{where}",
        values,
        "states",
    )
    count = 0
    for zone in zones.all():
        since, until = day_bounds(chosen.first, zone)[0], day_bounds(chosen.last, zone)[1]
        told = {
            "zone": zone,
            "since": since.replace(tzinfo=None),
            "until": until.replace(tzinfo=None),
        }
        count += connection.execute(query, {**values, **told}).scalar_one()
    return count


def booked(connection: sa.Connection, chosen: Chosen) -> list[Happened]:
    """The rows of `booked_count`, the latest first, at most `MOST_ROWS`."""
    where, values = of_doctors("s.doctor_id", chosen)
    result = connection.execute(
        text_of(
            "SELECT s.public_id, s.doctor_id, s.starts_at, s.state, s.time_zone,"  # noqa: S608 - constants
            " COALESCE(s.decided_at, s.requested_at) AS happened_at FROM request_state s"
            f" WHERE s.starts_at >= :since AND s.starts_at < :until AND s.state IN :states{where}"
            f" ORDER BY s.starts_at DESC LIMIT {MOST_ROWS}",
            values,
            "states",
        ),
        {
            **values,
            "states": BOOKED_STATES,
            # Wide enough for every time zone; the local day decides.
            "since": datetime.combine(chosen.first - timedelta(days=1), datetime.min.time()),
            "until": datetime.combine(chosen.last + timedelta(days=2), datetime.min.time()),
        },
    )
    found = []
    for row in result:
        starts_at = row.starts_at.replace(tzinfo=UTC)
        day = local_day(starts_at, row.time_zone)
        if chosen.first <= day <= chosen.last:
            found.append(
                Happened(
                    UUID(bytes=row.public_id), "booked", row.happened_at.replace(tzinfo=UTC), day,
                    UUID(bytes=row.doctor_id), starts_at, row.state,
                )
            )  # fmt: skip
    return found


def waits(connection: sa.Connection, chosen: Chosen, closed: date | None) -> list[Waits]:
    """How long patients waited, on closed days; counted per speciality, so a choice of doctors changes nothing."""
    where = " AND speciality = :speciality" if chosen.speciality else ""
    result = connection.execute(
        sa.text(
            "SELECT waited_for, up_to_minutes, SUM(wait_count) AS wait_count, SUM(wait_minutes) AS wait_minutes"  # noqa: S608 - constants
            f" FROM agg_daily_waiting WHERE day BETWEEN :first AND :last{where}"
            " GROUP BY waited_for, up_to_minutes ORDER BY waited_for, up_to_minutes"
        ),
        {
            "first": chosen.first,
            "last": min(chosen.last, closed) if closed else chosen.first - timedelta(days=1),
            **({"speciality": chosen.speciality} if chosen.speciality else {}),
        },
    )
    found = {}
    for waited_for, group in groupby(result, key=lambda row: row.waited_for):
        classes = [
            (int(row.up_to_minutes), int(row.wait_count), int(row.wait_minutes)) for row in group
        ]
        count = sum(number for _, number, _ in classes)
        if count:
            found[waited_for] = Waits(
                waited_for, count, sum(minutes for _, _, minutes in classes) / count,
                within(classes, 0.5), within(classes, 0.9),
            )  # fmt: skip
    return [found[each] for each in WAITED_FOR if each in found]


def within(classes: Sequence[tuple[int, int, Any]], share: float) -> int:
    """The bound that a share of what is in the classes lies within; a class is its bound, its number and anything."""
    left = share * sum(number for _, number, _ in classes)
    for bound, number, _ in sorted(classes):
        left -= number
        if left <= 1e-9:
            return bound
    raise ValueError("There is nothing in the classes; ask only where something was counted.")


def of_doctors(column: str, chosen: Chosen) -> tuple[str, dict[str, Any]]:
    """What leaves only the chosen doctors' rows: the end of a WHERE, and its values."""
    if chosen.doctor_ids is None:
        return "", {}
    # `IN ()` is no SQL: of no doctor is of one who is nobody.
    ids = [one.bytes for one in chosen.doctor_ids or (_NO_DOCTOR,)]
    return f" AND {column} IN :doctor_ids", {"doctor_ids": ids}


def text_of(sql: str, values: Mapping[str, Any], *lists: str) -> sa.TextClause:
    """A statement in which `lists`, and the doctors if they are among `values`, are lists of values."""
    names = [*lists, *(name for name in ("doctor_ids",) if name in values)]
    return sa.text(sql).bindparams(*(sa.bindparam(name, expanding=True) for name in names))


def _counted(connection: sa.Connection, chosen: Chosen, closed: date) -> list[Day]:
    where, values = of_doctors("doctor_id", chosen)
    sums = ", ".join(f"SUM({kind}_count) AS {kind}" for kind in KINDS)
    result = connection.execute(
        text_of(
            f"SELECT day, {sums} FROM agg_daily_visits"  # noqa: S608 - constants
            f" WHERE day BETWEEN :first AND :last{where} GROUP BY day ORDER BY day",
            values,
        ),
        {**values, "first": chosen.first, "last": min(chosen.last, closed)},
    )
    return [Day(row.day, True, {kind: int(getattr(row, kind)) for kind in KINDS}) for row in result]


def _landed(connection: sa.Connection, chosen: Chosen, closed: date | None) -> list[Day]:
    first = max(chosen.first, closed + timedelta(days=1)) if closed else chosen.first
    if first > chosen.last:
        return []
    others = tuple(kind for kind in KINDS if kind not in ENDS)
    sums: dict[date, dict[str, int]] = {}
    for one in _events(connection, chosen, first, others):
        counts = sums.setdefault(one.day, {})
        counts[one.kind] = counts.get(one.kind, 0) + 1
    ends = _events(connection, chosen, first, ENDS)
    # An end told today may take one of a closed day back.
    before = replace(chosen, last=first - timedelta(days=1))
    ids = sorted({str(one.appointment_id) for one in ends})
    ended = {
        one.appointment_id: one.kind
        for one in (_events(connection, before, chosen.first, ENDS, of=ids) if ids else ())
    }
    for one in ends:
        counts = sums.setdefault(one.day, {})
        counts[one.kind] = counts.get(one.kind, 0) + 1
        if taken_back := ended.get(one.appointment_id):
            counts[taken_back] = counts.get(taken_back, 0) - 1
        ended[one.appointment_id] = one.kind
    return [Day(day, False, counts) for day, counts in sorted(sums.items())]


def _events(
    connection: sa.Connection,
    chosen: Chosen,
    first: date,
    kinds: Iterable[str],
    *,
    of: Sequence[str] | None = None,
) -> list[Happened]:
    """What landed and is believed of those kinds, from `first` to the end of the range, in order of time.

    With `of` only what happened to the visits of those public ids.
    """
    wanted = frozenset(kinds)
    where, values = of_doctors(
        "UNHEX(REPLACE(JSON_VALUE(r.event, '$.data.doctor_id'), '-', ''))", chosen
    )
    if of is not None:
        where += " AND JSON_VALUE(r.event, '$.data.appointment_id') COLLATE utf8mb4_bin IN :visits"
        values = {**values, "visits": list(of)}
    verbs = {
        "cancelled" if kind.startswith("cancelled") or kind == "lapsed" else kind for kind in wanted
    }
    types = sorted(f"remedy.appointments.{verb}.v{version}" for verb in verbs for version in (1, 2))
    result = connection.execute(
        text_of(
            "SELECT r.type, r.event_at, r.day, JSON_VALUE(r.event, '$.data.appointment_id') AS visit,"  # noqa: S608 - constants
            " JSON_VALUE(r.event, '$.data.doctor_id') AS doctor, JSON_VALUE(r.event, '$.data.why') AS why,"
            " JSON_VALUE(r.event, '$.data.starts_at') AS starts_at, s.state"
            " FROM raw_appointments r LEFT JOIN request_state s"
            " ON s.public_id = UNHEX(REPLACE(JSON_VALUE(r.event, '$.data.appointment_id'), '-', ''))"
            f" WHERE r.day BETWEEN :first AND :last AND r.type IN :types AND {_NOT_QUARANTINED}{where}"
            " ORDER BY r.event_at, r.id",
            values,
            "types",
            *(("visits",) if of is not None else ()),
        ),
        {**values, "first": first, "last": chosen.last, "types": types},
    )
    found = (
        Happened(
            UUID(row.visit),
            _kind(row.type.split(".")[2], row.why),
            row.event_at.replace(tzinfo=UTC),
            row.day,
            UUID(row.doctor),
            datetime.fromisoformat(row.starts_at),
            row.state or "",
        )
        for row in result
    )
    return [one for one in found if one.kind in wanted]


def _kind(verb: str, why: str | None) -> str:
    if verb != "cancelled":
        return verb
    return "lapsed" if why == "lapsed" else f"cancelled_by_{why or 'patient'}"
