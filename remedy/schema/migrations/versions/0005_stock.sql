-- What stock need beyond the first tables. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE stock_import (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	file_name VARCHAR(120) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_stock_import_public_id UNIQUE (public_id),
	CONSTRAINT fk_stock_import_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_stock_import_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_stock_import_pharmacy ON stock_import (pharmacy_id, created_at);

CREATE TABLE stock_import_line (
	import_id BIGINT NOT NULL,
	position INTEGER NOT NULL,
	line_no INTEGER NOT NULL,
	named VARCHAR(300) NOT NULL,
	medicine_id BIGINT,
	kind VARCHAR(12),
	quantity_milli BIGINT,
	price_minor BIGINT,
	lot_number VARCHAR(60) NOT NULL DEFAULT '',
	expires_on DATE,
	was_milli BIGINT,
	was_minor BIGINT,
	version BIGINT,
	state VARCHAR(10) NOT NULL,
	said VARCHAR(400) NOT NULL DEFAULT '',
	PRIMARY KEY (import_id, position),
	CONSTRAINT fk_stock_import_line_import_id FOREIGN KEY(import_id) REFERENCES stock_import (id),
	CONSTRAINT fk_stock_import_line_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_stock_import_line_state ON stock_import_line (import_id, state, position);
