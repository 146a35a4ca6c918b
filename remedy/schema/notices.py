"""Tables of shortage notices: what a pharmacist decided about an item that may run out, and who was told of it."""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Text, Uuid, public_id, reference, row_id, table

shortage_notice = table(
    "shortage_notice",
    # A decision about an item, with the numbers it rests on; never changed afterwards.
    row_id(),
    public_id(),
    reference("pharmacy_id", "pharmacy.id"),
    reference("medicine_id", "medicine.id"),
    # 1, 2, … of this item: of two pharmacists who decide at once, one has the number.
    sa.Column("number", sa.Integer, nullable=False),
    # `sent` or `dismissed`.
    sa.Column("decision", sa.String(10), nullable=False),
    sa.Column("decided_at", Instant, nullable=False),
    # The account's public id.
    sa.Column("decided_by", Uuid, nullable=False),
    # The chance (0 to 1) to run out before that day, what the day was told from, and what was in stock.
    sa.Column("runs_out", sa.Double, nullable=False),
    sa.Column("next_delivery_on", sa.Date, nullable=False),
    sa.Column("delivery_from", sa.String(10), nullable=False),
    sa.Column("stock_milli", BigInt, nullable=False),
    # Of a dismissed one: why, for colleagues.
    sa.Column("reason", sa.String(500)),
    # Of a sent one: to how many, and whether the pharmacist added words of their own.
    sa.Column("told_count", sa.Integer, nullable=False),
    sa.Column("has_note", sa.Boolean, nullable=False),
    sa.UniqueConstraint("pharmacy_id", "medicine_id", "number"),
    sa.Index("ix_shortage_notice_decided", "pharmacy_id", "decided_at"),
)

shortage_told = table(
    "shortage_told",
    # Who was told, once per notice; the pharmacist's own words are a vault token of each of them.
    reference("notice_id", "shortage_notice.id", primary_key=True),
    reference("patient_id", "patient.id", primary_key=True),
    sa.Column("told_at", Instant, nullable=False),
    sa.Column("note_sealed", Text),
    sa.Index("ix_shortage_told_patient", "patient_id", "told_at"),
    sa.Index("ix_shortage_told_at", "told_at"),
)

shortage_silence = table(
    "shortage_silence",
    # Patients who want no such notice.
    reference("patient_id", "patient.id", primary_key=True),
    sa.Column("asked_at", Instant, nullable=False),
)
