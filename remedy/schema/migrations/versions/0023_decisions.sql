-- After the decision: how late a visit is changed on the page, when an urgent request turns red, rules that accept, and
-- who came. Visits from before the hospital checked anybody in are not taken for missed (`attendance_since`). Frozen once
-- released; docs/sql.md says what is allowed.

ALTER TABLE hospital
	ADD COLUMN change_hours SMALLINT NOT NULL DEFAULT 24,
	ADD COLUMN urgent_minutes SMALLINT NOT NULL DEFAULT 60,
	ADD COLUMN attendance_since DATETIME(6);

UPDATE hospital SET attendance_since = UTC_TIMESTAMP(6);

ALTER TABLE appointment
	ADD COLUMN checked_in_at DATETIME(6),
	ADD COLUMN marked_at DATETIME(6),
	ADD COLUMN marked_by BINARY(16),
	ADD COLUMN by_rule BINARY(16),
	ADD COLUMN waiting_since DATETIME(6),
	ADD COLUMN urgent_told_at DATETIME(6);

CREATE TABLE acceptance_rule (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	doctor_id BIGINT,
	speciality VARCHAR(60),
	urgency VARCHAR(10) NOT NULL,
	hours_ahead SMALLINT NOT NULL,
	is_on BOOL NOT NULL DEFAULT false,
	made_at DATETIME(6) NOT NULL,
	made_by BINARY(16) NOT NULL,
	ended_at DATETIME(6),
	PRIMARY KEY (id),
	UNIQUE (public_id),
	CONSTRAINT fk_acceptance_rule_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
