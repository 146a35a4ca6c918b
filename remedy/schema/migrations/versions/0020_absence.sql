-- A doctor's absence and the waiting list: who was affected, who waits, what was offered. Frozen once released;
-- docs/sql.md says what is allowed.

CREATE TABLE doctor_absence (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	doctor_id BIGINT NOT NULL,
	leave_id BIGINT NOT NULL,
	first_day DATE NOT NULL,
	last_day DATE NOT NULL,
	declared_by BINARY(16) NOT NULL,
	declared_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_doctor_absence_public_id UNIQUE (public_id),
	CONSTRAINT fk_doctor_absence_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id),
	CONSTRAINT uq_doctor_absence_leave_id UNIQUE (leave_id),
	CONSTRAINT fk_doctor_absence_leave_id FOREIGN KEY(leave_id) REFERENCES doctor_leave (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE absence_visit (
	absence_id BIGINT NOT NULL,
	appointment_id BIGINT NOT NULL,
	outcome VARCHAR(12),
	offered_id BIGINT,
	settled_at DATETIME(6),
	PRIMARY KEY (absence_id, appointment_id),
	CONSTRAINT fk_absence_visit_absence_id FOREIGN KEY(absence_id) REFERENCES doctor_absence (id),
	CONSTRAINT fk_absence_visit_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointment (id),
	CONSTRAINT fk_absence_visit_offered_id FOREIGN KEY(offered_id) REFERENCES appointment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE waiting_entry (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	patient_id BIGINT NOT NULL,
	doctor_id BIGINT,
	speciality VARCHAR(60) NOT NULL,
	wanted VARCHAR(80) NOT NULL,
	is_open BOOL,
	state VARCHAR(8) NOT NULL,
	urgency VARCHAR(10) NOT NULL,
	symptoms_sealed MEDIUMTEXT NOT NULL,
	from_day DATE NOT NULL,
	until_day DATE NOT NULL,
	earliest TIME,
	since DATETIME(6) NOT NULL,
	instead_of_id BIGINT,
	ended_at DATETIME(6),
	PRIMARY KEY (id),
	CONSTRAINT uq_waiting_entry_open UNIQUE (patient_id, wanted, is_open),
	CONSTRAINT uq_waiting_entry_public_id UNIQUE (public_id),
	CONSTRAINT fk_waiting_entry_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
	CONSTRAINT fk_waiting_entry_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id),
	CONSTRAINT fk_waiting_entry_instead_of_id FOREIGN KEY(instead_of_id) REFERENCES appointment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_waiting_entry_open ON waiting_entry (is_open, speciality, since);

CREATE TABLE waiting_offer (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	entry_id BIGINT NOT NULL,
	doctor_id BIGINT NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	ends_at DATETIME(6) NOT NULL,
	state VARCHAR(8) NOT NULL,
	offered_at DATETIME(6) NOT NULL,
	expires_at DATETIME(6) NOT NULL,
	answered_at DATETIME(6),
	PRIMARY KEY (id),
	CONSTRAINT uq_waiting_offer_slot UNIQUE (entry_id, doctor_id, starts_at),
	CONSTRAINT uq_waiting_offer_public_id UNIQUE (public_id),
	CONSTRAINT fk_waiting_offer_entry_id FOREIGN KEY(entry_id) REFERENCES waiting_entry (id),
	CONSTRAINT fk_waiting_offer_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_waiting_offer_slot ON waiting_offer (doctor_id, starts_at, state);

CREATE INDEX ix_waiting_offer_state ON waiting_offer (state, expires_at);
