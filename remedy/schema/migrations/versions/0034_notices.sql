-- Shortage notices to patients (remedy/notices). Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE shortage_notice (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	number INTEGER NOT NULL,
	decision VARCHAR(10) NOT NULL,
	decided_at DATETIME(6) NOT NULL,
	decided_by BINARY(16) NOT NULL,
	runs_out DOUBLE NOT NULL,
	next_delivery_on DATE NOT NULL,
	delivery_from VARCHAR(10) NOT NULL,
	stock_milli BIGINT NOT NULL,
	reason VARCHAR(500),
	told_count INTEGER NOT NULL,
	has_note BOOL NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_shortage_notice_pharmacy_id_medicine_id_number UNIQUE (pharmacy_id, medicine_id, number),
	CONSTRAINT uq_shortage_notice_public_id UNIQUE (public_id),
	CONSTRAINT fk_shortage_notice_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_shortage_notice_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_shortage_notice_decided ON shortage_notice (pharmacy_id, decided_at);

CREATE TABLE shortage_told (
	notice_id BIGINT NOT NULL,
	patient_id BIGINT NOT NULL,
	told_at DATETIME(6) NOT NULL,
	note_sealed MEDIUMTEXT,
	PRIMARY KEY (notice_id, patient_id),
	CONSTRAINT fk_shortage_told_notice_id FOREIGN KEY(notice_id) REFERENCES shortage_notice (id),
	CONSTRAINT fk_shortage_told_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_shortage_told_at ON shortage_told (told_at);

CREATE INDEX ix_shortage_told_patient ON shortage_told (patient_id, told_at);

CREATE TABLE shortage_silence (
	patient_id BIGINT NOT NULL,
	asked_at DATETIME(6) NOT NULL,
	PRIMARY KEY (patient_id),
	CONSTRAINT fk_shortage_silence_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who wanted no mail about what runs out has not been asked about these: none either, until they say otherwise.
INSERT INTO shortage_silence (patient_id, asked_at) SELECT patient_id, asked_at FROM refill_silence;
