"""Tables of orders: baskets, orders and their lines, payments; and who typed wrong collection codes lately."""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Text, public_id, reference, row_id, table

collection_failure = table(
    "collection_failure",
    # A code nobody waits under was typed at a pharmacy: after too many, codes are not looked up for a while.
    row_id(),
    reference("pharmacy_id", "pharmacy.id"),
    sa.Column("failed_at", Instant, nullable=False),
    sa.Index("ix_collection_failure_pharmacy", "pharmacy_id", "failed_at"),
)

pharmacy_order = table(
    "pharmacy_order",
    row_id(),
    public_id(),
    reference("pharmacy_id", "pharmacy.id"),
    reference("patient_id", "patient.id"),
    # placed, picking, ready, out, collected, delivered or cancelled; a change is a compare-and-swap on state and version.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("version", BigInt, nullable=False),
    # `pickup` or `delivery`; the address of a delivery is a vault token of the patient's.
    sa.Column("way", sa.String(8), nullable=False),
    sa.Column("address_sealed", Text),
    sa.Column("goods_minor", BigInt, nullable=False),
    sa.Column("fee_minor", BigInt, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    # `cash` or `online`.
    sa.Column("payment", sa.String(6), nullable=False),
    sa.Column("placed_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    # Of the pharmacy's staff, who made the last change; empty where the patient or the clock did.
    reference("changed_by", "account.id", nullable=True),
    # Until when its packs are set aside.
    sa.Column("expires_at", Instant, nullable=False),
    # Of a cancelled one: `patient`, `pharmacy`, `time` or `unpaid`, and the pharmacy's reason, a vault token.
    sa.Column("ended_by", sa.String(8)),
    sa.Column("reason_sealed", Text),
    sa.Index("ix_pharmacy_order_queue", "pharmacy_id", "state", "placed_at"),
    sa.Index("ix_pharmacy_order_due", "state", "expires_at"),
)

pharmacy_order_line = table(
    "pharmacy_order_line",
    # Its packs are a row of stock_hold with the same order and stock item.
    reference("order_id", "pharmacy_order.id", primary_key=True),
    reference("stock_item_id", "stock_item.id", primary_key=True),
    sa.Column("quantity_milli", BigInt, nullable=False),
    # Of a pack, as it was when the order was placed.
    sa.Column("price_minor", BigInt, nullable=False),
    sa.CheckConstraint("quantity_milli > 0", name="positive"),
)

basket = table(
    "basket",
    # What a patient is about to order, at one pharmacy.
    reference("patient_id", "patient.id", primary_key=True),
    reference("pharmacy_id", "pharmacy.id"),
    sa.Column("changed_at", Instant, nullable=False),
)

basket_line = table(
    "basket_line",
    reference("patient_id", "patient.id", primary_key=True),
    reference("medicine_id", "medicine.id", primary_key=True),
    sa.Column("quantity_milli", BigInt, nullable=False),
    sa.CheckConstraint("quantity_milli > 0", name="positive"),
)

order_payment = table(
    "order_payment",
    row_id(),
    public_id(),
    reference("order_id", "pharmacy_order.id", unique=True),
    # `waiting`, `paid`, `ended` (never paid), `refunding` (owed back) or `refunded`.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("amount_minor", BigInt, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    # The provider's own name for it, and where the patient pays.
    sa.Column("provider_ref", sa.String(80)),
    sa.Column("address", sa.String(400)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("pay_by", Instant, nullable=False),
    sa.Column("paid_at", Instant),
    sa.Column("refunded_at", Instant),
    # When the refund is tried next, and how often it was.
    sa.Column("next_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_order_payment_due", "state", "next_at"),
)
