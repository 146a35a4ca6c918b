"""More of what the dashboards' tests look at: weeks of both halves, an imported register, queues with something in them."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace

import sqlalchemy as sa

from remedy.schema import pipeline as tables
from remedy.schema.absence import absence_visit, doctor_absence, waiting_entry, waiting_offer
from remedy.schema.hospital import appointment, doctor, doctor_leave
from remedy.schema.people import patient
from remedy.schema.reminders import out_reminder
from remedy.schema.visit_counts import agg_daily_imported_visits, agg_weekly_visit_demand
from remedy.schema.visit_files import out_appointment_difference
from remedy.values import uuid7
from tests.factories import a_patient, a_vault, an_admin, row_of
from tests.integration.dashboard_scene import NOW

MONDAY = date(2026, 1, 5)
WEEKS: Sequence[tuple[int, int]] = (
    (8, 21), (11, 25), (9, 20), (14, 33), (12, 24), (7, 18), (10, 26), (13, 29),
)  # fmt: skip
"""Visits of a week, and packs sold in the week after."""

REGISTER = tuple(
    (day, place, lead, missed, doubts)
    for day in range(3)
    for place, leads in (("CENTRO", (0, 1, 5, 20)), ("SANTA LÚCIA", (0, 40, -1)))
    for lead in leads
    for missed in (lead > 4 or day == 2,)
    for doubts in (["booked_after_visit"] if lead < 0 else [],)
)
"""A register of three days: day, neighbourhood, days before, whether it was missed, what is doubtful."""


def count_weeks(at: sa.Connection) -> None:
    """Eight weeks of two specialities and two groups; of the last one cardiology saw nobody."""
    for number, (visits, packs) in enumerate(WEEKS):
        week = MONDAY + timedelta(weeks=number)
        for speciality, seen in (("general practice", visits), ("cardiology", 7 - number)):
            for group, sold in (("N02", packs), ("C07", 12)):
                if seen:
                    at.execute(
                        agg_weekly_visit_demand.insert().values(
                            week_on=week, speciality=speciality, atc_group=group, visit_count=seen,
                            sold_milli=sold * 1000, sale_count=sold // 2,
                        )
                    )  # fmt: skip
        _counted(at, "visit-demand", week)


def import_register(at: sa.Connection) -> None:
    """`REGISTER`, landed and counted."""
    sums: dict[tuple[date, str], list[int]] = {}
    for number, (day, place, lead, missed, doubts) in enumerate(REGISTER):
        on = date(2016, 5, 2) + timedelta(days=day)
        body = {
            "record_key": f"{number:064x}"[::-1],
            "neighbourhood": place,
            "lead_days": lead,
            "was_missed": missed,
            "doubts": doubts,
        }
        at.execute(
            tables.RAW["appointments"].insert().values(
                event_id=uuid7(), type="remedy.appointments.recorded.v1", partition_no=2, record_offset=number,
                event_at=NOW, day=on, landed_at=NOW, event=json.dumps({"data": body}, ensure_ascii=False),
            )
        )  # fmt: skip
        counts = sums.setdefault((on, place), [0, 0, 0])
        for column, one in enumerate((1, missed, bool(doubts))):
            counts[column] += one
    for (on, place), (visits, absent, doubtful) in sums.items():
        at.execute(
            agg_daily_imported_visits.insert().values(
                day=on, neighbourhood=place, visit_count=visits, missed_count=absent, doubtful_count=doubtful
            )
        )  # fmt: skip
    for on in {on for on, _ in sums}:
        _counted(at, "appointments", on)


def _counted(at: sa.Connection, kind: str, day: date) -> None:
    at.execute(
        tables.aggregated_day.insert().values(
            kind=kind, day=day, changed_at=NOW, landed_rows=9, counted_rows=9, quarantined_rows=0,
            run_id="run-1", application_id="application_17_0003", aggregated_at=NOW - timedelta(minutes=6),
            is_open=False,
        )
    )  # fmt: skip


def leave_waiting(at: sa.Connection, made: SimpleNamespace) -> None:
    """An SMS 7 minutes due, one of later, a mail of a moved visit; an offer; a visit of an absence, its fact, its record."""
    doctor_row, vault = row_of(at, doctor, made.doctor_id), a_vault()
    patient_row = row_of(at, patient, a_patient(at, vault, name="Canary Waiting"))
    visit_id = uuid7()
    starts_at = NOW + timedelta(hours=3)
    at.execute(
        appointment.insert().values(
            public_id=visit_id, doctor_id=doctor_row, patient_id=patient_row, state="accepted", urgency="routine",
            starts_at=starts_at, ends_at=starts_at + timedelta(minutes=20), symptoms_sealed="sealed", version=2,
            requested_at=NOW - timedelta(days=4), lapses_at=NOW, decided_at=NOW - timedelta(days=4),
        )
    )  # fmt: skip
    for step, version, due_at in (
        ("sms-3", 2, NOW - timedelta(minutes=7)),
        ("sms-1", 2, NOW + timedelta(hours=2)),
        ("mail-3", 1, NOW - timedelta(minutes=9)),
    ):
        at.execute(
            out_reminder.insert().values(
                public_id=uuid7(), appointment_public_id=visit_id, version=version, step=step,
                starts_at=starts_at, due_at=due_at, made_at=NOW - timedelta(days=1),
            )
        )  # fmt: skip
    entry = at.execute(
        waiting_entry.insert().values(
            public_id=uuid7(), patient_id=patient_row, doctor_id=doctor_row, speciality="general practice",
            wanted=str(doctor_row), is_open=True, state="waiting", urgency="routine", symptoms_sealed="sealed",
            from_day=NOW.date(), until_day=NOW.date() + timedelta(days=9), since=NOW - timedelta(hours=2),
        )
    )  # fmt: skip
    at.execute(
        waiting_offer.insert().values(
            public_id=uuid7(), entry_id=entry.inserted_primary_key[0], doctor_id=doctor_row,
            starts_at=NOW + timedelta(days=1), ends_at=NOW + timedelta(days=1, minutes=20), state="open",
            offered_at=NOW - timedelta(minutes=50), expires_at=NOW + timedelta(hours=3),
        )
    )  # fmt: skip
    at.execute(
        tables.RAW["appointments"].insert().values(
            event_id=uuid7(), type="remedy.appointments.accepted.v1", partition_no=1, record_offset=99_999,
            event_at=NOW, day=NOW.date(), landed_at=NOW - timedelta(minutes=2), event="{}",
        )
    )  # fmt: skip
    _be_absent(at, doctor_row, row_of(at, appointment, visit_id))
    at.execute(
        out_appointment_difference.insert().values(
            appointment_id=visit_id, kind="missing", since=NOW - timedelta(hours=2)
        )
    )


def _be_absent(at: sa.Connection, doctor_row: int, visit_row: int) -> None:
    leave = at.execute(
        doctor_leave.insert().values(
            doctor_id=doctor_row, starts_at=NOW, ends_at=NOW + timedelta(days=1)
        )
    )
    absence = at.execute(
        doctor_absence.insert().values(
            public_id=uuid7(), doctor_id=doctor_row, leave_id=leave.inserted_primary_key[0],
            first_day=NOW.date(), last_day=NOW.date(), declared_by=an_admin(at, name="Declares"),
            declared_at=NOW - timedelta(minutes=8),
        )
    )  # fmt: skip
    at.execute(
        absence_visit.insert().values(
            absence_id=absence.inserted_primary_key[0], appointment_id=visit_row
        )
    )
