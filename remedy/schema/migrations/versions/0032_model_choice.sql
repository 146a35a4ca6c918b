-- How each method did on each class of series at a training, and versions that wait for a person's word
-- (models/training.py, models/promotion.py). Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE model_run
	ADD COLUMN is_proposed BOOL NOT NULL DEFAULT false,
	ADD COLUMN proposal MEDIUMTEXT,
	ADD COLUMN decided_at DATETIME(6),
	ADD COLUMN decided_by VARCHAR(120);

CREATE TABLE model_choice (
	model_run_id BIGINT NOT NULL,
	kind VARCHAR(16) NOT NULL,
	method VARCHAR(40) NOT NULL,
	is_used BOOL NOT NULL,
	series_count BIGINT NOT NULL,
	origin_count BIGINT NOT NULL,
	total_error DOUBLE,
	week_error DOUBLE,
	rmsse DOUBLE,
	pinball DOUBLE,
	above_high DOUBLE,
	total_above_high DOUBLE,
	seconds DOUBLE,
	short_milli DOUBLE,
	expired_milli DOUBLE,
	PRIMARY KEY (model_run_id, kind, method),
	FOREIGN KEY(model_run_id) REFERENCES model_run (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
