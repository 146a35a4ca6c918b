-- What is counted about visits (dags/aggregate_visits.py). Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE agg_daily_imported_visits (
	day DATE NOT NULL,
	neighbourhood VARCHAR(60) NOT NULL,
	visit_count BIGINT NOT NULL,
	missed_count BIGINT NOT NULL,
	doubtful_count BIGINT NOT NULL,
	PRIMARY KEY (day, neighbourhood)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE agg_daily_visits (
	day DATE NOT NULL,
	hospital_id BINARY(16) NOT NULL,
	doctor_id BINARY(16) NOT NULL,
	speciality VARCHAR(60) NOT NULL,
	requested_count BIGINT NOT NULL,
	accepted_count BIGINT NOT NULL,
	declined_count BIGINT NOT NULL,
	proposed_count BIGINT NOT NULL,
	moved_count BIGINT NOT NULL,
	cancelled_by_patient_count BIGINT NOT NULL,
	cancelled_by_hospital_count BIGINT NOT NULL,
	lapsed_count BIGINT NOT NULL,
	attended_count BIGINT NOT NULL,
	missed_count BIGINT NOT NULL,
	PRIMARY KEY (day, hospital_id, doctor_id, speciality)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE agg_daily_waiting (
	day DATE NOT NULL,
	hospital_id BINARY(16) NOT NULL,
	speciality VARCHAR(60) NOT NULL,
	waited_for VARCHAR(10) NOT NULL,
	up_to_minutes BIGINT NOT NULL,
	wait_count BIGINT NOT NULL,
	wait_minutes BIGINT NOT NULL,
	PRIMARY KEY (day, hospital_id, speciality, waited_for, up_to_minutes)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE agg_hourly_offered (
	day DATE NOT NULL,
	hour BIGINT NOT NULL,
	doctor_id BINARY(16) NOT NULL,
	offered_minutes BIGINT NOT NULL,
	measured_at DATETIME(6) NOT NULL,
	PRIMARY KEY (day, hour, doctor_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE agg_hourly_visits (
	day DATE NOT NULL,
	visit_on DATE NOT NULL,
	hour BIGINT NOT NULL,
	hospital_id BINARY(16) NOT NULL,
	doctor_id BINARY(16) NOT NULL,
	speciality VARCHAR(60) NOT NULL,
	booked_count BIGINT NOT NULL,
	booked_minutes BIGINT NOT NULL,
	attended_count BIGINT NOT NULL,
	attended_minutes BIGINT NOT NULL,
	missed_count BIGINT NOT NULL,
	missed_minutes BIGINT NOT NULL,
	PRIMARY KEY (day, visit_on, hour, hospital_id, doctor_id, speciality)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_agg_hourly_visits_visit ON agg_hourly_visits (visit_on, doctor_id);

CREATE TABLE agg_weekly_visit_demand (
	week_on DATE NOT NULL,
	speciality VARCHAR(60) NOT NULL,
	atc_group VARCHAR(3) NOT NULL,
	visit_count BIGINT NOT NULL,
	sold_milli BIGINT NOT NULL,
	sale_count BIGINT NOT NULL,
	PRIMARY KEY (week_on, speciality, atc_group)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
