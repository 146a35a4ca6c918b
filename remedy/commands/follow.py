"""`remedy follow`: one event's way, hop by hop, each with its time.

Without an id it makes one search, one sale and one request for a visit and follows all three; with an event's id it
follows that one.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import requests
import sqlalchemy as sa

from remedy.commands.verbs import add, read_event_id
from remedy.gateways.airflow import Airflow
from remedy.schema import people, pharmacy
from remedy.schema.hospital import appointment
from remedy.schema.pipeline import RAW, aggregated_day, landing_file
from remedy.settings import Settings
from remedy.values import local_day, utc_now

COUNTED_TOPICS = ("stock-movements", "medicine-searches")
SECONDS = {"outbox": 30, "landed": 60, "file": 150, "count": 420}
LOOK_EVERY_SECONDS = 0.5
SHOWN = {
    "stock-movements": "",
    "medicine-searches": "",
    "appointments": "requests",
}
"""The address below the dashboards' own of the page that shows each topic; demand is the first page."""

Found = TypeVar("Found")
Hop = tuple[str, datetime | None, str]
"""What happened, when, and where to look."""


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    made = add(verbs, "follow", run_follow, "follow an event from the click to the dashboard")
    made.add_argument(
        "event", nargs="?", help="event id; without it a search, a sale and a request are made"
    )


