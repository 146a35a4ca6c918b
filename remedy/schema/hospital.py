"""Tables of the hospital half: hospitals, holidays, doctors and their hours, kinds of visit, visits, cells, holds."""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Text, Uuid, public_id, reference, row_id, table

hospital = table(
    "hospital",
    row_id(),
    public_id(),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("address", sa.String(200), nullable=False),
    sa.Column("phone", sa.String(40)),
    sa.Column("latitude", sa.Double, nullable=False),
    sa.Column("longitude", sa.Double, nullable=False),
    sa.Column("time_zone", sa.String(40), nullable=False),
    # From so many hours before an accepted visit on, it is changed by telephone only.
    sa.Column("change_hours", sa.SmallInteger, nullable=False, server_default="24"),
    # An urgent request that waits longer turns red, and the admins are told.
    sa.Column("urgent_minutes", sa.SmallInteger, nullable=False, server_default="60"),
    # So many requests of one patient may wait for a decision at a time, and so many visits be ahead with one doctor.
    sa.Column("open_requests", sa.SmallInteger, nullable=False, server_default="3"),
    sa.Column("visits_ahead", sa.SmallInteger, nullable=False, server_default="2"),
    # Accepted visits that ended before are not taken for missed: nobody was checked in then. Empty: ever since.
    sa.Column("attendance_since", Instant),
    # ISO 3166, two letters: whose public holidays are brought in; empty where nobody said.
    sa.Column("country", sa.String(2), nullable=False, server_default=""),
    # Raised with each change of name, address, telephone or place.
    sa.Column("version", BigInt, nullable=False, server_default="1"),
)

hospital_change = table(
    "hospital_change",
    # What a hospital was before a change, by the version that ended with it; never changed.
    row_id(),
    reference("hospital_id", "hospital.id"),
    sa.Column("version", BigInt, nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("address", sa.String(200), nullable=False),
    sa.Column("phone", sa.String(40)),
    sa.Column("latitude", sa.Double, nullable=False),
    sa.Column("longitude", sa.Double, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("changed_by", Uuid, nullable=False),
    sa.UniqueConstraint("hospital_id", "version"),
)

hospital_holiday = table(
    "hospital_holiday",
    reference("hospital_id", "hospital.id", primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("name", sa.String(120), nullable=False),
    # The hospital works all the same; the row stays so that bringing holidays in anew does not close the day again.
    sa.Column("is_open", sa.Boolean, nullable=False, server_default=sa.false()),
)

doctor = table(
    "doctor",
    row_id(),
    public_id(),
    reference("hospital_id", "hospital.id"),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("speciality", sa.String(60), nullable=False),
    sa.Column("visit_minutes", sa.SmallInteger, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    # Raised in every transaction that changes the doctor's appointments: locks the topic's key.
    sa.Column("doctor_seq", BigInt, nullable=False, server_default="0"),
)

doctor_hours = table(
    "doctor_hours",
    row_id(),
    reference("doctor_id", "doctor.id"),
    # Monday is 0; times are local to the hospital.
    sa.Column("weekday", sa.SmallInteger, nullable=False),
    sa.Column("starts", sa.Time, nullable=False),
    sa.Column("ends", sa.Time, nullable=False),
    # Where; empty: at the doctor's own hospital.
    reference("hospital_id", "hospital.id", nullable=True),
)

visit_kind = table(
    "visit_kind",
    # What a doctor can be asked for; a doctor without any has one kind of `doctor.visit_minutes`.
    row_id(),
    public_id(),
    reference("doctor_id", "doctor.id"),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("minutes", sa.SmallInteger, nullable=False),
    # The doctor's time after each visit: taken with it.
    sa.Column("buffer_minutes", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
)

doctor_exception = table(
    "doctor_exception",
    # One date that differs from the week: without times the weekly hours do not count, with times they are added to.
    row_id(),
    public_id(),
    reference("doctor_id", "doctor.id"),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("starts", sa.Time),
    sa.Column("ends", sa.Time),
    reference("hospital_id", "hospital.id", nullable=True),
    sa.Index("ix_doctor_exception_doctor_id_day", "doctor_id", "day"),
)

doctor_leave = table(
    "doctor_leave",
    row_id(),
    reference("doctor_id", "doctor.id"),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
)

appointment = table(
    "appointment",
    row_id(),
    public_id(),
    reference("doctor_id", "doctor.id"),
    reference("patient_id", "patient.id"),
    # requested, proposed, accepted, declined, cancelled, attended, missed
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("urgency", sa.String(10), nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("symptoms_sealed", Text, nullable=False),
    sa.Column("note_sealed", Text),
    sa.Column("version", BigInt, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    # A request nobody decides lets go of its time then (design decision 11).
    sa.Column("lapses_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", Uuid),
    # The time before the last move, the patient's or the one an admin proposes.
    sa.Column("instead_of", Instant),
    # Empty for visits of the doctor's one kind without a name.
    reference("kind_id", "visit_kind.id", nullable=True),
    # Where; empty: at the doctor's own hospital.
    reference("hospital_id", "hospital.id", nullable=True),
    # When the patient was there; who has been there is never missed.
    sa.Column("checked_in_at", Instant),
    # Who last noted that the patient came or did not, and when; nobody where the clock did.
    sa.Column("marked_at", Instant),
    sa.Column("marked_by", Uuid),
    # The rule that accepted it, in an admin's place.
    sa.Column("by_rule", Uuid),
    # Since when it waits for a decision; empty: since it was asked for.
    sa.Column("waiting_since", Instant),
    sa.Column("urgent_told_at", Instant),
    sa.Index("ix_appointment_state", "state", "requested_at"),
    sa.Index("ix_appointment_starts_at", "starts_at"),
)

appointment_hold = table(
    "appointment_hold",
    # Time set aside for a few minutes while its patient fills in the form: one for each patient.
    row_id(),
    public_id(),
    reference("doctor_id", "doctor.id"),
    reference("patient_id", "patient.id", unique=True),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_appointment_hold_expires_at", "expires_at"),
)

appointment_cell = table(
    "appointment_cell",
    # One row for each five minutes a doctor's time is taken, by a visit or for a while by a hold: the key is
    # what forbids an overlap.
    reference("doctor_id", "doctor.id", primary_key=True),
    sa.Column("cell_at", Instant, primary_key=True),
    reference("appointment_id", "appointment.id", nullable=True),
    reference("hold_id", "appointment_hold.id", nullable=True),
)

acceptance_rule = table(
    "acceptance_rule",
    # Requests that are accepted by themselves: of a doctor or of a speciality, so urgent, so far ahead. What it says never
    # changes, so that a visit it accepted says by what; it is switched on and off, and ended.
    row_id(),
    public_id(),
    reference("doctor_id", "doctor.id", nullable=True),
    sa.Column("speciality", sa.String(60)),
    sa.Column("urgency", sa.String(10), nullable=False),
    sa.Column("hours_ahead", sa.SmallInteger, nullable=False),
    sa.Column("is_on", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("made_by", Uuid, nullable=False),
    sa.Column("ended_at", Instant),
)
