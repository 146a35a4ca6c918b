"""Tables of a doctor's absence and of the waiting list: who was affected and what came of it, who waits, what was offered."""

import sqlalchemy as sa

from remedy.schema.base import Instant, Text, Uuid, public_id, reference, row_id, table

doctor_absence = table(
    "doctor_absence",
    # A leave that was declared, with whom to tell; the leave itself is the row of `doctor_leave`.
    row_id(),
    public_id(),
    reference("doctor_id", "doctor.id"),
    reference("leave_id", "doctor_leave.id", unique=True),
    # Whole days of the hospital, the last one included.
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("declared_by", Uuid, nullable=False),
    sa.Column("declared_at", Instant, nullable=False),
)

absence_visit = table(
    "absence_visit",
    # A visit that an absence took the time of; without an outcome its patient is still to be told.
    reference("absence_id", "doctor_absence.id", primary_key=True),
    reference("appointment_id", "appointment.id", primary_key=True),
    # same_doctor, other_doctor, waiting, ended (it was over before its turn came)
    sa.Column("outcome", sa.String(12)),
    # The visit that was offered instead: itself, with another time, or one with another doctor.
    reference("offered_id", "appointment.id", nullable=True),
    sa.Column("settled_at", Instant),
    # Why it could not be settled when it was last tried, and since when that is so.
    sa.Column("problem", sa.String(200)),
    sa.Column("problem_at", Instant),
)

waiting_entry = table(
    "waiting_entry",
    # A patient who waits for a time to become free; of one who lost a visit to an absence, with that visit's public id.
    row_id(),
    public_id(),
    reference("patient_id", "patient.id"),
    # Empty: any doctor of the speciality.
    reference("doctor_id", "doctor.id", nullable=True),
    sa.Column("speciality", sa.String(60), nullable=False),
    # The doctor's row id, or the speciality: what the patient waits for only once at a time.
    sa.Column("wanted", sa.String(80), nullable=False),
    # True, or NULL once it is over: NULLs never collide.
    sa.Column("is_open", sa.Boolean),
    # waiting, claimed, left, ended, removed (by an admin, with a note)
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("urgency", sa.String(10), nullable=False),
    sa.Column("symptoms_sealed", Text, nullable=False),
    # Days and time of day at the hospital.
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("until_day", sa.Date, nullable=False),
    sa.Column("earliest", sa.Time),
    sa.Column("since", Instant, nullable=False),
    # The visit the patient has later and gives up for an earlier time.
    reference("instead_of_id", "appointment.id", nullable=True),
    sa.Column("ended_at", Instant),
    # The kind of visit waited for, by name and length; empty: the first of whose time it is.
    sa.Column("kind_name", sa.String(60)),
    sa.Column("minutes", sa.SmallInteger),
    # Which admin took the patient off the list, and what was written about it.
    sa.Column("removed_by", Uuid),
    sa.Column("note_sealed", Text),
    sa.UniqueConstraint("patient_id", "wanted", "is_open", name="uq_waiting_entry_open"),
    sa.Index("ix_waiting_entry_open", "is_open", "speciality", "since"),
)

waiting_offer = table(
    "waiting_offer",
    # A free time offered to one who waits; it is not set aside: of several, the first to claim it has it.
    row_id(),
    public_id(),
    reference("entry_id", "waiting_entry.id"),
    reference("doctor_id", "doctor.id"),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    # open, claimed, declined, gone (somebody else was first), ended
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("offered_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("answered_at", Instant),
    # The kind of visit it would be; empty: the doctor's first.
    reference("kind_id", "visit_kind.id", nullable=True),
    sa.UniqueConstraint("entry_id", "doctor_id", "starts_at", name="uq_waiting_offer_slot"),
    sa.Index("ix_waiting_offer_slot", "doctor_id", "starts_at", "state"),
    sa.Index("ix_waiting_offer_state", "state", "expires_at"),
)
