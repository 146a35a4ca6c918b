"""What pharmacies are advised, stored: `out_stock_risk`, `out_reorder`, `out_transfer` and their kin, replaced whole.

Readers see yesterday's advice or today's, never half of one; storing the same twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.pipeline.alert_days import mark
from remedy.pipeline.forecasts import replace_rows
from remedy.schema.advice import (
    LEAST_RISK,
    out_expiring_lot,
    out_pharmacy_figure,
    out_pharmacy_item,
    out_reorder,
    out_stock_risk,
    out_transfer,
)


@dataclass(frozen=True)
class ItemRisk:
    """What stock and forecast of an item mean together; quantities in thousandths of a pack, chances 0 to 1.

    `delivery_from` is `item`, `pharmacy` or `assumed`. Days of cover are None where the 28 days do not use the stock up.
    """

    pharmacy_id: UUID
    medicine_id: UUID
    next_delivery_on: date
    delivery_from: str
    runs_out: float
    short_milli: int
    cover_low: float | None
    cover_middle: float | None
    cover_high: float | None
    overstock_milli: int
    expiring_milli: int
    expiring_minor: int
    price_minor: int | None


@dataclass(frozen=True)
class OrderAdvice:
    """So much of an item to order, at `place` among a pharmacy's, and the numbers it rests on."""

    pharmacy_id: UUID
    medicine_id: UUID
    place: int
    quantity_milli: int
    cost_minor: int
    worth_minor: int
    lasts_until: date
    expected_milli: int
    position_milli: int
    runs_out: float
    runs_out_after: float
    saved_milli: int
    confidence: float


@dataclass(frozen=True)
class TransferAdvice:
    """Packs of a lot that one pharmacy might hand to another, and what either gains.

    `rest_milli` of them are beyond what is missed there: they would expire where they are, and sell there.
    """

    from_pharmacy_id: UUID
    to_pharmacy_id: UUID
    medicine_id: UUID
    lot_number: str
    expires_on: date | None
    quantity_milli: int
    rest_milli: int
    distance_km: float
    spared_milli: int
    from_gain_minor: int
    left_over: float
    saved_milli: int
    to_gain_minor: int
    runs_out: float


@dataclass(frozen=True)
class ExpiringLot:
    """A lot that expires soon, and what of it is expected to be left; the money is None without a price."""

    pharmacy_id: UUID
    medicine_id: UUID
    lot_number: str
    expires_on: date
    quantity_milli: int
    unsold_milli: int
    unsold_minor: int | None


@dataclass(frozen=True)
class PharmacyItem:
    """An item's last full days: sold, refused, empty shelves; and its last weeks that could be held against what was told.

    Those are `told_weeks` (of four), what was told of them and what came, and the sum of their errors.
    """

    pharmacy_id: UUID
    medicine_id: UUID
    sold_milli: int
    refused_milli: int
    refusal_count: int
    out_days: int | None
    told_weeks: int
    told_milli: int
    came_milli: int
    off_milli: int


@dataclass(frozen=True)
class PharmacyFigure:
    """How a pharmacy does in one respect; None where it cannot honestly be said.

    `told_from` is of the forecast's error alone: until that day it is worked out afterwards; None: it was really told.
    """

    pharmacy_id: UUID
    figure: str
    first_on: date
    last_on: date
    value: float | None
    item_count: int
    other_count: int
    town_median: float | None
    usual: float | None
    usual_low: float | None
    usual_high: float | None
    told_from: date | None


@dataclass(frozen=True)
class Advice:
    """Everything that is advised at once."""

    risks: Sequence[ItemRisk] = field(default=())
    orders: Sequence[OrderAdvice] = field(default=())
    transfers: Sequence[TransferAdvice] = field(default=())
    lots: Sequence[ExpiringLot] = field(default=())
    items: Sequence[PharmacyItem] = field(default=())
    figures: Sequence[PharmacyFigure] = field(default=())


def replace_advice(
    connection: sa.Connection,
    advice: Advice,
    *,
    model_version: str,
    made_at: datetime,
    warned_on: date,
) -> None:
    """Put new advice in the old one's place, within the caller's transaction.

    Items told to run out are marked as such for the day `warned_on`: a warning changes the demand it warns of.
    """
    warned = [
        (row.pharmacy_id, row.medicine_id) for row in advice.risks if row.runs_out >= LEAST_RISK
    ]
    mark(connection, warned, warned_on)
    stamp = {"model_version": model_version, "made_at": made_at}
    replace_rows(connection, out_stock_risk, advice.risks, stamp)
    replace_rows(connection, out_reorder, advice.orders, stamp)
    replace_rows(connection, out_transfer, advice.transfers, stamp)
    replace_rows(connection, out_expiring_lot, advice.lots, stamp)
    replace_rows(connection, out_pharmacy_item, advice.items, stamp)
    replace_rows(connection, out_pharmacy_figure, advice.figures, stamp)
