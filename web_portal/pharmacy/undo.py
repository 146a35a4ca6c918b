"""What takes a change of stock back, offered beside the row that was just changed.

A change is remembered by what it became: a movement's id, or `price:` and the former price in minor units.
Without JavaScript it travels in the address of the table that comes back, signed: a link made by somebody else
cannot offer a price of its own.
"""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from flask import current_app, request, url_for
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer

from remedy.stock import queries
from remedy.stock.model import Movement, StockRow
from remedy.values import money_text
from web_portal import access
from web_portal.parts import parts

REVERSIBLE = ("sold", "received", "adjusted", "expired", "recalled", "returned")
"""A count is not reversed, it is made again; a transfer is taken back on its own page."""

UNDONE = "undone"


@dataclass(frozen=True)
class Undo:
    """What takes a change back: where to send it, and what with."""

    address: str
    fields: dict[str, object]


def of_price(former_minor: int | None) -> str:
    """What a new price became; empty where there was none before."""
    return "" if former_minor is None else f"price:{former_minor}"


def is_reversible(movement: Movement) -> bool:
    """Whether a movement can still be taken back."""
    return movement.kind in REVERSIBLE and not movement.is_reversed


def of_row(row: StockRow, became: str) -> Undo | None:
    """What takes back what has just become of a row; None where nothing does."""
    what, _sep, value = became.partition(":")
    if what == "price":
        digits = parts().region.minor_digits
        former = money_text(int(value), "", digits).strip()
        fields = {"kind": "price", "packs": former, "version": row.version}
        return Undo(url_for("pharmacy.move", medicine_id=row.medicine_id), fields)
    with suppress(ValueError):
        address = url_for("pharmacy.undo", medicine_id=row.medicine_id, movement_id=UUID(became))
        return Undo(address, {"reason": _("Undone at once.")})
    return None


def told_in_address(medicine_id: UUID, became: str) -> str | None:
    """A change as the table's address carries it; None where nothing takes it back."""
    if became in {"", UNDONE}:
        return None
    return str(_seal().dumps([str(access.pharmacy_id()), str(medicine_id), became]))


def in_address(rows: list[StockRow]) -> dict[UUID, Undo]:
    """How to take back the change the table's address tells of, by its medicine."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    try:
        where, medicine, became = _seal().loads(request.args.get("last", ""))
    except BadSignature:
        return {}
    row = next((row for row in rows if str(row.medicine_id) == medicine), None)
    if row is None or where != str(pharmacy_id):
        return {}
    if not became.startswith("price:"):
        found = here.read(
            lambda c: queries.movements(c, pharmacy_id, row.medicine_id, movement_id=UUID(became))
        )
        if not found or not is_reversible(found[0]):
            return {}
    undo = of_row(row, became)
    return {row.medicine_id: undo} if undo else {}


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="undo of a stock change")
