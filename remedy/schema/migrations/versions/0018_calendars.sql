-- Doctors' real calendars: places, kinds of visit, dates that differ, public holidays. Every row that is there keeps its
-- meaning: hours without a hospital are at the doctor's own, a doctor without kinds has one of `visit_minutes`, a visit
-- without a place is at the doctor's own hospital. Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE hospital ADD COLUMN country VARCHAR(2) NOT NULL DEFAULT '';

ALTER TABLE doctor_hours
	ADD COLUMN hospital_id BIGINT,
	ADD CONSTRAINT fk_doctor_hours_hospital_id FOREIGN KEY(hospital_id) REFERENCES hospital (id);

CREATE TABLE visit_kind (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	doctor_id BIGINT NOT NULL,
	name VARCHAR(60) NOT NULL,
	minutes SMALLINT NOT NULL,
	buffer_minutes SMALLINT NOT NULL DEFAULT 0,
	is_active BOOL NOT NULL DEFAULT true,
	PRIMARY KEY (id),
	UNIQUE (public_id),
	CONSTRAINT fk_visit_kind_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE doctor_exception (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	doctor_id BIGINT NOT NULL,
	day DATE NOT NULL,
	starts TIME,
	ends TIME,
	hospital_id BIGINT,
	PRIMARY KEY (id),
	UNIQUE (public_id),
	CONSTRAINT fk_doctor_exception_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id),
	CONSTRAINT fk_doctor_exception_hospital_id FOREIGN KEY(hospital_id) REFERENCES hospital (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_doctor_exception_doctor_id_day ON doctor_exception (doctor_id, day);

CREATE TABLE hospital_holiday (
	hospital_id BIGINT NOT NULL,
	day DATE NOT NULL,
	name VARCHAR(120) NOT NULL,
	is_open BOOL NOT NULL DEFAULT false,
	PRIMARY KEY (hospital_id, day),
	CONSTRAINT fk_hospital_holiday_hospital_id FOREIGN KEY(hospital_id) REFERENCES hospital (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE appointment
	ADD COLUMN kind_id BIGINT,
	ADD COLUMN hospital_id BIGINT,
	ADD CONSTRAINT fk_appointment_kind_id FOREIGN KEY(kind_id) REFERENCES visit_kind (id),
	ADD CONSTRAINT fk_appointment_hospital_id FOREIGN KEY(hospital_id) REFERENCES hospital (id);
