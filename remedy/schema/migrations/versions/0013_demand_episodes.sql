-- When demand was last unusual. Frozen once released; docs/sql.md says what is allowed.

-- NULL while it is unusual: an alert lasts over nights and weekends, and ends days after this.
ALTER TABLE demand_alert ADD COLUMN latest_at DATETIME(6);

-- Until now an alert ended after ten calm minutes.
UPDATE demand_alert SET latest_at = ended_at - INTERVAL 10 MINUTE WHERE ended_at IS NOT NULL;
