"""Verbs the stack starts: migrate, prepare, relay, index, settle, mail-catcher, payment-desk, sms-catcher.

Each imports what it needs when it runs: the relay stays small, and a part that is broken stops its own
verb only.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from remedy.commands.verbs import add
from remedy.settings import Settings
from remedy.values import utc_now


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    add(
        verbs,
        "migrate",
        run_migrate,
        "bring the database to the newest schema, grant the accounts' rights",
    )
    add(
        verbs,
        "prepare",
        run_prepare,
        "make topics and HDFS folders",
    )
    add(verbs, "relay", run_relay, "tell Kafka what the outbox holds, until stopped")
    index = add(verbs, "index", run_index, "the search index: keep it in step, or make it anew")
    index.add_argument(
        "what",
        choices=("follow", "rebuild", "state"),
        help="follow: write it until stopped; rebuild: have it made anew; state: how far it is",
    )
    add(verbs, "watch", run_watch, "name changes of demand as they land, until stopped")
    settle = add(verbs, "settle", run_settle, "wait until all that was told is in MySQL and HDFS")
    settle.add_argument("--seconds", type=float, default=300, help="how long at most")
    mail = add(
        verbs, "mail-catcher", run_mail_catcher, "catch mail on this machine and show it on a page"
    )
    mail.add_argument("--smtp-port", type=int, required=True)
    mail.add_argument("--web-port", type=int, required=True)
    mail.add_argument("--folder", type=Path, required=True)
    desk = add(
        verbs,
        "payment-desk",
        run_payment_desk,
        "a payment provider for one machine, which takes no money",
    )
    desk.add_argument("--port", type=int, required=True)
    desk.add_argument("--folder", type=Path, required=True)
    desk.add_argument("--key-file", type=Path, required=True, help="the key the portal shares")
    sms = add(
        verbs, "sms-catcher", run_sms_catcher, "catch SMS on this machine and show them on a page"
    )
    sms.add_argument("--port", type=int, required=True)
    sms.add_argument("--folder", type=Path, required=True)
    sms.add_argument("--key-file", type=Path, required=True, help="the key the portal shares")


def run_migrate(_: argparse.Namespace, settings: Settings) -> int:
    """Migrations once; needs the owner's account."""
    from remedy.gateways.mysql import engine_for
    from remedy.schema.migrate import grant, migrate

    with engine_for(settings.database_url).connect() as connection:
        migrate(connection)
        granted = grant(connection)
    print(
        f"The database is at the newest schema; rights given to {', '.join(granted) or 'nobody'}."
    )
    return 0


def run_prepare(_: argparse.Namespace, settings: Settings) -> int:
    """Topics and folders, where they are not there."""
    from remedy.gateways.hdfs import ZONES, connect
    from remedy.gateways.kafka import create_topics

    create_topics(settings.kafka_brokers)
    files = connect(settings.hdfs_url, settings.hdfs_user, settings.hdfs_root)
    for zone in ZONES:
        files.make_folder(zone)
    print("Topics and HDFS folders are there.")
    return 0


def run_relay(_: argparse.Namespace, settings: Settings) -> int:
    """Outbox to Kafka until SIGTERM; beside it, what falls due by the clock (lapsed requests, old holds)."""
    from remedy.gateways.mysql import engine_for
    from remedy.pipeline import overdue, relay

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    beside = threading.Thread(
        target=overdue.run,
        args=(engine_for(settings.database_url, pool_size=1),),
        kwargs={"stop": stop, "clock": utc_now},
        name="overdue",
        daemon=True,
    )
    beside.start()
    engine = engine_for(settings.database_url, pool_size=2)
    relay.run(engine, settings.kafka_brokers, stop=stop, clock=utc_now)
    return 0


def run_index(chosen: argparse.Namespace, settings: Settings) -> int:
    """The search index: write it until SIGTERM, have it made anew, or say how far it is."""
    from remedy.catalogue.by_index import search_state
    from remedy.catalogue.index import Index, use
    from remedy.gateways.mysql import engine_for
    from remedy.pipeline import indexing

    engine = engine_for(settings.database_url, pool_size=1)
    if chosen.what == "rebuild":
        with engine.begin() as connection:
            indexing.make_anew(connection, clock=utc_now)
        print(
            "The search index is made anew by `remedy index follow`; `remedy index state` says when."
        )
        return 0
    if not settings.search_index_dir:
        print("REMEDY_SEARCH_INDEX_DIR names no folder for the search index.", file=sys.stderr)
        return 1
    folder = Path(settings.search_index_dir)
    if chosen.what == "state":
        use(engine, Index(folder))
        with engine.connect() as connection:
            state = search_state(connection)
        print(f"Searches use: {state}.")
        return 0 if state == "index" else 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    indexing.run(engine, folder, stop=stop)
    return 0


def run_watch(_: argparse.Namespace, settings: Settings) -> int:
    """Live demand held against what is usual, until SIGTERM."""
    from remedy.gateways.mysql import engine_for
    from remedy.pipeline import demand_watch
    from remedy.region import Region
    from remedy.values import zone

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    demand_watch.run(
        engine_for(settings.database_url, pool_size=2),
        zone=zone(Region.load(settings.region_file).time_zone),
        smallest=int(settings.smallest_group),
        stop=stop,
        clock=utc_now,
    )
    return 0


def run_settle(chosen: argparse.Namespace, settings: Settings) -> int:
    """Wait until relay and landing have nothing left to do; 1 when they do not come to it."""
    from remedy.gateways.mysql import engine_for
    from remedy.pipeline.settled import await_settled

    is_settled = await_settled(
        engine_for(settings.database_url, pool_size=1),
        seconds=chosen.seconds,
        stop=threading.Event(),
        progress=lambda sentence: print(sentence, flush=True),
    )
    print("All that was told has arrived." if is_settled else "Not all has arrived in time.")
    return 0 if is_settled else 1


def run_mail_catcher(chosen: argparse.Namespace, _: Settings) -> int:
    """The local mail server and its page."""
    from remedy.messages import catcher

    catcher.run(smtp_port=chosen.smtp_port, web_port=chosen.web_port, folder=chosen.folder)
    return 0


def run_payment_desk(chosen: argparse.Namespace, settings: Settings) -> int:
    """The local payment provider; not where money is meant."""
    from remedy.orders import paper_money

    if settings.environment == "production":
        print("The test provider takes no money; production refuses it.", file=sys.stderr)
        return 1
    key = chosen.key_file.read_text(encoding="utf-8").strip()
    paper_money.run(port=chosen.port, folder=chosen.folder, key=key, clock=utc_now)
    return 0


def run_sms_catcher(chosen: argparse.Namespace, settings: Settings) -> int:
    """The local SMS provider and its page; not where patients are meant."""
    from remedy.messages import sms_catcher

    if settings.environment == "production":
        print("The test provider sends no SMS on; production refuses it.", file=sys.stderr)
        return 1
    key = chosen.key_file.read_text(encoding="utf-8").strip()
    sms_catcher.run(port=chosen.port, folder=chosen.folder, key=key, clock=utc_now)
    return 0
