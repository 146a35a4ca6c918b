-- What a pharmacy is advised each day (models/stock_advice.py). Frozen once released; docs/sql.md says what is allowed.

CREATE TABLE out_expiring_lot (
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	lot_number VARCHAR(60) NOT NULL,
	expires_on DATE NOT NULL,
	quantity_milli BIGINT NOT NULL,
	unsold_milli BIGINT NOT NULL,
	unsold_minor BIGINT,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, medicine_id, lot_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_pharmacy_figure (
	pharmacy_id BINARY(16) NOT NULL,
	figure VARCHAR(20) NOT NULL,
	first_on DATE NOT NULL,
	last_on DATE NOT NULL,
	value DOUBLE,
	item_count BIGINT NOT NULL,
	other_count BIGINT NOT NULL,
	town_median DOUBLE,
	usual DOUBLE,
	usual_low DOUBLE,
	usual_high DOUBLE,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, figure)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_pharmacy_item (
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	sold_milli BIGINT NOT NULL,
	refused_milli BIGINT NOT NULL,
	refusal_count BIGINT NOT NULL,
	out_days INTEGER,
	told_milli BIGINT,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, medicine_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_reorder (
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	place INTEGER NOT NULL,
	quantity_milli BIGINT NOT NULL,
	cost_minor BIGINT NOT NULL,
	worth_minor BIGINT NOT NULL,
	lasts_until DATE NOT NULL,
	expected_milli BIGINT NOT NULL,
	position_milli BIGINT NOT NULL,
	runs_out DOUBLE NOT NULL,
	runs_out_after DOUBLE NOT NULL,
	saved_milli BIGINT NOT NULL,
	confidence DOUBLE NOT NULL,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, medicine_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_stock_risk (
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	next_delivery_on DATE NOT NULL,
	delivery_from VARCHAR(10) NOT NULL,
	runs_out DOUBLE NOT NULL,
	short_milli BIGINT NOT NULL,
	cover_low DOUBLE,
	cover_middle DOUBLE,
	cover_high DOUBLE,
	overstock_milli BIGINT NOT NULL,
	expiring_milli BIGINT NOT NULL,
	expiring_minor BIGINT NOT NULL,
	price_minor BIGINT,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (pharmacy_id, medicine_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE out_transfer (
	from_pharmacy_id BINARY(16) NOT NULL,
	to_pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	lot_number VARCHAR(60) NOT NULL,
	expires_on DATE,
	quantity_milli BIGINT NOT NULL,
	distance_km DOUBLE NOT NULL,
	spared_milli BIGINT NOT NULL,
	from_gain_minor BIGINT NOT NULL,
	left_over DOUBLE NOT NULL,
	saved_milli BIGINT NOT NULL,
	to_gain_minor BIGINT NOT NULL,
	runs_out DOUBLE NOT NULL,
	model_version VARCHAR(60) NOT NULL,
	made_at DATETIME(6) NOT NULL,
	PRIMARY KEY (from_pharmacy_id, to_pharmacy_id, medicine_id, lot_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_out_transfer_to ON out_transfer (to_pharmacy_id);

-- Lots that can be sold, without who keeps what for whom: what forecasts are held against.
CREATE VIEW lot_now AS
SELECT p.public_id AS pharmacy_id, m.public_id AS medicine_id, l.lot_number, l.expires_on, l.quantity_milli
FROM stock_lot l
JOIN stock_item i ON i.id = l.stock_item_id
JOIN pharmacy p ON p.id = i.pharmacy_id
JOIN medicine m ON m.id = i.medicine_id
WHERE l.quantity_milli > 0 AND l.recalled_at IS NULL;

-- Where verified pharmacies are: how far packs would have to be brought.
CREATE VIEW pharmacy_place AS
SELECT public_id AS pharmacy_id, latitude, longitude, time_zone FROM pharmacy WHERE verified_at IS NOT NULL;
