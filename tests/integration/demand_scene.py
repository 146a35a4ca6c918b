"""Four counted weeks of a small town, and events that land now: what the tests of live demand look at."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.pipeline.demand_bands import HISTORY_DAYS
from remedy.pipeline.demand_watch import Watch
from remedy.schema import pipeline as tables
from remedy.schema.demand import demand_alert, demand_now, demand_watch
from remedy.schema.people import outbox
from remedy.values import uuid7, zone
from tests.factories import Watch as Clock
from tests.factories import a_medicine, a_pharmacy

ZONE = zone("Europe/Rome")
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
MOVEMENTS, SEARCHES = "stock-movements", "medicine-searches"


@dataclass
class Town:
    """A town with a history: three medicines, each sold and searched for `a_day` times a day."""

    engine: sa.Engine
    a_day: int = 24
    clock: Clock = field(default_factory=lambda: Clock(NOON))
    medicines: list[UUID] = field(default_factory=list)
    pharmacy_id: UUID | None = None
    offset: int = 0

    def __post_init__(self) -> None:
        with self.engine.begin() as at:
            for table in (demand_alert, demand_now, demand_watch, outbox, tables.aggregated_day):
                at.execute(sa.delete(table))
            for table in (tables.agg_daily_demand, tables.agg_daily_search):
                at.execute(sa.delete(table))
            for topic in (MOVEMENTS, SEARCHES):
                at.execute(sa.delete(tables.RAW[topic]))
            self.pharmacy_id = a_pharmacy(at)
            self.medicines = [a_medicine(at, brand_name=name) for name in ("Calmadol", "B", "C")]
            for number in range(1, HISTORY_DAYS + 1):
                self._count(at, self.clock().date() - timedelta(days=number))

    def _count(self, at: sa.Connection, day: Any) -> None:
        for medicine_id in self.medicines:
            sums = dict.fromkeys(("uncovered_milli", "refused_milli", "received_milli"), 0)
            at.execute(
                tables.agg_daily_demand.insert().values(
                    day=day, pharmacy_id=self.pharmacy_id, medicine_id=medicine_id, **sums,
                    sold_milli=1000 * self.a_day, sale_count=self.a_day, refusal_count=0,
                )
            )  # fmt: skip
            at.execute(
                tables.agg_daily_search.insert().values(
                    day=day, medicine_id=medicine_id, search_count=self.a_day,
                    found_count=self.a_day,
                )
            )  # fmt: skip
        for kind in (MOVEMENTS, SEARCHES):
            at.execute(
                tables.aggregated_day.insert().values(
                    kind=kind, day=day, changed_at=NOON, landed_rows=1, counted_rows=1,
                    quarantined_rows=0, run_id="r", application_id="", aggregated_at=NOON,
                    is_open=False,
                )
            )  # fmt: skip

    def land(self, kind: str, count: int, *, medicine: int = 0, **body: Any) -> None:
        """Land events of a medicine that happen now; searches by a person each unless `searcher` says who."""
        topic = SEARCHES if kind == "searched" else MOVEMENTS
        now = self.clock()
        with self.engine.begin() as at:
            for _ in range(count):
                self.offset += 1
                told = {
                    "pharmacy_id": str(self.pharmacy_id),
                    "medicine_id": str(self.medicines[medicine]),
                    "quantity_milli": 1000,
                    "searcher": f"person {self.offset}",
                    "pharmacies_found": 1,
                    **body,
                }
                at.execute(
                    tables.RAW[topic].insert().values(
                        event_id=uuid7(self.clock), type=f"remedy.{topic}.{kind}.v1",
                        partition_no=0, record_offset=self.offset, event_at=now, day=now.date(),
                        landed_at=now, event=json.dumps({"data": told}),
                    )
                )  # fmt: skip

    def watch(self, connection: sa.Connection, smallest: int = 5) -> Watch:
        """A watch that begins now."""
        return Watch(self.engine, connection, zone=ZONE, smallest=smallest, clock=self.clock)

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        """A table's rows."""
        order = list(table.primary_key.columns)
        with self.engine.connect() as at:
            return [dict(row._mapping) for row in at.execute(sa.select(table).order_by(*order))]
