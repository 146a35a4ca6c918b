-- One queue of the mails patients are owed, of all kinds. Frozen once released; docs/sql.md says what is allowed.

-- What is dropped here came after 0.1.0: no released version reads it.
ALTER TABLE mail_owed
	MODIFY COLUMN kind VARCHAR(30) NOT NULL,
	ADD COLUMN about BINARY(16),
	ADD COLUMN patient_public_id BINARY(16),
	ADD COLUMN last_error VARCHAR(200);

UPDATE mail_owed
JOIN appointment ON appointment.id = mail_owed.appointment_id
JOIN patient ON patient.id = appointment.patient_id
SET mail_owed.about = appointment.public_id, mail_owed.patient_public_id = patient.public_id,
    mail_owed.kind = CASE WHEN mail_owed.kind IN ('accepted', 'declined') THEN 'visit_decided' ELSE CONCAT('visit_', mail_owed.kind) END;

UPDATE mail_owed
JOIN pharmacy_order ON pharmacy_order.id = mail_owed.order_id
JOIN patient ON patient.id = pharmacy_order.patient_id
SET mail_owed.about = pharmacy_order.public_id, mail_owed.patient_public_id = patient.public_id,
    mail_owed.kind = CONCAT('order_', mail_owed.kind);

INSERT INTO mail_owed (about, patient_public_id, kind, owed_at, next_at, attempts)
SELECT COALESCE(pharmacy_order.public_id, stock_hold.public_id), patient.public_id,
       CASE WHEN pharmacy_order.id IS NULL THEN 'hold_withdrawn' ELSE 'order_withdrawn' END,
       UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 0
FROM stock_hold
JOIN patient ON patient.id = stock_hold.patient_id
LEFT JOIN pharmacy_order ON pharmacy_order.id = stock_hold.order_id
WHERE stock_hold.state = 'withdrawn' AND stock_hold.told_at IS NULL
ORDER BY stock_hold.id;

INSERT INTO mail_owed (about, patient_public_id, kind, owed_at, next_at, attempts)
SELECT pharmacy.public_id, patient.public_id, CONCAT('pharmacy_', pharmacy_licence_change.became),
       UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 0
FROM licence_mail
JOIN patient ON patient.id = licence_mail.patient_id
JOIN pharmacy_licence_change ON pharmacy_licence_change.id = licence_mail.change_id
JOIN pharmacy ON pharmacy.id = pharmacy_licence_change.pharmacy_id
WHERE licence_mail.told_at IS NULL
ORDER BY licence_mail.change_id, licence_mail.patient_id;

ALTER TABLE mail_owed DROP FOREIGN KEY fk_mail_owed_appointment_id;

ALTER TABLE mail_owed DROP FOREIGN KEY fk_mail_owed_order_id;

ALTER TABLE mail_owed
	DROP COLUMN appointment_id,
	DROP COLUMN order_id,
	MODIFY COLUMN about BINARY(16) NOT NULL,
	MODIFY COLUMN patient_public_id BINARY(16) NOT NULL;

CREATE INDEX ix_mail_owed_about ON mail_owed (about, patient_public_id);

DROP TABLE licence_mail;

-- Holds are looked for by state and by the end of their time; who was told of one is in the queue now.
CREATE INDEX ix_stock_hold_state ON stock_hold (state, expires_at);

ALTER TABLE stock_hold DROP INDEX ix_stock_hold_untold, DROP COLUMN told_at;

-- One row for each mail that was owed: nothing else was ever read.
ALTER TABLE refill_reminder DROP INDEX ix_refill_reminder_told_at, DROP COLUMN told_at;
