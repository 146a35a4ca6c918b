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
CREATE TABLE agg_daily_searcher (
	day DATE NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	searcher_count BIGINT NOT NULL,
	PRIMARY KEY (day, medicine_id)
)ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE agg_daily_look_alike (
	day DATE NOT NULL,
	district VARCHAR(60) NOT NULL,
	query VARCHAR(100) NOT NULL,
	name VARCHAR(100) NOT NULL,
	search_count BIGINT NOT NULL,
	searcher_count BIGINT NOT NULL,
	PRIMARY KEY (day, district, query, name)
)ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE agg_daily_stock (
	day DATE NOT NULL,
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	opening_milli BIGINT NOT NULL,
	closing_milli BIGINT NOT NULL,
	lowest_milli BIGINT NOT NULL,
	expired_milli BIGINT NOT NULL,
	movement_count BIGINT NOT NULL,
	PRIMARY KEY (day, pharmacy_id, medicine_id)
)ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX ix_agg_daily_stock_item ON agg_daily_stock (pharmacy_id, medicine_id, day);
CREATE TABLE agg_daily_price (
	day DATE NOT NULL,
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	price_minor BIGINT NOT NULL,
	change_count BIGINT NOT NULL,
	PRIMARY KEY (day, pharmacy_id, medicine_id)
)ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX ix_agg_daily_price_item ON agg_daily_price (pharmacy_id, medicine_id, day);
-- Days that were counted before are counted again, for the tables that are new.
UPDATE aggregated_day SET changed_at = changed_at - INTERVAL 1 SECOND;
