"""What the pages of forecasts and advice are looked at with: alerts, orders, transfers, lots, methods compared, scores.

The Corner Pharmacy and the medicine of the scene are among them; six more pharmacies and four medicines are made here.
"""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema import advice
from remedy.schema import pipeline as tables
from remedy.schema.drift import forecast_drift, forecast_score
from tests.factories import a_medicine, a_pharmacy
from tests.integration.dashboard_scene import CLOSED, NOW, TODAY

VERSION = "20260302T080000Z-abc"
STAMP = {"model_version": VERSION, "made_at": NOW - timedelta(minutes=30)}
PLACES = ("Harbour", "Harbour", "Hills", "Hills", "Old Town", "Old Town")

METHODS: dict[str, dict[str, tuple[float, float, float, float, float, float]]] = {
    "smooth": {
        "level mix": (4.1, 1.6, 0.74, 1.10, 0.101, 0.118),
        "LSTM": (4.4, 1.7, 0.75, 1.20, 0.108, 0.113),
        "ridge": (4.6, 1.7, 0.76, 1.22, 0.099, 0.115),
        "boosted trees": (4.7, 1.8, 0.77, 1.26, 0.104, 0.104),
        "28-day mean": (5.2, 1.9, 0.79, 1.40, 0.092, 0.113),
        "seasonal naive": (7.4, 2.3, 1.05, 1.90, 0.094, 0.082),
    },
    "seasonal": {
        "level mix": (5.0, 1.9, 0.77, 1.35, 0.112, 0.140),
        "LSTM": (4.9, 1.9, 0.78, 1.33, 0.110, 0.121),
        "28-day mean": (6.8, 2.2, 0.83, 1.90, 0.097, 0.119),
    },
    "intermittent": {
        "28-day mean": (2.0, 0.9, 0.71, 0.60, 0.088, 0.090),
        "level mix": (1.95, 0.9, 0.70, 0.59, 0.090, 0.093),
        "boosted trees": (2.6, 1.1, 0.80, 0.71, 0.120, 0.130),
    },
}
"""Of each class and method: 28-day and 7-day error, RMSSE, pinball, days and totals above."""

IN_USE = {"smooth": "level mix", "seasonal": "level mix", "intermittent": "28-day mean"}


def set_advice(at: sa.Connection, made: SimpleNamespace) -> None:
    """Put all of it into the database of `dashboard_scene.set_scene`."""
    pharmacies = [made.pharmacy_id] + [
        a_pharmacy(at, name=f"{district} Pharmacy {number}", district=district)
        for number, district in enumerate(PLACES, 1)
    ]
    medicines = [made.medicine_id] + [
        a_medicine(at, generic_name=name, brand_name=None, atc_code=code)
        for name, code in (
            ("amoxicillin", "J01CA04"),
            ("metformin", "A10BA02"),
            ("salbutamol", "R03AC02"),
            ("ibuprofen", "M01AE01"),
        )
    ]
    risk(at, pharmacies, medicines)
    tell(at, pharmacies, medicines)
    order(at, pharmacies, medicines)
    hand_over(at, pharmacies, medicines)
    expire(at, pharmacies, medicines)
    look_back(at, pharmacies, medicines)
    compare(at)
    score(at)


def risk(at: sa.Connection, pharmacies: list[UUID], medicines: list[UUID]) -> None:
    """35 items: the Corner Pharmacy's first may run out (62 %, two packs missing), one shelf is empty, one has no price."""
    stocked = {(pharmacies[0], medicines[0])}
    for column, medicine_id in enumerate(medicines):
        for row, pharmacy_id in enumerate(pharmacies):
            number = column * len(pharmacies) + row
            is_first = number == 0
            is_empty = number == 8
            chance = 0.62 if is_first else 1.0 if is_empty else (number * 37 % 100) / 160
            at.execute(
                advice.out_stock_risk.insert().values(
                    pharmacy_id=pharmacy_id, medicine_id=medicine_id,
                    next_delivery_on=TODAY + timedelta(days=5 + number % 3),
                    delivery_from=("item", "pharmacy", "assumed")[number % 3], runs_out=chance,
                    short_milli=2000 if is_first else round(9000 * chance),
                    cover_low=0.0 if is_empty else 2.0, cover_middle=0.0 if is_empty else 3.0 + number % 5,
                    cover_high=0.0 if is_empty else None if number % 4 == 3 else 9.0,
                    overstock_milli=40_000 if number % 11 == 10 else 0, expiring_milli=0, expiring_minor=0,
                    price_minor=None if number == 9 else 500, **STAMP,
                )
            )  # fmt: skip
            if (pharmacy_id, medicine_id) not in stocked:
                at.execute(
                    tables.out_stock_cover.insert().values(
                        pharmacy_id=pharmacy_id, medicine_id=medicine_id,
                        stock_milli=0 if is_empty else 80_000 if number % 11 == 10 else 6000 + 1000 * (number % 7), days_of_cover=None,
                        demand_28_milli=30_000, demand_28_low_milli=22_000, demand_28_high_milli=40_000, **STAMP,
                    )
                )  # fmt: skip


