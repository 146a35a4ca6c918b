"""Tables of the pharmacy half: medicines, pharmacies, stock by lots, the ledger of movements, holds."""

import sqlalchemy as sa

from remedy.schema.base import BigInt, Instant, Text, Uuid, public_id, reference, row_id, table

MOVEMENTS = (
    "received", "sold", "adjusted", "counted", "expired", "recalled", "returned", "transferred",
    "reversed",
)  # fmt: skip

medicine = table(
    "medicine",
    row_id(),
    public_id(),
    # `product`, or `group`: sales told by ATC group only.
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("generic_name", sa.String(300), nullable=False),
    sa.Column("brand_name", sa.String(120)),
    sa.Column("strength", sa.String(120)),
    sa.Column("form", sa.String(60)),
    sa.Column("pack", sa.String(60)),
    sa.Column("atc_code", sa.String(10)),
    sa.Column("is_prescription_only", sa.Boolean, nullable=False),
    sa.Column("is_controlled", sa.Boolean, nullable=False),
    # Where it was imported from: register and record there, and its reference price in its own currency.
    sa.Column("source", sa.String(40)),
    sa.Column("source_key", sa.String(80)),
    sa.Column("reference_price_minor", BigInt),
    sa.Column("reference_currency", sa.CHAR(3)),
    # What looked doubtful at import, as a JSON list of sentences.
    sa.Column("doubts", Text),
    # The number a pack's bar code tells, as fourteen digits (`remedy.stock.barcodes`).
    sa.Column("gtin", sa.CHAR(14), unique=True),
    # The catalogue's counter at its last change: what a search index has not taken in is above its own.
    sa.Column("changed_seq", BigInt, nullable=False, server_default="1"),
    sa.UniqueConstraint("source", "source_key", name="uq_medicine_source"),
    sa.Index("ix_medicine_changed", "changed_seq", "id"),
)

catalogue_state = table(
    "catalogue_state",
    # One row. `changed_seq` is raised in every transaction that changes a medicine; `public_id` says which
    # catalogue it is: an index of another is not believed, and a new one has every index made anew.
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("public_id", Uuid, nullable=False),
    sa.Column("changed_seq", BigInt, nullable=False),
)

medicine_word = table(
    "medicine_word",
    # Every word a medicine is found by, folded (lower case, no accents).
    sa.Column("word", sa.String(80), primary_key=True),
    reference("medicine_id", "medicine.id", primary_key=True),
)

medicine_word_near = table(
    "medicine_word_near",
    # The beginnings of a word, whole and with one letter missing: words one slip apart share one.
    sa.Column("near", sa.String(7), primary_key=True),
    sa.Column("word", sa.String(80), primary_key=True),
)

medicine_watch = table(
    "medicine_watch",
    # Who is to be told when a medicine is to be had again.
    reference("patient_id", "patient.id", primary_key=True),
    reference("medicine_id", "medicine.id", primary_key=True),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("told_at", Instant),
    sa.Index("ix_medicine_watch_told_at", "told_at", "medicine_id"),
)

pharmacy = table(
    "pharmacy",
    row_id(),
    public_id(),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("address", sa.String(200), nullable=False),
    sa.Column("district", sa.String(60), nullable=False),
    sa.Column("phone", sa.String(40)),
    sa.Column("licence", sa.String(60), nullable=False),
    sa.Column("verified_at", Instant),
    sa.Column("latitude", sa.Double, nullable=False),
    sa.Column("longitude", sa.Double, nullable=False),
    sa.Column("time_zone", sa.String(40), nullable=False),
    # Raised in every transaction that changes its stock: orders live screens (design decision 10).
    sa.Column("pharmacy_seq", BigInt, nullable=False, server_default="0"),
    # Where it was imported from: list, record there, and how old the list was. Empty: it applied itself.
    sa.Column("source", sa.String(40)),
    sa.Column("source_key", sa.String(80)),
    sa.Column("source_as_of", sa.String(10)),
    # While its licence is withdrawn; `verified_at` is then empty, so that no page and no hold knows it.
    sa.Column("suspended_at", Instant),
    sa.Column("suspended_reason", sa.String(500)),
    sa.UniqueConstraint("source", "source_key", name="uq_pharmacy_source"),
    sa.Index("ix_pharmacy_time_zone", "time_zone"),
)

