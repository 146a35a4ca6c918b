"""Values and rules of stock, pure: what a line says and which lots it takes from.

Changes to tables are in `service.py`, reads of them in `queries.py`, what all events add up to in `folding.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from remedy.stock import reasons
from remedy.values import packs_text

Kind = Literal["sold", "received", "adjusted", "counted", "expired", "returned", "transferred"]
KINDS: tuple[str, ...] = (
    "sold", "received", "adjusted", "counted", "expired", "returned", "transferred",
)  # fmt: skip
OUTWARD = frozenset({"sold", "expired"})
"""Kinds whose positive quantity leaves the shelf."""

MAX_QUANTITY_MILLI = 10**12
"""A thousand million packs: beyond it a line is a typing error."""

MAX_AHEAD = timedelta(hours=24)
"""A line further in the future is refused: landed, it would be a dead letter (design decision 3)."""

STALE = "This stock changed since the page was drawn; look at it again, then decide."

_OLDEST_YEAR = 1900
_LENGTHS = {"line_id": 80, "reason": 200, "lot_number": 60}


class Refused(ValueError):
    """A change cannot be made; the text is a sentence for whoever asked. Roll its transaction back."""


class OutOfStock(Refused):
    """Fewer packs are available than were asked for."""


class UnknownMedicine(Refused):
    """No medicine has that id."""

    def __init__(self, sentence: str = "No medicine has that id.") -> None:
        super().__init__(sentence)


class Conflict(Refused):
    """The stock item changed since the page was drawn."""


@dataclass(frozen=True)
class Line:
    """One line of what happened to a stock item.

    `quantity_milli` is positive for sold, received and expired, signed for adjusted, returned and transferred
    (negative: packs leave), and the total that is there for counted. `line_id` is the till's own name for the
    line, unique per pharmacy: telling it twice changes nothing. `lot_number` is empty where the lot is not
    known. `reason_code` is one of `reasons.py`, for the kinds that ask for one; `transfer_id` belongs to
    transferred.
    """

    kind: Kind
    medicine_id: UUID
    quantity_milli: int
    occurred_at: datetime
    line_id: str | None = None
    reason: str | None = None
    lot_number: str = ""
    expires_on: date | None = None
    reason_code: str | None = None
    transfer_id: UUID | None = None

    def __post_init__(self) -> None:
        # The database compares text without regard to trailing blanks; so do we, before it sees them.
        if self.line_id is not None:
            object.__setattr__(self, "line_id", self.line_id.strip())
        object.__setattr__(self, "lot_number", (self.lot_number or "").strip())


@dataclass(frozen=True)
class Recorded:
    """A movement as it stands in the ledger.

    `balance_milli` is what the item then had over all its lots, `uncovered_milli` what no lot covered.
    """

    movement_id: UUID
    pharmacy_seq: int
    balance_milli: int
    uncovered_milli: int
    is_repeat: bool = False


@dataclass(frozen=True)
class Held:
    """Packs set aside; `available_milli` is what is left for others."""

    hold_id: UUID
    pharmacy_seq: int
    available_milli: int
    expires_at: datetime


@dataclass(frozen=True)
class StockRow:
    """A stock item as a pharmacist reads it.

    `on_hand_milli` is over all lots; `available_milli` is what may be sold or held today: unexpired,
    unrecalled, not set aside. `next_expiry_on` is the earliest date among the lots that hold something.
    `code` is the medicine's own in its register, as `REGISTER:KEY`; empty where it has none. `gtin` is what its
    bar code tells. Fewer available than `minimum_milli` is too few, than `reorder_milli` time to order.
    """

    stock_item_id: UUID
    medicine_id: UUID
    generic_name: str
    brand_name: str | None
    strength: str | None
    form: str | None
    pack: str | None
    price_minor: int | None
    on_hand_milli: int
    held_milli: int
    available_milli: int
    version: int
    changed_seq: int
    changed_at: datetime
    count_wanted_at: datetime | None
    next_expiry_on: date | None
    code: str = ""
    gtin: str | None = None
    minimum_milli: int | None = None
    reorder_milli: int | None = None

    @property
    def label(self) -> str:
        """The medicine on one line."""
        return medicine_label(
            self.generic_name, self.brand_name, self.strength, self.form, self.pack
        )

    @property
    def is_below_minimum(self) -> bool:
        """Whether fewer are available than the minimum."""
        return self.minimum_milli is not None and self.available_milli < self.minimum_milli

    @property
    def is_to_reorder(self) -> bool:
        """Whether it is time to order: fewer are available than one of the levels."""
        below = self.reorder_milli is not None and self.available_milli < self.reorder_milli
        return below or self.is_below_minimum


@dataclass(frozen=True)
class Movement:
    """One line of a stock card. `by` is the name of who told it; None where a till or an import did."""

    movement_id: UUID
    pharmacy_seq: int
    kind: str
    quantity_milli: int
    uncovered_milli: int
    balance_milli: int
    occurred_at: datetime
    recorded_at: datetime
    line_id: str | None
    reason: str | None
    by: str | None
    is_reversed: bool
    reason_code: str | None = None


@dataclass(frozen=True)
class Lot:
    """What there is of one lot. `lot_number` is empty for the stock whose lot is not known."""

    lot_id: UUID
    lot_number: str
    expires_on: date | None
    is_recalled: bool
    quantity_milli: int

    def is_sellable(self, day: date) -> bool:
        """Whether it may be sold on that local day: not recalled, and expiring after it."""
        return not self.is_recalled and (self.expires_on is None or self.expires_on > day)


@dataclass(frozen=True)
class Effect:
    """What a line does: its size in the ledger, the change of each lot, and what no lot covered."""

    quantity_milli: int
    deltas: dict[UUID, int]
    uncovered_milli: int = 0


def problem_of(line: Line, now: datetime) -> str | None:
    """Why the line cannot be believed, as a sentence; None when it can."""
    for name, length in _LENGTHS.items():
        if len(getattr(line, name) or "") > length:
            return f"'{name}' has more than {length} characters; shorten it."
    if line.line_id == "":
        return "'line_id' is empty; give the line a name of its own, or leave it out."
    if line.kind not in KINDS:
        return f"'{line.kind}' is no kind of movement; it is one of {', '.join(KINDS)}."
    if abs(line.quantity_milli) > MAX_QUANTITY_MILLI:
        return "The quantity is impossibly large; give it in packs."
    if line.kind in {"sold", "received", "expired"} and line.quantity_milli <= 0:
        return "The quantity must be more than 0."
    if line.kind in reasons.KINDS:
        return _problem_of_reason(line) or _problem_of_time(line, now)
    if line.kind == "adjusted" and line.quantity_milli == 0:
        return "An adjustment by 0 changes nothing; give how many more or fewer there are."
    if line.kind == "counted" and line.quantity_milli < 0:
        return "A count cannot be less than 0."
    if line.kind == "counted" and line.lot_number:
        return "A count is of all lots together; adjust a single lot instead."
    if line.expires_on is not None and not line.lot_number:
        return "An expiry date needs its lot number."
    return _problem_of_time(line, now)


def _problem_of_reason(line: Line) -> str | None:
    reason = reasons.reason_of(line.reason_code, line.kind)
    if reason is None:
        return "Choose why: this kind of movement needs one of its own reasons."
    signed = -line.quantity_milli if line.kind in OUTWARD else line.quantity_milli
    if signed * reason.sign <= 0:
        return "The packs go the other way for this reason; change the number or the reason."
    if (line.transfer_id is None) == (line.kind == "transferred"):
        return "A transfer names which one it is, and nothing else does."
    return None


def _problem_of_time(line: Line, now: datetime) -> str | None:
    if line.occurred_at.tzinfo is None:
        return "The time has no time zone; write it like 2026-01-31T09:30:00+01:00."
    if line.occurred_at.year < _OLDEST_YEAR:
        return f"The time is before {_OLDEST_YEAR}; look at the clock that wrote it."
    if line.occurred_at > now + MAX_AHEAD:
        return "The time is more than 24 hours in the future; look at the clock that wrote it."
    return None


def first_expired(lots: Iterable[Lot]) -> list[Lot]:
    """Lots in the order they are used up: earliest expiry first, without expiry last."""
    return sorted(lots, key=lambda lot: (lot.expires_on or date.max, lot.lot_number, lot.lot_id))


def take(lots: Sequence[Lot], wanted_milli: int) -> tuple[dict[UUID, int], int]:
    """Take from the lots in the order given: the (negative) change of each, and what they do not cover."""
    deltas: dict[UUID, int] = {}
    for lot in lots:
        taken = min(lot.quantity_milli, wanted_milli)
        if taken > 0 and lot.lot_id not in deltas:
            deltas[lot.lot_id] = -taken
            wanted_milli -= taken
    return deltas, wanted_milli


def effect_of(line: Line, lots: Sequence[Lot], *, into: UUID, day: date) -> Effect:
    """What a line does to the lots of its item.

    `into` is the lot that takes what comes in (the named one, or the one without number; it need not be
    among `lots` yet), `day` the local day it happened on. Expired and recalled lots are never sold from,
    unless the till names the lot: then it was sold, whatever we think of it.
    """
    if line.kind in reasons.KINDS:
        return _effect_of_reason(line, lots, into=into, day=day)
    named = [lot for lot in lots if line.lot_number and lot.lot_number == line.lot_number]
    sellable = first_expired(lot for lot in lots if lot.is_sellable(day))
    everything = first_expired(lots)
    wanted = line.quantity_milli
    if line.kind == "sold":
        deltas, uncovered = take([*named, *sellable], wanted)
    elif line.kind == "counted":
        wanted -= sum(lot.quantity_milli for lot in lots)
        # What is missing at a count was most likely thrown away: the oldest dates go first, expired or not.
        deltas, uncovered = take(everything, -wanted) if wanted < 0 else ({}, 0)
    elif wanted < 0:
        deltas, uncovered = take(named if line.lot_number else [*sellable, *everything], -wanted)
    else:
        deltas, uncovered = {}, 0
    if line.kind != "sold" and wanted > 0:
        deltas = {into: wanted}
    return Effect(wanted, deltas, uncovered)


def _effect_of_reason(line: Line, lots: Sequence[Lot], *, into: UUID, day: date) -> Effect:
    reason = reasons.BY_CODE[line.reason_code or ""]
    if reason.sign > 0:
        deltas = {into: line.quantity_milli} if reason.is_for_shelf else {}
        return Effect(line.quantity_milli, deltas)
    if line.kind == "transferred":
        # What a pharmacy hands to another it could also have sold.
        from_lots = first_expired(lot for lot in lots if lot.is_sellable(day))
    else:
        from_lots = [lot for lot in lots if lot.lot_number == line.lot_number]
    deltas, missing = take(from_lots, abs(line.quantity_milli))
    return Effect(line.quantity_milli, deltas, missing)


def undo_of(kind: str, quantity_milli: int, deltas: dict[UUID, int], lots: Sequence[Lot]) -> Effect:
    """What undoing a movement does: its lots get back what they had, as far as it is still there.

    The size in the ledger is signed: undoing a sale of 2 packs is +2, undoing a receipt of 2 is -2.
    """
    held = {lot.lot_id: lot.quantity_milli for lot in lots}
    back = {lot_id: max(-delta, -held[lot_id]) for lot_id, delta in deltas.items()}
    missing = sum(back[lot_id] + delta for lot_id, delta in deltas.items())
    size = quantity_milli if kind in OUTWARD else -quantity_milli
    return Effect(size, {lot_id: delta for lot_id, delta in back.items() if delta}, missing)


def changed(lots: Iterable[Lot], deltas: dict[UUID, int]) -> list[Lot]:
    """The lots after their changes."""
    return [
        replace(lot, quantity_milli=lot.quantity_milli + deltas.get(lot.lot_id, 0)) for lot in lots
    ]


def shortage_sentence(available_milli: int) -> str:
    """What somebody is told whose packs are not there."""
    if available_milli <= 0:
        return "This pharmacy has no pack of this medicine left."
    return f"This pharmacy has only {packs_text(available_milli)} packs of this medicine left."


def medicine_label(
    generic_name: str,
    brand_name: str | None,
    strength: str | None,
    form: str | None,
    pack: str | None,
) -> str:
    """A medicine on one line: brand (generic), strength, form, pack."""
    name = f"{brand_name} ({generic_name})" if brand_name else generic_name
    return ", ".join(part for part in (name, strength, form, pack) if part)
