-- The kind of visit that is waited for and offered, why an admin took somebody off the waiting list, and why a visit of an
-- absence could not be settled. Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE absence_visit
	ADD COLUMN problem VARCHAR(200),
	ADD COLUMN problem_at DATETIME(6);

ALTER TABLE waiting_entry
	ADD COLUMN kind_name VARCHAR(60),
	ADD COLUMN minutes SMALLINT,
	ADD COLUMN removed_by BINARY(16),
	ADD COLUMN note_sealed MEDIUMTEXT;

ALTER TABLE waiting_offer
	ADD COLUMN kind_id BIGINT,
	ADD CONSTRAINT fk_waiting_offer_kind_id FOREIGN KEY(kind_id) REFERENCES visit_kind (id);
