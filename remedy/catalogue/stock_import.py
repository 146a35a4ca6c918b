"""A pharmacist's list: previewed, kept, then applied line by line, each with its own answer.

Each function works in the caller's transaction. What is applied is marked in the same transaction, so sending
the list twice changes nothing, and a list cut short goes on where it stopped.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.known_names import KnownMedicines
from remedy.catalogue.stock_list import Told
from remedy.schema.people import account
from remedy.schema.pharmacy import medicine, pharmacy, stock_import, stock_import_line
from remedy.stock.model import Conflict, Line, Recorded, Refused, StockRow, medicine_label
from remedy.stock.own_codes import own_meanings
from remedy.stock.queries import stock_rows
from remedy.stock.service import record_movements, set_price
from remedy.values import Clock, money_text, packs_text, uuid7

KEPT = timedelta(days=30)
AT_ONCE = 100
"""Lines of one transaction: others wait no longer than it takes."""

_MOVES_ALONE = "counted"


@dataclass(frozen=True)
class Preview:
    """A list as it stands. `counts` is how many lines are in each state."""

    import_id: UUID
    file_name: str
    created_at: datetime
    lines: list["PreviewLine"]

    @property
    def counts(self) -> Counter[str]:
        """How many lines are in each state."""
        return Counter(line.state for line in self.lines)


@dataclass(frozen=True)
class PreviewLine:
    """One change of a list: what is named, what it was at the preview and becomes, and what came of it.

    `state` is `unread`, `waiting`, `applied`, `conflict` or `refused`, `said` the sentence to it.
    """

    line_no: int
    named: str
    label: str
    medicine_id: UUID | None
    kind: str | None
    quantity_milli: int | None
    price_minor: int | None
    lot_number: str
    expires_on: date | None
    was_milli: int | None
    was_minor: int | None
    state: str
    said: str

    @property
    def becomes_milli(self) -> int | None:
        """What the shelf then holds, if nothing else happens before."""
        if self.kind is None or self.quantity_milli is None or self.was_milli is None:
            return None
        if self.kind == "counted":
            return self.quantity_milli
        moved = self.quantity_milli if self.kind == "received" else -self.quantity_milli
        return max(0, self.was_milli + moved)


def preview(
    connection: sa.Connection,
    pharmacy_id: UUID,
    account_id: UUID,
    file_name: str,
    told: Sequence[Told],
    *,
    clock: Clock,
) -> UUID:
    """Keep what a list would change, and say why lines of it cannot; the id of the preview.

    A price that is the present one is left out. Lists older than thirty days are forgotten.
    """
    now = clock()
    pharmacy_row = _row(connection, pharmacy, pharmacy_id)
    _forget_old(connection, pharmacy_row, now)
    rows = stock_rows(connection, pharmacy_id, now=now)
    own_codes = own_meanings(connection, pharmacy_id)
    known = KnownMedicines(connection, rows, {one.named for one in told}, own_codes)
    lines: list[dict[str, Any]] = []
    seen: dict[UUID, dict[str, int]] = {}
    for one in told:
        found, problem = known.find(one.named) if not one.problem else (None, one.problem)
        if found is not None:
            problem = _second(one, seen.setdefault(found, {}))
        row = known.rows.get(found) if found else None
        if found and one.kind == "price" and row and row.price_minor == one.amount:
            continue
        lines.append(_line(one, row, known.row_ids[found] if found else None, problem))
    import_id = uuid7(clock)
    connection.execute(
        sa.insert(stock_import).values(
            public_id=import_id,
            pharmacy_id=pharmacy_row,
            account_id=_row(connection, account, account_id),
            file_name=file_name[:120],
            created_at=now,
        )
    )
    if lines:
        kept = _row(connection, stock_import, import_id)
        connection.execute(
            sa.insert(stock_import_line),
            [{"import_id": kept, "position": at, **line} for at, line in enumerate(lines, 1)],
        )
    return import_id


def _line(
    one: Told, row: StockRow | None, medicine_row: int | None, problem: str
) -> dict[str, Any]:
    is_price = one.kind == "price"
    is_read = not problem
    return {
        "line_no": one.line,
        "named": one.named,
        "medicine_id": medicine_row,
        "kind": one.kind if is_read else None,
        "quantity_milli": one.amount if is_read and not is_price else None,
        "price_minor": one.amount if is_read and is_price else None,
        "lot_number": one.lot_number,
        "expires_on": one.expires_on,
        "was_milli": row.on_hand_milli if row else 0,
        "was_minor": row.price_minor if row else None,
        "version": row.version if row else 0,
        "state": "waiting" if is_read else "unread",
        "said": problem[:400],
    }


def _second(one: Told, seen: dict[str, int]) -> str:
    """Why a medicine may not come again so; what came before is remembered in `seen`."""
    kind = str(one.kind)
    moves = {"counted", "received", "sold"} if kind == _MOVES_ALONE else {_MOVES_ALONE}
    clashes = ({"price"} if kind == "price" else moves) & seen.keys()
    if clashes:
        return f"Line {seen[clashes.pop()]} is of this medicine too; which of them is meant?"
    seen.setdefault(kind, one.line)
    return ""


def read_back(connection: sa.Connection, pharmacy_id: UUID, import_id: UUID) -> Preview | None:
    """A pharmacy's list as it stands; None where it has no such list."""
    one, line = stock_import.c, stock_import_line.c
    head = connection.execute(
        sa.select(one.id, one.file_name, one.created_at)
        .join_from(stock_import, pharmacy)
        .where(one.public_id == import_id, pharmacy.c.public_id == pharmacy_id)
    ).one_or_none()
    if head is None:
        return None
    query = (
        sa.select(
            line.line_no, line.named, medicine.c.public_id.label("medicine_id"), line.kind,
            line.quantity_milli, line.price_minor, line.lot_number, line.expires_on,
            line.was_milli, line.was_minor, line.state, line.said, medicine.c.generic_name,
            medicine.c.brand_name, medicine.c.strength, medicine.c.form, medicine.c.pack,
        )
        .select_from(stock_import_line.outerjoin(medicine, medicine.c.id == line.medicine_id))
        .where(line.import_id == head.id)
        .order_by(line.position)
    )  # fmt: skip
    lines = []
    for row in connection.execute(query).mappings():
        values = dict(row)
        parts = [
            values.pop(name) for name in ("generic_name", "brand_name", "strength", "form", "pack")
        ]
        lines.append(PreviewLine(**values, label=medicine_label(*parts) if parts[0] else ""))
    return Preview(import_id, head.file_name, head.created_at, lines)


