"""What all pharmacies are advised, as CSV for an admin's spreadsheet: every row, in packs, and no formula."""

import csv
import io
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remedy.schema.advice import out_expiring_lot, out_reorder, out_stock_risk, out_transfer
from remedy.schema.pharmacy import pharmacy
from remedy.schema.pipeline import out_stock_cover
from tests.integration.portal_cast import Cast, a_cast

LABEL = "Calmadol (paracetamol), 500 mg, tablet, 20 tablets"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    made = a_cast(database_url, database)
    day = made.watch.now.date()
    item = {"pharmacy_id": made.ids["corner"], "medicine_id": made.ids["calmadol"]}
    stamp = {"model_version": "v1", "made_at": made.watch.now}
    with database.begin() as at:
        at.execute(
            pharmacy.update().values(name="=cmd|calc").where(pharmacy.c.public_id == made.ids["elsewhere"])
        )  # fmt: skip
        for place, chance in ((made.ids["corner"], 0.62), (made.ids["elsewhere"], 0.19)):
            at.execute(
                out_stock_risk.insert().values(
                    pharmacy_id=place, medicine_id=made.ids["calmadol"], next_delivery_on=day + timedelta(days=5),
                    delivery_from="item", runs_out=chance, short_milli=2500, cover_low=2.0, cover_middle=3.0,
                    overstock_milli=0, expiring_milli=0, expiring_minor=0, price_minor=450, **stamp,
                )
            )  # fmt: skip
        at.execute(
            out_reorder.insert().values(
                **item, place=1, quantity_milli=8000, cost_minor=3600, worth_minor=900,
                lasts_until=day + timedelta(days=14), expected_milli=14_000, position_milli=4500, runs_out=0.81,
                runs_out_after=0.07, saved_milli=3500, confidence=0.9, **stamp,
            )
        )  # fmt: skip
        at.execute(
            out_transfer.insert().values(
                from_pharmacy_id=made.ids["elsewhere"], to_pharmacy_id=made.ids["corner"],
                medicine_id=made.ids["calmadol"], lot_number="+B77", expires_on=day + timedelta(days=30),
                quantity_milli=5000, distance_km=1.84, spared_milli=4500, from_gain_minor=1500, left_over=0.88,
                saved_milli=4000, to_gain_minor=900, runs_out=0.62, rest_milli=0, **stamp,
            )
        )  # fmt: skip
        at.execute(
            out_expiring_lot.insert().values(
                **item, lot_number="E1", expires_on=day + timedelta(days=20), quantity_milli=9000,
                unsold_milli=6000, **stamp,
            )
        )  # fmt: skip
    return made


def rows(cast: Cast, name: str) -> list[dict[str, str]]:
    answer = cast.of("farah").get(f"/admin/export/{name}.csv")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_shortages_leave_with_their_chance_and_what_it_rests_on(cast: Cast) -> None:
    (row,) = rows(cast, "shortages")  # the other is less likely than an alert is
    assert (row["pharmacy"], row["medicine"]) == ("Corner Pharmacy", LABEL)
    assert (row["chance"], row["missing_packs"], row["price_minor"]) == ("0.6200", "2.5", "450")
    assert (row["lasts_days"], row["lasts_days_high"]) == ("3.0000", "")
    assert (row["delivery_told_from"], row["model_version"]) == ("item", "v1")


def test_orders_leave_with_what_they_cost_and_save(cast: Cast) -> None:
    (row,) = rows(cast, "orders")
    assert (row["order_packs"], row["cost_minor"], row["saved_packs"]) == ("8", "3600", "3.5")
    assert (row["chance_without"], row["chance_with"]) == ("0.8100", "0.0700")


def test_transfers_leave_with_both_names_and_without_a_formula(cast: Cast) -> None:
    (row,) = rows(cast, "transfers")
    assert (row["from"], row["to"], row["lot"]) == ("'=cmd|calc", "Corner Pharmacy", "'+B77")
    assert (row["giver_gains_minor"], row["taker_gains_minor"]) == ("1500", "900")


def test_what_lies_too_long_leaves_with_what_is_asked_for(cast: Cast) -> None:
    assert rows(cast, "overstock") == []
    with cast.engine.begin() as at:
        at.execute(out_stock_risk.update().values(overstock_milli=3500))
        at.execute(
            out_stock_cover.insert().values(
                pharmacy_id=cast.ids["corner"], medicine_id=cast.ids["calmadol"], stock_milli=40_000,
                demand_28_milli=30_000, demand_28_low_milli=1, demand_28_high_milli=2, model_version="v1",
                made_at=cast.watch.now,
            )
        )  # fmt: skip
    (row,) = (one for one in rows(cast, "overstock") if one["pharmacy"] == "Corner Pharmacy")
    assert (row["stock_packs"], row["expected_28_packs"], row["too_many_packs"]) == (
        "40",
        "30",
        "3.5",
    )


def test_lots_that_expire_leave_with_what_is_not_known_left_empty(cast: Cast) -> None:
    (row,) = rows(cast, "expiring")
    assert (row["lot"], row["unsold_packs"], row["unsold_minor"]) == ("E1", "6", "")


def test_no_other_list_and_nobody_else(cast: Cast) -> None:
    assert cast.of("farah").get("/admin/export/patients.csv").status_code == 404
    for who in ("asha", "chitra", "ekow"):
        assert cast.of(who).get("/admin/export/orders.csv").status_code == 404
