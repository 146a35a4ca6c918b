"""What the dashboards' tests look at: a day counted, a day since, a forecast, a request, an admin signed in."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import sqlalchemy as sa

from remedy.schema import demand as live
from remedy.schema import pipeline as tables
from remedy.schema.hospital import appointment, doctor
from remedy.schema.people import account, session
from remedy.schema.people import patient as patient_table
from remedy.schema.reminders import visit_reminder
from remedy.values import uuid7
from tests.factories import a_doctor, a_medicine, a_patient, a_pharmacy, a_vault, an_admin, row_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLOSED, TODAY = date(2026, 3, 1), date(2026, 3, 2)
TOKEN = "the token in Farah's cookie"


def set_scene(at: sa.Connection) -> SimpleNamespace:
    """Put it into an empty database; the ids of what was made."""
    made = SimpleNamespace(
        pharmacy_id=a_pharmacy(at, name="Corner Pharmacy"),
        medicine_id=a_medicine(at, brand_name="Calmadol"),
        other_id=a_medicine(at, brand_name="Otherol"),
        doctor_id=a_doctor(at),
        appointment_id=uuid7(),
    )
    vault = a_vault()
    sign_in(at, an_admin(at), TOKEN, NOW)
    count_days(at, made)
    land(at, made)
    land_orders(at, made)
    foretell(at, made)
    notice(at, made)
    ask(at, made, a_patient(at, vault, name="Asha Canary"))
    remind(at, made)
    return made


def sign_in(at: sa.Connection, account_id: UUID, token: str, seen_at: datetime) -> None:
    at.execute(
        session.insert().values(
            token_sha256=hashlib.sha256(token.encode()).digest(),
            account_id=row_of(at, account, account_id),
            csrf_secret=b"0" * 32,
            created_at=NOW,
            last_seen_at=seen_at,
            expires_at=seen_at + timedelta(hours=12),
        )
    )


def count_days(at: sa.Connection, made: SimpleNamespace) -> None:
    for day, sold, is_open in ((CLOSED, 7000, False), (TODAY, 999_000, True)):
        at.execute(
            tables.agg_daily_demand.insert().values(
                day=day,
                pharmacy_id=made.pharmacy_id,
                medicine_id=made.medicine_id,
                sold_milli=sold,
                uncovered_milli=1000,
                refused_milli=2000,
                received_milli=0,
                sale_count=3,
                refusal_count=1,
            )
        )
        for kind in ("stock-movements", "medicine-searches"):
            at.execute(
                tables.aggregated_day.insert().values(
                    kind=kind,
                    day=day,
                    changed_at=NOW,
                    landed_rows=5,
                    counted_rows=4,
                    quarantined_rows=1,
                    run_id="run-1",
                    application_id="application_17_0001",
                    aggregated_at=NOW - timedelta(minutes=5),
                    is_open=is_open,
                )
            )
            at.execute(
                tables.landed_day.insert().values(
                    kind=kind, day=day, landed_rows=5, changed_at=NOW + timedelta(seconds=1)
                )
            )
    count_shelves(at, made)
    for medicine_id, query, count in ((UUID(int=0), "kalmadol", 3), (made.medicine_id, "", 2)):
        at.execute(
            tables.agg_daily_unmet_demand.insert().values(
                day=CLOSED,
                medicine_id=medicine_id,
                district="Harbour",
                query=query,
                search_count=count,
                searcher_count=5,
            )
        )


def count_shelves(at: sa.Connection, made: SimpleNamespace) -> None:
    """Two packs went out of date nine days ago; empty since five; three pharmacies ask 4, 5 and 9 EUR; five people searched."""
    for ago, closing, expired in ((9, 3000, 2000), (5, 0, 0)):
        at.execute(
            tables.agg_daily_stock.insert().values(
                day=CLOSED - timedelta(days=ago),
                pharmacy_id=made.pharmacy_id,
                medicine_id=made.medicine_id,
                opening_milli=5000,
                closing_milli=closing,
                lowest_milli=closing,
                expired_milli=expired,
                movement_count=2,
            )
        )
    for pharmacy_id, price_minor in ((made.pharmacy_id, 500), (uuid7(), 400), (uuid7(), 900)):
        at.execute(
            tables.agg_daily_price.insert().values(
                day=CLOSED - timedelta(days=20),
                pharmacy_id=pharmacy_id,
                medicine_id=made.medicine_id,
                price_minor=price_minor,
                change_count=1,
            )
        )
    for medicine_id, people in ((made.medicine_id, 5), (made.other_id, 4)):
        at.execute(
            tables.agg_daily_search.insert().values(
                day=CLOSED, medicine_id=medicine_id, search_count=8, found_count=8
            )
        )
        at.execute(
            tables.agg_daily_searcher.insert().values(
                day=CLOSED, medicine_id=medicine_id, searcher_count=people
            )
        )
    for query, people in (("calmadoll", 5), ("calmadal", 4)):
        at.execute(
            tables.agg_daily_look_alike.insert().values(
                day=CLOSED,
                district="Harbour",
                query=query,
                name="calmadol",
                search_count=6,
                searcher_count=people,
            )
        )


def land(at: sa.Connection, made: SimpleNamespace) -> None:
    """Today: 3 packs sold, 1 of it reversed, 4 refused, 50 sold by a row that is quarantined."""
    item = {"pharmacy_id": str(made.pharmacy_id), "medicine_id": str(made.medicine_id)}
    events = [
        ("sold", {**item, "quantity_milli": 3000}),
        ("reversed", {**item, "reversed_kind": "sold", "reversed_quantity_milli": 1000}),
        ("refused", {**item, "quantity_milli": 4000}),
        ("received", {**item, "quantity_milli": 80_000}),
        ("sold", {**item, "quantity_milli": 50_000}),
    ]
    for number, (kind, body) in enumerate(events):
        event_id = uuid7()
        land_row(at, "stock-movements", f"remedy.stock-movements.{kind}.v1", number, event_id, body)
    at.execute(
        tables.quarantine.insert().values(
            event_id=event_id,
            topic="stock-movements",
            day=TODAY,
            expectation="pharmacy is known",
            quarantined_at=NOW,
        )
    )
    for number, found in enumerate((2, 0)):
        land_row(
            at,
            "medicine-searches",
            "remedy.medicine-searches.searched.v1",
            number,
            uuid7(),
            {"pharmacies_found": found},
        )
    at.execute(
        tables.landing_dead_letter.insert().values(
            topic="orders",
            partition_no=0,
            record_offset=9,
            reason="The body is not JSON.",
            landed_at=NOW,
        )
    )
    at.execute(
        tables.quality_result.insert().values(
            run_id="run-1",
            topic="stock-movements",
            expectation="pharmacy is known",
            severity="critical",
            has_passed=False,
            checked_rows=5,
            failed_rows=1,
            checked_at=NOW,
        )
    )


def land_orders(at: sa.Connection, made: SimpleNamespace) -> None:
    """On the closed day: three orders that lay ready after 10, 17 and 50 minutes."""
    for number, minutes in enumerate((10, 17, 50)):
        body = {"order_id": str(uuid7()), "pharmacy_id": str(made.pharmacy_id)}
        placed = datetime(2026, 3, 1, 10, tzinfo=UTC)
        for step, (kind, moment) in enumerate(
            (("placed", placed), ("made-ready", placed + timedelta(minutes=minutes)))
        ):
            at.execute(
                tables.RAW["orders"].insert().values(
                    event_id=uuid7(), type=f"remedy.orders.{kind}.v1", partition_no=1,
                    record_offset=2 * number + step, event_at=moment, day=CLOSED, landed_at=moment,
                    event=json.dumps({"data": body}),
                )
            )  # fmt: skip


def land_row(
    at: sa.Connection, topic: str, kind: str, offset: int, event_id: UUID, body: dict
) -> None:
    at.execute(
        tables.RAW[topic]
        .insert()
        .values(
            event_id=event_id,
            type=kind,
            partition_no=0,
            record_offset=offset,
            event_at=NOW - timedelta(seconds=2),
            day=TODAY,
            landed_at=NOW - timedelta(seconds=1),
            event=json.dumps({"data": body}),
        )
    )


def foretell(at: sa.Connection, made: SimpleNamespace) -> None:
    run = at.execute(
        tables.model_run.insert().values(
            model="ridge",
            version="20260302T080000Z-abc",
            trained_at=NOW - timedelta(hours=1),
            data_until=CLOSED,
            series_count=1,
            relative_error=0.87,
            total_error_milli=1000.0,
            origin_count=13,
            path="models/demand/x/model.json",
            sha256=b"0" * 32,
            card="# The card of the model",
            champion_of="demand",
        )
    )
    for method, error in (("ridge", 20.0), ("28-day mean", 30.0)):
        at.execute(
            tables.model_error.insert().values(
                model_run_id=run.inserted_primary_key[0],
                method=method,
                origin_on=CLOSED - timedelta(days=28),
                series_count=1,
                total_error_milli=error,
                total_actual_milli=100.0,
            )
        )
    item = {"pharmacy_id": made.pharmacy_id, "medicine_id": made.medicine_id}
    stamp = {"model_version": "20260302T080000Z-abc", "made_at": NOW - timedelta(minutes=30)}
    for ahead in range(28):
        at.execute(
            tables.out_stock_forecast.insert().values(
                **item,
                **stamp,
                day=TODAY + timedelta(days=ahead),
                expected_milli=1000,
                low_milli=0,
                high_milli=3000,
            )
        )
    at.execute(
        tables.out_stock_cover.insert().values(
            **item,
            **stamp,
            stock_milli=4500,
            days_of_cover=4.5,
            demand_28_milli=28_000,
            demand_28_low_milli=20_000,
            demand_28_high_milli=36_000,
        )
    )


def notice(at: sa.Connection, made: SimpleNamespace) -> None:
    """An alert that lasts, one that ended, and how the last minutes stand."""
    for number, ended_at in enumerate((None, NOW - timedelta(days=1))):
        at.execute(
            live.demand_alert.insert().values(
                public_id=uuid7(),
                subject_kind="medicine" if ended_at is None else "group",
                medicine_id=made.medicine_id if ended_at is None else None,
                atc_group=None if ended_at is None else "N02",
                measure="searches",
                window_minutes=5,
                opened_at=NOW - timedelta(minutes=4, days=number),
                opened_count=26,
                usual_milli=4200,
                band_high=17,
                highest_count=31,
                highest_at=NOW - timedelta(minutes=3, days=number),
                ended_at=ended_at,
                open_key=None if ended_at else "open",
            )
        )
    for kind, name in (("all", ""), ("medicine", str(made.medicine_id)), ("group", "N02")):
        for minutes in (5, 60):
            at.execute(
                live.demand_now.insert().values(
                    subject_kind=kind,
                    subject_name=name,
                    measure="searches",
                    window_minutes=minutes,
                    event_count=minutes,
                    usual_milli=20,
                    band_high=9,
                    seen_at=NOW,
                )
            )
    at.execute(
        live.demand_watch.insert().values(
            id=1,
            looked_at=NOW - timedelta(seconds=2),
            landed_at=NOW - timedelta(seconds=3),
            history_days=28,
            subject_count=445,
        )
    )


def ask(at: sa.Connection, made: SimpleNamespace, patient_id: UUID) -> None:
    at.execute(
        appointment.insert().values(
            public_id=made.appointment_id,
            doctor_id=row_of(at, doctor, made.doctor_id),
            patient_id=row_of(at, patient_table, patient_id),
            state="requested",
            urgency="urgent",
            starts_at=NOW + timedelta(days=2),
            ends_at=NOW + timedelta(days=2, minutes=20),
            symptoms_sealed="sealed",
            version=1,
            requested_at=NOW - timedelta(minutes=20),
            lapses_at=NOW + timedelta(hours=47),
        )
    )


def remind(at: sa.Connection, made: SimpleNamespace) -> None:
    """Of one visit the SMS was given up, and the mail waits for its next attempt."""
    for step, state, error in (
        ("sms-3", "given up", "The patient has told no telephone number."),
        ("mail-48", "waiting", None),
    ):
        at.execute(
            visit_reminder.insert().values(
                public_id=uuid7(),
                appointment_public_id=made.appointment_id,
                version=2,
                step=step,
                starts_at=NOW + timedelta(days=2),
                state=state,
                attempts=1,
                next_at=NOW + timedelta(minutes=1),
                last_error=error,
            )
        )
