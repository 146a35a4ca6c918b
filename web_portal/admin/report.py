"""The report on visits to take away, as PDF and as CSV; for admins. Its figures are those of the dashboards' page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, request
from flask import Response as FlaskResponse
from werkzeug.wrappers.response import Response

from remedy.appointments import activity, utilisation
from remedy.appointments.activity import Chosen, Count, Day, Waits
from remedy.appointments.utilisation import Use
from remedy.values import local_day
from web_portal.access import requires
from web_portal.admin.exports import as_csv, defused
from web_portal.appointments.times import A_LIFETIME
from web_portal.parts import parts

room = Blueprint("report", __name__, url_prefix="/admin/export")

DAYS = 28
MOST_DAYS = 366
HEAD = ("part", "of", "from", "to", "figure", "value", "unit", "source")
COUNTED, LANDED = "agg_* (MapReduce)", "raw_appointments (landed, not counted yet)"
LIVE = "request_state (as it is now)"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Doctor:
    """Whose time it is."""

    name: str
    speciality: str


@dataclass(frozen=True)
class Figures:
    """All that the report says, read at one time: `made_at`. `used` is of doctors and weeks, `by_hour` of hours of the week."""

    chosen: Chosen
    made_at: datetime
    doctors: dict[UUID, Doctor]
    count: Count | None
    days: list[Day]
    booked_count: int
    waits: list[Waits]
    used: list[Use]
    by_hour: list[Use]
    unmeasured_minutes: int

    @property
    def totals(self) -> dict[str, int]:
        """What happened in the whole range, by kind."""
        return activity.totals(self.days)

    def by_doctor(self) -> list[Use]:
        """How each doctor's time was used; keys are names."""
        return utilisation.by(self.used, lambda one: self._doctor(one).name)

    def by_speciality(self) -> list[Use]:
        """How the time of each speciality was used."""
        return utilisation.by(self.used, lambda one: self._doctor(one).speciality)

    def by_week(self) -> list[Use]:
        """How time was used week by week; keys are Mondays."""
        return utilisation.by(self.used, lambda one: one.key[1])

    def _doctor(self, one: Use) -> Doctor:
        return self.doctors.get(one.key[0], Doctor("-", "-"))


@room.get("/visits.csv")
@requires("admin")
def visits_csv() -> Response:
    """Every figure of the range in a row of its own."""
    found = _figures()
    return FlaskResponse(
        as_csv(HEAD, rows(found)),
        mimetype="text/csv",
        headers={"Content-Disposition": _attachment(found, "csv")},
    )


@room.get("/visits.pdf")
@requires("admin")
def visits_pdf() -> Response:
    """The same to print, with its charts."""
    # Here and not above: most workers never draw.
    from web_portal.admin import report_pdf

    found = _figures()
    return FlaskResponse(
        report_pdf.draw(found),
        mimetype="application/pdf",
        headers={"Content-Disposition": _attachment(found, "pdf")},
    )


def collect(connection: sa.Connection, chosen: Chosen, now: datetime) -> Figures:
    """Read what the report says."""
    count = activity.last_count(connection)
    closed = count.day if count else None
    return Figures(
        chosen=chosen,
        made_at=now,
        doctors=_doctors(connection),
        count=count,
        days=activity.days(connection, chosen, closed),
        booked_count=activity.booked_count(connection, chosen),
        waits=activity.waits(connection, chosen, closed),
        used=utilisation.of_weeks(connection, chosen, closed),
        by_hour=utilisation.of_hours(connection, chosen, closed),
        unmeasured_minutes=utilisation.unmeasured(connection, chosen, closed),
    )


