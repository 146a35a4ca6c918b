"""How each pharmacy did on the last 28 full days, against the others and against what its size and mix make usual.

How far off the forecast was is of four weeks of their own (models/told_weeks.py), those that were told last.
What is usual is a straight line through the other pharmacies: logarithm of demand, share of it in medicines seldom sold,
share of the town's largest group. With fewer than ten others there is none, with fewer than five no median.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from scipy import stats

from models.dataset import Flags, Floats, Item, last_closed_day
from models.told_weeks import ItemWeeks, Told, told_weeks
from remedy.gateways.hdfs import Files
from remedy.pipeline.stock_advice import PharmacyFigure, PharmacyItem
from remedy.schema.advice import (
    FIGURES,
    FILL_RATE,
    FORECAST_ERROR,
    OUT_DAYS,
    REFUSALS,
    is_behind,
)

PERIOD = 28
SHELF_DAYS = 90
"""So far back an item's last known shelf is looked for."""
SELDOM_DAYS = 7
"""An item sold on fewer of the 28 days is seldom sold."""
LEAST_FOR_MEDIAN, LEAST_FOR_USUAL = 5, 10
BAND = 0.9
"""Usual is told from the 0.1 to the 0.9 quantile."""


@dataclass(frozen=True)
class Usual:
    """What a line through the others expects, and between what eight of ten lie."""

    middle: float
    low: float
    high: float


def figures_of(
    connection: sa.Connection, files: Files
) -> tuple[list[PharmacyItem], list[PharmacyFigure]]:
    """The rows behind, and the figures; nothing before the first closed day."""
    last = last_closed_day(connection)
    if last is None:
        return [], []
    first = last - timedelta(days=PERIOD - 1)
    demand = _demand(connection, first, last)
    empty = _empty_days(connection, first, last)
    told = told_weeks(connection, files, last)
    items = []
    for item in sorted({*demand, *empty, *told.items}):
        sold, refused, refusals, _ = demand.get(item, (0, 0, 0, 0))
        weeks = told.items.get(item, ItemWeeks(0, 0, 0, 0))
        items.append(
            PharmacyItem(
                *item, sold, refused, refusals, empty.get(item),
                weeks.count, weeks.told_milli, weeks.came_milli, weeks.off_milli,
            )
        )  # fmt: skip
    sold_days = {item: row[3] for item, row in demand.items()}
    there = _there_before(connection, first)
    return items, compared(items, _groups(connection), sold_days, there, (first, last), told)


def compared(
    items: Sequence[PharmacyItem],
    groups: Mapping[UUID, str],
    sold_days: Mapping[Item, int],
    there_before: set[UUID],
    period: tuple[date, date],
    told: Told,
) -> list[PharmacyFigure]:
    """Every pharmacy's figures; those that were not there before the period have none of their own.

    Nor has an error of its forecast who was not told of in each of the four weeks.
    """
    of: dict[UUID, list[PharmacyItem]] = {}
    for item in items:
        of.setdefault(item.pharmacy_id, []).append(item)
    pharmacies = sorted(of)
    largest = _largest(items, groups)
    features = np.array([_features(of[one], groups, sold_days, largest) for one in pharmacies])
    found = []
    for figure in FIGURES:
        is_error = figure == FORECAST_ERROR
        there = there_before & told.pharmacies if is_error else there_before
        days = (told.first_on, told.last_on) if is_error else period
        own = [value_of(figure, of[one]) for one in pharmacies]
        values = np.array(
            [
                np.nan if value is None or one not in there else value
                for one, (value, _) in zip(pharmacies, own, strict=True)
            ]
        )
        for at, one in enumerate(pharmacies):
            others = np.isfinite(values)
            others[at] = False
            usual = usual_for(figure, values, features, others, at)
            found.append(
                PharmacyFigure(
                    one,
                    figure,
                    *days,
                    float(values[at]) if np.isfinite(values[at]) else None,
                    own[at][1],
                    int(others.sum()),
                    float(np.median(values[others])) if others.sum() >= LEAST_FOR_MEDIAN else None,
                    usual.middle if usual else None,
                    usual.low if usual else None,
                    usual.high if usual else None,
                    told.told_from if is_error else None,
                )
            )
    return found


def value_of(figure: str, items: Sequence[PharmacyItem]) -> tuple[float | None, int]:
    """A figure of a pharmacy's items, None where there is nothing to divide by; and how many items it is of."""
    rows = [item for item in items if is_behind(figure, item)]
    if figure == REFUSALS:
        return float(sum(item.refusal_count for item in rows)), len(rows)
    if figure == OUT_DAYS:
        days = sum(item.out_days or 0 for item in rows)
        return (days / (PERIOD * len(rows)) if rows else None), len(rows)
    if figure == FILL_RATE:
        part = sum(item.sold_milli for item in rows)
        whole = part + sum(item.refused_milli for item in rows)
    else:
        part = sum(item.off_milli for item in rows)
        whole = sum(item.came_milli for item in rows)
    return (part / whole if whole else None), len(rows)


