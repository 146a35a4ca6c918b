-- What visits need beyond the first tables. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE appointment_hold (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	doctor_id BIGINT NOT NULL,
	patient_id BIGINT NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	ends_at DATETIME(6) NOT NULL,
	expires_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_appointment_hold_public_id UNIQUE (public_id),
	CONSTRAINT uq_appointment_hold_patient_id UNIQUE (patient_id),
	CONSTRAINT fk_appointment_hold_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id),
	CONSTRAINT fk_appointment_hold_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_appointment_hold_expires_at ON appointment_hold (expires_at);

ALTER TABLE appointment_cell MODIFY COLUMN appointment_id BIGINT NULL;

ALTER TABLE appointment_cell ADD COLUMN hold_id BIGINT NULL,
	ADD CONSTRAINT fk_appointment_cell_hold_id FOREIGN KEY(hold_id) REFERENCES appointment_hold (id);

ALTER TABLE appointment ADD COLUMN instead_of DATETIME(6) NULL;

CREATE TABLE mail_owed (
	id BIGINT NOT NULL AUTO_INCREMENT,
	appointment_id BIGINT NOT NULL,
	kind VARCHAR(10) NOT NULL,
	owed_at DATETIME(6) NOT NULL,
	next_at DATETIME(6) NOT NULL,
	attempts INTEGER NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_mail_owed_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_mail_owed_next_at ON mail_owed (next_at);
