"""What "My pharmacy" reads: one pharmacy's own rows of what was foretold and advised, and its own counted days."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.advice import (
    FIGURES,
    FILL_RATE,
    FORECAST_ERROR,
    LEAST_RISK,
    OUT_DAYS,
    REFUSALS,
    is_behind,
    out_expiring_lot,
    out_pharmacy_figure,
    out_pharmacy_item,
    out_reorder,
    out_stock_risk,
    out_transfer,
)
from remedy.schema.pharmacy import medicine, pharmacy
from remedy.schema.pipeline import (
    agg_daily_demand,
    agg_daily_stock,
    model_run,
    out_stock_cover,
    out_stock_forecast,
)
from remedy.stock.labels import LABEL, label_of
from remedy.values import MILLI, amount_of

HISTORY_DAYS = 28

_WORSE: dict[str, Callable[[Any], int]] = {
    FILL_RATE: lambda row: row.refused_milli,
    REFUSALS: lambda row: row.refusal_count,
    OUT_DAYS: lambda row: row.out_days,
    FORECAST_ERROR: lambda row: row.off_milli,
}
"""What makes a figure worse, by item."""

_FORETOLD = sa.select(
    out_stock_risk,
    out_stock_cover.c.stock_milli,
    out_stock_cover.c.days_of_cover,
    out_stock_cover.c.demand_28_milli,
    out_stock_cover.c.demand_28_low_milli,
    out_stock_cover.c.demand_28_high_milli,
).select_from(
    out_stock_risk.join(
        out_stock_cover,
        (out_stock_cover.c.pharmacy_id == out_stock_risk.c.pharmacy_id)
        & (out_stock_cover.c.medicine_id == out_stock_risk.c.medicine_id),
    )
)
"""Foretold items with what their stock and forecast mean together."""


@dataclass(frozen=True)
class Listed:
    """Rows of a list, and how many there are in all; a sum over all of them where one is asked for."""

    rows: Sequence[Any]
    count: int
    money_minor: int = 0
    packs_milli: int = 0


@dataclass(frozen=True)
class Made:
    """When advice was made, and by which model."""

    made_at: datetime
    version: str
    method: str
    data_until: date | None


def made(connection: sa.Connection, pharmacy_id: UUID | None = None) -> Made | None:
    """When a pharmacy's advice was made, or anybody's; None where there is none."""
    columns = out_pharmacy_figure.c
    # The weeks that were told may have ended before the last counted day.
    query = (
        sa.select(columns.made_at, columns.model_version, columns.last_on)
        .order_by(columns.last_on.desc())
        .limit(1)
    )
    if pharmacy_id is not None:
        query = query.where(columns.pharmacy_id == pharmacy_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    method = connection.execute(
        sa.select(model_run.c.model).where(model_run.c.version == row.model_version)
    ).scalar()
    return Made(row.made_at, row.model_version, method or "", row.last_on)


def items(
    connection: sa.Connection, pharmacy_id: UUID, *, at_risk: bool, limit: int, offset: int = 0
) -> Listed:
    """Foretold items with stock and cover, what runs out soonest first; so many of them from `offset` on."""
    risk, cover = out_stock_risk.c, out_stock_cover.c
    where = [risk.pharmacy_id == pharmacy_id]
    if at_risk:
        where.append(risk.runs_out >= LEAST_RISK)
    rows = _labelled(
        connection,
        _FORETOLD.where(*where)
        .order_by(
            risk.runs_out.desc(),
            cover.days_of_cover.is_(None),
            cover.days_of_cover,
            risk.medicine_id,
        )
        .limit(limit)
        .offset(offset),
    )
    # An item sold so seldom that any moment may be its last is counted as it is listed.
    count = sa.select(sa.func.count()).select_from(out_stock_risk).where(*where)
    return Listed(rows, int(connection.execute(count).scalar_one()))


def overstock(connection: sa.Connection, pharmacy_id: UUID) -> Listed:
    """Items with a pack or more beyond what 28 days ask for with a chance of nine in ten, the most money first."""
    risk = out_stock_risk.c
    rows = _labelled(
        connection,
        _FORETOLD.where(risk.pharmacy_id == pharmacy_id, risk.overstock_milli >= MILLI).order_by(
            (risk.overstock_milli * risk.price_minor).desc(), risk.medicine_id
        ),
    )
    return Listed(
        rows,
        len(rows),
        sum(amount_of(row.overstock_milli, row.price_minor or 0) for row in rows),
        sum(row.overstock_milli for row in rows),
    )


def item(connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID) -> Any | None:
    """What is foretold of one item; None where nothing is."""
    risk = out_stock_risk.c
    return connection.execute(
        _FORETOLD.where(risk.pharmacy_id == pharmacy_id, risk.medicine_id == medicine_id)
    ).first()


def told_before(connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID) -> Any | None:
    """What was told of an item's last weeks, beside what came; None where none of them can be compared."""
    row = out_pharmacy_item.c
    return connection.execute(
        sa.select(out_pharmacy_item).where(
            row.pharmacy_id == pharmacy_id,
            row.medicine_id == medicine_id,
            row.told_weeks > 0,
        )
    ).first()


