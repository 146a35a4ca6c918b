"""Ten counted weeks of a small town and a forecast of the next four: what advice is worked out from.

Chitra's Corner Pharmacy sells five Calmadol a day and has twenty; Dev's sells hardly any and has forty that expire in
twenty days; twelve more pharmacies make the town a town.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from models.baseline import MEAN_28
from models.dataset import last_closed_day, read_panel
from models.demand_model import DemandModel
from models.evaluation import compare
from models.forecasting import forecast
from models.registry import record, save
from models.training import learn
from remedy.schema.pharmacy import medicine, pharmacy, stock_item, stock_lot
from remedy.schema.pipeline import agg_daily_demand, agg_daily_stock, aggregated_day
from remedy.values import uuid7
from tests.factories import Watch, a_medicine, a_pharmacy, row_of
from tests.integration.portal_cast import Cast
from tests.unit.models.town import served_by

DAYS = 70
OTHERS = 12


class Kept:
    """A file store in memory with the two methods that models use."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write_once(self, name: str, chunks: Any) -> tuple[int, bytes]:
        self.files[name] = b"".join(chunks)
        return len(self.files[name]), hashlib.sha256(self.files[name]).digest()

    def read(self, name: str) -> bytes:
        return self.files[name]


def a_counted_town(engine: sa.Engine, ids: Mapping[str, UUID], watch: Watch) -> dict[str, Any]:
    """Count ten weeks; the ids of the other pharmacies and medicines."""
    today = watch().date()
    random = np.random.default_rng(5)
    with engine.begin() as at:
        others = [
            a_pharmacy(at, name=f"Pharmacy {number}", latitude=41.9 + number / 100)
            for number in range(OTHERS)
        ]
        more = [a_medicine(at, brand_name=name, atc_code="A02BC01") for name in ("Acidol", "Bonin")]
        medicines = [ids["calmadol"], ids["amoxil"], *more]
        means = {}
        for size, place in enumerate([ids["corner"], ids["elsewhere"], *others]):
            for kind, what in enumerate(medicines):
                means[place, what] = (1 + size % 5) * (0.5 + kind)
        means[ids["corner"], ids["calmadol"]] = 5.0
        means[ids["elsewhere"], ids["calmadol"]] = 0.25
        first = today - timedelta(days=DAYS)
        demand, shelves = [], []
        for (place, what), mean in means.items():
            for number, packs in enumerate(random.poisson(mean, DAYS)):
                day = first + timedelta(days=number)
                is_refused = what == ids["amoxil"] and number >= DAYS - 3
                is_delivered = number % 7 == 6
                if packs or is_delivered:
                    demand.append(_demand(place, what, day, int(packs), is_refused, is_delivered))
            shelves.append(_shelf(place, what, first, 20_000))
            if what == ids["amoxil"]:
                shelves.append(_shelf(place, what, today - timedelta(days=3), 0))
        at.execute(agg_daily_demand.insert(), demand)
        at.execute(agg_daily_stock.insert(), shelves)
        _counted(at, watch, today - timedelta(days=1))
        put_lot(at, ids["elsewhere"], ids["calmadol"], "OLD", 40, today + timedelta(days=20))
        for place in others:
            put_lot(at, place, ids["calmadol"], "L1", 200, today + timedelta(days=400))
        put_lot(at, ids["corner"], more[0], "A1", 2, today + timedelta(days=60))
        at.execute(
            stock_item.update().where(stock_item.c.price_minor.is_(None)).values(price_minor=90)
        )
    return {"others": others, "more": more}


def a_day_closes(engine: sa.Engine, watch: Watch, day: date, packs: int) -> None:
    """Every item sells so many packs on that day, and it is counted."""
    with engine.begin() as at:
        items = at.execute(
            sa.select(agg_daily_demand.c.pharmacy_id, agg_daily_demand.c.medicine_id).distinct()
        ).all()
        rows = [_demand(place, what, day, packs, False, False) for place, what in items]
        at.execute(agg_daily_demand.insert(), rows)
        _counted(at, watch, day)


def foretold(engine: sa.Engine, watch: Watch) -> Kept:
    """Put the 28-day mean in use and foretell with it; where the model is kept."""
    kept = Kept()
    with engine.connect() as connection:
        until = last_closed_day(connection)
        assert until is not None
        panel = read_panel(connection, until)
    comparison = compare(panel)
    model: DemandModel = learn(panel, served_by(MEAN_28, comparison))
    stored = save(kept, model, "card", trained_at=watch())  # type: ignore[arg-type]
    with engine.begin() as connection:
        record(connection, stored, model, comparison, "card")
    forecast(engine, kept, clock=watch)  # type: ignore[arg-type]
    return kept


@pytest.fixture(scope="module")
def kept(cast: Cast) -> Kept:
    """The cast's town, counted and foretold."""
    a_counted_town(cast.engine, cast.ids, cast.watch)
    return foretold(cast.engine, cast.watch)


def put_lot(
    at: sa.Connection, place: UUID, what: UUID, number: str, packs: int, expires_on: date
) -> None:
    """A lot as a receipt would leave it, with an item at 450 where there is none."""
    place_row, what_row = row_of(at, pharmacy, place), row_of(at, medicine, what)
    item = at.execute(
        sa.select(stock_item.c.id).where(
            stock_item.c.pharmacy_id == place_row, stock_item.c.medicine_id == what_row
        )
    ).scalar()
    if item is None:
        made = at.execute(
            stock_item.insert().values(
                public_id=uuid7(), pharmacy_id=place_row, medicine_id=what_row, price_minor=450,
                changed_at=Watch()(),
            )
        )  # fmt: skip
        item = made.lastrowid
    at.execute(
        stock_lot.insert().values(
            public_id=uuid7(), stock_item_id=item, medicine_id=what_row, lot_number=number,
            expires_on=expires_on, quantity_milli=packs * 1000,
        )
    )  # fmt: skip


def _counted(at: sa.Connection, watch: Watch, day: date) -> None:
    at.execute(
        aggregated_day.insert().values(
            kind="stock-movements", day=day, changed_at=watch(), landed_rows=1, counted_rows=1,
            quarantined_rows=0, run_id="r", application_id="", aggregated_at=watch(), is_open=False,
        )
    )  # fmt: skip


def _demand(
    place: UUID, what: UUID, day: date, packs: int, is_refused: bool, is_delivered: bool
) -> dict[str, Any]:
    return {
        "day": day,
        "pharmacy_id": place,
        "medicine_id": what,
        "sold_milli": 0 if is_refused else packs * 1000,
        "uncovered_milli": 0,
        "refused_milli": packs * 1000 if is_refused else 0,
        "received_milli": 10_000 if is_delivered else 0,
        "sale_count": 0 if is_refused else packs,
        "refusal_count": packs if is_refused else 0,
    }


def _shelf(place: UUID, what: UUID, day: date, closing: int) -> dict[str, Any]:
    return {
        "day": day,
        "pharmacy_id": place,
        "medicine_id": what,
        "opening_milli": closing,
        "closing_milli": closing,
        "lowest_milli": closing,
        "expired_milli": 0,
        "movement_count": 1,
    }