def apply_some(
    connection: sa.Connection,
    pharmacy_id: UUID,
    import_id: UUID,
    *,
    account_id: UUID,
    currency: str,
    minor_digits: int,
    clock: Clock,
) -> int:
    """Apply the next lines of a list, each for itself; how many are left.

    A count or a price whose stock item changed since the preview is a conflict and changes nothing.
    """
    kept = _kept(connection, pharmacy_id, import_id)
    # The list's own lock first, then those of stock: two who send it at once take turns.
    connection.execute(
        sa.select(stock_import.c.id).where(stock_import.c.id == kept).with_for_update()
    )
    line = stock_import_line.c
    waiting = connection.execute(
        sa.select(stock_import_line, medicine.c.public_id.label("medicine_public_id"))
        .join_from(stock_import_line, medicine)
        .where(line.import_id == kept, line.state == "waiting")
        .order_by(line.position)
        .limit(AT_ONCE + 1)
    ).all()
    chunk = waiting[:AT_ONCE]
    if not chunk:
        return 0
    raised = _raised_so_far(connection, kept)
    became: dict[int, Refused | None] = {}
    moved = [row for row in chunk if row.kind != "price"]
    answers = record_movements(
        connection,
        pharmacy_id,
        [
            Line(
                row.kind, row.medicine_public_id, row.quantity_milli, clock(),
                line_id=f"list:{import_id}:{row.position}",
                lot_number=row.lot_number, expires_on=row.expires_on,
            )
            for row in moved
        ],
        account_id=account_id,
        expected_versions=[
            row.version + raised[row.medicine_id] if row.kind == "counted" else None
            for row in moved
        ],
        clock=clock,
    )  # fmt: skip
    for row, answer in zip(moved, answers, strict=True):
        became[row.position] = None if isinstance(answer, Recorded) else answer
        raised[row.medicine_id] += isinstance(answer, Recorded)
    for row in chunk:
        if row.kind == "price":
            became[row.position] = _set_price(
                connection, pharmacy_id, row, row.version + raised[row.medicine_id], currency, clock
            )
            raised[row.medicine_id] += became[row.position] is None
    _write_states(connection, pharmacy_id, kept, chunk, became, currency, minor_digits, clock)
    return len(waiting) - len(chunk) and _left(connection, kept)


