-- Codes of packs that a pharmacy keeps by hand. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE pharmacy_code (
	pharmacy_id BIGINT NOT NULL,
	gtin CHAR(14) NOT NULL,
	medicine_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	kept_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, gtin),
	CONSTRAINT fk_pharmacy_code_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_pharmacy_code_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id),
	CONSTRAINT fk_pharmacy_code_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
