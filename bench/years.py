"""Any number of years of the town as events, without a stack: for measurements of what reads history.

`python -m bench years --years 3 --out FILE` writes them as the lines that lie in HDFS. The same rules of stock
decide as in the database, on items held in memory; ids come from names, so two runs are equal.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from remedy.events import pharmacy as told
from remedy.events.base import Envelope, Event
from remedy.pipeline.landing_rows import landed_line
from remedy.stock import batches, ledger
from remedy.stock.locks import Item, Place
from remedy.stock.model import Line, Lot, Refused
from remedy.town import cast
from remedy.town.demand import SEED, Deed, Shop
from remedy.town.hands import SOURCE
from remedy.values import MILLI, zone

TIME_ZONE, CURRENCY = "Europe/Rome", "EUR"
DAYS_A_YEAR = 365


def name_of(*parts: object) -> UUID:
    """An id that is the same in every run."""
    return uuid5(NAMESPACE_URL, "/".join(map(str, (SOURCE, *parts))))


@dataclass
class Books:
    """What one pharmacy holds, in memory, and its counter."""

    place: Place
    items: dict[UUID, Item] = field(default_factory=dict)
    seq: int = 0

    def item(self, medicine_id: UUID) -> Item:
        """Its item of a medicine."""
        made = name_of("item", self.place.pharmacy_id, medicine_id)
        return self.items.setdefault(
            medicine_id, Item(len(self.items), made, medicine_id, 0, 0, None, None, None)
        )


def events(
    first_day: date, days: int, *, size: cast.Size = cast.FULL, seed: int = SEED
) -> Iterator[tuple[date, Envelope]]:
    """The town's stock events with their local day, pharmacy by pharmacy, each in order of time."""
    for own in cast.pharmacies(size):
        books = Books(Place(0, name_of("pharmacy", own.licence), TIME_ZONE, True))
        key = str(books.place.pharmacy_id)
        for number, deeds in enumerate(Shop(own, size, days, seed).days(first_day)):
            day = first_day + timedelta(days=number)
            for place, deed in enumerate(deeds):
                happened = _happened(books, deed, day, place)
                if happened is not None:
                    at: datetime = happened.occurred_at  # type: ignore[attr-defined]  # every event of stock has it
                    event_id = name_of("event", key, day, place)
                    one = Envelope.of(happened, event_id=event_id, time=at, key=key)
                    yield day, replace(one, source=SOURCE)


def _happened(books: Books, deed: Deed, day: date, place: int) -> Event | None:
    clock_time = day_time(deed.minute // 60, deed.minute % 60)
    at = datetime.combine(day, clock_time, zone(TIME_ZONE)).astimezone(UTC)
    medicine_id = name_of("medicine", deed.medicine.key)
    item = books.item(medicine_id)
    pharmacy_id = books.place.pharmacy_id
    if deed.what == "refused":
        packs = deed.packs * MILLI
        return told.StockRefused(pharmacy_id, item.stock_item_id, medicine_id, packs, at)
    if deed.what == "held":
        return None
    books.seq += 1
    if deed.what == "priced":
        item.price_minor = deed.packs
        return told.StockRepriced(
            pharmacy_id, books.seq, item.stock_item_id, medicine_id, deed.packs, CURRENCY, at
        )
    line = Line(
        deed.what,  # type: ignore[arg-type]  # only what moves comes here
        medicine_id,
        deed.packs * MILLI,
        at,
        line_id=f"town-{day:%Y%m%d}-{place}",
        reason=deed.reason,
        reason_code=deed.reason_code,
        lot_number=deed.lot_number,
        expires_on=deed.expires_on,
    )
    if deed.expires_on is not None:
        # The lot has its name before stock would give it one at random.
        lot_id = name_of("lot", pharmacy_id, medicine_id, deed.lot_number)
        item.lots.append(Lot(lot_id, deed.lot_number, deed.expires_on, False, 0))
    try:
        entry = batches.entry_of(books.place, item, line, at)
    except Refused as refusal:
        raise AssertionError(f"the town told what stock does not believe: {refusal}") from None
    item.lots = [lot for lot in item.lots if lot.quantity_milli]
    entry = replace(entry, movement_id=name_of("movement", pharmacy_id, day, place))
    return ledger.happened_of(books.place, entry, books.seq)


def lines(first_day: date, days: int, **options: Any) -> Iterator[str]:
    """The same as the lines that lie in HDFS, all in one partition."""
    for offset, (day, one) in enumerate(events(first_day, days, **options)):
        yield landed_line(one.structured(), one.topic, 0, offset, day)


def measure(words: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Write the years asked for; how many lines, and how fast."""
    parser = argparse.ArgumentParser(prog="bench years", description=__doc__)
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--until", type=date.fromisoformat, default=date(2026, 1, 1))
    parser.add_argument("--out", type=Path, required=True, help="file the lines are written to")
    asked = parser.parse_args(words)
    days, began, count = round(asked.years * DAYS_A_YEAR), time.monotonic(), 0
    with asked.out.open("w", encoding="utf-8") as file:
        for line in lines(asked.until - timedelta(days=days), days):
            file.write(line + "\n")
            count += 1
    seconds = time.monotonic() - began
    return {"lines": count, "days": days, "lines_a_second": round(count / seconds)}, True
