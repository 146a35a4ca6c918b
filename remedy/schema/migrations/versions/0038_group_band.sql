-- How wide the band of several items together is (models/group_band.py). NULL: trained before, nothing is known of it.
-- Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE model_run
	ADD COLUMN shared_error DOUBLE,
	ADD COLUMN group_inside DOUBLE;
