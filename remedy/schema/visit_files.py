"""Tables of what belongs to a visit: files patients hand in for it, its record in HDFS, and who looked at that.

And which visits of elsewhere were brought in.
"""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Uuid, reference, row_id, table

appointment_file = table(
    "appointment_file",
    # A file belongs to one visit; the same name twice is two files.
    reference("appointment_id", "appointment.id", primary_key=True),
    reference("file_id", "stored_file.id", primary_key=True, unique=True),
)

appointment_record_read = table(
    "appointment_record_read",
    # Who opened a visit's record; append-only.
    row_id(),
    reference("appointment_id", "appointment.id"),
    reference("account_id", "account.id"),
    sa.Column("read_at", Instant, nullable=False),
    sa.Index("ix_appointment_record_read", "appointment_id", "read_at"),
)

out_appointment_record = table(
    "out_appointment_record",
    # The one file that holds all that happened to a visit, as the last filing wrote it. Ids are public ones.
    sa.Column("appointment_id", Uuid, primary_key=True),
    sa.Column("version", BigInt, nullable=False),
    sa.Column("path", sa.String(255), nullable=False),
    sa.Column("byte_count", BigInt, nullable=False),
    sa.Column("sha256", sa.BINARY(32), nullable=False),
    # What the file says, to be held against the visit's own row.
    sa.Column("doctor_id", Uuid, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("filed_at", Instant, nullable=False),
    # When the file's bytes were last read back.
    sa.Column("checked_at", Instant, nullable=False),
    sa.Index("ix_out_appointment_record_checked", "checked_at"),
)

out_appointment_filing = table(
    "out_appointment_filing",
    # One row: up to which landed row everything is filed, and when all was last compared.
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("last_row_id", BigInt, nullable=False),
    sa.Column("compared_at", Instant),
)

out_appointment_difference = table(
    "out_appointment_difference",
    # Where record and visit are not the same; gone once they are.
    sa.Column("appointment_id", Uuid, primary_key=True),
    # `missing`, `extra`, `different` or `broken`.
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("since", Instant, nullable=False),
)

imported_visit = table(
    "imported_visit",
    # The hash of each line of a register that was brought in, for good: its event leaves the outbox after days, and
    # `raw_appointments` after months.
    sa.Column("record_sha256", sa.BINARY(32), primary_key=True),
)
