-- Forecasts held against what came, and packs handed over beyond what is missed (models/drift.py, models/transfers.py).
-- Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE forecast_drift (
	kind VARCHAR(16) NOT NULL,
	measure VARCHAR(16) NOT NULL,
	recent DOUBLE,
	promised DOUBLE,
	allowed DOUBLE,
	score_count BIGINT NOT NULL,
	evidence DOUBLE NOT NULL,
	threshold DOUBLE NOT NULL,
	drifts_since DATE,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (kind, measure)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE forecast_kept (
	first_day DATE NOT NULL,
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	expected_7_milli BIGINT NOT NULL,
	expected_28_milli BIGINT NOT NULL,
	low_28_milli BIGINT NOT NULL,
	high_28_milli BIGINT NOT NULL,
	model_version VARCHAR(60) NOT NULL,
	PRIMARY KEY (first_day, pharmacy_id, medicine_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE forecast_score (
	span SMALLINT NOT NULL,
	kind VARCHAR(16) NOT NULL,
	day DATE NOT NULL,
	series_count BIGINT NOT NULL,
	told_milli BIGINT NOT NULL,
	actual_milli BIGINT NOT NULL,
	error_milli BIGINT NOT NULL,
	scaled_error DOUBLE,
	above_high_count BIGINT,
	below_low_count BIGINT,
	model_version VARCHAR(60) NOT NULL,
	scored_at DATETIME(6) NOT NULL,
	PRIMARY KEY (span, kind, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Advice is made anew each morning; until then no transfer is told to have a rest.
ALTER TABLE out_transfer ADD COLUMN rest_milli BIGINT NOT NULL DEFAULT 0;
