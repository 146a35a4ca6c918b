"""What happens in the pharmacy half: searches, stock movements, holds.

Quantities are thousandths of a pack (`_milli`), money is minor units (`_minor`). No names, no free text of
patients: ids and codes only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from remedy.events.base import Event, event


@event("remedy.medicine-searches.searched.v1")
@dataclass(frozen=True)
class MedicineSearched(Event):
    """Somebody looked for a medicine.

    `searcher` is a keyed pseudonym that changes daily, `medicine_id` what was found to be meant (None when
    nothing was), `pharmacies_found` how many had it. `query` is kept only when nothing was found.
    """

    searcher: str
    district: str | None
    medicine_id: UUID | None
    pharmacies_found: int
    query: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class LotChange:
    """What a movement did to one lot: `delta_milli` is negative when stock went out.

    `lot_number` and `expires_on` (ISO date) are None for stock whose lot is not known.
    """

    lot_id: UUID
    delta_milli: int
    lot_number: str | None = None
    expires_on: str | None = None


@dataclass(frozen=True)
class _Movement(Event):
    """What every stock movement says.

    `pharmacy_seq` is the pharmacy's counter, raised in the same transaction; `quantity_milli` is the size
    of the movement (signed for an adjustment), `uncovered_milli` the part that no lot covered,
    `balance_milli` what the item has afterwards over all its lots, `line_id` the till's own name for the
    line, `recorded_at` when we were told.
    """

    movement_id: UUID
    pharmacy_id: UUID
    pharmacy_seq: int
    stock_item_id: UUID
    medicine_id: UUID
    quantity_milli: int
    uncovered_milli: int
    balance_milli: int
    lots: tuple[LotChange, ...]
    occurred_at: datetime
    recorded_at: datetime
    line_id: str | None = None
    reason: str | None = None


@event("remedy.stock-movements.received.v1")
@dataclass(frozen=True)
class StockReceived(_Movement):
    """Packs came in."""


@event("remedy.stock-movements.sold.v1")
@dataclass(frozen=True)
class StockSold(_Movement):
    """Packs were sold, told by a till or by hand; a fact, never refused for shortage."""


@event("remedy.stock-movements.adjusted.v1")
@dataclass(frozen=True)
class StockAdjusted(_Movement):
    """The stock was corrected by a signed amount, with a reason."""


@event("remedy.stock-movements.counted.v1")
@dataclass(frozen=True)
class StockCounted(_Movement):
    """Somebody counted: `balance_milli` is what is there, `quantity_milli` the signed difference."""


@event("remedy.stock-movements.reversed.v1")
@dataclass(frozen=True)
class StockReversed(_Movement):
    """An earlier movement was a mistake and is undone; `reverses_id` names it.

    `reversed_kind`, `reversed_quantity_milli`, `reversed_uncovered_milli` and `reversed_at` repeat what it
    said, so that a count can take it off the day it was counted on.
    """

    reverses_id: UUID | None = None
    reversed_kind: str | None = None
    reversed_quantity_milli: int = 0
    reversed_uncovered_milli: int = 0
    reversed_at: datetime | None = None


@event("remedy.stock-movements.repriced.v1")
@dataclass(frozen=True)
class StockRepriced(Event):
    """A stock item's price was changed."""

    pharmacy_id: UUID
    pharmacy_seq: int
    stock_item_id: UUID
    medicine_id: UUID
    price_minor: int
    currency: str
    occurred_at: datetime


@dataclass(frozen=True)
class _Hold(Event):
    """What every event about a hold says; `available_milli` is what is left for others."""

    hold_id: UUID
    pharmacy_id: UUID
    pharmacy_seq: int
    stock_item_id: UUID
    medicine_id: UUID
    quantity_milli: int
    available_milli: int
    occurred_at: datetime


@event("remedy.stock-movements.held.v1")
@dataclass(frozen=True)
class StockHeld(_Hold):
    """Packs were set aside until `expires_at`."""

    expires_at: datetime | None = None


@event("remedy.stock-movements.released.v1")
@dataclass(frozen=True)
class StockReleased(_Hold):
    """A hold ended without a sale."""

    why: Literal["cancelled", "expired"] = "cancelled"


@event("remedy.stock-movements.refused.v1")
@dataclass(frozen=True)
class StockRefused(Event):
    """Somebody wanted packs that were not there: demand that no sale shows."""

    pharmacy_id: UUID
    stock_item_id: UUID
    medicine_id: UUID
    quantity_milli: int
    occurred_at: datetime
