"""One round of advice: the stored forecast and the lots of now make risks, orders, transfers and lots that will be left.

What is not in the data is assumed, and pages say so: a pack costs the pharmacy what it sells for, a pack missed loses as
much, a new delivery can be sold for a year, an item without a rhythm of its own comes again in a week.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from models.advice_data import Shelves, read_shelves
from models.dataset import Floats
from models.inventory import LEVELS, Risk, assess, sellable
from models.pharmacy_figures import figures_of
from models.reorder import Choice, Need, reorder_list
from models.shortage import Outlook
from models.transfers import Holding, Trip, suggest
from remedy.gateways.hdfs import Files
from remedy.gateways.mysql import in_transaction
from remedy.pipeline.stock_advice import (
    Advice,
    ExpiringLot,
    ItemRisk,
    OrderAdvice,
    TransferAdvice,
    replace_advice,
)
from remedy.schema.advice import LEAST_RISK
from remedy.values import MILLI, Clock, utc_now

log = logging.getLogger(__name__)

LEAST_WORTH = 0.1
"""A pack is advised while what it saves is worth a tenth of what it costs: with no waste, needed in one case of ten."""
STEPS_OF_MEAN = 12
"""An order grows in steps of this part of what is expected, a pack at least."""
LEAST_REVIEW_DAYS, MOST_COVER_DAYS = 7, 42
SELL_DAYS = 365
LOTS_WITHIN_DAYS = 90
TRIP = Trip(fixed_minor=200, minor_per_km=30, most_km=20, rest_days=LOTS_WITHIN_DAYS)
MOST_SIDES = 4
"""Of a medicine so many pharmacies that have too much, and that have too little, are held against each other."""


@dataclass(frozen=True)
class Advised:
    """What a round led to."""

    item_count: int
    order_count: int
    transfer_count: int
    pharmacy_count: int


def advise(engine: sa.Engine, files: Files, *, clock: Clock = utc_now) -> Advised:
    """Advise every pharmacy from the stored forecast, in place of the advice before.

    Raises:
        NothingForetold: before the first forecast, or when the last one is over.
        NoModel: if no model is in use.
        WrongArtefact: if the model in HDFS is not the one that was trained.
    """
    made_at = clock()
    with engine.connect() as connection:
        shelves = read_shelves(connection, made_at)
        items, figures = figures_of(connection, files)
    risk = assess(shelves.lots, shelves.expires_in, shelves.outlook, shelves.delivery_days)
    unsold = unsold_by_lot(shelves.lots, shelves.expires_in, shelves.outlook)
    advice = Advice(
        risks=list(_risks(shelves, risk, unsold)),
        orders=list(_orders(shelves)),
        transfers=list(_transfers(shelves, risk, unsold)),
        lots=list(_lots(shelves, unsold)),
        items=items,
        figures=figures,
    )
    in_transaction(
        engine,
        lambda at: replace_advice(
            at,
            advice,
            model_version=shelves.model_version,
            made_at=made_at,
            warned_on=shelves.today,
        ),
    )
    done = Advised(
        len(advice.risks),
        len(advice.orders),
        len(advice.transfers),
        len({row.pharmacy_id for row in advice.figures}),
    )
    log.info(
        "Advised %d pharmacies on %d items: %d orders, %d transfers.",
        done.pharmacy_count, done.item_count, done.order_count, done.transfer_count,
    )  # fmt: skip
    return done


def unsold_by_lot(lots: Floats, expires_in: Floats, outlook: Outlook) -> Floats:
    """What of each lot is left when it expires, on average; first expiry first, so that what follows waits."""
    days = np.full(len(lots), float(outlook.day_count))
    mean = np.maximum(outlook.mean_total(days), 1e-12)
    levels = LEVELS[1::3]
    factor = np.stack([outlook.total_quantile(days, float(level)) / mean for level in levels], 1)
    first = np.argsort(expires_in, axis=1, kind="stable")
    units = np.take_along_axis(lots, first, axis=1)
    asked = outlook.mean_total(np.take_along_axis(expires_in, first, axis=1))
    served, left = np.zeros(factor.shape), np.zeros(lots.shape)
    for lot in range(lots.shape[1]):
        upto = np.minimum(served + units[:, lot, None], factor * asked[:, lot, None])
        left[:, lot] = (units[:, lot, None] - (upto - served)).mean(axis=1)
        served = upto
    result = np.empty(lots.shape)
    np.put_along_axis(result, first, left, axis=1)
    return result


def _risks(shelves: Shelves, risk: Risk, unsold: Floats) -> Iterator[ItemRisk]:
    soon = shelves.expires_in <= shelves.outlook.day_count
    expiring = np.where(soon, unsold, 0.0).sum(axis=1)
    for row, (pharmacy_id, medicine_id) in enumerate(shelves.items):
        price = shelves.prices[row]
        low, middle, high = (
            _days(of[row]) for of in (risk.cover_days_low, risk.cover_days, risk.cover_days_high)
        )
        yield ItemRisk(
            pharmacy_id,
            medicine_id,
            shelves.today + timedelta(days=int(shelves.delivery_days[row])),
            shelves.delivery_from[row],
            float(risk.runs_out[row]),
            _milli(risk.short_units[row]),
            low,
            middle,
            high,
            _milli(risk.overstock_units[row]),
            _milli(expiring[row]),
            round(float(expiring[row]) * (price or 0)),
            price,
        )


def _orders(shelves: Shelves) -> Iterator[OrderAdvice]:
    """A pharmacy after the other; items without a price cannot be weighed against others and are left out."""
    position = sellable(shelves.lots, shelves.expires_in, shelves.outlook)
    review = np.maximum(shelves.delivery_gap, LEAST_REVIEW_DAYS)
    cover = np.minimum(shelves.delivery_days + review, MOST_COVER_DAYS)
    chance = shelves.outlook.chance_above(cover, position)
    has_price = np.array([bool(price) for price in shelves.prices], dtype=bool)
    for rows in shelves.by_pharmacy():
        wanted = rows[(chance[rows] > LEAST_WORTH) & has_price[rows]]
        if len(wanted):
            yield from _orders_of_one(shelves, wanted, position[wanted], cover[wanted])


def _orders_of_one(
    shelves: Shelves,
    rows: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    position: Floats,
    cover: Floats,
) -> Iterator[OrderAdvice]:
    outlook = shelves.outlook.of(rows)
    price = np.array([shelves.prices[row] or 0 for row in rows], dtype=np.int64)
    step = np.maximum(np.round(outlook.mean_total(cover) / STEPS_OF_MEAN), 1.0)
    need = Need(
        outlook=outlook,
        position=position,
        cover_days=cover,
        sell_days=np.full(len(rows), float(SELL_DAYS)),
        pack_units=step,
        least_packs=np.ones(len(rows), dtype=np.int64),
        price_minor=(price * step).astype(np.int64),
        short_minor=price.astype(float),
    )
    choices = [_worthwhile(choice) for choice in need.choices()]
    listed = reorder_list(choices, sum(sum(choice.costs) for choice in choices))
    steps = np.zeros(len(rows), dtype=np.int64)
    for order in listed:
        steps[order.row] = order.packs
    why = need.reasons(steps)
    for place, order in enumerate(listed, start=1):
        at = order.row
        pharmacy_id, medicine_id = shelves.items[rows[at]]
        yield OrderAdvice(
            pharmacy_id,
            medicine_id,
            place,
            _milli(order.packs * step[at]),
            order.cost_minor,
            round(order.worth_minor),
            shelves.today + timedelta(days=int(cover[at])),
            _milli(why.expected_units[at]),
            _milli(why.position_units[at]),
            float(why.runs_out[at]),
            float(why.runs_out_after[at]),
            _milli(why.short_units_saved[at]),
            float(why.confidence[at]),
        )


def _worthwhile(choice: Choice) -> Choice:
    """Its steps up to the last that is worth `LEAST_WORTH` of its cost."""
    pairs = zip(choice.worths, choice.costs, strict=True)
    good = [worth >= LEAST_WORTH * cost for worth, cost in pairs]
    count = good.index(False) if False in good else len(good)
    return Choice(choice.costs[:count], choice.worths[:count], choice.packs[:count])


def _transfers(shelves: Shelves, risk: Risk, unsold: Floats) -> Iterator[TransferAdvice]:
    # What may be left in a year is no reason to carry it away today.
    left = np.where(shelves.expires_in <= LOTS_WITHIN_DAYS, unsold, 0.0).sum(axis=1)
    rows_of: dict[UUID, list[int]] = defaultdict(list)
    for row, (pharmacy_id, medicine_id) in enumerate(shelves.items):
        if pharmacy_id in shelves.places and shelves.prices[row]:
            rows_of[medicine_id].append(row)
    for medicine_id, rows in rows_of.items():
        givers = sorted((row for row in rows if left[row] >= 1), key=lambda row: -left[row])
        takers = sorted(
            (row for row in rows if risk.runs_out[row] >= LEAST_RISK),
            key=lambda row: -risk.short_units[row],
        )
        sides = list(dict.fromkeys(givers[:MOST_SIDES] + takers[:MOST_SIDES]))
        if givers and takers and len(sides) > 1:
            yield from _within(shelves, medicine_id, sides)


def _within(shelves: Shelves, medicine_id: UUID, rows: Sequence[int]) -> Iterator[TransferAdvice]:
    holdings = [_holding(shelves, number, row) for number, row in enumerate(rows)]
    for found in suggest(holdings, TRIP):
        giver, taker = rows[found.giver], rows[found.taker]
        lot = shelves.lot_keys[giver][found.lot]
        yield TransferAdvice(
            shelves.items[giver][0],
            shelves.items[taker][0],
            medicine_id,
            lot.number,
            lot.expires_on,
            found.units * MILLI,
            found.rest_units * MILLI,
            found.km,
            _milli(found.spared_units),
            round(found.giver_gain_minor),
            found.left_at_a,
            _milli(found.saved_units),
            round(found.taker_gain_minor),
            found.runs_out_at_b,
        )


def _holding(shelves: Shelves, number: int, row: int) -> Holding:
    price = float(shelves.prices[row] or 0)
    lots = zip(shelves.lots[row], shelves.expires_in[row], strict=True)
    return Holding(
        pharmacy=number,
        medicine=0,
        at=shelves.places[shelves.items[row][0]],
        lots=tuple((int(units), int(days)) for units, days in lots),
        delivery_days=float(shelves.delivery_days[row]),
        outlook=shelves.outlook.of(np.array([row])),
        short_minor=price,
        expired_minor=price,
    )


def _lots(shelves: Shelves, unsold: Floats) -> Iterator[ExpiringLot]:
    last: date = shelves.today + timedelta(days=LOTS_WITHIN_DAYS)
    for row, (pharmacy_id, medicine_id) in enumerate(shelves.items):
        for at, lot in enumerate(shelves.lot_keys[row]):
            if lot.expires_on is None or lot.expires_on > last:
                continue
            packs, price = float(unsold[row, at]), shelves.prices[row]
            yield ExpiringLot(
                pharmacy_id,
                medicine_id,
                lot.number,
                lot.expires_on,
                _milli(shelves.lots[row, at]),
                _milli(packs),
                None if price is None else round(packs * price),
            )


def _milli(packs: float) -> int:
    return round(float(packs) * MILLI)


def _days(days: float) -> float | None:
    return float(days) if np.isfinite(days) else None
