-- What accounts need beyond the first tables. Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE account ADD COLUMN is_email_confirmed BOOL NOT NULL DEFAULT TRUE;

ALTER TABLE session ADD COLUMN public_id BINARY(16) NULL, ADD COLUMN device VARCHAR(80) NOT NULL DEFAULT '',
	ADD CONSTRAINT uq_session_public_id UNIQUE (public_id);

CREATE TABLE invitation (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	`role` VARCHAR(16) NOT NULL,
	staff_name VARCHAR(120) NOT NULL,
	staff_email VARCHAR(254) NOT NULL,
	pharmacy_id BIGINT,
	doctor_id BIGINT,
	invited_by BIGINT NOT NULL,
	created_at DATETIME(6) NOT NULL,
	expires_at DATETIME(6) NOT NULL,
	accepted_at DATETIME(6),
	withdrawn_at DATETIME(6),
	PRIMARY KEY (id),
	CONSTRAINT uq_invitation_public_id UNIQUE (public_id),
	CONSTRAINT fk_invitation_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id),
	CONSTRAINT fk_invitation_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctor (id),
	CONSTRAINT fk_invitation_invited_by FOREIGN KEY(invited_by) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE mailed_link (
	token_sha256 BINARY(32) NOT NULL,
	purpose VARCHAR(10) NOT NULL,
	account_id BIGINT,
	invitation_id BIGINT,
	new_email_lookup BINARY(32),
	new_email MEDIUMTEXT,
	expires_at DATETIME(6) NOT NULL,
	used_at DATETIME(6),
	PRIMARY KEY (token_sha256),
	CONSTRAINT fk_mailed_link_account_id FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT fk_mailed_link_invitation_id FOREIGN KEY(invitation_id) REFERENCES invitation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_mailed_link_expires_at ON mailed_link (expires_at);

CREATE TABLE link_request (
	id BIGINT NOT NULL AUTO_INCREMENT,
	email_lookup BINARY(32) NOT NULL,
	address VARCHAR(64) NOT NULL,
	asked_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_link_request_lookup ON link_request (email_lookup, asked_at);

CREATE INDEX ix_link_request_address ON link_request (address, asked_at);

CREATE INDEX ix_link_request_asked_at ON link_request (asked_at);

CREATE TABLE pharmacy_application (
	id BIGINT NOT NULL AUTO_INCREMENT,
	public_id BINARY(16) NOT NULL,
	name VARCHAR(120) NOT NULL,
	address VARCHAR(200) NOT NULL,
	district VARCHAR(60) NOT NULL,
	phone VARCHAR(40) NOT NULL,
	licence VARCHAR(60) NOT NULL,
	latitude DOUBLE NOT NULL,
	longitude DOUBLE NOT NULL,
	pharmacist_name VARCHAR(120) NOT NULL,
	pharmacist_email VARCHAR(254) NOT NULL,
	applied_at DATETIME(6) NOT NULL,
	decided_at DATETIME(6),
	decided_by BIGINT,
	pharmacy_id BIGINT,
	note VARCHAR(500),
	PRIMARY KEY (id),
	CONSTRAINT uq_pharmacy_application_public_id UNIQUE (public_id),
	CONSTRAINT fk_pharmacy_application_decided_by FOREIGN KEY(decided_by) REFERENCES account (id),
	CONSTRAINT fk_pharmacy_application_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
