-- What the search index has taken in. Frozen once released; docs/sql.md says what is allowed.

-- One row. changed_seq is raised in every transaction that changes a medicine; public_id says which catalogue it is:
-- an index of another is not believed, and a new one has every index made anew.
CREATE TABLE catalogue_state (
	id SMALLINT NOT NULL,
	public_id BINARY(16) NOT NULL,
	changed_seq BIGINT NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO catalogue_state (id, public_id, changed_seq) VALUES (1, UNHEX(REPLACE(UUID(), '-', '')), 1);

-- The catalogue's counter at a medicine's last change; what is there already changed at 1.
ALTER TABLE medicine ADD COLUMN changed_seq BIGINT NOT NULL DEFAULT 1;

CREATE INDEX ix_medicine_changed ON medicine (changed_seq, id);

-- Which medicine a lot is of. A stock item's medicine never changes, and a lot's stock item neither. Who has a medicine
-- is then one stretch of an index, whatever the size of the table.
ALTER TABLE stock_lot ADD COLUMN medicine_id BIGINT;

UPDATE stock_lot JOIN stock_item ON stock_item.id = stock_lot.stock_item_id
SET stock_lot.medicine_id = stock_item.medicine_id;

ALTER TABLE stock_lot MODIFY COLUMN medicine_id BIGINT NOT NULL;

CREATE INDEX ix_stock_lot_medicine ON stock_lot (medicine_id, stock_item_id, recalled_at, expires_on, quantity_milli);

CREATE INDEX ix_stock_item_offer ON stock_item (medicine_id, pharmacy_id, price_minor, changed_at, count_wanted_at);

-- Which zones there are is asked at every look: their distinct values, not every pharmacy.
CREATE INDEX ix_pharmacy_time_zone ON pharmacy (time_zone);
