"""Tables of what a pharmacy is advised each day (models/stock_advice.py): risks, orders, transfers, and how it does.

Airflow's account alone writes them, all at once. Ids are public ones; nothing is in them of any patient.
"""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Uuid, table

LEAST_RISK = 0.2
"""An item is told to run out, and looked for elsewhere, from this chance on."""

LIKELY = 0.5
"""From this chance on it is at least as likely as not."""

ADVICE_LASTS = timedelta(hours=36)
"""Advice is worked out every night: older than this, a night's run did not come."""

FILL_RATE, REFUSALS, OUT_DAYS, FORECAST_ERROR = FIGURES = (
    "fill_rate", "refusals", "out_days", "forecast_error",
)  # fmt: skip
"""How pharmacies are compared, in the order shown."""


def is_behind(figure: str, item: Any) -> bool:
    """Whether an item (a row of `out_pharmacy_item`) is among those that a figure is made of."""
    if figure == FILL_RATE:
        return bool(item.sold_milli + item.refused_milli > 0)
    if figure == REFUSALS:
        return bool(item.refusal_count > 0)
    if figure == OUT_DAYS:
        return item.out_days is not None
    return bool(item.told_weeks > 0)


def _made() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("model_version", sa.String(60), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
    )


out_stock_risk = table(
    "out_stock_risk",
    # What stock and forecast mean together, an item a row.
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("next_delivery_on", sa.Date, nullable=False),
    # What that day was told from: the item's own deliveries, the `pharmacy`'s, or `assumed`.
    sa.Column("delivery_from", sa.String(10), nullable=False),
    # The chance (0 to 1) that not all demand is served until then, and what would be missing on average.
    sa.Column("runs_out", sa.Double, nullable=False),
    sa.Column("short_milli", BigInt, nullable=False),
    # Whole days the stock lasts where demand is high (low), middling, or low (high); NULL: all 28 days.
    sa.Column("cover_low", sa.Double),
    sa.Column("cover_middle", sa.Double),
    sa.Column("cover_high", sa.Double),
    # Beyond what 28 days ask for with a chance of nine in ten, and expected unsold at its expiry by then.
    sa.Column("overstock_milli", BigInt, nullable=False),
    sa.Column("expiring_milli", BigInt, nullable=False),
    sa.Column("expiring_minor", BigInt, nullable=False),
    # A pack's; NULL: none is set.
    sa.Column("price_minor", BigInt),
    *_made(),
)

out_reorder = table(
    "out_reorder",
    # What to order, the most worth per money first (`place` from 1 on), with the numbers it rests on.
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("quantity_milli", BigInt, nullable=False),
    sa.Column("cost_minor", BigInt, nullable=False),
    sa.Column("worth_minor", BigInt, nullable=False),
    # The order is to last until then; demand expected by then, and what of the stock serves it.
    sa.Column("lasts_until", sa.Date, nullable=False),
    sa.Column("expected_milli", BigInt, nullable=False),
    sa.Column("position_milli", BigInt, nullable=False),
    # The chances (0 to 1) to run out by then without and with it, and that all of it sells before it expires.
    sa.Column("runs_out", sa.Double, nullable=False),
    sa.Column("runs_out_after", sa.Double, nullable=False),
    sa.Column("saved_milli", BigInt, nullable=False),
    sa.Column("confidence", sa.Double, nullable=False),
    *_made(),
)

out_transfer = table(
    "out_transfer",
    # Packs of a lot that one pharmacy might hand to another, so that both gain.
    sa.Column("from_pharmacy_id", Uuid, primary_key=True),
    sa.Column("to_pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("lot_number", sa.String(60), primary_key=True),
    sa.Column("expires_on", sa.Date),
    sa.Column("quantity_milli", BigInt, nullable=False),
    # Of these the packs beyond what is missed there: they would expire where they are, and sell there.
    sa.Column("rest_milli", BigInt, nullable=False, server_default=sa.text("0")),
    sa.Column("distance_km", sa.Double, nullable=False),
    # The giver's side: what would lie or expire there, what it gains, the chance that it does not sell the lot.
    sa.Column("spared_milli", BigInt, nullable=False),
    sa.Column("from_gain_minor", BigInt, nullable=False),
    sa.Column("left_over", sa.Double, nullable=False),
    # The taker's side: what would be missed there, what it gains, the chance that it runs out.
    sa.Column("saved_milli", BigInt, nullable=False),
    sa.Column("to_gain_minor", BigInt, nullable=False),
    sa.Column("runs_out", sa.Double, nullable=False),
    *_made(),
    sa.Index("ix_out_transfer_to", "to_pharmacy_id"),
)

out_expiring_lot = table(
    "out_expiring_lot",
    # Lots that expire within the 90 days ahead, and what of them is expected to be left.
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("lot_number", sa.String(60), primary_key=True),
    sa.Column("expires_on", sa.Date, nullable=False),
    sa.Column("quantity_milli", BigInt, nullable=False),
    sa.Column("unsold_milli", BigInt, nullable=False),
    # NULL: the item has no price.
    sa.Column("unsold_minor", BigInt),
    *_made(),
)

out_pharmacy_item = table(
    "out_pharmacy_item",
    # The last 28 full days of an item, and its last four told weeks: the rows behind a pharmacy's figures.
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("sold_milli", BigInt, nullable=False),
    sa.Column("refused_milli", BigInt, nullable=False),
    sa.Column("refusal_count", BigInt, nullable=False),
    # Days on which nothing lay there at closing; NULL: its shelf is not known.
    sa.Column("out_days", sa.Integer),
    # Of the four weeks that were told last: how many could be held against what came (models/held_against.py), what was
    # told of these and what came, and the sum of their errors. Told by whom, `told_from` of the figure says.
    sa.Column("told_weeks", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("told_milli", BigInt),
    sa.Column("came_milli", BigInt, nullable=False, server_default=sa.text("0")),
    sa.Column("off_milli", BigInt, nullable=False, server_default=sa.text("0")),
    *_made(),
)

out_pharmacy_figure = table(
    "out_pharmacy_figure",
    # How a pharmacy does, against the town's median and against what is usual for its size and mix.
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    # `fill_rate`, `refusals`, `out_days` (share of item-days) or `forecast_error`.
    sa.Column("figure", sa.String(20), primary_key=True),
    sa.Column("first_on", sa.Date, nullable=False),
    sa.Column("last_on", sa.Date, nullable=False),
    # NULL: the days are not all there, or nothing was asked for.
    sa.Column("value", sa.Double),
    # Rows of out_pharmacy_item it was made of.
    sa.Column("item_count", BigInt, nullable=False),
    # The other pharmacies that have it, and their median; NULL where they are too few.
    sa.Column("other_count", BigInt, nullable=False),
    sa.Column("town_median", sa.Double),
    sa.Column("usual", sa.Double),
    sa.Column("usual_low", sa.Double),
    sa.Column("usual_high", sa.Double),
    # `forecast_error` is worked out afterwards by the model in use until that day; NULL: of what was really told.
    sa.Column("told_from", sa.Date),
    *_made(),
)

stock_alert_day = table(
    "stock_alert_day",
    # On that day the pharmacy was told that the item will run out: what changes the demand it warns of.
    sa.Column("pharmacy_id", Uuid, primary_key=True),
    sa.Column("medicine_id", Uuid, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Index("ix_stock_alert_day_day", "day"),
)
