-- How many requests of one patient may wait at a time, and how many visits be ahead with one doctor. Frozen once
-- released; docs/sql.md says what is allowed.

ALTER TABLE hospital
	ADD COLUMN open_requests SMALLINT NOT NULL DEFAULT 3,
	ADD COLUMN visits_ahead SMALLINT NOT NULL DEFAULT 2;
