"""What advice is worked out from: the stored forecast as an outlook in packs, the lots of now, prices, deliveries."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from uuid import UUID

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from models.baseline import HORIZON
from models.dataset import Floats, Item
from models.shortage import Outlook
from remedy.values import MILLI, local_day

DELIVERY_DAYS = 90
"""So far back deliveries are looked at."""
LEAST_DELIVERIES = 3
USUAL_WEEKS = 8
ASSUMED_DAYS = 7.0
MOST_DELIVERY_DAYS = 14
NEVER = 3650
"""Days left of a lot without a date."""

ITEM, PHARMACY, ASSUMED = "item", "pharmacy", "assumed"


class NothingForetold(LookupError):
    """There is no forecast of days still to come."""


@dataclass(frozen=True)
class LotKey:
    """How a lot is known."""

    number: str
    expires_on: date | None


@dataclass(frozen=True)
class Shelves:
    """Every foretold item, a row each; units are packs, days are of demand from `today` on.

    `lots` and `expires_in` are items by lots, in the order of `lot_keys`, filled up with zeros. `delivery_days` is until
    the next delivery, `delivery_gap` between two; `prices` are of a pack, `places` of verified pharmacies (degrees).
    """

    items: tuple[Item, ...]
    today: date
    model_version: str
    outlook: Outlook
    lots: Floats
    expires_in: Floats
    lot_keys: tuple[tuple[LotKey, ...], ...]
    prices: tuple[int | None, ...]
    delivery_days: Floats
    delivery_gap: Floats
    delivery_from: tuple[str, ...]
    places: Mapping[UUID, tuple[float, float]]

    def by_pharmacy(self) -> Iterator[npt.NDArray[np.int64]]:
        """The rows of each pharmacy."""
        rows: dict[UUID, list[int]] = defaultdict(list)
        for row, (pharmacy_id, _) in enumerate(self.items):
            rows[pharmacy_id].append(row)
        for of in rows.values():
            yield np.array(of, dtype=np.int64)


def read_shelves(connection: sa.Connection, now: datetime) -> Shelves:
    """Everything of now.

    Raises:
        NothingForetold: if there is no forecast, or all its days are over.
    """
    items, first_day, version, full = _told(connection)
    places = {
        UUID(bytes=bytes(row.pharmacy_id)): row
        for row in connection.execute(
            sa.text("SELECT pharmacy_id, latitude, longitude, time_zone FROM pharmacy_place")
        )
    }
    zones = {row.time_zone for row in places.values()} or {"UTC"}
    # A town has one zone; where it has two, the earlier day, so that no day of the forecast is left out too soon.
    today = max(first_day, min(local_day(now, name) for name in zones))
    over = (today - first_day).days
    if over >= HORIZON:
        raise NothingForetold(
            f"The forecast began on {first_day.isoformat()} and is over; run the DAG forecast_stock."
        )
    outlook = Outlook.of_days(full.expected[:, over:], full.clump, full.doubt)
    lots, expires_in, keys = _lots(connection, items, today)
    days, gap, told_from = deliveries(items, _received(connection, today), today)
    return Shelves(
        items,
        today,
        version,
        outlook,
        lots,
        expires_in,
        keys,
        _prices(connection, items),
        days,
        gap,
        told_from,
        {key: (row.latitude, row.longitude) for key, row in places.items()},
    )


def deliveries(
    items: Sequence[Item], received: Mapping[Item, Sequence[date]], today: date
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Of each item: days until it is likely to be delivered again, days between deliveries, and what told so.

    Its own deliveries tell, else the weekdays on which its pharmacy usually has one, else a week is assumed; so it is
    too when one is overdue.
    """
    of_pharmacy: dict[UUID, set[date]] = defaultdict(set)
    for (pharmacy_id, _), days in received.items():
        of_pharmacy[pharmacy_id].update(days)
    rhythms = {
        pharmacy_id: _usual_weekdays(days, today) or _rhythm(days)
        for pharmacy_id, days in of_pharmacy.items()
    }
    until, gaps, told = [], [], []
    for item in items:
        own = _rhythm(received.get(item, ()))
        for rhythm, name in ((own, ITEM), (rhythms.get(item[0]), PHARMACY)):
            if rhythm is None:
                continue
            last, gap = rhythm
            ahead = (last - today).days + gap
            if ahead >= 0:
                # Due today and not there yet: by tomorrow.
                until.append(float(min(max(ahead, 1), MOST_DELIVERY_DAYS)))
                gaps.append(float(gap))
                told.append(name)
                break
        else:
            until.append(ASSUMED_DAYS)
            gaps.append(ASSUMED_DAYS)
            told.append(ASSUMED)
    return np.array(until), np.array(gaps), tuple(told)


