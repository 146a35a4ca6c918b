-- Views without names: what the dashboards and the pipeline may know of the live tables.

CREATE VIEW session_role AS
SELECT s.token_sha256, a.role, LEAST(s.expires_at, s.last_seen_at + INTERVAL 30 MINUTE) AS expires_at
FROM session s JOIN account a ON a.id = s.account_id
WHERE s.ended_at IS NULL AND a.is_active;

CREATE VIEW place_zone AS
SELECT public_id, 'pharmacy' AS kind, time_zone FROM pharmacy
UNION ALL
SELECT public_id, 'hospital' AS kind, time_zone FROM hospital;

CREATE VIEW known_medicine AS
SELECT public_id, kind, generic_name, brand_name, strength, form, pack, atc_code FROM medicine;

CREATE VIEW known_pharmacy AS
SELECT public_id, name, district, time_zone, (verified_at IS NOT NULL) AS is_verified FROM pharmacy;

CREATE VIEW known_doctor AS
SELECT d.public_id, h.public_id AS hospital_id, d.name, d.speciality, d.is_active
FROM doctor d JOIN hospital h ON h.id = d.hospital_id;

CREATE VIEW stock_now AS
SELECT p.public_id AS pharmacy_id, m.public_id AS medicine_id, i.public_id AS stock_item_id,
       i.price_minor, i.changed_at, i.count_wanted_at,
       COALESCE(SUM(CASE WHEN l.recalled_at IS NULL AND (l.expires_on IS NULL OR l.expires_on > CURRENT_DATE)
                         THEN l.quantity_milli ELSE 0 END), 0) AS stock_milli
FROM stock_item i
JOIN pharmacy p ON p.id = i.pharmacy_id
JOIN medicine m ON m.id = i.medicine_id
LEFT JOIN stock_lot l ON l.stock_item_id = i.id
GROUP BY i.id, p.public_id, m.public_id, i.public_id, i.price_minor, i.changed_at, i.count_wanted_at;

CREATE VIEW request_state AS
SELECT a.public_id, d.public_id AS doctor_id, d.speciality, h.public_id AS hospital_id, h.time_zone,
       a.state, a.urgency, a.starts_at, a.ends_at, a.requested_at, a.lapses_at, a.decided_at
FROM appointment a JOIN doctor d ON d.id = a.doctor_id JOIN hospital h ON h.id = d.hospital_id;

CREATE VIEW outbox_backlog AS
SELECT aggregatetype AS topic, COUNT(*) AS waiting, MIN(recorded_at) AS oldest_at
FROM outbox WHERE published_at IS NULL GROUP BY aggregatetype;
