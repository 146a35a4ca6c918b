-- Who tells: CloudEvents' source, of which a simulated town has its own. Frozen once released; docs/sql.md says what is allowed.
ALTER TABLE outbox ADD COLUMN source VARCHAR(60) NOT NULL DEFAULT '/remedy/portal';
