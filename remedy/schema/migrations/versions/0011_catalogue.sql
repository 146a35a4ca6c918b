-- A real catalogue: where pharmacies come from, who works there and in which role. Frozen once released; docs/sql.md says what is allowed.
ALTER TABLE pharmacy DROP COLUMN opening_hours;

ALTER TABLE pharmacy ADD COLUMN source VARCHAR(40);

ALTER TABLE pharmacy ADD COLUMN source_key VARCHAR(80);

ALTER TABLE pharmacy ADD COLUMN source_as_of VARCHAR(10);

ALTER TABLE pharmacy ADD COLUMN suspended_at DATETIME(6);

ALTER TABLE pharmacy ADD COLUMN suspended_reason VARCHAR(500);

ALTER TABLE pharmacy ADD CONSTRAINT uq_pharmacy_source UNIQUE (source, source_key);

CREATE TABLE pharmacy_licence_change (
	id BIGINT NOT NULL AUTO_INCREMENT,
	pharmacy_id BIGINT NOT NULL,
	became VARCHAR(12) NOT NULL,
	reason VARCHAR(500) NOT NULL,
	decided_by BIGINT NOT NULL,
	decided_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT fk_pharmacy_licence_change_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_pharmacy_licence_change_decided_by FOREIGN KEY(decided_by) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE account ADD COLUMN is_owner BOOL NOT NULL DEFAULT false;

ALTER TABLE invitation ADD COLUMN is_owner BOOL NOT NULL DEFAULT false;

UPDATE account SET is_owner = true WHERE role = 'pharmacist';

UPDATE invitation SET is_owner = true WHERE role = 'pharmacist';

CREATE TABLE licence_mail (
	change_id BIGINT NOT NULL,
	patient_id BIGINT NOT NULL,
	told_at DATETIME(6),
	PRIMARY KEY (change_id, patient_id),
	CONSTRAINT fk_licence_mail_change_id FOREIGN KEY(change_id) REFERENCES pharmacy_licence_change (id),
	CONSTRAINT fk_licence_mail_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_licence_mail_told_at ON licence_mail (told_at, change_id);
