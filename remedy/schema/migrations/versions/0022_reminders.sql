-- Reminders of visits: what is due, what became of it, how a patient wants it. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE out_reminder (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	appointment_public_id BINARY(16) NOT NULL,
	version BIGINT NOT NULL,
	step VARCHAR(10) NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	due_at DATETIME(6) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (public_id),
	CONSTRAINT uq_out_reminder_appointment_public_id_version_step UNIQUE (appointment_public_id, version, step)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_out_reminder_starts_at ON out_reminder (starts_at);

CREATE TABLE visit_reminder (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	appointment_public_id BINARY(16) NOT NULL,
	version BIGINT NOT NULL,
	step VARCHAR(10) NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	state VARCHAR(10) NOT NULL,
	attempts INTEGER NOT NULL,
	next_at DATETIME(6) NOT NULL,
	last_error VARCHAR(200),
	PRIMARY KEY (id),
	UNIQUE (public_id),
	CONSTRAINT uq_visit_reminder_appointment_public_id_version_step UNIQUE (appointment_public_id, version, step)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_visit_reminder_starts_at ON visit_reminder (starts_at);

CREATE INDEX ix_visit_reminder_state ON visit_reminder (state, next_at);

CREATE TABLE reminder_choice (
	patient_id BIGINT NOT NULL,
	channel VARCHAR(4) NOT NULL,
	language VARCHAR(10) NOT NULL,
	chosen_at DATETIME(6) NOT NULL,
	PRIMARY KEY (patient_id),
	CONSTRAINT fk_reminder_choice_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Visits that are looked for by when they are, not by when they were asked for.
CREATE INDEX ix_appointment_starts_at ON appointment (starts_at);

-- All that Airflow may know of a visit to say when its patient is to be reminded.
CREATE VIEW visit_ahead AS
SELECT public_id, version, starts_at, COALESCE(decided_at, requested_at) AS known_at
FROM appointment WHERE state = 'accepted';

-- What became of reminders, for who looks after it: nobody's.
CREATE VIEW reminder_state AS
SELECT step, state, last_error, COUNT(*) AS reminder_count, MIN(starts_at) AS first_visit_at, MAX(next_at) AS newest_at
FROM visit_reminder GROUP BY step, state, last_error;
