-- More of what waits and since when. Frozen once released; docs/sql.md says what is allowed.

CREATE OR REPLACE VIEW queue_age AS
SELECT 'outbox' AS queue, COUNT(*) AS waiting, MIN(recorded_at) AS oldest_at
FROM outbox WHERE published_at IS NULL
UNION ALL
SELECT 'mail_owed' AS queue, COUNT(*) AS waiting, MIN(owed_at) AS oldest_at FROM mail_owed
UNION ALL
SELECT 'file_spool' AS queue, COUNT(*) AS waiting, MIN(s.created_at) AS oldest_at
FROM file_spool s LEFT JOIN file_moved m ON m.file_public_id = s.file_public_id
WHERE m.file_public_id IS NULL
UNION ALL
SELECT 'waiting_offer' AS queue, COUNT(*) AS waiting, MIN(offered_at) AS oldest_at
FROM waiting_offer WHERE state = 'open'
UNION ALL
SELECT 'absence_visit' AS queue, COUNT(*) AS waiting, MIN(a.declared_at) AS oldest_at
FROM absence_visit v JOIN doctor_absence a ON a.id = v.absence_id WHERE v.outcome IS NULL;

-- Reminders of visits that stand, which nobody has sent, given up or found unwanted: what each goes by and when it is due.
CREATE VIEW reminder_owed AS
SELECT o.step, o.due_at, o.starts_at
FROM out_reminder o
JOIN appointment a ON a.public_id = o.appointment_public_id AND a.version = o.version AND a.starts_at = o.starts_at
WHERE a.state = 'accepted' AND NOT EXISTS (
SELECT 1 FROM visit_reminder r
WHERE r.appointment_public_id = o.appointment_public_id AND r.step = o.step
AND ((r.version = o.version AND r.state <> 'waiting') OR (r.state = 'sent' AND r.starts_at = o.starts_at))
);
