-- A hospital's name and address can be changed: the version that whoever changes it looked at, and what it was before.
-- Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE hospital
	ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

CREATE TABLE hospital_change (
	id BIGINT NOT NULL AUTO_INCREMENT,
	hospital_id BIGINT NOT NULL,
	version BIGINT NOT NULL,
	name VARCHAR(120) NOT NULL,
	address VARCHAR(200) NOT NULL,
	phone VARCHAR(40),
	latitude DOUBLE NOT NULL,
	longitude DOUBLE NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	changed_by BINARY(16) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_hospital_change_hospital_id UNIQUE (hospital_id, version),
	CONSTRAINT fk_hospital_change_hospital_id FOREIGN KEY(hospital_id) REFERENCES hospital (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
