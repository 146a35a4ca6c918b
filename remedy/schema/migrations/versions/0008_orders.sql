-- Orders from the basket to the counter, and what a hold is collected by. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE collection_failure (
	id BIGINT NOT NULL AUTO_INCREMENT,
	pharmacy_id BIGINT NOT NULL,
	failed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_collection_failure_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_collection_failure_pharmacy ON collection_failure (pharmacy_id, failed_at);

CREATE TABLE pharmacy_order (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	patient_id BIGINT NOT NULL,
	state VARCHAR(10) NOT NULL,
	version BIGINT NOT NULL,
	way VARCHAR(8) NOT NULL,
	address_sealed MEDIUMTEXT,
	goods_minor BIGINT NOT NULL,
	fee_minor BIGINT NOT NULL,
	currency CHAR(3) NOT NULL,
	payment VARCHAR(6) NOT NULL,
	placed_at DATETIME(6) NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	changed_by BIGINT,
	expires_at DATETIME(6) NOT NULL,
	ended_by VARCHAR(8),
	reason VARCHAR(200),
	PRIMARY KEY (id),
	CONSTRAINT uq_pharmacy_order_public_id UNIQUE (public_id),
	CONSTRAINT fk_pharmacy_order_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_pharmacy_order_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
	CONSTRAINT fk_pharmacy_order_changed_by FOREIGN KEY(changed_by) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_pharmacy_order_queue ON pharmacy_order (pharmacy_id, state, placed_at);

CREATE INDEX ix_pharmacy_order_due ON pharmacy_order (state, expires_at);

CREATE TABLE pharmacy_order_line (
	order_id BIGINT NOT NULL,
	stock_item_id BIGINT NOT NULL,
	quantity_milli BIGINT NOT NULL,
	price_minor BIGINT NOT NULL,
	PRIMARY KEY (order_id, stock_item_id),
	CONSTRAINT ck_pharmacy_order_line_positive CHECK (quantity_milli > 0),
	CONSTRAINT fk_pharmacy_order_line_order_id FOREIGN KEY(order_id) REFERENCES pharmacy_order (id),
	CONSTRAINT fk_pharmacy_order_line_stock_item_id FOREIGN KEY(stock_item_id) REFERENCES stock_item (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE stock_hold ADD COLUMN order_id BIGINT NULL, ADD COLUMN ended_at DATETIME(6) NULL, ADD CONSTRAINT fk_stock_hold_order_id FOREIGN KEY(order_id) REFERENCES pharmacy_order (id);

CREATE TABLE basket (
	patient_id BIGINT NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (patient_id),
	CONSTRAINT fk_basket_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
	CONSTRAINT fk_basket_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE basket_line (
	patient_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	quantity_milli BIGINT NOT NULL,
	PRIMARY KEY (patient_id, medicine_id),
	CONSTRAINT ck_basket_line_positive CHECK (quantity_milli > 0),
	CONSTRAINT fk_basket_line_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
	CONSTRAINT fk_basket_line_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE order_payment (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	order_id BIGINT NOT NULL,
	state VARCHAR(10) NOT NULL,
	amount_minor BIGINT NOT NULL,
	currency CHAR(3) NOT NULL,
	provider_ref VARCHAR(80),
	address VARCHAR(400),
	created_at DATETIME(6) NOT NULL,
	pay_by DATETIME(6) NOT NULL,
	paid_at DATETIME(6),
	refunded_at DATETIME(6),
	next_at DATETIME(6),
	attempts INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (id),
	CONSTRAINT uq_order_payment_public_id UNIQUE (public_id),
	CONSTRAINT uq_order_payment_order_id UNIQUE (order_id),
	CONSTRAINT fk_order_payment_order_id FOREIGN KEY(order_id) REFERENCES pharmacy_order (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_order_payment_due ON order_payment (state, next_at);

ALTER TABLE mail_owed MODIFY appointment_id BIGINT NULL, ADD COLUMN order_id BIGINT NULL, ADD CONSTRAINT fk_mail_owed_order_id FOREIGN KEY(order_id) REFERENCES pharmacy_order (id);
