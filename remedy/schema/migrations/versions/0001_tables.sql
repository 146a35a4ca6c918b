-- The first tables, generated once from remedy/schema and frozen here; later changes are later migrations.

CREATE TABLE agg_daily_demand (
	day DATE NOT NULL,
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	sold_milli BIGINT NOT NULL,
	uncovered_milli BIGINT NOT NULL,
	refused_milli BIGINT NOT NULL,
	received_milli BIGINT NOT NULL,
	sale_count BIGINT NOT NULL,
	refusal_count BIGINT NOT NULL,
	PRIMARY KEY (day, pharmacy_id, medicine_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_agg_daily_demand_item ON agg_daily_demand (pharmacy_id, medicine_id, day);

CREATE TABLE agg_daily_search (
	day DATE NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	search_count BIGINT NOT NULL,
	found_count BIGINT NOT NULL,
	PRIMARY KEY (day, medicine_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE agg_daily_unmet_demand (
	day DATE NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	district VARCHAR(60) NOT NULL,
	query VARCHAR(100) NOT NULL,
	search_count BIGINT NOT NULL,
	searcher_count BIGINT NOT NULL,
	PRIMARY KEY (day, medicine_id, district, query)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE aggregated_day (
	kind VARCHAR(40) NOT NULL,
	day DATE NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	landed_rows BIGINT NOT NULL,
	counted_rows BIGINT NOT NULL,
	quarantined_rows BIGINT NOT NULL,
	run_id VARCHAR(120) NOT NULL,
	application_id VARCHAR(60) NOT NULL,
	aggregated_at DATETIME(6) NOT NULL,
	is_open BOOL NOT NULL,
	PRIMARY KEY (kind, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE hospital (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	name VARCHAR(120) NOT NULL,
	address VARCHAR(200) NOT NULL,
	phone VARCHAR(40),
	latitude DOUBLE NOT NULL,
	longitude DOUBLE NOT NULL,
	time_zone VARCHAR(40) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_hospital_public_id UNIQUE (public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE kept_answer (
	scope VARCHAR(64) NOT NULL,
	route VARCHAR(120) NOT NULL,
	key_sha256 BINARY(32) NOT NULL,
	body_sha256 BINARY(32) NOT NULL,
	status SMALLINT,
	answer MEDIUMTEXT,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (scope, route, key_sha256)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_kept_answer_created_at ON kept_answer (created_at);

CREATE TABLE landed_day (
	kind VARCHAR(40) NOT NULL,
	day DATE NOT NULL,
	landed_rows BIGINT NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (kind, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE landing_dead_letter (
	id BIGINT NOT NULL AUTO_INCREMENT,
	topic VARCHAR(40) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	reason VARCHAR(300) NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	told_at DATETIME(6),
	replayed_at DATETIME(6),
	PRIMARY KEY (id),
	CONSTRAINT uq_landing_dead_letter_place UNIQUE (topic, partition_no, record_offset)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE landing_file (
	id BIGINT NOT NULL AUTO_INCREMENT,
	topic VARCHAR(40) NOT NULL,
	partition_no INTEGER NOT NULL,
	first_offset BIGINT NOT NULL,
	next_offset BIGINT NOT NULL,
	landed_on DATE NOT NULL,
	path VARCHAR(255) NOT NULL,
	state VARCHAR(10) NOT NULL,
	row_count BIGINT NOT NULL,
	byte_count BIGINT,
	sha256 BINARY(32),
	planned_at DATETIME(6) NOT NULL,
	ready_at DATETIME(6),
	checked_at DATETIME(6),
	is_compacted BOOL NOT NULL DEFAULT 0,
	PRIMARY KEY (id),
	CONSTRAINT uq_landing_file_range UNIQUE (topic, partition_no, first_offset, is_compacted)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_landing_file_state ON landing_file (state, topic, landed_on);

CREATE TABLE landing_position (
	topic VARCHAR(40) NOT NULL,
	partition_no INTEGER NOT NULL,
	next_offset BIGINT NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (topic, partition_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE medicine (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	kind VARCHAR(10) NOT NULL,
	generic_name VARCHAR(300) NOT NULL,
	brand_name VARCHAR(120),
	strength VARCHAR(120),
	form VARCHAR(60),
	pack VARCHAR(60),
	atc_code VARCHAR(10),
	is_prescription_only BOOL NOT NULL,
	is_controlled BOOL NOT NULL,
	source VARCHAR(40),
	source_key VARCHAR(80),
	reference_price_minor BIGINT,
	reference_currency CHAR(3),
	doubts MEDIUMTEXT,
	PRIMARY KEY (id),
	CONSTRAINT uq_medicine_source UNIQUE (source, source_key),
	CONSTRAINT uq_medicine_public_id UNIQUE (public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE model_run (
	id BIGINT NOT NULL AUTO_INCREMENT,
	model VARCHAR(40) NOT NULL,
	version VARCHAR(60) NOT NULL,
	trained_at DATETIME(6) NOT NULL,
	data_until DATE NOT NULL,
	series_count BIGINT NOT NULL,
	relative_error DOUBLE,
	total_error_milli DOUBLE,
	origin_count BIGINT NOT NULL,
	path VARCHAR(255) NOT NULL,
	sha256 BINARY(32) NOT NULL,
	card MEDIUMTEXT NOT NULL,
	champion_of VARCHAR(40),
	PRIMARY KEY (id),
	CONSTRAINT uq_model_run_version UNIQUE (version),
	CONSTRAINT uq_model_run_champion_of UNIQUE (champion_of)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_stock_cover (
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	stock_milli BIGINT NOT NULL,
	days_of_cover DOUBLE,
	demand_28_milli BIGINT NOT NULL,
	demand_28_low_milli BIGINT NOT NULL,
	demand_28_high_milli BIGINT NOT NULL,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, medicine_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_stock_forecast (
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	day DATE NOT NULL,
	expected_milli BIGINT NOT NULL,
	low_milli BIGINT NOT NULL,
	high_milli BIGINT NOT NULL,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, medicine_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE outbox (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	aggregatetype VARCHAR(40) NOT NULL,
	aggregateid VARCHAR(64),
	type VARCHAR(80) NOT NULL,
	payload MEDIUMTEXT NOT NULL,
	occurred_at DATETIME(6) NOT NULL,
	recorded_at DATETIME(6) NOT NULL,
	published_at DATETIME(6),
	PRIMARY KEY (id),
	CONSTRAINT uq_outbox_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_outbox_published_at ON outbox (published_at, id);

CREATE TABLE patient (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	name_sealed MEDIUMTEXT NOT NULL,
	email_sealed MEDIUMTEXT NOT NULL,
	phone_sealed MEDIUMTEXT,
	birth_date_sealed MEDIUMTEXT,
	address_sealed MEDIUMTEXT,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_patient_public_id UNIQUE (public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE patient_key (
	patient_public_id BINARY(16) NOT NULL,
	wrapped_key VARBINARY(128),
	created_at DATETIME(6) NOT NULL,
	erased_at DATETIME(6),
	PRIMARY KEY (patient_public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pharmacy (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	name VARCHAR(120) NOT NULL,
	address VARCHAR(200) NOT NULL,
	district VARCHAR(60) NOT NULL,
	phone VARCHAR(40),
	licence VARCHAR(60) NOT NULL,
	verified_at DATETIME(6),
	latitude DOUBLE NOT NULL,
	longitude DOUBLE NOT NULL,
	opening_hours VARCHAR(200),
	time_zone VARCHAR(40) NOT NULL,
	pharmacy_seq BIGINT NOT NULL DEFAULT '0',
	PRIMARY KEY (id),
	CONSTRAINT uq_pharmacy_public_id UNIQUE (public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE quality_result (
	id BIGINT NOT NULL AUTO_INCREMENT,
	run_id VARCHAR(120) NOT NULL,
	topic VARCHAR(40) NOT NULL,
	expectation VARCHAR(120) NOT NULL,
	severity VARCHAR(10) NOT NULL,
	has_passed BOOL NOT NULL,
	checked_rows BIGINT NOT NULL,
	failed_rows BIGINT NOT NULL,
	checked_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_quality_result_checked_at ON quality_result (checked_at);

CREATE TABLE quarantine (
	event_id BINARY(16) NOT NULL,
	topic VARCHAR(40) NOT NULL,
	day DATE NOT NULL,
	expectation VARCHAR(120) NOT NULL,
	quarantined_at DATETIME(6) NOT NULL,
	released_at DATETIME(6),
	PRIMARY KEY (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_quarantine_day ON quarantine (topic, day);

CREATE TABLE raw_appointments (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_appointments_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_appointments_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_appointments_day ON raw_appointments (day);

CREATE INDEX ix_raw_appointments_event_at ON raw_appointments (event_at);

CREATE TABLE raw_consultations (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_consultations_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_consultations_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_consultations_day ON raw_consultations (day);

CREATE INDEX ix_raw_consultations_event_at ON raw_consultations (event_at);

CREATE TABLE raw_demand_alerts (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_demand_alerts_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_demand_alerts_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_demand_alerts_day ON raw_demand_alerts (day);

CREATE INDEX ix_raw_demand_alerts_event_at ON raw_demand_alerts (event_at);

CREATE TABLE raw_medicine_searches (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_medicine_searches_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_medicine_searches_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_medicine_searches_day ON raw_medicine_searches (day);

CREATE INDEX ix_raw_medicine_searches_event_at ON raw_medicine_searches (event_at);

CREATE TABLE raw_orders (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_orders_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_orders_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_orders_day ON raw_orders (day);

CREATE INDEX ix_raw_orders_event_at ON raw_orders (event_at);

CREATE TABLE raw_prescriptions (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_prescriptions_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_prescriptions_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_prescriptions_day ON raw_prescriptions (day);

CREATE INDEX ix_raw_prescriptions_event_at ON raw_prescriptions (event_at);

CREATE TABLE raw_reports (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_reports_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_reports_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_reports_day ON raw_reports (day);

CREATE INDEX ix_raw_reports_event_at ON raw_reports (event_at);

CREATE TABLE raw_stock_movements (
	id BIGINT NOT NULL AUTO_INCREMENT,
	event_id BINARY(16) NOT NULL,
	type VARCHAR(80) NOT NULL,
	partition_no INTEGER NOT NULL,
	record_offset BIGINT NOT NULL,
	event_at DATETIME(6) NOT NULL,
	day DATE NOT NULL,
	landed_at DATETIME(6) NOT NULL,
	event MEDIUMTEXT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_raw_stock_movements_place UNIQUE (partition_no, record_offset),
	CONSTRAINT uq_raw_stock_movements_event_id UNIQUE (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_raw_stock_movements_day ON raw_stock_movements (day);

CREATE INDEX ix_raw_stock_movements_event_at ON raw_stock_movements (event_at);

CREATE TABLE sign_in_failure (
	id BIGINT NOT NULL AUTO_INCREMENT,
	email_lookup BINARY(32) NOT NULL,
	address VARCHAR(64) NOT NULL,
	failed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_sign_in_failure_address ON sign_in_failure (address, failed_at);

CREATE INDEX ix_sign_in_failure_lookup ON sign_in_failure (email_lookup, address, failed_at);

CREATE TABLE api_key (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	key_sha256 BINARY(32) NOT NULL,
	label VARCHAR(80) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	revoked_at DATETIME(6),
	PRIMARY KEY (id),
	CONSTRAINT uq_api_key_public_id UNIQUE (public_id),
	CONSTRAINT fk_api_key_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT uq_api_key_key_sha256 UNIQUE (key_sha256)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE doctor (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	hospital_id BIGINT NOT NULL,
	name VARCHAR(120) NOT NULL,
	speciality VARCHAR(60) NOT NULL,
	visit_minutes SMALLINT NOT NULL,
	is_active BOOL NOT NULL,
	doctor_seq BIGINT NOT NULL DEFAULT '0',
	PRIMARY KEY (id),
	CONSTRAINT uq_doctor_public_id UNIQUE (public_id),
	CONSTRAINT fk_doctor_hospital_id FOREIGN KEY(hospital_id) REFERENCES hospital (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE landing_file_day (
	file_id BIGINT NOT NULL,
	day DATE NOT NULL,
	row_count BIGINT NOT NULL,
	PRIMARY KEY (file_id, day),
	CONSTRAINT fk_landing_file_day_file_id FOREIGN KEY(file_id) REFERENCES landing_file (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_landing_file_day_day ON landing_file_day (day);

CREATE TABLE medicine_word (
	word VARCHAR(80) NOT NULL,
	medicine_id BIGINT NOT NULL,
	PRIMARY KEY (word, medicine_id),
	CONSTRAINT fk_medicine_word_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE model_error (
	model_run_id BIGINT NOT NULL,
	method VARCHAR(40) NOT NULL,
	origin_on DATE NOT NULL,
	series_count BIGINT NOT NULL,
	total_error_milli DOUBLE NOT NULL,
	total_actual_milli DOUBLE NOT NULL,
	PRIMARY KEY (model_run_id, method, origin_on),
	CONSTRAINT fk_model_error_model_run_id FOREIGN KEY(model_run_id) REFERENCES model_run (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE stock_item (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	price_minor BIGINT,
	version BIGINT NOT NULL DEFAULT '0',
	count_wanted_at DATETIME(6),
	counted_at DATETIME(6),
	changed_seq BIGINT NOT NULL DEFAULT '0',
	changed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_stock_item UNIQUE (pharmacy_id, medicine_id),
	CONSTRAINT uq_stock_item_public_id UNIQUE (public_id),
	CONSTRAINT fk_stock_item_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_stock_item_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_stock_item_changed ON stock_item (pharmacy_id, changed_seq);

CREATE TABLE account (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	`role` VARCHAR(16) NOT NULL,
	email_lookup BINARY(32) NOT NULL,
	password_hash VARCHAR(200) NOT NULL,
	staff_name VARCHAR(120),
	staff_email VARCHAR(254),
	patient_id BIGINT,
	pharmacy_id BIGINT,
	doctor_id BIGINT,
	is_active BOOL NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_account_public_id UNIQUE (public_id),
	CONSTRAINT uq_account_email_lookup UNIQUE (email_lookup),
	CONSTRAINT fk_account_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
	CONSTRAINT fk_account_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_account_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE appointment (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	doctor_id BIGINT NOT NULL,
	patient_id BIGINT NOT NULL,
	state VARCHAR(10) NOT NULL,
	urgency VARCHAR(10) NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	ends_at DATETIME(6) NOT NULL,
	symptoms_sealed MEDIUMTEXT NOT NULL,
	note_sealed MEDIUMTEXT,
	version BIGINT NOT NULL,
	requested_at DATETIME(6) NOT NULL,
	lapses_at DATETIME(6) NOT NULL,
	decided_at DATETIME(6),
	decided_by BINARY(16),
	PRIMARY KEY (id),
	CONSTRAINT uq_appointment_public_id UNIQUE (public_id),
	CONSTRAINT fk_appointment_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id),
	CONSTRAINT fk_appointment_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_appointment_state ON appointment (state, requested_at);

CREATE TABLE doctor_hours (
	id BIGINT NOT NULL AUTO_INCREMENT,
	doctor_id BIGINT NOT NULL,
	weekday SMALLINT NOT NULL,
	starts TIME NOT NULL,
	ends TIME NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_doctor_hours_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE doctor_leave (
	id BIGINT NOT NULL AUTO_INCREMENT,
	doctor_id BIGINT NOT NULL,
	starts_at DATETIME(6) NOT NULL,
	ends_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_doctor_leave_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE stock_hold (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	stock_item_id BIGINT NOT NULL,
	patient_id BIGINT,
	quantity_milli BIGINT NOT NULL,
	state VARCHAR(10) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	expires_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT ck_stock_hold_positive CHECK (quantity_milli > 0),
	CONSTRAINT uq_stock_hold_public_id UNIQUE (public_id),
	CONSTRAINT fk_stock_hold_stock_item_id FOREIGN KEY(stock_item_id) REFERENCES stock_item (id),
	CONSTRAINT fk_stock_hold_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_stock_hold_item ON stock_hold (stock_item_id, state, expires_at);

CREATE TABLE stock_lot (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	stock_item_id BIGINT NOT NULL,
	lot_number VARCHAR(60) NOT NULL DEFAULT '',
	expires_on DATE,
	recalled_at DATETIME(6),
	quantity_milli BIGINT NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_stock_lot UNIQUE (stock_item_id, lot_number),
	CONSTRAINT ck_stock_lot_not_negative CHECK (quantity_milli >= 0),
	CONSTRAINT uq_stock_lot_public_id UNIQUE (public_id),
	CONSTRAINT fk_stock_lot_stock_item_id FOREIGN KEY(stock_item_id) REFERENCES stock_item (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE appointment_cell (
	doctor_id BIGINT NOT NULL,
	cell_at DATETIME(6) NOT NULL,
	appointment_id BIGINT NOT NULL,
	PRIMARY KEY (doctor_id, cell_at),
	CONSTRAINT fk_appointment_cell_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id),
	CONSTRAINT fk_appointment_cell_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE session (
	token_sha256 BINARY(32) NOT NULL,
	account_id BIGINT NOT NULL,
	csrf_secret BINARY(32) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	last_seen_at DATETIME(6) NOT NULL,
	expires_at DATETIME(6) NOT NULL,
	ended_at DATETIME(6),
	PRIMARY KEY (token_sha256),
	CONSTRAINT fk_session_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_session_expires_at ON session (expires_at);

CREATE TABLE stock_movement (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	pharmacy_id BIGINT NOT NULL,
	stock_item_id BIGINT NOT NULL,
	pharmacy_seq BIGINT NOT NULL,
	kind VARCHAR(12) NOT NULL,
	quantity_milli BIGINT NOT NULL,
	uncovered_milli BIGINT NOT NULL,
	balance_milli BIGINT NOT NULL,
	line_id VARCHAR(80),
	reason VARCHAR(200),
	reverses_id BIGINT,
	account_id BIGINT,
	occurred_at DATETIME(6) NOT NULL,
	recorded_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_stock_movement_line UNIQUE (pharmacy_id, line_id),
	CONSTRAINT uq_stock_movement_seq UNIQUE (pharmacy_id, pharmacy_seq),
	CONSTRAINT uq_stock_movement_public_id UNIQUE (public_id),
	CONSTRAINT fk_stock_movement_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_stock_movement_stock_item_id FOREIGN KEY(stock_item_id) REFERENCES stock_item (id),
	CONSTRAINT uq_stock_movement_reverses_id UNIQUE (reverses_id),
	CONSTRAINT fk_stock_movement_reverses_id FOREIGN KEY(reverses_id) REFERENCES stock_movement (id),
	CONSTRAINT fk_stock_movement_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_stock_movement_item ON stock_movement (stock_item_id, id);

CREATE TABLE stock_movement_lot (
	movement_id BIGINT NOT NULL,
	lot_id BIGINT NOT NULL,
	delta_milli BIGINT NOT NULL,
	PRIMARY KEY (movement_id, lot_id),
	CONSTRAINT fk_stock_movement_lot_movement_id FOREIGN KEY(movement_id) REFERENCES stock_movement (id),
	CONSTRAINT fk_stock_movement_lot_lot_id FOREIGN KEY(lot_id) REFERENCES stock_lot (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
