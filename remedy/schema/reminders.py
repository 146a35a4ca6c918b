"""Tables of reminders: what Airflow says is due, what became of each, and how a patient wants to be reminded."""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Uuid, public_id, reference, row_id, table

out_reminder = table(
    "out_reminder",
    # Which visit is to be reminded of, when and by what; Airflow's account alone writes it.
    row_id(),
    public_id(),
    # Public ids and no references, as in `mail_owed`. A visit's version rises when it is moved, cancelled, decided.
    sa.Column("appointment_public_id", Uuid, nullable=False),
    sa.Column("version", BigInt, nullable=False),
    # Channel and hours before the visit: `mail-48`.
    sa.Column("step", sa.String(10), nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.UniqueConstraint("appointment_public_id", "version", "step"),
    sa.Index("ix_out_reminder_starts_at", "starts_at"),
)

visit_reminder = table(
    "visit_reminder",
    # What became of each that fell due: written by the portal, which holds the keys to addresses and numbers.
    row_id(),
    public_id(),
    sa.Column("appointment_public_id", Uuid, nullable=False),
    sa.Column("version", BigInt, nullable=False),
    sa.Column("step", sa.String(10), nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    # waiting, sent, fallen (the visit is not so any more), unwanted, given up
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    # Why it was not sent the last time; it names nobody.
    sa.Column("last_error", sa.String(200)),
    sa.UniqueConstraint("appointment_public_id", "version", "step"),
    sa.Index("ix_visit_reminder_state", "state", "next_at"),
    sa.Index("ix_visit_reminder_starts_at", "starts_at"),
)

reminder_choice = table(
    "reminder_choice",
    # How a patient wants to be reminded of visits; without a row by all there is, in the first language.
    reference("patient_id", "patient.id", primary_key=True),
    # both, mail, sms, none
    sa.Column("channel", sa.String(4), nullable=False),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("chosen_at", Instant, nullable=False),
)
