"""What forecast_stock advises all pharmacies, to take away as CSV; for admins: shortages, orders, transfers, what lies or expires."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint
from flask import Response as FlaskResponse
from werkzeug.wrappers.response import Response

from remedy.schema.advice import LEAST_RISK
from remedy.stock.model import medicine_label
from remedy.values import MILLI, packs_text
from web_portal.access import requires
from web_portal.admin.exports import ROWS_AT_ONCE, as_csv, defused
from web_portal.parts import parts

room = Blueprint("advice_exports", __name__, url_prefix="/admin/export")

_LABEL = ("generic_name", "brand_name", "strength", "form", "pack")
_MEDICINE = ", ".join(f"m.{name}" for name in _LABEL) + ", m.atc_code"
_ITEM = f"""
    p.name AS pharmacy, p.district, {_MEDICINE}, t.* FROM {{table}} t
    LEFT JOIN known_pharmacy p ON p.public_id = t.pharmacy_id
    LEFT JOIN known_medicine m ON m.public_id = t.medicine_id
"""

SHORTAGES = sa.text(
    f"SELECT {_ITEM.format(table='out_stock_risk')} WHERE t.runs_out >= {LEAST_RISK}"
    " ORDER BY t.short_milli DESC, t.runs_out DESC, t.pharmacy_id, t.medicine_id"
)
ORDERS = sa.text(
    f"SELECT {_ITEM.format(table='out_reorder')} ORDER BY p.name, t.pharmacy_id, t.place"
)
TRANSFERS = sa.text(
    f"SELECT f.name AS giver, g.name AS taker, {_MEDICINE}, t.* FROM out_transfer t"  # noqa: S608 - constants
    " LEFT JOIN known_pharmacy f ON f.public_id = t.from_pharmacy_id"
    " LEFT JOIN known_pharmacy g ON g.public_id = t.to_pharmacy_id"
    " LEFT JOIN known_medicine m ON m.public_id = t.medicine_id"
    " ORDER BY t.from_gain_minor + t.to_gain_minor DESC, t.from_pharmacy_id, t.medicine_id, t.lot_number"
)
OVERSTOCK = sa.text(
    f"SELECT c.stock_milli, c.demand_28_milli, {_ITEM.format(table='out_stock_risk')}"
    " LEFT JOIN out_stock_cover c ON c.pharmacy_id = t.pharmacy_id AND c.medicine_id = t.medicine_id"
    f" WHERE t.overstock_milli >= {MILLI}"
    " ORDER BY t.overstock_milli * t.price_minor DESC, t.pharmacy_id, t.medicine_id"
)
EXPIRING = sa.text(
    f"SELECT {_ITEM.format(table='out_expiring_lot')} ORDER BY t.expires_on, p.name, t.medicine_id, t.lot_number"
)


@dataclass(frozen=True)
class Export:
    """A file: what it reads, and each column's name with how its cell is written."""

    query: sa.TextClause
    columns: Sequence[tuple[str, Callable[[Any], str]]]


def _text(name: str) -> Callable[[Any], str]:
    return lambda row: defused(getattr(row, name) or "")


def _packs(name: str) -> Callable[[Any], str]:
    return lambda row: packs_text(int(getattr(row, name) or 0))


def _number(name: str) -> Callable[[Any], str]:
    """A number, a day or an instant as it is kept; nothing where there is none."""

    def cell(row: Any) -> str:
        value = getattr(row, name)
        if value is None:
            return ""
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        return f"{value:.4f}" if isinstance(value, float) else str(value)

    return cell


def _medicine(row: Any) -> str:
    return (
        defused(medicine_label(*(getattr(row, name) for name in _LABEL)))
        if row.generic_name
        else ""
    )


_WHAT = (("medicine", _medicine), ("atc_code", _text("atc_code")))
_WHERE = (("pharmacy", _text("pharmacy")), ("district", _text("district")), *_WHAT)
_MADE = (("model_version", _text("model_version")), ("made_at_utc", _number("made_at")))

EXPORTS = {
    "shortages": Export(
        SHORTAGES,
        (
            *_WHERE,
            ("chance", _number("runs_out")),
            ("missing_packs", _packs("short_milli")),
            ("price_minor", _number("price_minor")),
            ("lasts_days_low", _number("cover_low")),
            ("lasts_days", _number("cover_middle")),
            ("lasts_days_high", _number("cover_high")),
            ("next_delivery", _number("next_delivery_on")),
            ("delivery_told_from", _text("delivery_from")),
            *_MADE,
        ),
    ),
    "orders": Export(
        ORDERS,
        (
            *_WHERE,
            ("place", _number("place")),
            ("order_packs", _packs("quantity_milli")),
            ("cost_minor", _number("cost_minor")),
            ("worth_minor", _number("worth_minor")),
            ("saved_packs", _packs("saved_milli")),
            ("lasts_until", _number("lasts_until")),
            ("expected_packs", _packs("expected_milli")),
            ("there_packs", _packs("position_milli")),
            ("chance_without", _number("runs_out")),
            ("chance_with", _number("runs_out_after")),
            ("sells_in_time", _number("confidence")),
            *_MADE,
        ),
    ),
    "transfers": Export(
        TRANSFERS,
        (
            ("from", _text("giver")),
            ("to", _text("taker")),
            *_WHAT,
            ("lot", _text("lot_number")),
            ("expires", _number("expires_on")),
            ("packs", _packs("quantity_milli")),
            ("packs_beyond_what_is_missed", _packs("rest_milli")),
            ("km", _number("distance_km")),
            ("spared_packs", _packs("spared_milli")),
            ("chance_left_over", _number("left_over")),
            ("giver_gains_minor", _number("from_gain_minor")),
            ("saved_packs", _packs("saved_milli")),
            ("chance_runs_out", _number("runs_out")),
            ("taker_gains_minor", _number("to_gain_minor")),
            *_MADE,
        ),
    ),
    "overstock": Export(
        OVERSTOCK,
        (
            *_WHERE,
            ("stock_packs", _packs("stock_milli")),
            ("expected_28_packs", _packs("demand_28_milli")),
            ("too_many_packs", _packs("overstock_milli")),
            ("price_minor", _number("price_minor")),
            *_MADE,
        ),
    ),
    "expiring": Export(
        EXPIRING,
        (
            *_WHERE,
            ("lot", _text("lot_number")),
            ("expires", _number("expires_on")),
            ("packs", _packs("quantity_milli")),
            ("unsold_packs", _packs("unsold_milli")),
            ("unsold_minor", _number("unsold_minor")),
            *_MADE,
        ),
    ),
}
"""The files, by their names; money is in minor units of the installation's currency."""


@room.get("/<any(shortages, orders, transfers, overstock, expiring):name>.csv")
@requires("admin")
def advice_csv(name: str) -> Response:
    """The advice of today over all pharmacies, one list of `EXPORTS`."""
    export = EXPORTS[name]
    head = [title for title, _ in export.columns]
    return FlaskResponse(
        as_csv(head, _rows(parts().engine, export)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _rows(engine: sa.Engine, export: Export) -> Iterator[list[str]]:
    with engine.connect() as connection:
        result = connection.execution_options(stream_results=True).execute(export.query)
        for row in result.yield_per(ROWS_AT_ONCE):
            yield [cell(row) for _, cell in export.columns]