def told_from(connection: sa.Connection, pharmacy_id: UUID) -> date | None:
    """Until when what `told_before` shows is worked out afterwards; None where it was really told."""
    row = out_pharmacy_figure.c
    found: date | None = connection.execute(
        sa.select(row.told_from).where(row.pharmacy_id == pharmacy_id, row.figure == FORECAST_ERROR)
    ).scalar()
    return found


def orders(connection: sa.Connection, pharmacy_id: UUID, budget_minor: int | None) -> Listed:
    """What to order, the most worth per money first; with a budget, what of it the budget pays, in that order."""
    columns = out_reorder.c
    rows = _labelled(
        connection,
        sa.select(out_reorder).where(columns.pharmacy_id == pharmacy_id).order_by(columns.place),
    )
    left, taken = budget_minor, []
    for row in rows:
        if left is None:
            taken.append(row)
        elif row.cost_minor <= left:
            left -= row.cost_minor
            taken.append(row)
    return Listed(
        taken,
        len(taken),
        sum(row.cost_minor for row in taken),
        sum(row.quantity_milli for row in taken),
    )


def unpriced(connection: sa.Connection, pharmacy_id: UUID) -> int:
    """How many items may run out and have no price, so that no order of them can be weighed."""
    risk = out_stock_risk.c
    query = sa.select(sa.func.count()).where(
        risk.pharmacy_id == pharmacy_id, risk.runs_out >= LEAST_RISK, risk.price_minor.is_(None)
    )
    return int(connection.execute(query).scalar_one())


def transfers(connection: sa.Connection, pharmacy_id: UUID, *, out: bool) -> Listed:
    """What might go to others, or come from them, with this side's numbers alone: the most gained first."""
    move = out_transfer.c
    own, other = (
        (move.from_pharmacy_id, move.to_pharmacy_id)
        if out
        else (move.to_pharmacy_id, move.from_pharmacy_id)
    )
    gain = move.from_gain_minor if out else move.to_gain_minor
    helped = move.spared_milli if out else move.saved_milli
    chance = move.left_over if out else move.runs_out
    rows = _labelled(
        connection,
        sa.select(
            move.medicine_id,
            move.lot_number,
            move.expires_on,
            move.quantity_milli,
            move.rest_milli,
            move.distance_km,
            gain.label("gain_minor"),
            helped.label("helped_milli"),
            chance.label("chance"),
            pharmacy.c.name.label("other_name"),
            pharmacy.c.public_id.label("other_id"),
        )
        .select_from(out_transfer.join(pharmacy, pharmacy.c.public_id == other))
        .where(own == pharmacy_id)
        .order_by(gain.desc(), move.medicine_id),
    )
    return Listed(rows, len(rows), sum(row.gain_minor for row in rows))


def lots(connection: sa.Connection, pharmacy_id: UUID) -> Listed:
    """Lots of the 90 days ahead, first expired first, with what of them is expected to be left."""
    lot = out_expiring_lot.c
    rows = _labelled(
        connection,
        sa.select(out_expiring_lot)
        .where(lot.pharmacy_id == pharmacy_id)
        .order_by(lot.expires_on, lot.medicine_id, lot.lot_number),
    )
    return Listed(
        rows,
        len(rows),
        sum(row.unsold_minor or 0 for row in rows),
        sum(row.unsold_milli for row in rows),
    )


