-- Days on which a pharmacy was told that an item will run out, and the hours it says it keeps. Frozen once released.

CREATE TABLE stock_alert_day (
	pharmacy_id BINARY(16) NOT NULL,
	medicine_id BINARY(16) NOT NULL,
	day DATE NOT NULL,
	PRIMARY KEY (pharmacy_id, medicine_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_stock_alert_day_day ON stock_alert_day (day);

-- On which weekdays a pharmacy says it opens: what a forecast is closed by.
CREATE VIEW pharmacy_open_hours AS
SELECT p.public_id AS pharmacy_id, h.weekday, h.opens_at, h.closes_at
FROM pharmacy_hours h
JOIN pharmacy p ON p.id = h.pharmacy_id;
