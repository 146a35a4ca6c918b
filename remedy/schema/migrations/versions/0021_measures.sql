-- How the platform itself does. Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE portal_minute (
	minute_at DATETIME(6) NOT NULL,
	room VARCHAR(40) NOT NULL,
	within_ms INTEGER NOT NULL,
	request_count BIGINT NOT NULL,
	refused_count BIGINT NOT NULL,
	failed_count BIGINT NOT NULL,
	PRIMARY KEY (minute_at, room, within_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_task_result (
	dag_id VARCHAR(80) NOT NULL,
	run_id VARCHAR(120) NOT NULL,
	task_id VARCHAR(80) NOT NULL,
	map_index INTEGER NOT NULL,
	has_succeeded BOOL NOT NULL,
	try_count INTEGER NOT NULL,
	began_at DATETIME(6),
	ended_at DATETIME(6) NOT NULL,
	PRIMARY KEY (dag_id, run_id, task_id, map_index)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_out_task_result_ended_at ON out_task_result (ended_at);

CREATE VIEW queue_age AS
SELECT 'outbox' AS queue, COUNT(*) AS waiting, MIN(recorded_at) AS oldest_at
FROM outbox WHERE published_at IS NULL
UNION ALL
SELECT 'mail_owed' AS queue, COUNT(*) AS waiting, MIN(owed_at) AS oldest_at FROM mail_owed
UNION ALL
SELECT 'file_spool' AS queue, COUNT(*) AS waiting, MIN(s.created_at) AS oldest_at
FROM file_spool s LEFT JOIN file_moved m ON m.file_public_id = s.file_public_id
WHERE m.file_public_id IS NULL;