def rows(found: Figures) -> Iterator[list[str]]:
    """The rows of the CSV: each says what it is of, from when to when, and where it is from."""
    first, last = found.chosen.first, found.chosen.last

    def row(part: str, of: str, since: date, until: date, *rest: object) -> list[str]:
        texts = (part, defused(of), since.isoformat(), until.isoformat(), *map(str, rest))
        return list(texts)

    for kind, times in found.totals.items():
        yield row("activity", "", first, last, kind, times, "times", f"{COUNTED}; {LANDED}")
    yield row("activity", "", first, last, "booked", found.booked_count, "visits", LIVE)
    for one in found.days:
        source = COUNTED if one.is_counted else LANDED
        for kind in activity.KINDS:
            yield row("day", "", one.day, one.day, kind, one.counts.get(kind, 0), "times", source)
    for wait in found.waits:
        measures: tuple[tuple[str, float], ...] = (
            ("times", wait.wait_count),
            ("mean", round(wait.mean_minutes, 1)),
            ("half within", wait.half_within),
            ("nine of ten within", wait.most_within),
        )
        for name, number in measures:
            unit = "times" if name == "times" else "minutes"
            yield row("waiting", wait.waited_for, first, last, name, number, unit, COUNTED)
    for part, used in (
        ("doctor", found.by_doctor()),
        ("speciality", found.by_speciality()),
        ("hour of the week", found.by_hour),
        ("week", found.by_week()),
    ):
        for use in used:
            since, until = (
                (use.key, use.key + timedelta(days=6)) if part == "week" else (first, last)
            )
            for figure, value, unit in _of_use(use):
                yield row(part, _named(part, use), since, until, figure, value, unit, COUNTED)
    yield row(
        "left out", "", first, last, "booked, offered time not measured", found.unmeasured_minutes,
        "minutes", COUNTED,
    )  # fmt: skip


def _of_use(use: Use) -> Iterator[tuple[str, object, str]]:
    yield "offered", use.offered_minutes, "minutes"
    yield "booked", use.booked_minutes, "minutes"
    yield "used", "" if use.share is None else f"{use.share:.4f}", "of 1"
    yield "visits", use.booked_count, "visits"
    yield "attended", use.attended_count, "visits"
    yield "missed", use.missed_count, "visits"


def _named(part: str, use: Use) -> str:
    if part == "week":
        return ""
    if part == "hour of the week":
        weekday, hour = use.key
        return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[weekday]} {hour:02}:00"
    return str(use.key)


def _figures() -> Figures:
    here = parts()
    now = here.now()
    today = local_day(now, here.region.time_zone)
    last = _day("last", today)
    if abs(last - today) > A_LIFETIME:
        # The calendar itself ends beyond.
        abort(400)
    first = _day("first", last - timedelta(days=DAYS - 1))
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        abort(400)
    return here.read(lambda c: collect(c, _chosen(c, first, last), now))


def _chosen(connection: sa.Connection, first: date, last: date) -> Chosen:
    doctors = _doctors(connection)
    speciality = request.args.get("speciality") or None
    if wanted := request.args.get("doctor"):
        try:
            doctor_id = UUID(wanted)
        except ValueError:
            abort(400)
        if doctor_id not in doctors:
            abort(404)
        return Chosen(first, last, (doctor_id,), doctors[doctor_id].speciality)
    if speciality is None:
        return Chosen(first, last)
    ids = tuple(one for one, doctor in doctors.items() if doctor.speciality == speciality)
    return Chosen(first, last, ids, speciality)


def _doctors(connection: sa.Connection) -> dict[UUID, Doctor]:
    result = connection.execute(
        sa.text("SELECT public_id, name, speciality FROM known_doctor ORDER BY speciality, name")
    )
    return {UUID(bytes=bytes(row.public_id)): Doctor(row.name, row.speciality) for row in result}


def _day(name: str, otherwise: date) -> date:
    given = request.args.get(name)
    if not given:
        return otherwise
    if not _DAY.fullmatch(given):
        abort(400)
    try:
        return date.fromisoformat(given)
    except ValueError:
        abort(400)


def _attachment(found: Figures, ending: str) -> str:
    name = f"visits-{found.chosen.first}-{found.chosen.last}.{ending}"
    return f'attachment; filename="{name}"'
