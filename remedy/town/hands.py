"""The work of building a town in pieces that two processes can do: each knows alone what it needs.

Pieces touch different rows and are done in portions, each a transaction that finds out whether it was done.
"""

import ctypes
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from remedy.gateways.mysql import engine_for, in_transaction
from remedy.region import Region
from remedy.town import cast, keeper, people, places, prescribed, shoppers, visits
from remedy.town.demand import SEED, Shop, life
from remedy.town.story import Teller, portions
from remedy.values import at_that, local_day, utc_now
from remedy.vault import Vault

SOURCE = "/remedy/town"
"""What the events of the town name as their source, so that nobody takes them for a patient's."""

_DIE_WITH_PARENT = 1


@dataclass(frozen=True)
class Site:
    """Where a town is built, and how large, by whom it is told and which day it is there."""

    url: str
    master_key: str
    secret_key: str
    region_file: str
    size_name: str
    now: datetime

    @property
    def size(self) -> cast.Size:
        """The size of the town."""
        return cast.SIZES[self.size_name]


Piece = tuple[str, str]
"""What kind of work, and of whom: `people` 0 … n, `shop` licence, `looks`, `visits`, `prescriptions`, `transfers`,
`orders` licence."""

PEOPLE_AT_ONCE = 16


def people_pieces(site: Site) -> list[Piece]:
    """Accounts for everybody but the last: that one says that the town is whole."""
    count = len(people.sign_ins(site.size, site.secret_key)) - 1
    return [("people", str(start)) for start in range(0, count, PEOPLE_AT_ONCE)]


def history_pieces(site: Site) -> list[Piece]:
    """The town's history, the largest pieces first."""
    shops = sorted(cast.pharmacies(site.size), key=lambda one: -one.share)
    return [("looks", ""), ("visits", ""), *(("shop", one.licence) for one in shops)]


def order_pieces(site: Site) -> list[Piece]:
    """The town's orders, which take of what its history left on the shelves."""
    shops = sorted(cast.pharmacies(site.size), key=lambda one: -one.share)
    return [("transfers", ""), *(("orders", one.licence) for one in shops[: shoppers.SHOPS])]


class Hand:
    """Does pieces of work on one site, one after the other."""

    def __init__(self, site: Site, engine: sa.Engine) -> None:
        self._site = site
        # An outbox row of this engine names the town as its source.
        self._engine = engine.execution_options(event_source=SOURCE)
        self._region = Region.load(site.region_file)
        self._vault = Vault(site.master_key, clock=utc_now)
        self._sign_ins = people.sign_ins(site.size, site.secret_key)

    def do(self, piece: Piece) -> Piece:
        """Do what is missing of a piece of work."""
        kind, whose = piece
        if kind == "people":
            self._settle(int(whose))
        elif kind == "shop":
            self._keep_shop(whose)
        elif kind == "looks":
            self._look()
        elif kind == "orders":
            self._order(whose)
        elif kind == "prescriptions":
            self._prescribe()
        elif kind == "transfers":
            self._send_about()
        else:
            self._visit()
        return piece

    def _settle(self, start: int) -> None:
        site = self._site
        with self._engine.connect() as connection:
            known = places.known(connection, site.size)
        for person in self._sign_ins[:-1][start : start + PEOPLE_AT_ONCE]:
            in_transaction(
                self._engine,
                partial(
                    people.settle,
                    vault=self._vault,
                    person=person,
                    size=site.size,
                    places=known,
                    secret_key=site.secret_key,
                    now=site.now,
                ),
            )

    def _days(self) -> tuple[datetime, int]:
        """An instant of the first day, and how many days are told."""
        size = self._site.size
        return self._site.now - timedelta(days=size.days), size.days + (not size.is_full)

    def _teller(self) -> Teller:
        site = self._site
        with self._engine.begin() as connection:
            return Teller(
                places.known(connection, site.size),
                places.keys(connection),
                people.patients_of(connection, self._sign_ins[:-1], site.secret_key),
                site.secret_key,
                self._region,
                site.now,
            )

    def _keep_shop(self, licence: str) -> None:
        size, teller = self._site.size, self._teller()
        since, count = self._days()
        first_day = local_day(since, self._region.time_zone)
        own = next(one for one in cast.pharmacies(size) if one.licence == licence)
        told = Shop(own, size, count, SEED).days(first_day)
        days = [(first_day + timedelta(days=n), deeds) for n, deeds in enumerate(told)]
        lively = size.lively_days if size.is_full else 0
        for portion in portions(days, lively):
            is_lively = len(portion) == 1 and size.is_full
            in_transaction(
                self._engine,
                partial(teller.tell, licence=licence, days=portion, is_lively=is_lively),
            )

    def _look(self) -> None:
        size, teller = self._site.size, self._teller()
        since, count = self._days()
        first_day = local_day(since, self._region.time_zone)
        for number, day in enumerate(life(size, first_day, count)):
            if number >= count - size.lively_days - 1:
                in_transaction(
                    self._engine, partial(teller.tell_looks, day=day.day, looks=day.looks)
                )

    def _order(self, licence: str) -> None:
        site = self._site
        with self._engine.connect() as connection:
            folk = shoppers.Shoppers(
                self._vault,
                places.known(connection, site.size),
                people.patients_of(connection, self._sign_ins[:-1], site.secret_key),
                self._region.currency,
                self._region.delivery_fee_minor or 0,
            )
        for orders in shoppers.bought(site.size, site.now):
            in_transaction(self._engine, partial(folk.tell, licence=licence, orders=orders))

    def _send_about(self) -> None:
        site = self._site
        with self._engine.connect() as connection:
            known = places.known(connection, site.size)
        shops = [known[one.licence] for one in cast.pharmacies(site.size)]
        clock = at_that(site.now)
        for shop in shops:
            in_transaction(self._engine, partial(keeper.keep_levels, pharmacy_id=shop, clock=clock))
        in_transaction(self._engine, partial(keeper.send_about, pharmacies=shops, clock=clock))

    def _visit(self) -> None:
        site = self._site
        with self._engine.connect() as connection:
            desk = visits.Receptionist(
                self._vault,
                site.size,
                places.known(connection, site.size),
                people.patients_of(connection, self._sign_ins[:-1], site.secret_key),
                people.account_of(connection, self._sign_ins[0]["email"], site.secret_key),
                self._region.time_zone,
                site.now,
            )
        days = [*visits.asked(site.size, site.now), visits.waiting(site.size, site.now)]
        for requests in days:
            in_transaction(self._engine, partial(desk.tell, requests=requests))

    def _prescribe(self) -> None:
        site = self._site
        person = next(one for one in self._sign_ins if one["role"] == "pharmacist")
        with self._engine.connect() as connection:
            desk = prescribed.Desk(
                self._vault,
                people.patients_of(connection, self._sign_ins[:-1], site.secret_key),
                people.account_of(connection, person["email"], site.secret_key),
                self._region.time_zone,
            )
        in_transaction(self._engine, partial(desk.tell, now=site.now))


_hand: Hand | None = None


def begin(site: Site) -> None:
    """Make a process of a pool ready for pieces of this site; it ends with whoever started it."""
    global _hand
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    _hand = Hand(site, engine_for(site.url, pool_size=1))


def do(piece: Piece) -> Piece:
    """Do a piece of work in a process of the pool."""
    if _hand is None:
        raise RuntimeError("This process was not made ready; begin() comes first.")
    return _hand.do(piece)
