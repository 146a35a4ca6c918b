-- What the search index has taken in. Frozen once released; docs/sql.md says what is allowed.

-- One row. changed_seq is raised in every transaction that changes a medicine; public_id says which catalogue it is:
-- an index of another is not believed, and a new one has every index made anew.
CREATE TABLE catalogue_state (
	id SMALLINT NOT NULL,
	public_id BINARY(16) NOT NULL,
	changed_seq BIGINT NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO catalogue_state (id, public_id, changed_seq) VALUES (1, UNHEX(REPLACE(UUID(), '-', '')), 1);

-- The catalogue's counter at a medicine's last change; what is there already changed at 1.
ALTER TABLE medicine ADD COLUMN changed_seq BIGINT NOT NULL DEFAULT 1;

CREATE INDEX ix_medicine_changed ON medicine (changed_seq, id);