def _usual_weekdays(days: set[date], today: date) -> tuple[date, int] | None:
    """As `_rhythm`, where deliveries keep to weekdays: those with one in at least half of the last `USUAL_WEEKS`.

    The last day told is such that the next usual weekday after today follows it by the gap.
    """
    lately = {day for day in days if 0 < (today - day).days <= 7 * USUAL_WEEKS}
    counts = Counter(day.weekday() for day in lately)
    usual = {weekday for weekday, count in counts.items() if 2 * count >= USUAL_WEEKS}
    if not usual:
        return None
    gap = round(7 / len(usual))
    ahead = next(n for n in range(1, 8) if (today + timedelta(days=n)).weekday() in usual)
    return today + timedelta(days=ahead - gap), gap


def _rhythm(days: Sequence[date] | set[date]) -> tuple[date, int] | None:
    ordered = sorted(set(days))
    if len(ordered) < LEAST_DELIVERIES:
        return None
    gaps = [(later - one).days for one, later in pairwise(ordered)]
    return ordered[-1], max(1, round(median(gaps)))


def _told(connection: sa.Connection) -> tuple[tuple[Item, ...], date, str, Outlook]:
    cover = connection.execute(
        sa.text(
            "SELECT pharmacy_id, medicine_id, demand_28_low_milli, demand_28_high_milli, model_version"
            " FROM out_stock_cover ORDER BY pharmacy_id, medicine_id"
        )
    ).all()
    if not cover:
        raise NothingForetold("No item has a forecast yet; run the DAG forecast_stock first.")
    row_of = {(bytes(row[0]), bytes(row[1])): at for at, row in enumerate(cover)}
    days = connection.execute(
        sa.text("SELECT pharmacy_id, medicine_id, day, expected_milli FROM out_stock_forecast")
    ).all()
    first_day: date = min(row.day for row in days)
    expected = np.zeros((len(cover), HORIZON))
    for row in days:
        at = row_of.get((bytes(row[0]), bytes(row[1])))
        if at is not None:
            expected[at, (row.day - first_day).days] = row.expected_milli
    low = np.array([row.demand_28_low_milli for row in cover], dtype=float)
    high = np.array([row.demand_28_high_milli for row in cover], dtype=float)
    items = tuple((UUID(bytes=one), UUID(bytes=other)) for one, other in row_of)
    outlook = Outlook.from_total(expected / MILLI, low / MILLI, high / MILLI)
    return items, first_day, str(cover[0].model_version), outlook


def _lots(
    connection: sa.Connection, items: Sequence[Item], today: date
) -> tuple[Floats, Floats, tuple[tuple[LotKey, ...], ...]]:
    found: dict[Item, list[tuple[LotKey, float, int]]] = defaultdict(list)
    for row in connection.execute(
        sa.text(
            "SELECT pharmacy_id, medicine_id, lot_number, expires_on, quantity_milli FROM lot_now"
        )
    ):
        days = NEVER if row.expires_on is None else (row.expires_on - today).days
        if days > 0:
            item = (UUID(bytes=bytes(row.pharmacy_id)), UUID(bytes=bytes(row.medicine_id)))
            key = LotKey(row.lot_number, row.expires_on)
            found[item].append((key, row.quantity_milli / MILLI, days))
    of_items = [sorted(found[item], key=lambda one: (one[2], one[0].number)) for item in items]
    most = max((len(lots) for lots in of_items), default=0) or 1
    packs, expires_in = np.zeros((len(items), most)), np.zeros((len(items), most))
    for row_at, lots in enumerate(of_items):
        for at, (_, units, days) in enumerate(lots):
            packs[row_at, at], expires_in[row_at, at] = units, days
    return packs, expires_in, tuple(tuple(key for key, _, _ in lots) for lots in of_items)


def _prices(connection: sa.Connection, items: Sequence[Item]) -> tuple[int | None, ...]:
    prices = {
        (bytes(row[0]), bytes(row[1])): row[2]
        for row in connection.execute(
            sa.text("SELECT pharmacy_id, medicine_id, price_minor FROM stock_now")
        )
    }
    return tuple(prices.get((pharmacy.bytes, medicine.bytes)) for pharmacy, medicine in items)


def _received(connection: sa.Connection, today: date) -> Mapping[Item, Sequence[date]]:
    days: dict[Item, list[date]] = defaultdict(list)
    for row in connection.execute(
        sa.text(
            "SELECT pharmacy_id, medicine_id, day FROM agg_daily_demand"
            " WHERE received_milli > 0 AND day >= :first"
        ),
        {"first": today - timedelta(days=DELIVERY_DAYS)},
    ):
        days[UUID(bytes=bytes(row[0])), UUID(bytes=bytes(row[1]))].append(row.day)
    return days