def figures(connection: sa.Connection, pharmacy_id: UUID) -> dict[str, Any]:
    """How the pharmacy does, by the figure's name."""
    columns = out_pharmacy_figure.c
    rows = connection.execute(
        sa.select(out_pharmacy_figure).where(columns.pharmacy_id == pharmacy_id)
    )
    found = {row.figure: row for row in rows}
    return {name: found[name] for name in FIGURES if name in found}


def behind(connection: sa.Connection, pharmacy_id: UUID, figure: str) -> Listed:
    """The items a figure is made of, what makes it worse first."""
    rows = _labelled(
        connection,
        sa.select(out_pharmacy_item).where(out_pharmacy_item.c.pharmacy_id == pharmacy_id),
    )
    found = [row for row in rows if is_behind(figure, row)]
    found.sort(key=lambda row: (-_WORSE[figure](row), row.label))
    return Listed(found, len(found))


def told_days(connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID) -> list[Any]:
    """The days foretold of an item."""
    columns = out_stock_forecast.c
    query = sa.select(out_stock_forecast).where(
        columns.pharmacy_id == pharmacy_id, columns.medicine_id == medicine_id
    )
    return list(connection.execute(query.order_by(columns.day)))


def counted_days(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, last: date
) -> list[Any]:
    """The last full days of an item, newest first; a day without a row sold nothing. Day, sold, refused, closing (milli)."""
    first = last - timedelta(days=HISTORY_DAYS - 1)
    found: dict[date, dict[str, Any]] = {}
    for table, names in (
        (agg_daily_demand, ("sold_milli", "refused_milli")),
        (agg_daily_stock, ("closing_milli",)),
    ):
        columns = table.c
        rows = connection.execute(
            sa.select(columns.day, *(columns[name] for name in names)).where(
                columns.pharmacy_id == pharmacy_id,
                columns.medicine_id == medicine_id,
                columns.day >= first,
                columns.day <= last,
            )
        )
        for row in rows:
            found.setdefault(row.day, {}).update(row._mapping)
    days = [last - timedelta(days=back) for back in range(HISTORY_DAYS)]
    return [
        {"day": day, "sold_milli": 0, "refused_milli": 0, "closing_milli": None}
        | found.get(day, {})
        for day in days
    ]


def empty_since(
    connection: sa.Connection, pharmacy_id: UUID, medicine_ids: Iterable[UUID]
) -> dict[UUID, date]:
    """Since which counted day the shelves of these closed empty, of those that did when something last moved there."""
    day = agg_daily_stock.c
    own = (day.pharmacy_id == pharmacy_id) & day.medicine_id.in_(list(medicine_ids))
    filled = (
        sa.select(day.medicine_id, sa.func.max(day.day).label("day"))
        .where(own, day.closing_milli > 0)
        .group_by(day.medicine_id)
        .subquery("filled")
    )
    rows = connection.execute(
        sa.select(day.medicine_id, sa.func.min(day.day))
        .select_from(agg_daily_stock.outerjoin(filled, filled.c.medicine_id == day.medicine_id))
        .where(own, day.closing_milli <= 0, day.day > sa.func.coalesce(filled.c.day, date.min))
        .group_by(day.medicine_id)
    )
    return {row[0]: row[1] for row in rows}


def expected_before(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, first: date, end: date
) -> int:
    """What is expected to be asked for from the day `first` to before `end`, thousandths of a pack."""
    row = out_stock_forecast.c
    query = sa.select(sa.func.coalesce(sa.func.sum(row.expected_milli), 0)).where(
        row.pharmacy_id == pharmacy_id,
        row.medicine_id == medicine_id,
        row.day >= first,
        row.day < end,
    )
    return int(connection.execute(query).scalar_one())


@dataclass(frozen=True)
class _Row:
    """A row with its medicine's name."""

    label: str
    row: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def _labelled(connection: sa.Connection, query: Any) -> list[_Row]:
    rows = list(connection.execute(query))
    wanted = {row.medicine_id for row in rows}
    if not wanted:
        return []
    names = {
        row.public_id: label_of(row)
        for row in connection.execute(
            sa.select(medicine.c.public_id, *LABEL).where(medicine.c.public_id.in_(wanted))
        )
    }
    return [_Row(names[row.medicine_id], row) for row in rows if row.medicine_id in names]
