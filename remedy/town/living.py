"""Keeps the town living: a few sales, searches, holds, orders and visits a second, now, through the same services.

What it tells names the town as its source (`/remedy/town`), so that nobody takes it for a patient's doing. It
is for screens that are looked at; where people are real it does not run. Each medicine has the part in it that it
has in the town's told days; only all of it together is faster than they were, and by night as by day.
"""

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox
from remedy.appointments import queries as visits
from remedy.appointments import service as appointments
from remedy.appointments.model import Refused as VisitRefused
from remedy.events.pharmacy import MedicineSearched
from remedy.gateways.mysql import in_transaction
from remedy.orders import pickup
from remedy.region import Region
from remedy.schema.pharmacy import medicine, pharmacy, stock_item, stock_lot
from remedy.settings import Settings
from remedy.stock import service as stock
from remedy.stock.model import Line, Refused
from remedy.town import cast, people, places
from remedy.town.counter import Counter
from remedy.town.demand import SEED, UNKNOWN_LOOKS_A_DAY, Shop, looks_a_day
from remedy.town.hands import SOURCE
from remedy.values import MILLI, Clock, local_day, uuid7
from remedy.vault import Vault

log = logging.getLogger(__name__)

EVENTS_A_SECOND = 3.0
FASTEST = 50.0
RUNS_LOW_MILLI = 4 * MILLI
DELIVERY_MILLI = 40 * MILLI
HOLD_MINUTES = 30
WAITING_AT_MOST = 40
"""More requests than that are not made while nobody decides them."""


@dataclass(frozen=True)
class _Found:
    """A stock item somebody comes for."""

    pharmacy_id: UUID
    medicine_id: UUID
    is_for_all: bool
    there_milli: int


class Wishes:
    """What the town's people want, each in its part of a told day; `medicine` None is words that mean none."""

    def __init__(self, size: cast.Size, first_day: date) -> None:
        self._size = size
        self._first_day = first_day
        self._days = size.days + (not size.is_full)
        self._shops = [Shop(one, size, self._days, SEED) for one in cast.pharmacies(size)]
        self._day: date | None = None
        self._bought: tuple[list[tuple[str, str]], list[float]] = ([], [])
        self._looked_for: tuple[list[str | None], list[float]] = ([], [])

    def to_buy(self, day: date, random: Random) -> tuple[str, str]:
        """A pharmacy by its licence, and a medicine that it keeps by its key."""
        self._know(day)
        return random.choices(*self._bought)[0]

    def to_look_for(self, day: date, random: Random) -> str | None:
        """A medicine by its key."""
        self._know(day)
        return random.choices(*self._looked_for)[0]

    def _know(self, day: date) -> None:
        if day == self._day:
            return
        number = (day - self._first_day).days
        lines = [
            ((shop.pharmacy.licence, key), often)
            for shop in self._shops
            for key, often in shop.lines_a_day(day, number).items()
        ]
        looks = [
            (medicine.key, often)
            for medicine, often in looks_a_day(self._size, day, number, self._days)
        ]
        self._bought = [which for which, _ in lines], [often for _, often in lines]
        self._looked_for = (
            [None, *(key for key, _ in looks)],
            [UNKNOWN_LOOKS_A_DAY, *(often for _, often in looks)],
        )
        self._day = day


def speed_in(path: Path | None) -> float:
    """How many events a second somebody wished for in that file; the town's own pace if nobody did."""
    try:
        wished = float(path.read_text()) if path is not None else EVENTS_A_SECOND
    except (FileNotFoundError, ValueError):
        return EVENTS_A_SECOND
    return wished if 0 < wished <= FASTEST else EVENTS_A_SECOND


