"""What `./run bench search` compares with: `LIKE` and the server's full-text index, on the same rows in the same run.

Only the look-up of names is compared, from one client, not the page: ours with the statement that reads what is
shown; theirs as a portal would write them.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psutil
import sqlalchemy as sa

from bench.search_catalogue import Product, with_a_slip
from remedy.catalogue import by_words, index, queries
from remedy.catalogue.model import search_words
from remedy.gateways.mysql import engine_for
from remedy.schema.pharmacy import medicine
from remedy.settings import Settings

LOOKS = 200
FIRST = 10

Look = Callable[[sa.Connection, str], list[int]]


def compare(settings: Settings, database_pid: int, made: list[Product]) -> dict[str, object]:
    """Times, the database's CPU and hits of each way to look a name up: as typed, and with one slip."""
    engine = engine_for(settings.database_url)
    index.use(engine, index.Index(Path(settings.search_index_dir)))
    database, own = psutil.Process(database_pid), psutil.Process()
    dice = random.Random(11)
    chosen = [dice.choice(made) for _ in range(LOOKS)]
    chosen = [one for one in chosen if len(one.brand_name.split()[0]) >= 5]
    typed = [(one, one.brand_name.lower()) for one in chosen]
    typed += [(one, with_a_slip(dice, one.brand_name)) for one in chosen]
    report: dict[str, object] = {}
    with engine.connect() as connection:
        ids = row_ids(connection)

        def ours(c: sa.Connection, text: str) -> list[int]:
            found = queries.find(c, text, kind="product", limit=FIRST).any
            return [ids[one.medicine_id] for one in found]

        def words(c: sa.Connection, text: str) -> list[int]:
            found = by_words.find(c, text, "product", FIRST)
            found = found or by_words.find_nearly(c, text, "product", FIRST)
            return [ids[one.medicine_id] for one in found]

        ways: dict[str, Look] = {
            "index": ours,
            "words": words,
            "like": _like,
            "fulltext": _fulltext,
        }
        for name, look in ways.items():
            look(connection, "warm")
            times, hits = [], []
            before = sum(database.cpu_times()[:2]), sum(own.cpu_times()[:2])
            for product, text in typed:
                begun = time.monotonic()
                found = look(connection, text)
                times.append((time.monotonic() - begun) * 1000)
                hits.append(product.row_id in found)
            after = sum(database.cpu_times()[:2]), sum(own.cpu_times()[:2])
            times.sort()
            half = len(hits) // 2
            report[name] = {
                "p50_ms": round(times[len(times) // 2], 2),
                "p95_ms": round(times[int(len(times) * 0.95)], 2),
                "cpu_ms": round((sum(after) - sum(before)) * 1000 / len(times), 2),
                "hits": round(sum(hits[:half]) / half, 3),
                "hits_with_a_slip": round(sum(hits[half:]) / half, 3),
            }
            print(f"{name}: {report[name]}", flush=True)
    engine.dispose()
    return report


def row_ids(connection: sa.Connection) -> dict[UUID, int]:
    """The row of each medicine: how the loaded products are told apart."""
    rows = connection.execute(sa.select(medicine.c.public_id, medicine.c.id))
    return {row.public_id: row.id for row in rows}


def _like(connection: sa.Connection, text: str) -> list[int]:
    found = connection.execute(
        sa.text("SELECT id FROM bench_name WHERE name LIKE :words ORDER BY name LIMIT 10"),
        {"words": f"%{text}%"},
    )
    return list(found.scalars())


def _fulltext(connection: sa.Connection, text: str) -> list[int]:
    words = " ".join(f"+{word}*" for word in search_words(text))
    found = connection.execute(
        sa.text(
            "SELECT id FROM bench_name WHERE MATCH (name) AGAINST (:words IN BOOLEAN MODE)"
            " ORDER BY MATCH (name) AGAINST (:words IN BOOLEAN MODE) DESC LIMIT 10"
        ),
        {"words": words},
    )
    return list(found.scalars())
