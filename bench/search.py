"""`./run bench search`: how soon, how well and at what cost a medicine is found, and who has it.

100,000 products x 500 pharmacies of 4,000 each, in the stack's own database; requests go over HTTP to the real
portal's two workers. CPU is what portal and database processes used (from /proc), divided by the searches: an
idle stretch before is measured and printed, not taken off. Twice: one search after the other at a steady rate,
each kind by itself (`at_rate`), and all kinds mixed by several people at once who do not pause, in rounds of other
searches each; the figures are the middle of the rounds' figures, where the machine is full: what a search costs is
how many it can answer. (The same work costs a third more or less from one minute to the next where the processor is
shared with others: every round is printed.) A search is what somebody waits for: of ten, six are
looks while a name is typed (the page asks when the fingers rest), one is a name with a slip, one a whole page of
results, and two are a medicine's page with who has it, from a district. Medicines are chosen as often as they are
stocked, so two in five are of those every pharmacy has. Each kind's own figures are printed. Beside it, on the
same rows: `LIKE` and the server's full-text index.

The data is kept in a folder for the next run: `--forget` deletes it.
"""

import argparse
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psutil
import requests
import sqlalchemy as sa

from bench.search_catalogue import DISTRICTS, Product, Size, products, shelves, with_a_slip
from bench.search_load import is_loaded, load
from bench.search_peers import compare, row_ids
from bench.search_stack import fingerprint, forget, searching_stack
from remedy.catalogue import index, queries
from remedy.catalogue.by_index import search_state
from remedy.gateways.kafka import create_topics
from remedy.gateways.mysql import engine_for
from stack.installation import ROOT
from tests.running_stack import RunningStack

FIGURES = {"p95_ms": 50.0, "typo_recall": 0.95, "cpu_ms_per_search": 5.0}
Asked = tuple[str, dict[str, str]]
"""An address and its headers."""

KEPT = ROOT / ".stack" / "bench-search"
AMONG_FIRST = 10
IDLE_SECONDS = 5.0
CLIENTS = 4
"""People who search at once: enough that neither core of the machine rests."""
ROUNDS = 5
EMPTY_ANSWERS = 200
TYPING = {"HX-Request": "true", "HX-Target": "results"}
INDEX_WITHIN_S = 300


def measure(arguments: list[str]) -> tuple[dict[str, object], bool]:
    """Build or find the data, search, compare with the figures of design section 5."""
    parser = argparse.ArgumentParser(prog="bench search", description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20, help="searches a second")
    parser.add_argument("--names", type=int, default=500, help="names typed with one slip")
    parser.add_argument("--products", type=int, default=Size.products)
    parser.add_argument("--pharmacies", type=int, default=Size.pharmacies)
    parser.add_argument("--stocked", type=int, default=Size.stocked)
    parser.add_argument("--staples", type=int, default=Size.staples)
    parser.add_argument("--folder", type=Path, default=KEPT, help="where the data is kept")
    parser.add_argument("--forget", action="store_true", help="delete the kept data first")
    chosen = parser.parse_args(arguments)
    size = Size(chosen.products, chosen.pharmacies, chosen.stocked, chosen.staples)
    folder = chosen.folder / f"{size.name}-{fingerprint()}"
    for old in chosen.folder.glob("*"):
        # Of another schema: it would never be used again, and is gigabytes.
        if chosen.forget or (old.name.startswith(size.name) and old != folder):
            forget(old)
    with searching_stack(folder) as stack:
        build_s = _data(stack, size, folder)
        made = products(size)
        report: dict[str, Any] = {"size": size.name, "build_s": round(build_s)}
        report |= _searches(stack, size, made, chosen.searches, chosen.rate)
        report |= _typos(stack, made, chosen.names)
        report |= compare(stack.settings("owner"), stack.pid("mariadb"), made)
    is_met = (
        report["p95_ms"] <= FIGURES["p95_ms"]
        and report["typo_recall"] >= FIGURES["typo_recall"]
        and report["cpu_ms_per_search"] <= FIGURES["cpu_ms_per_search"]
    )
    return report, is_met


