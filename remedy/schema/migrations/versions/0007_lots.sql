-- What lots need beyond the first tables: reasons, levels, codes of packs, transfers. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE stock_transfer (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	from_pharmacy_id BIGINT NOT NULL,
	to_pharmacy_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	quantity_milli BIGINT NOT NULL,
	state VARCHAR(12) NOT NULL,
	reason_code VARCHAR(40),
	created_at DATETIME(6) NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT ck_stock_transfer_positive CHECK (quantity_milli > 0),
	CONSTRAINT ck_stock_transfer_two_pharmacies CHECK (from_pharmacy_id <> to_pharmacy_id),
	CONSTRAINT uq_stock_transfer_public_id UNIQUE (public_id),
	CONSTRAINT fk_stock_transfer_from_pharmacy_id FOREIGN KEY(from_pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_stock_transfer_to_pharmacy_id FOREIGN KEY(to_pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_stock_transfer_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_stock_transfer_from ON stock_transfer (from_pharmacy_id, changed_at);

CREATE INDEX ix_stock_transfer_to ON stock_transfer (to_pharmacy_id, changed_at);

CREATE TABLE stock_transfer_lot (
	transfer_id BIGINT NOT NULL,
	lot_number VARCHAR(60) NOT NULL,
	expires_on DATE,
	sent_milli BIGINT NOT NULL,
	received_milli BIGINT,
	PRIMARY KEY (transfer_id, lot_number),
	CONSTRAINT ck_stock_transfer_lot_not_more CHECK (received_milli BETWEEN 0 AND sent_milli),
	CONSTRAINT fk_stock_transfer_lot_transfer_id FOREIGN KEY(transfer_id) REFERENCES stock_transfer (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE stock_movement
	ADD COLUMN reason_code VARCHAR(40),
	ADD COLUMN transfer_id BIGINT,
	ADD CONSTRAINT fk_stock_movement_transfer_id FOREIGN KEY(transfer_id) REFERENCES stock_transfer (id);

ALTER TABLE stock_item
	ADD COLUMN minimum_milli BIGINT,
	ADD COLUMN reorder_milli BIGINT,
	ADD CONSTRAINT ck_stock_item_minimum_first CHECK (0 <= minimum_milli AND minimum_milli <= reorder_milli);

ALTER TABLE stock_hold ADD COLUMN told_at DATETIME(6);

CREATE INDEX ix_stock_hold_untold ON stock_hold (state, told_at);

ALTER TABLE medicine ADD COLUMN gtin CHAR(14), ADD CONSTRAINT uq_medicine_gtin UNIQUE (gtin);

-- A view without a clock of its own place: a lot is left out as soon as it has expired anywhere on earth.
CREATE OR REPLACE VIEW stock_now AS
SELECT p.public_id AS pharmacy_id, m.public_id AS medicine_id, i.public_id AS stock_item_id,
       i.price_minor, i.changed_at, i.count_wanted_at,
       COALESCE(SUM(CASE WHEN l.recalled_at IS NULL
                          AND (l.expires_on IS NULL OR l.expires_on > DATE(UTC_TIMESTAMP() + INTERVAL 14 HOUR))
                         THEN l.quantity_milli ELSE 0 END), 0) AS stock_milli
FROM stock_item i
JOIN pharmacy p ON p.id = i.pharmacy_id
JOIN medicine m ON m.id = i.medicine_id
LEFT JOIN stock_lot l ON l.stock_item_id = i.id
GROUP BY i.id, p.public_id, m.public_id, i.public_id, i.price_minor, i.changed_at, i.count_wanted_at;
