-- Which lines of a register of past visits were brought in, for good. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE imported_visit (
	record_sha256 BINARY(32) NOT NULL,
	PRIMARY KEY (record_sha256)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- An event's key is the record's hash. UNION leaves out what is in both.
INSERT INTO imported_visit (record_sha256)
SELECT UNHEX(aggregateid) FROM outbox WHERE type = 'remedy.appointments.recorded.v1'
UNION
SELECT UNHEX(JSON_UNQUOTE(JSON_EXTRACT(event, '$.data.record_key'))) FROM raw_appointments
WHERE type = 'remedy.appointments.recorded.v1';
