-- Why a pharmacy cancelled an order is a vault token. Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE pharmacy_order ADD COLUMN reason_sealed MEDIUMTEXT;

-- What was written in clear cannot be sealed here, and must not stay: orders were in no release yet.
ALTER TABLE pharmacy_order DROP COLUMN reason;
