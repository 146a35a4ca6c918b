"""Tables of prescriptions, of the files patients hand in, and of what is looked at before a medicine is handed out."""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from remedy.schema.base import BigInt, Instant, Text, Uuid, public_id, reference, row_id, table

stored_file = table(
    "stored_file",
    # What a patient handed in; its bytes are encrypted with the patient's key, here and in HDFS.
    row_id(),
    public_id(),
    reference("patient_id", "patient.id"),
    sa.Column("media_type", sa.String(40), nullable=False),
    sa.Column("name_sealed", Text, nullable=False),
    sa.Column("page_count", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

file_read = table(
    "file_read",
    # Who looked at a file; append-only.
    row_id(),
    reference("file_id", "stored_file.id"),
    reference("account_id", "account.id"),
    sa.Column("read_at", Instant, nullable=False),
    sa.Index("ix_file_read_file", "file_id", "read_at"),
)

file_spool = table(
    "file_spool",
    # A file's encrypted bytes on their way to HDFS: `/remedy/files/<uuid>`. Names nobody.
    sa.Column("file_public_id", Uuid, primary_key=True),
    sa.Column("sealed_bytes", BigInt, nullable=False),
    sa.Column("sealed_sha256", sa.BINARY(32), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

file_spool_part = table(
    "file_spool_part",
    # In parts, so that no statement is longer than a server takes; gone once the file is in HDFS and verified.
    sa.Column("file_public_id", Uuid, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", mysql.MEDIUMBLOB, nullable=False),
)

file_moved = table(
    "file_moved",
    # Written by Airflow's account alone, in the transaction that empties the spool.
    sa.Column("file_public_id", Uuid, primary_key=True),
    sa.Column("moved_at", Instant, nullable=False),
)

prescription = table(
    "prescription",
    row_id(),
    public_id(),
    reference("patient_id", "patient.id"),
    # The pharmacy the patient chose to look at it.
    reference("pharmacy_id", "pharmacy.id"),
    reference("file_id", "stored_file.id"),
    # `waiting`, `accepted`, `refused` or `withdrawn`.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("version", BigInt, nullable=False),
    sa.Column("uploaded_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    # The account's public id.
    sa.Column("decided_by", Uuid),
    # A vault token: why it was refused, for the patient.
    sa.Column("reason_sealed", Text),
    # What the check for allergies and interactions said when it was accepted: `clear`, `found`, `not_checked`.
    sa.Column("checked", sa.String(12)),
    sa.Index("ix_prescription_queue", "pharmacy_id", "state", "uploaded_at"),
    sa.Index("ix_prescription_patient", "patient_id", "uploaded_at"),
)

prescription_line = table(
    "prescription_line",
    row_id(),
    public_id(),
    reference("prescription_id", "prescription.id"),
    reference("medicine_id", "medicine.id"),
    # Of one supply; `allowed_milli` is that times one more than the repeats.
    sa.Column("quantity_milli", BigInt, nullable=False),
    sa.Column("repeats", sa.SmallInteger, nullable=False),
    sa.Column("allowed_milli", BigInt, nullable=False),
    sa.Column("used_milli", BigInt, nullable=False, server_default="0"),
    # The last day, at the pharmacy, and the first instant after it.
    sa.Column("valid_until", sa.Date, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    # No other brand may be given in its place.
    sa.Column("is_as_written", sa.Boolean, nullable=False),
    # For the day it runs out: thousandths of a tablet, dose or millilitre a day, and how many a pack holds.
    sa.Column("daily_dose_milli", BigInt),
    sa.Column("units_per_pack", BigInt),
    sa.UniqueConstraint("prescription_id", "medicine_id", name="uq_prescription_line"),
    sa.CheckConstraint("used_milli >= 0 AND used_milli <= allowed_milli", name="within"),
)

prescription_substitute = table(
    "prescription_substitute",
    # Another brand of the same ingredient, strength and form that a pharmacist confirmed for a line.
    reference("line_id", "prescription_line.id", primary_key=True),
    reference("medicine_id", "medicine.id", primary_key=True),
    sa.Column("confirmed_by", Uuid, nullable=False),
    sa.Column("confirmed_at", Instant, nullable=False),
    sa.Column("reason_sealed", Text, nullable=False),
)

prescription_use = table(
    "prescription_use",
    # What an order, or a hold for pick-up, took of a line.
    row_id(),
    reference("line_id", "prescription_line.id"),
    reference("medicine_id", "medicine.id"),
    # The public id of the order or the hold.
    sa.Column("order_id", Uuid, nullable=False),
    sa.Column("quantity_milli", BigInt, nullable=False),
    sa.Column("used_at", Instant, nullable=False),
    sa.Column("released_at", Instant),
    sa.Column("handed_out_at", Instant),
    sa.Index("ix_prescription_use_order", "order_id"),
    sa.CheckConstraint("quantity_milli > 0", name="positive"),
)

refill_reminder = table(
    "refill_reminder",
    # One mail for each day a line was foretold to run out.
    reference("line_id", "prescription_line.id", primary_key=True),
    sa.Column("lasts_until", sa.Date, primary_key=True),
    sa.Column("owed_at", Instant, nullable=False),
)

refill_silence = table(
    "refill_silence",
    # Patients who want no such mail.
    reference("patient_id", "patient.id", primary_key=True),
    sa.Column("asked_at", Instant, nullable=False),
)

patient_allergy = table(
    "patient_allergy",
    row_id(),
    public_id(),
    reference("patient_id", "patient.id"),
    sa.Column("substance_sealed", Text, nullable=False),
    sa.Column("told_at", Instant, nullable=False),
)

allergy_answer = table(
    "allergy_answer",
    # The patient said whether they have any: without a row the check cannot be made.
    reference("patient_id", "patient.id", primary_key=True),
    sa.Column("answered_at", Instant, nullable=False),
)

interaction_source = table(
    "interaction_source",
    # One import of a table of interactions; the newest one counts.
    row_id(),
    sa.Column("name", sa.String(120), nullable=False),
    # As its owner says it, such as 2017 or 2026-06-30.
    sa.Column("as_of", sa.String(10), nullable=False),
    sa.Column("is_licensed", sa.Boolean, nullable=False),
    sa.Column("pair_count", sa.Integer, nullable=False),
    sa.Column("imported_at", Instant, nullable=False),
)

interaction = table(
    "interaction",
    row_id(),
    reference("source_id", "interaction_source.id"),
    # Two ingredients as folded words; `one` is the first by the alphabet.
    sa.Column("one", sa.String(80), nullable=False),
    sa.Column("other", sa.String(80), nullable=False),
    # `critical`, `significant` or `minor`.
    sa.Column("severity", sa.String(12), nullable=False),
    sa.Column("effect", sa.String(400), nullable=False, server_default=""),
    sa.Column("told_by", sa.String(60), nullable=False),
    sa.Index("ix_interaction_one", "source_id", "one", "other"),
    sa.Index("ix_interaction_other", "source_id", "other"),
)
