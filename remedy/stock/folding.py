"""What all events of stock add up to: the stock tables, rebuilt from history (design decision 7). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from remedy.events import pharmacy as told
from remedy.events.base import Event


@dataclass
class FoldedItem:
    """A stock item as the events say it is; `lots` and `holds` by their ids."""

    pharmacy_id: UUID
    medicine_id: UUID
    price_minor: int | None = None
    version: int = 0
    changed_seq: int = 0
    changed_at: datetime | None = None
    counted_at: datetime | None = None
    count_wanted_at: datetime | None = None
    lots: dict[UUID, "FoldedLot"] = field(default_factory=dict)
    holds: dict[UUID, tuple[int, str]] = field(default_factory=dict)
    minimum_milli: int | None = None
    reorder_milli: int | None = None


@dataclass(frozen=True)
class FoldedLot:
    """A lot as the events say it is."""

    lot_number: str
    expires_on: date | None
    quantity_milli: int
    is_recalled: bool = False


def fold(events: Iterable[Event]) -> dict[UUID, FoldedItem]:
    """The stock tables, by stock item, rebuilt from all stock events in the order of each pharmacy's counter.

    Refused holds, and what two pharmacies say to each other about a transfer, changed nothing and are passed
    over.

    Raises:
        ValueError: if the events contradict themselves (one is missing, or they are out of order).
    """
    items: dict[UUID, FoldedItem] = {}
    for happened in events:
        if not isinstance(happened, _Movement | _Hold | told.StockRepriced | told.StockLevelsSet):
            continue
        item = items.setdefault(
            happened.stock_item_id, FoldedItem(happened.pharmacy_id, happened.medicine_id)
        )
        if happened.pharmacy_seq <= item.changed_seq:
            raise ValueError(
                f"Change {happened.pharmacy_seq} of a pharmacy comes after {item.changed_seq}; "
                "give every event once, in the order of the pharmacy's counter."
            )
        item.version += 1
        item.changed_seq = happened.pharmacy_seq
        item.changed_at = happened.occurred_at
        if isinstance(happened, told.StockRepriced):
            item.price_minor = happened.price_minor
        elif isinstance(happened, told.StockLevelsSet):
            item.minimum_milli, item.reorder_milli = happened.minimum_milli, happened.reorder_milli
        elif isinstance(happened, _Hold):
            state = _HOLD_STATES[type(happened)]
            item.holds[happened.hold_id] = (happened.quantity_milli, state)
        else:
            _fold_movement(item, happened)
    return items


_Movement = (
    told.StockReceived
    | told.StockSold
    | told.StockAdjusted
    | told.StockCounted
    | told.StockExpired
    | told.StockRecalled
    | told.StockReturned
    | told.StockTransferred
    | told.StockReversed
)
_Hold = told.StockHeld | told.StockReleased | told.StockCollected | told.StockWithdrawn
_HOLD_STATES: dict[type[Event], str] = {
    told.StockHeld: "held",
    told.StockReleased: "released",
    told.StockCollected: "collected",
    told.StockWithdrawn: "withdrawn",
}


def _fold_movement(item: FoldedItem, moved: _Movement) -> None:
    item.changed_at = moved.recorded_at
    for change in moved.lots:
        before = item.lots.get(change.lot_id)
        item.lots[change.lot_id] = FoldedLot(
            change.lot_number or "",
            date.fromisoformat(change.expires_on) if change.expires_on else None,
            (before.quantity_milli if before else 0) + change.delta_milli,
            _is_recalled(moved, before),
        )
    if isinstance(moved, told.StockCounted):
        item.counted_at, item.count_wanted_at = moved.occurred_at, None
    elif moved.uncovered_milli and item.count_wanted_at is None:
        item.count_wanted_at = moved.recorded_at
    if sum(lot.quantity_milli for lot in item.lots.values()) != moved.balance_milli:
        raise ValueError(
            f"Change {moved.pharmacy_seq} of a pharmacy says another balance than the changes "
            "before it add up to; one of them is missing."
        )


def _is_recalled(moved: _Movement, before: FoldedLot | None) -> bool:
    if isinstance(moved, told.StockRecalled):
        return True
    if isinstance(moved, told.StockReversed) and moved.reversed_kind == "recalled":
        return False
    return before is not None and before.is_recalled
