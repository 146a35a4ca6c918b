"""Builds the town through the features' own services, so that tables, ledger and events agree.

Fixed seed, so two towns differ in ids and passwords only. May be run again: what is there is left alone, a
build that was cut short goes on where it stopped. One account is made last: where it is, the town is whole.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from time import monotonic

import sqlalchemy as sa

from remedy.gateways.mysql import end_session, in_transaction, take_lock
from remedy.region import Region
from remedy.settings import Settings
from remedy.town import cast, hands, people, places
from remedy.town.people import SignIn
from remedy.values import Clock
from remedy.vault import Vault

LOCK = "remedy.town"
LOCK_SECONDS = 900

Progress = Callable[[str], None]


def build(
    engine: sa.Engine,
    *,
    settings: Settings,
    size: cast.Size,
    clock: Clock,
    processes: int = 1,
    progress: Progress = print,
) -> list[SignIn]:
    """Build what is missing of the town; the sign-ins of its people.

    A town that was begun in another size is finished in that size.

    Raises:
        ValueError: in production, or without its keys: the passwords are made from one, records sealed with the other.
        RuntimeError: when another build does not end.
    """
    if settings.environment == "production":
        raise ValueError("A town of invented people is not for production; nothing was changed.")
    if not settings.secret_key or not settings.master_key:
        raise ValueError(
            "The town's passwords are made from REMEDY_SECRET_KEY, and its records sealed with "
            "REMEDY_MASTER_KEY; set both first."
        )
    with _alone(engine):
        site = in_transaction(engine, lambda c: _site(c, engine, settings, size, clock()))
        folk = people.sign_ins(site.size, settings.secret_key)
        with engine.connect() as connection:
            if people.has_account(connection, folk[-1]["email"], settings.secret_key):
                return folk
        began = monotonic()
        in_transaction(engine, lambda c: places.register(c, site.size, site.now))
        with _hands(site, engine, processes) as do:
            _report(do(hands.people_pieces(site)), f"accounts of {len(folk)} people", progress)
            days = f"{site.size.days} days at {site.size.pharmacies} pharmacies, visits, searches"
            _report(do(hands.history_pieces(site)), days, progress)
            _report(do(hands.order_pieces(site)), "orders of the last days", progress)
            # When the shops have their stock: a prescription is for what they keep.
            _report(do([("prescriptions", "")]), "prescriptions", progress)
        last = partial(
            people.settle,
            vault=Vault(settings.master_key, clock=clock),
            person=folk[-1],
            size=site.size,
            places={},
            secret_key=settings.secret_key,
            now=site.now,
        )
        in_transaction(engine, last)
        progress(f"The town is whole after {monotonic() - began:.0f} s.")
    return folk


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    connection = engine.connect()
    try:
        if not take_lock(connection, LOCK, seconds=LOCK_SECONDS):
            raise RuntimeError("Another build of the town is at work and does not end; look at it.")
        yield
    finally:
        end_session(connection)


def _site(
    connection: sa.Connection,
    engine: sa.Engine,
    settings: Settings,
    size: cast.Size,
    now: datetime,
) -> hands.Site:
    """The town that was begun, or a new one."""
    there = places.begun(connection)
    if there is None:
        places.found(connection, size, Region.load(settings.region_file).time_zone, now)
        there = (size, now)
    return hands.Site(
        url=engine.url.render_as_string(hide_password=False),
        master_key=settings.master_key,
        secret_key=settings.secret_key,
        region_file=settings.region_file,
        size_name=there[0].name,
        now=there[1],
    )


Do = Callable[[list[hands.Piece]], Iterator[float]]


@contextmanager
def _hands(site: hands.Site, engine: sa.Engine, processes: int) -> Iterator[Do]:
    """What does pieces of work, here or in processes of our own, and says which part of them is done."""

    def here(pieces: list[hands.Piece]) -> Iterator[float]:
        for number, piece in enumerate(pieces, 1):
            hand.do(piece)
            yield number / len(pieces)

    def elsewhere(pieces: list[hands.Piece]) -> Iterator[float]:
        waiting = [pool.submit(hands.do, piece) for piece in pieces]
        for number, future in enumerate(as_completed(waiting), 1):
            future.result()
            yield number / len(pieces)

    if processes == 1:
        hand = hands.Hand(site, engine)
        yield here
        return
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=hands.begin, initargs=(site,)
    ) as pool:
        try:
            yield elsewhere
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _report(parts: Iterable[float], what: str, progress: Progress) -> None:
    progress(f"The town: {what}: begun.")
    for part in parts:
        progress(f"The town: {what}: {part:.0%}.")
