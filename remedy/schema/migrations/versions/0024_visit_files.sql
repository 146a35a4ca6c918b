-- Files for a visit, its record in HDFS, and who looked at them. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE appointment_file (
	appointment_id BIGINT NOT NULL,
	file_id BIGINT NOT NULL,
	PRIMARY KEY (appointment_id, file_id),
	CONSTRAINT fk_appointment_file_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointment (id),
	CONSTRAINT uq_appointment_file_file_id UNIQUE (file_id),
	CONSTRAINT fk_appointment_file_file_id FOREIGN KEY(file_id) REFERENCES stored_file (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE appointment_record_read (
	id BIGINT NOT NULL AUTO_INCREMENT,
	appointment_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	read_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_appointment_record_read_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointment (id),
	CONSTRAINT fk_appointment_record_read_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_appointment_record_read ON appointment_record_read (appointment_id, read_at);

CREATE TABLE out_appointment_record (
	appointment_id BINARY(16) NOT NULL,
	version BIGINT NOT NULL,
	path VARCHAR(255) NOT NULL,
	byte_count BIGINT NOT NULL,
	sha256 BINARY(32) NOT NULL,
	doctor_id BINARY(16) NOT NULL,
	state VARCHAR(10) NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	ends_at DATETIME(6) NOT NULL,
	filed_at DATETIME(6) NOT NULL,
	checked_at DATETIME(6) NOT NULL,
	PRIMARY KEY (appointment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_out_appointment_record_checked ON out_appointment_record (checked_at);

CREATE TABLE out_appointment_filing (
	name VARCHAR(20) NOT NULL,
	last_row_id BIGINT NOT NULL,
	compared_at DATETIME(6),
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_appointment_difference (
	appointment_id BINARY(16) NOT NULL,
	kind VARCHAR(10) NOT NULL,
	since DATETIME(6) NOT NULL,
	PRIMARY KEY (appointment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A visit's present without anything of its patient: what its record is held against.
CREATE VIEW appointment_now AS
SELECT a.public_id AS appointment_id, d.public_id AS doctor_id, a.version, a.state, a.starts_at, a.ends_at
FROM appointment a JOIN doctor d ON d.id = a.doctor_id;