def tell(at: sa.Connection, pharmacies: list[UUID], medicines: list[UUID]) -> None:
    """On thirty days alerts of the first medicine: at four pharmacies and, of late, at six."""
    for ago in range(30):
        for pharmacy_id in pharmacies[: 6 if ago < 4 else 4]:
            at.execute(
                advice.stock_alert_day.insert().values(
                    pharmacy_id=pharmacy_id, medicine_id=medicines[0], day=TODAY - timedelta(days=ago)
                )
            )  # fmt: skip


def order(at: sa.Connection, pharmacies: list[UUID], medicines: list[UUID]) -> None:
    """Two orders of the Corner Pharmacy (60.00 in all), one of another (50.00)."""
    for pharmacy_id, medicine_id, place, packs, cost, saved, confidence in (
        (pharmacies[0], medicines[0], 1, 8, 4000, 3500, 0.9),
        (pharmacies[0], medicines[1], 2, 4, 2000, 1200, 0.6),
        (pharmacies[3], medicines[1], 1, 10, 5000, 4100, 0.97),
    ):
        at.execute(
            advice.out_reorder.insert().values(
                pharmacy_id=pharmacy_id, medicine_id=medicine_id, place=place, quantity_milli=packs * 1000,
                cost_minor=cost, worth_minor=saved // 2, lasts_until=TODAY + timedelta(days=14),
                expected_milli=14_000, position_milli=4500, runs_out=0.81, runs_out_after=0.07,
                saved_milli=saved, confidence=confidence, **STAMP,
            )
        )  # fmt: skip


def hand_over(at: sa.Connection, pharmacies: list[UUID], medicines: list[UUID]) -> None:
    """Five packs from a pharmacy of the hills to the Corner Pharmacy, and two from the old town to the harbour."""
    for giver, taker, lot, packs, km, gains in (
        (pharmacies[3], pharmacies[0], "B77", 5, 1.84, (1500, 900)),
        (pharmacies[5], pharmacies[1], "", 2, 3.2, (300, 250)),
    ):
        at.execute(
            advice.out_transfer.insert().values(
                from_pharmacy_id=giver, to_pharmacy_id=taker, medicine_id=medicines[0], lot_number=lot,
                expires_on=TODAY + timedelta(days=30) if lot else None, quantity_milli=packs * 1000,
                distance_km=km, spared_milli=packs * 900, from_gain_minor=gains[0], left_over=0.88,
                saved_milli=packs * 800, to_gain_minor=gains[1], runs_out=0.62, rest_milli=1000 if lot else 0,
                **STAMP,
            )
        )  # fmt: skip


def expire(at: sa.Connection, pharmacies: list[UUID], medicines: list[UUID]) -> None:
    """Three lots: one of which 30.00 is expected to be lost, one without a price, one that sells."""
    for number, (unsold, minor) in enumerate(((6000, 3000), (2000, None), (0, 0))):
        at.execute(
            advice.out_expiring_lot.insert().values(
                pharmacy_id=pharmacies[number], medicine_id=medicines[number], lot_number=f"E{number}",
                expires_on=TODAY + timedelta(days=10 + 20 * number), quantity_milli=9000, unsold_milli=unsold,
                unsold_minor=minor, **STAMP,
            )
        )  # fmt: skip


