-- Prescriptions, files on their way to HDFS, and what is checked before a medicine is handed out. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE stored_file (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	patient_id BIGINT NOT NULL,
	media_type VARCHAR(40) NOT NULL,
	name_sealed MEDIUMTEXT NOT NULL,
	page_count INTEGER NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_stored_file_public_id UNIQUE (public_id),
	CONSTRAINT fk_stored_file_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE file_read (
	id BIGINT NOT NULL AUTO_INCREMENT,
	file_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	read_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_file_read_file_id FOREIGN KEY(file_id) REFERENCES stored_file (id),
	CONSTRAINT fk_file_read_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_file_read_file ON file_read (file_id, read_at);

CREATE TABLE file_spool (
	file_public_id BINARY(16) NOT NULL,
	sealed_bytes BIGINT NOT NULL,
	sealed_sha256 BINARY(32) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (file_public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE file_spool_part (
	file_public_id BINARY(16) NOT NULL,
	part INTEGER NOT NULL,
	content MEDIUMBLOB NOT NULL,
	PRIMARY KEY (file_public_id, part)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE file_moved (
	file_public_id BINARY(16) NOT NULL,
	moved_at DATETIME(6) NOT NULL,
	PRIMARY KEY (file_public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE prescription (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	patient_id BIGINT NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	file_id BIGINT NOT NULL,
	state VARCHAR(10) NOT NULL,
	version BIGINT NOT NULL,
	uploaded_at DATETIME(6) NOT NULL,
	decided_at DATETIME(6),
	decided_by BINARY(16),
	reason_sealed MEDIUMTEXT,
	checked VARCHAR(12),
	PRIMARY KEY (id),
	CONSTRAINT uq_prescription_public_id UNIQUE (public_id),
	CONSTRAINT fk_prescription_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
	CONSTRAINT fk_prescription_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_prescription_file_id FOREIGN KEY(file_id) REFERENCES stored_file (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_prescription_patient ON prescription (patient_id, uploaded_at);

CREATE INDEX ix_prescription_queue ON prescription (pharmacy_id, state, uploaded_at);

CREATE TABLE prescription_line (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	prescription_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	quantity_milli BIGINT NOT NULL,
	repeats SMALLINT NOT NULL,
	allowed_milli BIGINT NOT NULL,
	used_milli BIGINT NOT NULL DEFAULT '0',
	valid_until DATE NOT NULL,
	ends_at DATETIME(6) NOT NULL,
	is_as_written BOOL NOT NULL,
	daily_dose_milli BIGINT,
	units_per_pack BIGINT,
	PRIMARY KEY (id),
	CONSTRAINT uq_prescription_line UNIQUE (prescription_id, medicine_id),
	CONSTRAINT ck_prescription_line_within CHECK (used_milli >= 0 AND used_milli <= allowed_milli),
	CONSTRAINT uq_prescription_line_public_id UNIQUE (public_id),
	CONSTRAINT fk_prescription_line_prescription_id FOREIGN KEY(prescription_id) REFERENCES prescription (id),
	CONSTRAINT fk_prescription_line_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE prescription_substitute (
	line_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	confirmed_by BINARY(16) NOT NULL,
	confirmed_at DATETIME(6) NOT NULL,
	reason_sealed MEDIUMTEXT NOT NULL,
	PRIMARY KEY (line_id, medicine_id),
	CONSTRAINT fk_prescription_substitute_line_id FOREIGN KEY(line_id) REFERENCES prescription_line (id),
	CONSTRAINT fk_prescription_substitute_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE prescription_use (
	id BIGINT NOT NULL AUTO_INCREMENT,
	line_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	order_id BINARY(16) NOT NULL,
	quantity_milli BIGINT NOT NULL,
	used_at DATETIME(6) NOT NULL,
	released_at DATETIME(6),
	handed_out_at DATETIME(6),
	PRIMARY KEY (id),
	CONSTRAINT ck_prescription_use_positive CHECK (quantity_milli > 0),
	CONSTRAINT fk_prescription_use_line_id FOREIGN KEY(line_id) REFERENCES prescription_line (id),
	CONSTRAINT fk_prescription_use_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_prescription_use_order ON prescription_use (order_id);

CREATE TABLE refill_reminder (
	line_id BIGINT NOT NULL,
	lasts_until DATE NOT NULL,
	owed_at DATETIME(6) NOT NULL,
	told_at DATETIME(6),
	PRIMARY KEY (line_id, lasts_until),
	CONSTRAINT fk_refill_reminder_line_id FOREIGN KEY(line_id) REFERENCES prescription_line (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_refill_reminder_told_at ON refill_reminder (told_at);

CREATE TABLE refill_silence (
	patient_id BIGINT NOT NULL,
	asked_at DATETIME(6) NOT NULL,
	PRIMARY KEY (patient_id),
	CONSTRAINT fk_refill_silence_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE patient_allergy (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	patient_id BIGINT NOT NULL,
	substance_sealed MEDIUMTEXT NOT NULL,
	told_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_patient_allergy_public_id UNIQUE (public_id),
	CONSTRAINT fk_patient_allergy_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE allergy_answer (
	patient_id BIGINT NOT NULL,
	answered_at DATETIME(6) NOT NULL,
	PRIMARY KEY (patient_id),
	CONSTRAINT fk_allergy_answer_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE interaction_source (
	id BIGINT NOT NULL AUTO_INCREMENT,
	name VARCHAR(120) NOT NULL,
	as_of VARCHAR(10) NOT NULL,
	is_licensed BOOL NOT NULL,
	pair_count INTEGER NOT NULL,
	imported_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE interaction (
	id BIGINT NOT NULL AUTO_INCREMENT,
	source_id BIGINT NOT NULL,
	one VARCHAR(80) NOT NULL,
	other VARCHAR(80) NOT NULL,
	severity VARCHAR(12) NOT NULL,
	effect VARCHAR(400) NOT NULL DEFAULT '',
	told_by VARCHAR(60) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_interaction_source_id FOREIGN KEY(source_id) REFERENCES interaction_source (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_interaction_one ON interaction (source_id, one, other);

CREATE INDEX ix_interaction_other ON interaction (source_id, other);
