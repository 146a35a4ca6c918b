"""Tables of who someone is: accounts, sessions, patients and their keys, API keys, answers kept for repeats."""

import sqlalchemy as sa

from remedy.events.base import SOURCE
from remedy.schema.base import Instant, Text, Uuid, public_id, reference, row_id, table

ROLES = ("patient", "pharmacist", "doctor", "admin")

patient = table(
    "patient",
    row_id(),
    public_id(),
    # Vault tokens (design decision 14): unreadable once the patient's key is erased.
    sa.Column("name_sealed", Text, nullable=False),
    sa.Column("email_sealed", Text, nullable=False),
    sa.Column("phone_sealed", Text),
    sa.Column("birth_date_sealed", Text),
    sa.Column("address_sealed", Text),
    sa.Column("created_at", Instant, nullable=False),
)

patient_key = table(
    "patient_key",
    sa.Column("patient_public_id", Uuid, primary_key=True),
    sa.Column("wrapped_key", sa.VARBINARY(128)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("erased_at", Instant),
)

mail_owed = table(
    "mail_owed",
    # What patients are still to be written (`remedy.owed`); the row goes when the mail server has taken the mail.
    row_id(),
    sa.Column("kind", sa.String(30), nullable=False),
    # Public ids and no references: writing a row waits for nobody's lock.
    sa.Column("about", Uuid, nullable=False),
    sa.Column("patient_public_id", Uuid, nullable=False),
    sa.Column("owed_at", Instant, nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # Why it was not sent the last time; it names nobody.
    sa.Column("last_error", sa.String(200)),
    sa.Index("ix_mail_owed_next_at", "next_at"),
    sa.Index("ix_mail_owed_about", "about", "patient_public_id"),
)

account = table(
    "account",
    row_id(),
    public_id(),
    sa.Column("role", sa.String(16), nullable=False),
    # HMAC of the lower-case address: found at sign-in without keeping a patient's address readable.
    sa.Column("email_lookup", sa.BINARY(32), nullable=False, unique=True),
    sa.Column("password_hash", sa.String(200), nullable=False),
    sa.Column("staff_name", sa.String(120)),
    sa.Column("staff_email", sa.String(254)),
    reference("patient_id", "patient.id", nullable=True),
    reference("pharmacy_id", "pharmacy.id", nullable=True),
    reference("doctor_id", "doctor.id", nullable=True),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    # Nobody signs in before whoever has the mailbox confirmed it.
    sa.Column("is_email_confirmed", sa.Boolean, nullable=False, server_default=sa.true()),
    # Of a pharmacist: may invite colleagues, end their accounts, change hours and make till keys.
    sa.Column("is_owner", sa.Boolean, nullable=False, server_default=sa.false()),
)

session = table(
    "session",
    sa.Column("token_sha256", sa.BINARY(32), primary_key=True),
    reference("account_id", "account.id"),
    sa.Column("csrf_secret", sa.BINARY(32), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    # What its owner sees of it; empty for sessions begun before there was such a list.
    sa.Column("public_id", Uuid, unique=True),
    sa.Column("device", sa.String(80), nullable=False, server_default=""),
    sa.Index("ix_session_expires_at", "expires_at"),
)

mailed_link = table(
    "mailed_link",
    # Only the SHA-256 of what was mailed; good for one purpose, once, until it expires.
    sa.Column("token_sha256", sa.BINARY(32), primary_key=True),
    sa.Column("purpose", sa.String(10), nullable=False),
    # Empty where an unknown address asked: the same row is written for those.
    reference("account_id", "account.id", nullable=True),
    reference("invitation_id", "invitation.id", nullable=True),
    # A new address waits here until its mailbox answered: for a patient as a vault token.
    sa.Column("new_email_lookup", sa.BINARY(32)),
    sa.Column("new_email", Text),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Index("ix_mailed_link_expires_at", "expires_at"),
)

link_request = table(
    "link_request",
    # Who had mail sent to which address lately, so that nobody is flooded with it.
    row_id(),
    sa.Column("email_lookup", sa.BINARY(32), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Index("ix_link_request_lookup", "email_lookup", "asked_at"),
    sa.Index("ix_link_request_address", "address", "asked_at"),
    sa.Index("ix_link_request_asked_at", "asked_at"),
)

invitation = table(
    "invitation",
    row_id(),
    public_id(),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("staff_name", sa.String(120), nullable=False),
    sa.Column("staff_email", sa.String(254), nullable=False),
    reference("pharmacy_id", "pharmacy.id", nullable=True),
    reference("doctor_id", "doctor.id", nullable=True),
    reference("invited_by", "account.id"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("accepted_at", Instant),
    sa.Column("withdrawn_at", Instant),
    sa.Column("is_owner", sa.Boolean, nullable=False, server_default=sa.false()),
)

pharmacy_application = table(
    "pharmacy_application",
    row_id(),
    public_id(),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("address", sa.String(200), nullable=False),
    sa.Column("district", sa.String(60), nullable=False),
    sa.Column("phone", sa.String(40), nullable=False),
    sa.Column("licence", sa.String(60), nullable=False),
    sa.Column("latitude", sa.Double, nullable=False),
    sa.Column("longitude", sa.Double, nullable=False),
    sa.Column("pharmacist_name", sa.String(120), nullable=False),
    sa.Column("pharmacist_email", sa.String(254), nullable=False),
    sa.Column("applied_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    reference("decided_by", "account.id", nullable=True),
    # Empty while nobody decided and where it was declined.
    reference("pharmacy_id", "pharmacy.id", nullable=True),
    sa.Column("note", sa.String(500)),
)

sign_in_failure = table(
    "sign_in_failure",
    row_id(),
    sa.Column("email_lookup", sa.BINARY(32), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("failed_at", Instant, nullable=False),
    sa.Index("ix_sign_in_failure_lookup", "email_lookup", "address", "failed_at"),
    sa.Index("ix_sign_in_failure_address", "address", "failed_at"),
)

api_key = table(
    "api_key",
    row_id(),
    public_id(),
    reference("pharmacy_id", "pharmacy.id"),
    sa.Column("key_sha256", sa.BINARY(32), nullable=False, unique=True),
    sa.Column("label", sa.String(80), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
)

kept_answer = table(
    "kept_answer",
    # Who (account or API key), where, and the form's nonce or Idempotency-Key; kept 30 days.
    sa.Column("scope", sa.String(64), primary_key=True),
    sa.Column("route", sa.String(120), primary_key=True),
    sa.Column("key_sha256", sa.BINARY(32), primary_key=True),
    sa.Column("body_sha256", sa.BINARY(32), nullable=False),
    sa.Column("status", sa.SmallInteger),
    sa.Column("answer", Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_kept_answer_created_at", "created_at"),
)

outbox = table(
    "outbox",
    # Columns of Debezium's outbox event router; `id` is the order of telling, `event_id` the event's own.
    row_id(),
    sa.Column("event_id", Uuid, nullable=False, unique=True),
    sa.Column("aggregatetype", sa.String(40), nullable=False),
    sa.Column("aggregateid", sa.String(64), nullable=True),
    sa.Column("type", sa.String(80), nullable=False),
    sa.Column("payload", Text, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("published_at", Instant),
    # CloudEvents' source: a simulated town has its own.
    sa.Column("source", sa.String(60), nullable=False, server_default=SOURCE),
    sa.Index("ix_outbox_published_at", "published_at", "id"),
)