def look_back(at: sa.Connection, pharmacies: list[UUID], medicines: list[UUID]) -> None:
    """Of the scene's item 34 packs were told and 40 came; of another none of the weeks could be compared."""
    for pharmacy_id, weeks, told, came, off in (
        (pharmacies[0], 4, 34_000, 40_000, 8000),
        (pharmacies[1], 0, 0, 0, 0),
        (pharmacies[2], 3, 22_000, 20_000, 2000),
    ):
        at.execute(
            advice.out_pharmacy_item.insert().values(
                pharmacy_id=pharmacy_id, medicine_id=medicines[0], sold_milli=39_000, refused_milli=1000,
                refusal_count=1, out_days=0, told_weeks=weeks, told_milli=told, came_milli=came, off_milli=off,
                **STAMP,
            )
        )  # fmt: skip
    at.execute(
        advice.out_pharmacy_figure.insert().values(
            pharmacy_id=pharmacies[0], figure="forecast_error", first_on=CLOSED - timedelta(days=27), last_on=CLOSED,
            value=0.2, item_count=1, other_count=2, told_from=CLOSED + timedelta(days=15), **STAMP,
        )
    )  # fmt: skip


def compare(at: sa.Connection) -> None:
    """`METHODS` of the version in use, a version before it, and one that waits for a person."""
    run = at.execute(
        sa.select(tables.model_run.c.id).where(tables.model_run.c.version == VERSION)
    ).scalar_one()
    for kind, methods in METHODS.items():
        for method, (total, week, rmsse, pinball, above, totals_above) in methods.items():
            at.execute(
                tables.model_choice.insert().values(
                    model_run_id=run, kind=kind, method=method, is_used=IN_USE[kind] == method,
                    series_count=21, origin_count=13, total_error=total, week_error=week, rmsse=rmsse,
                    pinball=pinball, above_high=above, total_above_high=totals_above, seconds=1.5,
                )
            )  # fmt: skip
    _version(at, "20260223T080000Z-def", 7, relative_error=0.91)
    _version(
        at, "20260302T083000Z-fed", 0, relative_error=0.83, is_proposed=True,
        proposal="All items together: it foretells 14% more for the next 28 days than the model in use.",
    )  # fmt: skip


def _version(at: sa.Connection, version: str, days_ago: int, **told: Any) -> None:
    at.execute(
        tables.model_run.insert().values(
            model="ridge", version=version, trained_at=NOW - timedelta(days=days_ago, minutes=30),
            data_until=CLOSED - timedelta(days=days_ago), series_count=35, total_error_milli=1000.0, origin_count=13,
            path=f"models/demand/{version}/model.json", sha256=b"0" * 32, card="# A card", **told,
        )
    )  # fmt: skip


def score(at: sa.Connection) -> None:
    """Forty days of which four of fifty items are above and five below, the last ten with nine above; five weeks; one total."""
    for ago in range(40):
        above = 9 if ago < 10 else 4
        _score(at, 1, CLOSED - timedelta(days=ago), None, above, 5)
    for weeks in range(5):
        _score(at, 7, CLOSED - timedelta(weeks=weeks), 1.9 - weeks * 0.1, None, None)
    _score(at, 28, CLOSED - timedelta(days=3), 4.4, 6, 4)
    for kind, measure, recent, promised, allowed, evidence, since in (
        ("all", "above_high", 0.127, 0.101, 0.14, 2.1, None),
        ("all", "below_low", 0.1, 0.1, 0.14, 0.4, None),
        ("all", "week_error", 1.7, 1.6, 1.9, 0.3, None),
        ("smooth", "above_high", 0.18, 0.101, 0.14, 6.4, CLOSED - timedelta(days=2)),
        ("new", "week_error", None, None, None, 0.0, None),
    ):
        at.execute(
            forecast_drift.insert().values(
                kind=kind, measure=measure, recent=recent, promised=promised, allowed=allowed,
                score_count=0 if recent is None else 40, evidence=evidence, threshold=5.0, drifts_since=since,
                **STAMP,
            )
        )  # fmt: skip


def _score(
    at: sa.Connection,
    span: int,
    day: Any,
    scaled: float | None,
    above: int | None,
    below: int | None,
) -> None:
    at.execute(
        forecast_score.insert().values(
            span=span, kind="all", day=day, series_count=50, told_milli=95_000, actual_milli=100_000,
            error_milli=21_000, scaled_error=scaled, above_high_count=above, below_low_count=below,
            model_version=VERSION, scored_at=STAMP["made_at"],
        )
    )  # fmt: skip
