"""Tables of what was counted about visits: agg_* that Airflow's account alone writes (dags/aggregate_visits.py).

A `day` is the hospital's local day on which something happened, a `visit_on` the local day of the visit itself.
Ids are public ones; nothing names a patient.
"""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Uuid, table

SPECIALITY = sa.String(60)

agg_daily_visits = table(
    "agg_daily_visits",
    # What happened to requests on a day, each counted on the day it happened.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("hospital_id", Uuid, primary_key=True),
    sa.Column("doctor_id", Uuid, primary_key=True),
    sa.Column("speciality", SPECIALITY, primary_key=True),
    sa.Column("requested_count", BigInt, nullable=False),
    sa.Column("accepted_count", BigInt, nullable=False),
    sa.Column("declined_count", BigInt, nullable=False),
    sa.Column("proposed_count", BigInt, nullable=False),
    sa.Column("moved_count", BigInt, nullable=False),
    sa.Column("cancelled_by_patient_count", BigInt, nullable=False),
    sa.Column("cancelled_by_hospital_count", BigInt, nullable=False),
    sa.Column("lapsed_count", BigInt, nullable=False),
    sa.Column("attended_count", BigInt, nullable=False),
    sa.Column("missed_count", BigInt, nullable=False),
)

agg_daily_waiting = table(
    "agg_daily_waiting",
    # A histogram of waiting times, so that days add up and quantiles can be told. `waited_for`: `accepted`,
    # `declined`, `proposed`, `lapsed` (from the request, or the patient's last move, to that answer; the day is
    # the answer's) or `visit` (from the first request to the time of the visit, on the day it was accepted).
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("hospital_id", Uuid, primary_key=True),
    sa.Column("speciality", SPECIALITY, primary_key=True),
    sa.Column("waited_for", sa.String(10), primary_key=True),
    # At most so many minutes: the bounds are mapreduce.visits.WAITING_BOUNDS; the last one has no end.
    sa.Column("up_to_minutes", BigInt, primary_key=True),
    sa.Column("wait_count", BigInt, nullable=False),
    sa.Column("wait_minutes", BigInt, nullable=False),
)

agg_hourly_visits = table(
    "agg_hourly_visits",
    # What each day changed in an hour of a doctor's time: the sum over `day` is what holds for `visit_on`. A visit
    # that is called off takes off again what its acceptance added, so numbers may be negative.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("visit_on", sa.Date, primary_key=True),
    sa.Column("hour", BigInt, primary_key=True, autoincrement=False),
    sa.Column("hospital_id", Uuid, primary_key=True),
    sa.Column("doctor_id", Uuid, primary_key=True),
    sa.Column("speciality", SPECIALITY, primary_key=True),
    # A visit is counted in the hour it begins; its minutes in every hour it touches.
    sa.Column("booked_count", BigInt, nullable=False),
    sa.Column("booked_minutes", BigInt, nullable=False),
    sa.Column("attended_count", BigInt, nullable=False),
    sa.Column("attended_minutes", BigInt, nullable=False),
    sa.Column("missed_count", BigInt, nullable=False),
    sa.Column("missed_minutes", BigInt, nullable=False),
    sa.Index("ix_agg_hourly_visits_visit", "visit_on", "doctor_id"),
)

agg_hourly_offered = table(
    "agg_hourly_offered",
    # Minutes of an hour that a doctor's calendar offered, as it stood when the day was over.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("hour", BigInt, primary_key=True, autoincrement=False),
    sa.Column("doctor_id", Uuid, primary_key=True),
    sa.Column("offered_minutes", BigInt, nullable=False),
    sa.Column("measured_at", Instant, nullable=False),
)

agg_daily_imported_visits = table(
    "agg_daily_imported_visits",
    # Visits of another place that were brought in from a file: they have no doctor, hospital or slot here.
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("neighbourhood", sa.String(60), primary_key=True),
    sa.Column("visit_count", BigInt, nullable=False),
    sa.Column("missed_count", BigInt, nullable=False),
    # Of them, how many say something that can hardly be (an age over 110, booked after the visit).
    sa.Column("doubtful_count", BigInt, nullable=False),
)

agg_weekly_visit_demand = table(
    "agg_weekly_visit_demand",
    # Each speciality's visits of a week beside what was sold of each ATC group in the week after.
    # The Monday of the week of the demand.
    sa.Column("week_on", sa.Date, primary_key=True),
    sa.Column("speciality", SPECIALITY, primary_key=True),
    # The first three characters of the code, such as R03.
    sa.Column("atc_group", sa.String(3), primary_key=True),
    # Visits of the week before that were accepted and not called off.
    sa.Column("visit_count", BigInt, nullable=False),
    sa.Column("sold_milli", BigInt, nullable=False),
    sa.Column("sale_count", BigInt, nullable=False),
)