def _data(stack: RunningStack, size: Size, folder: Path) -> float:
    settings = stack.settings("owner")
    create_topics(settings.kafka_brokers)
    engine = engine_for(settings.database_url)
    seconds = 0.0
    if not is_loaded(engine, size):
        print(f"Building {size.name} in {folder}; it is kept for the next run.", flush=True)
        seconds = load(settings.database_url, size, folder)
    index.use(engine, index.Index(Path(stack.settings("portal").search_index_dir)))
    deadline, begun = time.monotonic() + INDEX_WITHIN_S, time.monotonic()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while (state := search_state(connection)) != "index":
            assert time.monotonic() < deadline, f"the index is not in step: {state}"
            time.sleep(0.2)
    print(f"built in {seconds:.0f} s; the index in step {time.monotonic() - begun:.1f} s later")
    engine.dispose()
    return seconds


# --- the searches


def _searches(
    stack: RunningStack, size: Size, made: list[Product], count: int, rate: float
) -> dict[str, object]:
    dice = random.Random(size.seed)
    stocked = [shelf for shelf, _ in zip(shelves(size), range(10), strict=False)]
    ids = _public_ids(stack)

    def one() -> Product:
        return made[dice.choice(dice.choice(stocked)) - 1]

    def district() -> str:
        return f"District {chr(65 + dice.randrange(DISTRICTS))}"

    def typing() -> Asked:
        name = dice.choice((one().brand_name, one().generic_name)).lower()
        return _address("/", q=name[: dice.randint(3, len(name))]), TYPING

    def listing() -> Asked:
        product = one()
        words = dice.choice((product.generic_name, f"{product.brand_name} {product.strength}"))
        return _address("/", q=words.lower(), district=district()), {}

    def slip() -> Asked:
        return _address("/", q=with_a_slip(dice, _long_name(one, dice))), {}

    def who_has_it() -> Asked:
        return _address(f"/medicines/{ids[one().row_id]}", district=district()), {}

    kinds: dict[str, tuple[Callable[[], Asked], float]] = {
        "typing": (typing, 0.6), "listing": (listing, 0.1), "slip": (slip, 0.1),
        "who_has_it": (who_has_it, 0.2),
    }  # fmt: skip
    processes = _processes(stack)
    session = requests.Session()
    for make, _ in kinds.values():
        for _ in range(20):
            _ask(session, stack.url("portal"), *make())
    idle = _cpu_ms(processes)
    time.sleep(IDLE_SECONDS)
    idle = (_cpu_ms(processes) - idle) / IDLE_SECONDS
    floor = _cpu_ms(processes)
    for _ in range(EMPTY_ANSWERS):
        _ask(session, stack.url("portal"), "/healthz", {})
    floor = (_cpu_ms(processes) - floor) / EMPTY_ANSWERS
    times: list[float] = []
    cpu_ms = 0.0
    by_kind: dict[str, dict[str, float]] = {}
    for name, (make, share) in kinds.items():
        asked = [make() for _ in range(max(1, round(count * share)))]
        before, took = _cpu_ms(processes), []
        start = time.monotonic()
        for number, (address, headers) in enumerate(asked):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            took.append(_ask(session, stack.url("portal"), address, headers))
        used = _cpu_ms(processes) - before
        cpu_ms += used
        times += took
        by_kind[name] = {
            "p50_ms": _quantile(took, 0.5), "p95_ms": _quantile(took, 0.95),
            "cpu_ms": round(used / len(asked), 2),
        }  # fmt: skip
        print(f"{name}: {by_kind[name]}", flush=True)
    rounds = []
    for _ in range(ROUNDS):
        # Others each time, so that little is remembered of them.
        mixed = [make() for make, share in kinds.values() for _ in range(round(count * share))]
        dice.shuffle(mixed)
        rounds.append(_at_once(stack.url("portal"), mixed, processes))
        print(f"{CLIENTS} at once: {rounds[-1]}", flush=True)
    return {
        "clients": CLIENTS,
        "searches": ROUNDS * len(mixed),
        **{name: sorted(one[name] for one in rounds)[ROUNDS // 2] for name in rounds[0]},
        "rounds_cpu_ms": [one["cpu_ms_per_search"] for one in rounds],
        "at_rate": {
            "searches_per_s": rate,
            "p50_ms": _quantile(times, 0.5),
            "p95_ms": _quantile(times, 0.95),
            "max_ms": _quantile(times, 1.0),
            "cpu_ms_per_search": round(cpu_ms / len(times), 2),
        },
        "idle_cpu_ms_per_s": round(idle, 1),
        # What an answer costs that says nothing: how loaded the machine is shows in it.
        "empty_answer_cpu_ms": round(floor, 2),
        "kinds": by_kind,
    }


def _at_once(url: str, asked: list[Asked], processes: list[psutil.Process]) -> dict[str, float]:
    """The same searches by several people at once, each asking again as soon as there is an answer."""
    left, guard, took = iter(asked), threading.Lock(), []
    failed: list[BaseException] = []

    def search() -> None:
        session = requests.Session()
        while not failed:
            with guard:
                one = next(left, None)
            if one is None:
                return
            try:
                took.append(_ask(session, url, *one))
            except BaseException as error:
                failed.append(error)

    people = [threading.Thread(target=search) for _ in range(CLIENTS)]
    before, begun = _cpu_ms(processes), time.monotonic()
    for person in people:
        person.start()
    for person in people:
        person.join()
    if failed:
        raise failed[0]
    return {
        "searches_per_s": round(len(took) / (time.monotonic() - begun)),
        "p50_ms": _quantile(took, 0.5),
        "p95_ms": _quantile(took, 0.95),
        "max_ms": _quantile(took, 1.0),
        "cpu_ms_per_search": round((_cpu_ms(processes) - before) / len(took), 2),
    }


def _long_name(one: Callable[[], Product], dice: random.Random) -> str:
    while True:
        name = one().brand_name
        if any(len(word) >= 5 for word in name.split()):
            return name


def _address(path: str, **asked: str) -> str:
    return f"{path}?{urlencode(asked)}"


def _ask(session: requests.Session, url: str, address: str, headers: dict[str, str]) -> float:
    begun = time.monotonic()
    answer = session.get(url + address, headers=headers, timeout=30)
    took = (time.monotonic() - begun) * 1000
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return took


def _public_ids(stack: RunningStack) -> dict[int, str]:
    engine = engine_for(stack.settings("portal").database_url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, HEX(public_id) FROM medicine")).all()
    engine.dispose()
    return {row_id: str(UUID(hex=text)) for row_id, text in rows}


def _processes(stack: RunningStack) -> list[psutil.Process]:
    portal = psutil.Process(stack.pid("portal"))
    return [psutil.Process(stack.pid("mariadb")), portal, *portal.children(recursive=True)]


def _cpu_ms(processes: list[psutil.Process]) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in processes) * 1000


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


# --- slips


def _typos(stack: RunningStack, made: list[Product], names: int) -> dict[str, object]:
    """Of so many names with one slip, how many show the product among the first ten, as the page says it."""
    settings = stack.settings("portal")
    engine = engine_for(settings.database_url)
    index.use(engine, index.Index(Path(settings.search_index_dir)))
    found = hidden = 0
    with engine.connect() as connection:
        ids = row_ids(connection)
        for product, typed in typed_names(made, names):
            told = queries.find(connection, typed, kind="product", limit=AMONG_FIRST)
            shown = {ids[one.medicine_id] for one in told.any}
            found += product.row_id in shown
            # Somebody else is called exactly so: what was meant is not put in its place, or beside it.
            hidden += bool(told.exact) and product.row_id not in shown
    engine.dispose()
    return {
        "typo_recall": round(found / names, 3),
        "typo_is_another_name": round(hidden / names, 3),
    }


def typed_names(made: list[Product], names: int) -> Iterator[tuple[Product, str]]:
    """Names of products, each with one edit in a word of five letters or more."""
    dice = random.Random(7)
    for _ in range(names):
        product = dice.choice(made)
        while not any(len(word) >= 5 for word in product.brand_name.split()):
            product = dice.choice(made)
        yield product, with_a_slip(dice, product.brand_name)
