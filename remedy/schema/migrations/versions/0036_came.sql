-- Whether packs of an item came in since (remedy/notices/queries.py), without reading its whole ledger.
-- Frozen once released; docs/sql.md says what is allowed.

CREATE INDEX ix_stock_movement_came ON stock_movement (stock_item_id, kind, recorded_at);