def _kept(connection: sa.Connection, pharmacy_id: UUID, import_id: UUID) -> int:
    found = connection.execute(
        sa.select(stock_import.c.id)
        .join_from(stock_import, pharmacy)
        .where(stock_import.c.public_id == import_id, pharmacy.c.public_id == pharmacy_id)
    )
    return int(found.scalar_one())


def _set_price(
    connection: sa.Connection,
    pharmacy_id: UUID,
    row: sa.Row[Any],
    version: int,
    currency: str,
    clock: Clock,
) -> Refused | None:
    try:
        with connection.begin_nested():
            set_price(
                connection, pharmacy_id, row.medicine_public_id, row.price_minor, currency,
                expected_version=version, clock=clock,
            )  # fmt: skip
    except Refused as refusal:
        return refusal
    return None


def _raised_so_far(connection: sa.Connection, kept: int) -> Counter[int]:
    """How often this list itself has raised the version of each medicine's stock item."""
    line = stock_import_line.c
    found = connection.execute(
        sa.select(line.medicine_id, sa.func.count().label("times"))
        .where(line.import_id == kept, line.state == "applied")
        .group_by(line.medicine_id)
    )
    return Counter({row.medicine_id: row.times for row in found})


def _left(connection: sa.Connection, kept: int) -> int:
    line = stock_import_line.c
    found = connection.execute(
        sa.select(sa.func.count()).where(line.import_id == kept, line.state == "waiting")
    )
    return int(found.scalar_one())


def _write_states(
    connection: sa.Connection,
    pharmacy_id: UUID,
    kept: int,
    chunk: Iterable[sa.Row[Any]],
    became: dict[int, Refused | None],
    currency: str,
    minor_digits: int,
    clock: Clock,
) -> None:
    rows = {}
    if any(isinstance(answer, Conflict) for answer in became.values()):
        rows = {r.medicine_id: r for r in stock_rows(connection, pharmacy_id, now=clock())}
    told = []
    for row in chunk:
        answer = became[row.position]
        state, said = "applied", ""
        if isinstance(answer, Conflict):
            state = "conflict"
            said = _conflict(row, rows[row.medicine_public_id], currency, minor_digits)
        elif answer is not None:
            state, said = "refused", str(answer)[:400]
        told.append({"at": row.position, "state": state, "said": said})
    connection.execute(
        sa.update(stock_import_line).where(
            stock_import_line.c.import_id == kept,
            stock_import_line.c.position == sa.bindparam("at"),
        ),
        told,
    )


def _conflict(line: sa.Row[Any], now: StockRow, currency: str, minor_digits: int) -> str:
    def money(minor: int | None) -> str:
        return "none" if minor is None else money_text(minor, currency, minor_digits)

    if line.kind == "price":
        return (
            f"It changed since the preview: the price was {money(line.was_minor)} and is"
            f" {money(now.price_minor)} now, the list says {money(line.price_minor)}. Nothing was changed."
        )
    return (
        f"It changed since the preview: the shelf held {packs_text(line.was_milli)} and holds"
        f" {packs_text(now.on_hand_milli)} now, the list says {packs_text(line.quantity_milli)}."
        " Nothing was changed."
    )


def _forget_old(connection: sa.Connection, pharmacy_row: int, now: datetime) -> None:
    old = (
        connection.execute(
            sa.select(stock_import.c.id).where(
                stock_import.c.pharmacy_id == pharmacy_row, stock_import.c.created_at < now - KEPT
            )
        )
        .scalars()
        .all()
    )
    if old:
        line = stock_import_line
        connection.execute(sa.delete(line).where(line.c.import_id.in_(old)))
        connection.execute(sa.delete(stock_import).where(stock_import.c.id.in_(old)))


def _row(connection: sa.Connection, table: sa.Table, public_id: UUID) -> int:
    found = connection.execute(sa.select(table.c.id).where(table.c.public_id == public_id))
    return int(found.scalar_one())
