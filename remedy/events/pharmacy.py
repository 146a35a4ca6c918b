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


@dataclass(frozen=True)
class _Reasoned(_Movement):
    """A movement that names one of the reasons in `remedy.stock.reasons`."""

    reason_code: str = ""


@event("remedy.stock-movements.expired.v1")
@dataclass(frozen=True)
class StockExpired(_Reasoned):
    """Packs of a lot were taken off the shelf for their date and thrown away."""


@event("remedy.stock-movements.recalled.v1")
@dataclass(frozen=True)
class StockRecalled(_Reasoned):
    """A lot was recalled: what there is of it (`quantity_milli`) stays on the shelf and may not be handed out.

    The change of its lot is 0; what arrives of the lot afterwards is recalled too. Reversed, it may be
    handed out again.
    """


@event("remedy.stock-movements.returned.v1")
@dataclass(frozen=True)
class StockReturned(_Reasoned):
    """Packs went back to the supplier (negative), or came back from a patient (positive).

    What a patient had taken home comes back to be destroyed: it changes no lot.
    """


@event("remedy.stock-movements.transferred.v1")
@dataclass(frozen=True)
class StockTransferred(_Reasoned):
    """Packs left for another pharmacy (negative) or arrived from one (positive)."""

    transfer_id: UUID | None = None


@dataclass(frozen=True)
class _Transfer(Event):
    """What every event about a transfer says; told under the key of `pharmacy_id`, who did it."""

    transfer_id: UUID
    pharmacy_id: UUID
    from_pharmacy_id: UUID
    to_pharmacy_id: UUID
    medicine_id: UUID
    quantity_milli: int
    occurred_at: datetime


@event("remedy.stock-movements.transfer-proposed.v1")
@dataclass(frozen=True)
class TransferProposed(_Transfer):
    """A pharmacy asked another for packs, or offered some; who of the two did is `pharmacy_id`."""


@event("remedy.stock-movements.transfer-answered.v1")
@dataclass(frozen=True)
class TransferAnswered(_Transfer):
    """A transfer was agreed to, declined, or cancelled before anything was sent."""

    became: Literal["agreed", "declined", "cancelled"] = "agreed"


@event("remedy.stock-movements.transfer-closed.v1")
@dataclass(frozen=True)
class TransferClosed(_Transfer):
    """Of what was sent (`quantity_milli`), so much arrived, or was taken back, and so much is lost.

    Sent, less arrived, less lost, is nothing: the packs on their way are closed by this.
    """

    became: Literal["received", "taken_back"] = "received"
    arrived_milli: int = 0
    lost_milli: int = 0
    reason_code: str | None = None


@event("remedy.stock-movements.levels-set.v1")
@dataclass(frozen=True)
class StockLevelsSet(Event):
    """A stock item's minimum and reorder levels were set; None: none is kept."""

    pharmacy_id: UUID
    pharmacy_seq: int
    stock_item_id: UUID
    medicine_id: UUID
    minimum_milli: int | None
    reorder_milli: int | None
    occurred_at: datetime


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


@event("remedy.stock-movements.collected.v1")
@dataclass(frozen=True)
class StockCollected(_Hold):
    """What was set aside was handed out; `movement_id` is the sale, told just before."""

    movement_id: UUID | None = None


@event("remedy.stock-movements.withdrawn.v1")
@dataclass(frozen=True)
class StockWithdrawn(_Hold):
    """A hold ended because its packs may not be handed out any more; `reason_code` says why."""

    reason_code: str = ""


@event("remedy.stock-movements.refused.v1")
@dataclass(frozen=True)
class StockRefused(Event):
    """Somebody wanted packs that were not there: demand that no sale shows."""

    pharmacy_id: UUID
    stock_item_id: UUID
    medicine_id: UUID
    quantity_milli: int
    occurred_at: datetime