def usual_for(
    figure: str, values: Floats, features: Floats, others: Flags, at: int
) -> Usual | None:
    """What the others make usual for pharmacy `at`, itself left out; None where they are too few or too unlike it."""
    if others.sum() < LEAST_FOR_USUAL or not np.isfinite(features[at]).all():
        return None
    is_count = figure == REFUSALS
    told = np.log1p(values[others]) if is_count else values[others]
    centre, spread = features[others].mean(axis=0), features[others].std(axis=0)
    scaled = (features - centre) / np.where(spread > 0, spread, 1.0)
    line = np.hstack([np.ones((len(scaled), 1)), scaled])
    inverse = np.linalg.pinv(line[others].T @ line[others])
    slopes = inverse @ line[others].T @ told
    reach = float(line[at] @ inverse @ line[at])
    if reach > 1:
        # No other is like it: the line would be drawn far beyond its points.
        return None
    freedom = int(others.sum()) - int(np.linalg.matrix_rank(line[others]))
    rest = told - line[others] @ slopes
    off = np.sqrt((rest @ rest) / freedom * (1 + reach))
    middle, width = float(line[at] @ slopes), float(stats.t.ppf(BAND, freedom) * off)
    ends = np.array([middle, middle - width, middle + width])
    ends = np.expm1(ends) if is_count else ends
    most = 1.0 if figure in (FILL_RATE, OUT_DAYS) else np.inf
    ends = np.clip(ends, 0.0, most)
    return Usual(*(float(end) for end in ends))


def _features(
    items: Sequence[PharmacyItem],
    groups: Mapping[UUID, str],
    sold_days: Mapping[Item, int],
    largest: str,
) -> tuple[float, float, float]:
    wanted = {item.medicine_id: item.sold_milli + item.refused_milli for item in items}
    total = sum(wanted.values())
    if not total:
        return (np.nan, np.nan, np.nan)
    seldom = sum(
        wanted[item.medicine_id]
        for item in items
        if sold_days.get((item.pharmacy_id, item.medicine_id), 0) < SELDOM_DAYS
    )
    of_group = sum(amount for what, amount in wanted.items() if groups.get(what) == largest)
    return (float(np.log(total)), seldom / total, of_group / total)


def _largest(items: Sequence[PharmacyItem], groups: Mapping[UUID, str]) -> str:
    sums: dict[str, int] = {}
    for item in items:
        group = groups.get(item.medicine_id, "")
        sums[group] = sums.get(group, 0) + item.sold_milli + item.refused_milli
    return max(sorted(sums), key=lambda group: sums[group], default="")


def _demand(
    connection: sa.Connection, first: date, last: date
) -> dict[Item, tuple[int, int, int, int]]:
    """Sold, refused, refusals, and days with a sale."""
    read = connection.execute(
        sa.text(
            "SELECT pharmacy_id, medicine_id, SUM(sold_milli) AS sold, SUM(refused_milli) AS refused,"
            " SUM(refusal_count) AS refusals, SUM(sold_milli > 0) AS sold_days FROM agg_daily_demand"
            " WHERE day BETWEEN :first AND :last GROUP BY pharmacy_id, medicine_id"
        ),
        {"first": first, "last": last},
    )
    return {
        (_id(row[0]), _id(row[1])): (int(row[2]), int(row[3]), int(row[4]), int(row[5]))
        for row in read
    }


def _empty_days(connection: sa.Connection, first: date, last: date) -> dict[Item, int]:
    """Days that closed with nothing there, of items whose shelf is known from the first day on."""
    read = connection.execute(
        sa.text(
            "SELECT pharmacy_id, medicine_id, day, closing_milli FROM agg_daily_stock"
            " WHERE day BETWEEN :first AND :last ORDER BY pharmacy_id, medicine_id, day"
        ),
        {"first": first - timedelta(days=SHELF_DAYS), "last": last},
    )
    shelves: dict[tuple[bytes, bytes], list[tuple[int, bool]]] = {}
    for row in read:
        at = max((row.day - first).days, -1)
        is_empty = row.closing_milli <= 0
        shelves.setdefault((bytes(row[0]), bytes(row[1])), []).append((at, is_empty))
    return {
        (_id(pharmacy), _id(medicine)): empty_days(seen)
        for (pharmacy, medicine), seen in shelves.items()
        if seen[0][0] <= 0
    }


def empty_days(seen: Sequence[tuple[int, bool]]) -> int:
    """Of the period's days, how many were empty: a shelf stays as it was until it is next seen (day -1: before)."""
    ends = [day for day, _ in seen[1:]] + [PERIOD]
    return sum(
        max(0, end - max(day, 0))
        for (day, is_empty), end in zip(seen, ends, strict=True)
        if is_empty
    )


def _there_before(connection: sa.Connection, first: date) -> set[UUID]:
    read = connection.execute(
        sa.text(
            "SELECT DISTINCT pharmacy_id FROM agg_daily_demand WHERE day >= :since AND day < :first"
        ),
        {"since": first - timedelta(days=PERIOD), "first": first},
    )
    return {_id(row[0]) for row in read}


def _groups(connection: sa.Connection) -> Mapping[UUID, str]:
    read = connection.execute(sa.text("SELECT public_id, atc_code FROM known_medicine"))
    return {_id(row[0]): (row[1] or "")[:1] for row in read}


def _id(value: bytes) -> UUID:
    return UUID(bytes=bytes(value))
