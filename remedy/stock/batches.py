"""Many lines of one pharmacy in one transaction, each told at an instant of its own: a till, an import, a history.

`service.record_movements` is this with one instant for all. The statements are as many for a thousand lines as
for one, but for what the server sends back.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox
from remedy.events import pharmacy as told
from remedy.schema.pharmacy import (
    medicine,
    stock_item,
    stock_lot,
    stock_movement,
    stock_movement_lot,
)
from remedy.stock import ledger, reasons
from remedy.stock.locks import Item, Place, lock_counter, lock_items, place_of
from remedy.stock.model import (
    STALE,
    Conflict,
    Effect,
    Line,
    Recorded,
    Refused,
    UnknownMedicine,
    effect_of,
    problem_of,
)
from remedy.values import at_that, local_day, packs_text, uuid7

Told = tuple[datetime, Line]
"""A line and the instant it was told, not before it happened."""


def record_told(
    connection: sa.Connection,
    pharmacy_id: UUID,
    lines: Sequence[Told],
    *,
    account_id: UUID | None = None,
    expected_versions: Sequence[int | None] | None = None,
) -> list[Recorded | Refused]:
    """Record lines in their order, by the rules of `service.record_movement`; each has its own answer.

    The instants of telling never go back. A line that is refused changes nothing and does not hold up the
    others. `expected_versions` has one for each line: the item's version on the page that was answered.
    """
    if not lines:
        return []
    place = place_of(connection, pharmacy_id)
    problems = [problem_of(line, now) for now, line in lines]
    wanted = {line.medicine_id for (_, line), no in zip(lines, problems, strict=True) if no is None}
    items = lock_items(connection, place, wanted, creating=True, clock=at_that(lines[0][0]))
    before = lock_counter(connection, place)
    told_before = _told_before(connection, place, [line for _, line in lines])
    answers: list[Recorded | Refused] = []
    entries: list[ledger.Entry] = []
    expected = expected_versions or [None] * len(lines)
    for (now, line), problem, version in zip(lines, problems, expected, strict=True):
        try:
            if problem is not None:
                raise Refused(problem)
            if line.line_id in told_before:
                answers.append(_repeat(line, *told_before[line.line_id]))
                continue
            item = items.get(line.medicine_id)
            if item is None:
                raise UnknownMedicine()
            if version is not None and item.version != version:
                raise Conflict(STALE)
            entry = entry_of(place, item, line, now)
        except Refused as refusal:
            answers.append(refusal)
            continue
        entries.append(entry)
        seq = before + len(entries)
        uncovered = entry.effect.uncovered_milli
        recorded = Recorded(entry.movement_id, seq, entry.balance_milli, uncovered)
        answers.append(recorded)
        if line.line_id is not None:
            told_before[line.line_id] = (line, recorded)
    if entries:
        ledger.write(connection, place, entries, first_seq=before + 1, account_id=account_id)
    return answers


def record_refusals(
    connection: sa.Connection, pharmacy_id: UUID, refused: Sequence[tuple[datetime, UUID, int]]
) -> None:
    """Tell of demand that no sale shows, many at once: (instant, medicine, thousandths of a pack).

    By the rules of `holds.record_refusal`.

    Raises:
        Refused: if the pharmacy or a medicine is unknown.
    """
    if not refused:
        return
    place = place_of(connection, pharmacy_id)
    wanted = {medicine_id for _, medicine_id, _ in refused}
    items = lock_items(connection, place, wanted, creating=True, clock=at_that(refused[0][0]))
    if wanted - items.keys():
        raise UnknownMedicine()
    lock_counter(connection, place)
    outbox.record_many(
        connection,
        str(pharmacy_id),
        [
            outbox.Told(
                told.StockRefused(
                    pharmacy_id, items[medicine_id].stock_item_id, medicine_id, quantity_milli, at
                ),
                uuid7(at_that(at)),
                at,
                at,
            )
            for at, medicine_id, quantity_milli in refused
        ],
    )


def entry_of(place: Place, item: Item, line: Line, now: datetime) -> ledger.Entry:
    """What the line, told at `now`, does to its item; done in the item as held here."""
    clock = at_that(now)
    is_late = item.counted_at is not None and line.occurred_at < item.counted_at
    into = None
    if is_late and line.kind == "counted":
        raise Refused("This medicine was counted again since; the older count is not needed.")
    if is_late:
        effect = Effect(line.quantity_milli, {})
    else:
        into = ledger.lot_for(
            item,
            line.lot_number,
            line.expires_on,
            # Of packs that are on their way another pharmacy read the date; they must not be stuck there.
            earlier_wins=line.kind == "transferred",
            clock=clock,
        )
        day = local_day(line.occurred_at, place.time_zone)
        effect = effect_of(line, item.lots, into=into.lot_id, day=day)
        if line.kind in reasons.KINDS and effect.uncovered_milli:
            # Decided at the shelf by who sees it, unlike what a till tells: more cannot be there than is.
            raise Refused(f"Only {packs_text(_covered(effect))} packs of it are there to be taken.")
    changes = ledger.apply(item, effect, into)
    item.version += 1
    if line.kind == "counted":
        item.counted_at, item.count_wanted_at = line.occurred_at, None
    elif effect.uncovered_milli and item.count_wanted_at is None:
        item.count_wanted_at = now
    return ledger.Entry(
        movement_id=uuid7(clock),
        item=item,
        kind=line.kind,
        effect=effect,
        balance_milli=item.balance_milli,
        lots=changes,
        occurred_at=line.occurred_at,
        recorded_at=now,
        line_id=line.line_id,
        reason=line.reason,
        reason_code=line.reason_code,
        transfer_id=line.transfer_id,
    )


def _covered(effect: Effect) -> int:
    return abs(effect.quantity_milli) - effect.uncovered_milli


def _told_before(
    connection: sa.Connection, place: Place, lines: Sequence[Line]
) -> dict[str | None, tuple[Line, Recorded]]:
    """The lines of these names that the pharmacy has told, as they were told; the counter is locked."""
    named = [line.line_id for line in lines if line.line_id]
    if not named:
        return {}
    rows = connection.execute(
        sa.select(stock_movement, medicine.c.public_id.label("medicine_public_id"))
        .select_from(stock_movement)
        .join(stock_item, stock_item.c.id == stock_movement.c.stock_item_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .where(stock_movement.c.pharmacy_id == place.row_id, stock_movement.c.line_id.in_(named))
    ).all()
    lots = {row.id: "" for row in rows}
    for change in connection.execute(
        sa.select(stock_movement_lot.c.movement_id, stock_lot.c.lot_number)
        .select_from(stock_movement_lot)
        .join(stock_lot, stock_lot.c.id == stock_movement_lot.c.lot_id)
        .where(stock_movement_lot.c.movement_id.in_(list(lots)))
    ):
        lots[change.movement_id] = change.lot_number
    return {
        row.line_id: (
            Line(
                row.kind,
                row.medicine_public_id,
                row.balance_milli if row.kind == "counted" else row.quantity_milli,
                row.occurred_at,
                line_id=row.line_id,
                reason=row.reason,
                lot_number=lots[row.id],
            ),
            Recorded(row.public_id, row.pharmacy_seq, row.balance_milli, row.uncovered_milli),
        )
        for row in rows
    }


def _repeat(line: Line, first: Line, recorded: Recorded) -> Recorded:
    def said(one: Line) -> tuple[object, ...]:
        return (one.kind, one.medicine_id, one.quantity_milli, one.occurred_at)

    # Only of what came in does the ledger still know the lot that was told.
    other_lot = line.kind == "received" and first.lot_number not in {"", line.lot_number}
    if said(line) != said(first) or other_lot:
        raise Refused(
            f"The line_id '{line.line_id}' was used before for another line; "
            "give each line a name of its own."
        )
    return Recorded(
        recorded.movement_id,
        recorded.pharmacy_seq,
        recorded.balance_milli,
        recorded.uncovered_milli,
        is_repeat=True,
    )
