"""Landed lines for the tests of the count: events of the real classes, written as the lander writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from mapreduce.counting import DailyCount, reduce_pairs
from mapreduce.landed_lines import Wanted
from mapreduce.runner import Outcome, run
from remedy.events import pharmacy as events
from remedy.events.base import Envelope, Event
from remedy.events.days import day_of
from remedy.pipeline.landing_rows import landed_line

CORNER = UUID("0192f000-0000-7000-8000-000000000001")
HARBOUR = UUID("0192f000-0000-7000-8000-000000000002")
IBUPROFEN = UUID("0192f000-0000-7000-8000-00000000000a")
SALBUTAMOL = UUID("0192f000-0000-7000-8000-00000000000b")
ZONES = {str(CORNER): "Europe/Rome", str(HARBOUR): "America/New_York", "*": "Europe/Rome"}
MOVEMENTS, SEARCHES = "stock-movements", "medicine-searches"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def event_id(number: int) -> UUID:
    return UUID(f"0192f000-0000-7000-9000-{number:012d}")


def line(
    happened: Event, *, number: int = 1, offset: int = 0, zones: Mapping[str, str] = ZONES
) -> bytes:
    envelope = Envelope.of(happened, event_id=event_id(number), time=NOON, key=None)
    day = day_of(envelope.body, zones)
    return landed_line(envelope.structured(), happened.topic(), 0, offset, day).encode()


def movement(cls=events.StockSold, **differences) -> Event:
    told = {
        "movement_id": event_id(0),
        "pharmacy_id": CORNER,
        "pharmacy_seq": 1,
        "stock_item_id": event_id(0),
        "medicine_id": IBUPROFEN,
        "quantity_milli": 1000,
        "uncovered_milli": 0,
        "balance_milli": 0,
        "lots": (),
        "occurred_at": NOON,
        "recorded_at": NOON,
    }
    return cls(**{**told, **differences})


def refusal(**differences) -> Event:
    told = {
        "pharmacy_id": CORNER,
        "stock_item_id": event_id(0),
        "medicine_id": IBUPROFEN,
        "quantity_milli": 2000,
        "occurred_at": NOON,
    }
    return events.StockRefused(**{**told, **differences})


def search(**differences) -> Event:
    told = {
        "searcher": "s1",
        "district": "Centro",
        "medicine_id": IBUPROFEN,
        "pharmacies_found": 0,
        "query": None,
        "occurred_at": NOON,
    }
    return events.MedicineSearched(**{**told, **differences})


def wanted(*days: str, quarantined: tuple[UUID, ...] = ()) -> Wanted:
    chosen = days or ("2026-03-10",)
    return Wanted.of({MOVEMENTS: chosen, SEARCHES: chosen}, map(str, quarantined))


def count(lines: list[bytes], question: Wanted | None = None) -> list[str]:
    """Map and reduce without mrjob, over one mapper: the output lines in order."""
    return count_in_parts([lines], question)


def count_in_parts(parts: list[list[bytes]], question: Wanted | None = None) -> list[str]:
    """As `count`, with a mapper for each part."""
    shuffled: dict[str, list[str]] = {}
    for lines in parts:
        mapper = DailyCount(question or wanted())
        for each in lines:
            mapper.add(each)
        for key, value in mapper.drain():
            shuffled.setdefault(key, []).append(value)
    reduced = (pair for key in sorted(shuffled) for pair in reduce_pairs(key, shuffled[key]))
    return ["\t".join(pair) for pair in reduced]


def run_job(
    job: str, lines: list[bytes], folder: Path, question: Wanted | None = None
) -> tuple[list[str], Outcome]:
    """Run a job class inline over those lines: its output lines in order, and what the runner says."""
    source = folder / "landed.jsonl"
    source.write_bytes(b"".join(each + b"\n" for each in lines))
    outcome = run(job, [str(source)], str(folder / "out"), wanted=question or wanted())
    found = sorted((folder / "out").glob("part-*"))
    assert found, "The job left no part of a result."
    return sorted("".join(part.read_text() for part in found).splitlines()), outcome
