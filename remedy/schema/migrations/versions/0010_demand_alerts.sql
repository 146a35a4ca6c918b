-- Changes of demand that were noticed. Frozen once released; docs/sql.md says what is allowed.
CREATE TABLE demand_alert (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	subject_kind VARCHAR(10) NOT NULL,
	medicine_id BINARY(16),
	atc_group VARCHAR(10),
	measure VARCHAR(10) NOT NULL,
	window_minutes INTEGER NOT NULL,
	opened_at DATETIME(6) NOT NULL,
	opened_count BIGINT NOT NULL,
	usual_milli BIGINT NOT NULL,
	band_high BIGINT NOT NULL,
	highest_count BIGINT NOT NULL,
	highest_at DATETIME(6) NOT NULL,
	ended_at DATETIME(6),
	open_key VARCHAR(80),
	PRIMARY KEY (id),
	CONSTRAINT uq_demand_alert_public_id UNIQUE (public_id),
	CONSTRAINT uq_demand_alert_open_key UNIQUE (open_key)
)ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX ix_demand_alert_opened_at ON demand_alert (opened_at);
CREATE TABLE demand_now (
	subject_kind VARCHAR(10) NOT NULL,
	subject_name VARCHAR(40) NOT NULL,
	measure VARCHAR(10) NOT NULL,
	window_minutes INTEGER NOT NULL,
	event_count BIGINT NOT NULL,
	usual_milli BIGINT NOT NULL,
	band_high BIGINT NOT NULL,
	seen_at DATETIME(6) NOT NULL,
	PRIMARY KEY (subject_kind, subject_name, measure, window_minutes)
)ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE demand_watch (
	id INTEGER NOT NULL,
	looked_at DATETIME(6) NOT NULL,
	landed_at DATETIME(6),
	history_days INTEGER NOT NULL,
	subject_count INTEGER NOT NULL,
	PRIMARY KEY (id)
)ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;
