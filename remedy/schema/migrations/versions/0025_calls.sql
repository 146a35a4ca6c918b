-- The call list: whether it is on, and what was noted of a call. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE call_list_switch (
	id BIGINT NOT NULL AUTO_INCREMENT,
	is_on BOOL NOT NULL,
	switched_at DATETIME(6) NOT NULL,
	switched_by BINARY(16) NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE visit_call (
	appointment_id BIGINT NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	outcome VARCHAR(10) NOT NULL,
	noted_at DATETIME(6) NOT NULL,
	noted_by BINARY(16) NOT NULL,
	PRIMARY KEY (appointment_id),
	CONSTRAINT fk_visit_call_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