def run(
    engine: sa.Engine,
    *,
    settings: Settings,
    speed: Callable[[], float],
    stop: threading.Event,
    clock: Clock,
    random: Random | None = None,
) -> None:
    """Let the town live until `stop` is set. The database going away is waited for.

    Raises:
        ValueError: in production, or where there is no town.
    """
    if settings.environment == "production":
        raise ValueError("A simulated town is not for production; nothing was changed.")
    life = Life(engine, settings=settings, clock=clock, random=random or Random())  # noqa: S311
    is_lost = False
    while not stop.wait(1 / speed()):
        try:
            life.happen()
            is_lost = False
        except sa.exc.DBAPIError as error:
            if not is_lost:
                log.warning("The town lost its database (%s); it waits.", type(error.orig).__name__)
            is_lost = True
            stop.wait(5)


class Life:
    """What happens next in the town, one thing at each call of `happen`."""

    def __init__(
        self, engine: sa.Engine, *, settings: Settings, clock: Clock, random: Random
    ) -> None:
        self._engine = engine.execution_options(event_source=SOURCE)
        self._settings = settings
        self._clock = clock
        self._random = random
        self._region = Region.load(settings.region_file)
        self._vault = Vault(settings.master_key, clock=clock)
        with engine.connect() as connection:
            there = places.begun(connection)
            if there is None:
                raise ValueError("There is no town here to keep living; REMEDY_TOWN was 'none'.")
            self._size = there[0]
            began = there[1] - timedelta(days=self._size.days)
            known = places.known(connection, self._size)
            folk = people.sign_ins(self._size, settings.secret_key)
            self._patients = people.patients_of(connection, folk, settings.secret_key)
            self._medicines = places.keys(connection)
        self._wishes = Wishes(self._size, local_day(began, self._region.time_zone))
        self._doctors = {one.name: known[one.name] for one in cast.doctors(self._size)}
        shops = [known[one.licence] for one in cast.pharmacies(self._size)]
        self._counter = Counter(self._vault, shops, self._patients, self._region)

    def happen(self) -> str:
        """Let one thing happen; what it was."""
        acts: dict[str, tuple[Callable[[sa.Connection], None], int]] = {
            "sale": (self._sell, 58),
            "search": (self._search, 24),
            "hold": (self._hold, 5),
            "visit": (self._ask, 3),
            # An order takes three steps to be handed out.
            "order": (self._order, 2),
            "step": (self._serve, 8),
        }
        (what,) = self._random.choices(list(acts), weights=[often for _, often in acts.values()])
        try:
            in_transaction(self._engine, acts[what][0])
        except (Refused, VisitRefused):
            # A shelf ran empty or a time was taken just now: that, too, happens in a town.
            return f"{what} refused"
        return what

    def _come(self, connection: sa.Connection) -> _Found | None:
        """Somebody comes for one of the items of a pharmacy of the town."""
        today = local_day(self._clock(), self._region.time_zone)
        licence, key = self._wishes.to_buy(today, self._random)
        row = connection.execute(
            sa.select(
                pharmacy.c.public_id.label("pharmacy_id"),
                medicine.c.public_id.label("medicine_id"),
                medicine.c.is_controlled,
                medicine.c.is_prescription_only,
                sa.func.coalesce(sa.func.sum(_good(today)), 0).label("there"),
            )
            .select_from(stock_item)
            .join(pharmacy, pharmacy.c.id == stock_item.c.pharmacy_id)
            .join(medicine, medicine.c.id == stock_item.c.medicine_id)
            .outerjoin(stock_lot, stock_lot.c.stock_item_id == stock_item.c.id)
            .where(
                pharmacy.c.licence == licence,
                medicine.c.source == places.SOURCE,
                medicine.c.source_key == key,
            )
            .group_by(stock_item.c.id)
        ).first()
        if row is None:
            return None
        is_for_all = not row.is_controlled and not row.is_prescription_only
        return _Found(row.pharmacy_id, row.medicine_id, is_for_all, int(row.there))

    def _having(self, connection: sa.Connection, medicine_id: UUID, today: date) -> int:
        """How many pharmacies have a medicine."""
        having = (
            sa.select(stock_item.c.pharmacy_id)
            .select_from(stock_item)
            .join(medicine, medicine.c.id == stock_item.c.medicine_id)
            .join(stock_lot, stock_lot.c.stock_item_id == stock_item.c.id)
            .where(medicine.c.public_id == medicine_id, _good(today) > 0)
            .distinct()
            .subquery()
        )
        return connection.execute(sa.select(sa.func.count()).select_from(having)).scalar_one()

    def _sell(self, connection: sa.Connection) -> None:
        found = self._come(connection)
        if found is None:
            return
        now = self._clock()
        packs = self._random.choice((1, 1, 1, 2))
        if found.there_milli < RUNS_LOW_MILLI:
            lot, expires_on = (
                f"T{now:%y%m%d}",
                local_day(now, self._region.time_zone) + timedelta(days=400),
            )
            line = Line(
                "received", found.medicine_id, DELIVERY_MILLI, now, lot_number=lot,
                expires_on=expires_on, line_id=f"town-live-{uuid7(self._clock)}",
            )  # fmt: skip
        else:
            line = Line(
                "sold", found.medicine_id, packs * MILLI, now,
                line_id=f"town-live-{uuid7(self._clock)}",
            )  # fmt: skip
        stock.record_movement(connection, found.pharmacy_id, line, clock=self._clock)

    def _search(self, connection: sa.Connection) -> None:
        now = self._clock()
        today = local_day(now, self._region.time_zone)
        who = f"town {self._random.randrange(len(self._patients) + 1)} {now:%Y%m%d}".encode()
        secret = self._settings.secret_key.encode()
        key = self._wishes.to_look_for(today, self._random)
        medicine_id = self._medicines[key] if key else None
        searched = MedicineSearched(
            searcher=hmac.new(secret, who, hashlib.sha256).hexdigest()[:32],
            district=self._random.choice(cast.pharmacies(self._size)).district,
            medicine_id=medicine_id,
            pharmacies_found=self._having(connection, medicine_id, today) if medicine_id else 0,
            query=None if key else self._random.choice(cast.UNKNOWN_WORDS),
            occurred_at=now,
        )
        outbox.record_now(connection, searched, None, now, self._clock)

    def _hold(self, connection: sa.Connection) -> None:
        found = self._come(connection)
        if found is None or not found.is_for_all:
            # What is on prescription only wants an accepted one, which hardly anybody in town has.
            return
        pickup.hold(
            connection,
            found.pharmacy_id,
            found.medicine_id,
            MILLI,
            patient_id=self._random.choice(self._patients),
            minutes=HOLD_MINUTES,
            clock=self._clock,
        )

    def _order(self, connection: sa.Connection) -> None:
        found = self._come(connection)
        if found is not None and found.is_for_all:
            self._counter.order(
                connection,
                found.pharmacy_id,
                found.medicine_id,
                random=self._random,
                clock=self._clock,
            )

    def _serve(self, connection: sa.Connection) -> None:
        self._counter.serve(connection, clock=self._clock)

    def _ask(self, connection: sa.Connection) -> None:
        if len(visits.waiting_requests(connection)) >= WAITING_AT_MOST:
            return
        speciality, urgency, words = self._random.choice(cast.symptoms(self._size))
        able = [one.name for one in cast.doctors(self._size) if one.speciality == speciality]
        doctor_id, now = self._doctors[self._random.choice(able)], self._clock()
        first_day = local_day(now, self._region.time_zone) + timedelta(days=1)
        slots = visits.free_slots(connection, doctor_id, first_day=first_day, days=9, now=now)
        if not slots:
            return
        appointments.request_visit(
            connection,
            self._vault,
            doctor_id=doctor_id,
            patient_id=self._random.choice(self._patients),
            starts_at=self._random.choice(slots).starts_at,
            urgency=urgency,
            symptoms=words,
            clock=self._clock,
        )


def _good(today: date) -> sa.ColumnElement[int]:
    """What of a lot is for somebody: what has expired or is recalled is on the shelf, and not there for anybody."""
    is_good = stock_lot.c.recalled_at.is_(None) & sa.or_(
        stock_lot.c.expires_on.is_(None), stock_lot.c.expires_on > today
    )
    return sa.case((is_good, stock_lot.c.quantity_milli), else_=0)