pharmacy_licence_change = table(
    "pharmacy_licence_change",
    # Append-only by use: who withdrew a licence or gave it back, when and why.
    row_id(),
    reference("pharmacy_id", "pharmacy.id"),
    # `suspended` or `reinstated`.
    sa.Column("became", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    reference("decided_by", "account.id"),
    sa.Column("decided_at", Instant, nullable=False),
)

pharmacy_hours = table(
    "pharmacy_hours",
    # Monday is 0; times are local. One that closes no later than it opens closes on the next day; a pause is
    # two rows; a closed day has none.
    reference("pharmacy_id", "pharmacy.id", primary_key=True),
    sa.Column("weekday", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("opens_at", sa.Time, primary_key=True),
    sa.Column("closes_at", sa.Time, nullable=False),
)

stock_item = table(
    "stock_item",
    row_id(),
    public_id(),
    reference("pharmacy_id", "pharmacy.id"),
    reference("medicine_id", "medicine.id"),
    sa.Column("price_minor", BigInt),
    sa.Column("version", BigInt, nullable=False, server_default="0"),
    # A count is asked for since a sale was not covered by what the lots held.
    sa.Column("count_wanted_at", Instant),
    sa.Column("counted_at", Instant),
    # The pharmacy_seq of its last change of any kind: what a page that fell behind is sent.
    sa.Column("changed_seq", BigInt, nullable=False, server_default="0"),
    sa.Column("changed_at", Instant, nullable=False),
    # Fewer available than `minimum` is too few, fewer than `reorder` is time to order; NULL: not kept.
    sa.Column("minimum_milli", BigInt),
    sa.Column("reorder_milli", BigInt),
    sa.UniqueConstraint("pharmacy_id", "medicine_id", name="uq_stock_item"),
    sa.Index("ix_stock_item_changed", "pharmacy_id", "changed_seq"),
    sa.Index(
        "ix_stock_item_offer",
        "medicine_id",
        "pharmacy_id",
        "price_minor",
        "changed_at",
        "count_wanted_at",
    ),
    sa.CheckConstraint(
        "0 <= minimum_milli AND minimum_milli <= reorder_milli", name="minimum_first"
    ),
)

stock_lot = table(
    "stock_lot",
    row_id(),
    public_id(),
    reference("stock_item_id", "stock_item.id"),
    # Empty text, not NULL, for the one lot of unknown number: NULLs would not be unique.
    sa.Column("lot_number", sa.String(60), nullable=False, server_default=""),
    sa.Column("expires_on", sa.Date),
    sa.Column("recalled_at", Instant),
    sa.Column("quantity_milli", BigInt, nullable=False),
    # The stock item's, which never changes; written with the lot, by the ledger alone.
    sa.Column("medicine_id", BigInt, nullable=False),
    sa.UniqueConstraint("stock_item_id", "lot_number", name="uq_stock_lot"),
    # Who has a medicine is read from this index and those of its items and holds, and from nothing else.
    sa.Index(
        "ix_stock_lot_medicine",
        "medicine_id",
        "stock_item_id",
        "recalled_at",
        "expires_on",
        "quantity_milli",
    ),
    sa.CheckConstraint("quantity_milli >= 0", name="not_negative"),
)

stock_movement = table(
    "stock_movement",
    # Append-only: a mistake is reversed, not edited.
    row_id(),
    public_id(),
    reference("pharmacy_id", "pharmacy.id"),
    reference("stock_item_id", "stock_item.id"),
    sa.Column("pharmacy_seq", BigInt, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("quantity_milli", BigInt, nullable=False),
    sa.Column("uncovered_milli", BigInt, nullable=False),
    sa.Column("balance_milli", BigInt, nullable=False),
    sa.Column("line_id", sa.String(80)),
    sa.Column("reason", sa.String(200)),
    # One of `remedy.stock.reasons`, where the kind of movement asks for one.
    sa.Column("reason_code", sa.String(40)),
    reference("transfer_id", "stock_transfer.id", nullable=True),
    # Unique: a movement is reversed once.
    reference("reverses_id", "stock_movement.id", nullable=True, unique=True),
    reference("account_id", "account.id", nullable=True),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.UniqueConstraint("pharmacy_id", "line_id", name="uq_stock_movement_line"),
    sa.UniqueConstraint("pharmacy_id", "pharmacy_seq", name="uq_stock_movement_seq"),
    sa.Index("ix_stock_movement_item", "stock_item_id", "id"),
    sa.Index("ix_stock_movement_came", "stock_item_id", "kind", "recorded_at"),
)

stock_movement_lot = table(
    "stock_movement_lot",
    reference("movement_id", "stock_movement.id", primary_key=True),
    reference("lot_id", "stock_lot.id", primary_key=True),
    sa.Column("delta_milli", BigInt, nullable=False),
)

stock_hold = table(
    "stock_hold",
    row_id(),
    public_id(),
    reference("stock_item_id", "stock_item.id"),
    reference("patient_id", "patient.id", nullable=True),
    sa.Column("quantity_milli", BigInt, nullable=False),
    # `held`, `released`, `collected` or `withdrawn` (its packs may not be handed out any more); one past
    # `expires_at` counts no more at once, whatever its state.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    # Of an order's line: such a hold ends with its order.
    reference("order_id", "pharmacy_order.id", nullable=True),
    # When it was released or collected; empty while held, and of those that ended before this was kept.
    sa.Column("ended_at", Instant),
    # The stock item's, which never changes; written with the hold.
    sa.Column("medicine_id", BigInt, nullable=False),
    sa.Index("ix_stock_hold_item", "stock_item_id", "state", "expires_at"),
    sa.Index(
        "ix_stock_hold_medicine",
        "medicine_id",
        "state",
        "expires_at",
        "stock_item_id",
        "quantity_milli",
    ),
    sa.Index("ix_stock_hold_state", "state", "expires_at"),
    sa.CheckConstraint("quantity_milli > 0", name="positive"),
)

stock_transfer = table(
    "stock_transfer",
    # Packs that go from one pharmacy to another.
    row_id(),
    public_id(),
    reference("from_pharmacy_id", "pharmacy.id"),
    reference("to_pharmacy_id", "pharmacy.id"),
    reference("medicine_id", "medicine.id"),
    sa.Column("quantity_milli", BigInt, nullable=False),
    # `asked`, `offered`, `agreed`, `sent`; ended: `received`, `taken_back`, `declined`, `cancelled`.
    sa.Column("state", sa.String(12), nullable=False),
    # Why fewer packs arrived than were sent.
    sa.Column("reason_code", sa.String(40)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Index("ix_stock_transfer_from", "from_pharmacy_id", "changed_at"),
    sa.Index("ix_stock_transfer_to", "to_pharmacy_id", "changed_at"),
    sa.CheckConstraint("quantity_milli > 0", name="positive"),
    sa.CheckConstraint("from_pharmacy_id <> to_pharmacy_id", name="two_pharmacies"),
)

stock_transfer_lot = table(
    "stock_transfer_lot",
    # What was sent of which lot, and what of it arrived (NULL while it is on its way).
    reference("transfer_id", "stock_transfer.id", primary_key=True),
    sa.Column("lot_number", sa.String(60), primary_key=True),
    sa.Column("expires_on", sa.Date),
    sa.Column("sent_milli", BigInt, nullable=False),
    sa.Column("received_milli", BigInt),
    sa.CheckConstraint("received_milli BETWEEN 0 AND sent_milli", name="not_more"),
)

pharmacy_code = table(
    "pharmacy_code",
    # A code of a pack that a pharmacy keeps with a medicine by hand; the catalogue's own goes first.
    reference("pharmacy_id", "pharmacy.id", primary_key=True),
    sa.Column("gtin", sa.CHAR(14), primary_key=True),
    reference("medicine_id", "medicine.id"),
    reference("account_id", "account.id"),
    sa.Column("kept_at", Instant, nullable=False),
)

stock_import = table(
    "stock_import",
    # A list a pharmacist brought in: looked at first, then applied line by line.
    row_id(),
    public_id(),
    reference("pharmacy_id", "pharmacy.id"),
    reference("account_id", "account.id"),
    sa.Column("file_name", sa.String(120), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_stock_import_pharmacy", "pharmacy_id", "created_at"),
)

stock_import_line = table(
    "stock_import_line",
    reference("import_id", "stock_import.id", primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line_no", sa.Integer, nullable=False),
    # What the line calls the medicine; `kind` and `medicine_id` are empty where it cannot be read.
    sa.Column("named", sa.String(300), nullable=False),
    reference("medicine_id", "medicine.id", nullable=True),
    sa.Column("kind", sa.String(12)),
    # Of a count, a receipt or a sale; of a price. `was_…` and `version` are the stock item's at the preview.
    sa.Column("quantity_milli", BigInt),
    sa.Column("price_minor", BigInt),
    sa.Column("lot_number", sa.String(60), nullable=False, server_default=""),
    sa.Column("expires_on", sa.Date),
    sa.Column("was_milli", BigInt),
    sa.Column("was_minor", BigInt),
    sa.Column("version", BigInt),
    # `unread`, `waiting`, `applied`, `conflict` or `refused`; `said` is the sentence to it.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("said", sa.String(400), nullable=False, server_default=""),
    sa.Index("ix_stock_import_line_state", "import_id", "state", "position"),
)

__all__ = [
    "MOVEMENTS",
    "catalogue_state",
    "medicine",
    "medicine_watch",
    "medicine_word",
    "medicine_word_near",
    "pharmacy",
    "pharmacy_code",
    "pharmacy_hours",
    "pharmacy_licence_change",
    "stock_hold",
    "stock_import",
    "stock_import_line",
    "stock_item",
    "stock_lot",
    "stock_movement",
    "stock_movement_lot",
    "stock_transfer",
    "stock_transfer_lot",
]