def run_follow(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print every hop as it happens."""
    from remedy.gateways.mysql import engine_for

    engine = engine_for(settings.database_url)
    airflow = Airflow(settings.airflow_url, settings.airflow_user, settings.airflow_password)
    if chosen.event:
        events = [("The event", read_event_id(chosen.event))]
    else:
        events = list(make_events(engine, settings))
    for what, event_id in events:
        print(f"\n{what} · event {event_id}")
        start: datetime | None = None
        for name, at, where in hops(engine, airflow, settings, event_id):
            start = start or at
            after = f"+{(at - start).total_seconds():.3f} s" if at and start else ""
            moment = at.strftime("%H:%M:%S.%f")[:-3] if at else ""
            print(f"  {name:<12} {moment:<13}{after:>12}  {where}", flush=True)
    return 0


def make_events(engine: sa.Engine, settings: Settings) -> Iterator[tuple[str, UUID]]:
    """One search that finds nothing, one sale of a pack, one request for a visit.

    Raises:
        ValueError: in production, where nothing is made up, or where there is nothing to do it with.
    """
    if settings.environment != "local":
        raise ValueError("In production nothing is made up to be followed; give an event id.")
    yield "A search that found nothing", _search(engine, settings)
    yield "A sale of one pack", _sell(engine)
    yield "A request for a visit", _request(engine, settings)


def _search(engine: sa.Engine, settings: Settings) -> UUID:
    words = f"followed {uuid4().hex[:8]}"
    before = utc_now() - timedelta(seconds=5)
    requests.get(f"{settings.portal_url}/", params={"q": words}, timeout=30).raise_for_status()
    query = sa.select(people.outbox.c.event_id).where(
        people.outbox.c.aggregatetype == "medicine-searches",
        people.outbox.c.recorded_at > before,
        people.outbox.c.payload.contains(words),
    )
    found: UUID = _await("the search in the outbox", lambda: _scalar(engine, query), seconds=10)
    return found


def _sell(engine: sa.Engine) -> UUID:
    from remedy.gateways.mysql import in_transaction
    from remedy.stock.model import Line
    from remedy.stock.service import record_movement

    item, place, medicine = pharmacy.stock_item, pharmacy.pharmacy, pharmacy.medicine
    with engine.connect() as connection:
        first = connection.execute(
            sa.select(place.c.public_id, medicine.c.public_id.label("medicine_id"))
            .select_from(item.join(place).join(medicine))
            .order_by(item.c.id)
            .limit(1)
        ).first()
    if first is None:
        raise ValueError("No pharmacy has any stock to sell; build the town or register one first.")
    line = Line(
        kind="sold",
        medicine_id=first.medicine_id,
        quantity_milli=1000,
        occurred_at=utc_now(),
        reason="followed",
    )
    recorded = in_transaction(
        engine, lambda connection: record_movement(connection, first.public_id, line, clock=utc_now)
    )
    # A movement's event has the movement's own id.
    return recorded.movement_id


def _request(engine: sa.Engine, settings: Settings) -> UUID:
    from remedy.appointments import queries, service
    from remedy.appointments.model import LIVING
    from remedy.gateways.mysql import in_transaction
    from remedy.vault import Vault

    now = utc_now()
    with engine.connect() as connection:
        # Who has asked for least: one who has asked for enough is refused.
        asked = sa.func.count(appointment.c.id)
        patient_id = connection.execute(
            sa.select(people.patient.c.public_id)
            .outerjoin_from(
                people.patient,
                appointment,
                sa.and_(
                    appointment.c.patient_id == people.patient.c.id,
                    appointment.c.state.in_(LIVING),
                ),
            )
            .group_by(people.patient.c.id, people.patient.c.public_id)
            .order_by(asked, people.patient.c.id)
            .limit(1)
        ).scalar()
        slots = (
            slot
            for found in queries.doctors(connection)
            for slot in queries.free_slots(
                connection,
                found.doctor_id,
                first_day=local_day(now, found.time_zone) + timedelta(days=1),
                days=14,
                now=now,
            )
        )
        slot = next(slots, None)
    if patient_id is None or slot is None:
        raise ValueError(
            "There is no patient, or no doctor with a free slot, to make a request with."
        )
    vault = Vault(settings.master_key)
    visit = in_transaction(
        engine,
        lambda connection: service.request_visit(
            connection,
            vault,
            doctor_id=slot.doctor_id,
            patient_id=patient_id,
            starts_at=slot.starts_at,
            urgency="routine",
            symptoms="Followed from the command line.",
            clock=utc_now,
        ),
    )
    return _event_of(engine, "appointments", str(visit.appointment_id))


def hops(engine: sa.Engine, airflow: Airflow, settings: Settings, event_id: UUID) -> Iterator[Hop]:
    """Every hop of one event, yielded as it is seen.

    Raises:
        ValueError: if the event is known nowhere.
        TimeoutError: naming the hop that did not happen in time.
    """
    topic = None
    told = _row(engine, sa.select(people.outbox).where(people.outbox.c.event_id == event_id))
    if told is not None:
        topic = told.aggregatetype
        yield "committed", told.recorded_at, f"{told.type}, with its change, in one transaction"
        told = _await(
            "publishing",
            lambda: _row(
                engine,
                sa.select(people.outbox).where(
                    people.outbox.c.event_id == event_id, people.outbox.c.published_at.is_not(None)
                ),
            ),
            seconds=SECONDS["outbox"],
        )
        yield "outbox", told.published_at, f"outbox row {told.id}, told by the relay"
    topics = [topic] if topic else list(RAW)
    raw = _await(
        "landing",
        lambda: _raw(engine, topics, event_id),
        seconds=SECONDS["landed"] if topic else 1,
        unknown=f"No event {event_id} is in the outbox or has landed.",
    )
    topic = raw.topic
    yield "Kafka", None, f"topic {topic}, partition {raw.partition_no}, offset {raw.record_offset}"
    yield "landed", raw.landed_at, f"raw row {raw.id}, {_landing_run(airflow, raw.landed_at)}"
    file = _await("the HDFS file", lambda: _file(engine, raw), seconds=SECONDS["file"])
    yield (
        "HDFS",
        file.ready_at,
        f"{file.path} ({file.row_count} {'line' if file.row_count == 1 else 'lines'})",
    )
    if topic in COUNTED_TOPICS:
        yield _count(engine, airflow, settings, topic, raw, file)
    page = SHOWN.get(topic)
    if page is not None:
        yield "shown", None, f"{settings.dashboard_url}/{page}"


def _count(
    engine: sa.Engine,
    airflow: Airflow,
    settings: Settings,
    topic: str,
    raw: Any,
    file: Any,
) -> Hop:
    """The count that took the event in; until there is one, it is asked for.

    More than once where a day closed meanwhile: that is counted when all of it is in HDFS, and passed over before.
    """
    query = sa.select(aggregated_day).where(
        aggregated_day.c.kind == topic,
        aggregated_day.c.day == raw.day,
        aggregated_day.c.aggregated_at > file.ready_at,
    )
    day, until = raw.day.isoformat(), time.monotonic() + SECONDS["count"]
    row = _row(engine, query)
    while row is None:
        print(f"  … asking for a count of {day} (one job on YARN)", flush=True)
        run_id = airflow.trigger("aggregate_demand", {"from": day, "to": day, "include_open": True})
        state = airflow.wait("aggregate_demand", run_id, seconds=SECONDS["count"])
        if state != "success":
            raise ValueError(f"The count {run_id} failed; its log is at {settings.airflow_url}.")
        row = _row(engine, query)
        if row is None and time.monotonic() >= until:
            raise TimeoutError(
                f"A count of {day} with this event did not happen within {SECONDS['count']:.0f} s."
            )
    where = f"{settings.yarn_url}/cluster/app/{row.application_id}, DAG run {row.run_id}"
    return "counted", row.aggregated_at, where


def _raw(engine: sa.Engine, topics: list[str], event_id: UUID) -> Any:
    for topic in topics:
        table = RAW[topic]
        row = _row(
            engine,
            sa.select(table, sa.literal(topic).label("topic")).where(table.c.event_id == event_id),
        )
        if row is not None:
            return row
    return None


def _file(engine: sa.Engine, raw: Any) -> Any:
    return _row(
        engine,
        sa.select(landing_file)
        .where(
            landing_file.c.topic == raw.topic,
            landing_file.c.partition_no == raw.partition_no,
            landing_file.c.first_offset <= raw.record_offset,
            landing_file.c.next_offset > raw.record_offset,
            landing_file.c.state == "ready",
        )
        .limit(1),
    )


def _landing_run(airflow: Airflow, landed_at: datetime) -> str:
    """The run of `land_events` that was at work then."""
    for run in airflow.runs("land_events", limit=20):
        start = run["start_date"] and datetime.fromisoformat(run["start_date"])
        end = run["end_date"] and datetime.fromisoformat(run["end_date"])
        if start and start <= landed_at and (end is None or landed_at <= end):
            return f"DAG run {run['dag_run_id']}"
    return "a DAG run Airflow no longer lists"


def _event_of(engine: sa.Engine, topic: str, text: str) -> UUID:
    """The newest event on a topic whose body holds `text`."""
    query = (
        sa.select(people.outbox.c.event_id)
        .where(people.outbox.c.aggregatetype == topic, people.outbox.c.payload.contains(text))
        .order_by(people.outbox.c.id.desc())
        .limit(1)
    )
    found: UUID = _await("the event in the outbox", lambda: _scalar(engine, query), seconds=5)
    return found


def _row(engine: sa.Engine, query: Any) -> Any:
    with engine.connect() as connection:
        return connection.execute(query).first()


def _scalar(engine: sa.Engine, query: Any) -> Any:
    with engine.connect() as connection:
        return connection.execute(query).scalar()


def _await(
    what: str, look: Callable[[], Found | None], *, seconds: float, unknown: str | None = None
) -> Found:
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > until:
            if unknown:
                raise ValueError(unknown)
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s.")
        time.sleep(LOOK_EVERY_SECONDS)
