-- Which medicine a hold is of, as a lot has it since 0012: a stock item's medicine never changes. What is set aside of
-- one medicine is then one stretch of an index. Frozen once released; docs/sql.md says what is allowed.

ALTER TABLE stock_hold ADD COLUMN medicine_id BIGINT;

UPDATE stock_hold JOIN stock_item ON stock_item.id = stock_hold.stock_item_id
SET stock_hold.medicine_id = stock_item.medicine_id;

ALTER TABLE stock_hold MODIFY COLUMN medicine_id BIGINT NOT NULL;

CREATE INDEX ix_stock_hold_medicine ON stock_hold (medicine_id, state, expires_at, stock_item_id, quantity_milli);
