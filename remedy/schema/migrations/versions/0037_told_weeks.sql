-- The forecast's error of a pharmacy is of what was really told (models/told_weeks.py).
-- Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE out_pharmacy_item
	ADD COLUMN told_weeks SMALLINT NOT NULL DEFAULT 0,
	ADD COLUMN came_milli BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN off_milli BIGINT NOT NULL DEFAULT 0;

ALTER TABLE out_pharmacy_figure ADD COLUMN told_from DATE;

-- Worked out in another way than the rows behind it are now; the next night makes it anew.
DELETE FROM out_pharmacy_figure WHERE figure = 'forecast_error';
