-- What search needs beyond the first tables. Frozen once released; docs/sql.md says what is allowed.

-- Monday is 0; times are local. One that closes no later than it opens closes on the next day; a pause is two rows; a closed day has none.
CREATE TABLE pharmacy_hours (
	pharmacy_id BIGINT NOT NULL,
	weekday SMALLINT NOT NULL,
	opens_at TIME NOT NULL,
	closes_at TIME NOT NULL,
	PRIMARY KEY (pharmacy_id, weekday, opens_at),
	CONSTRAINT fk_pharmacy_hours_pharmacy_id FOREIGN KEY(pharmacy_id) REFERENCES pharmacy (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who is to be told when a medicine is to be had again; told_at once that was done.
CREATE TABLE medicine_watch (
	patient_id BIGINT NOT NULL,
	medicine_id BIGINT NOT NULL,
	asked_at DATETIME(6) NOT NULL,
	told_at DATETIME(6),
	PRIMARY KEY (patient_id, medicine_id),
	CONSTRAINT fk_medicine_watch_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
	CONSTRAINT fk_medicine_watch_medicine_id FOREIGN KEY(medicine_id) REFERENCES medicine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX ix_medicine_watch_told_at ON medicine_watch (told_at, medicine_id);

-- The beginnings (4 to 7 letters) of every word of four letters or more, whole and with one letter missing: two
-- words one slip apart share one of these.
CREATE TABLE medicine_word_near (
	near VARCHAR(7) NOT NULL,
	word VARCHAR(80) NOT NULL,
	PRIMARY KEY (near, word)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO medicine_word_near (near, word)
SELECT DISTINCT CONCAT(LEFT(beginning.text, spot.n - 1), SUBSTRING(beginning.text, spot.n + 1)), beginning.word
FROM (
	SELECT DISTINCT medicine_word.word, LEFT(medicine_word.word, length.n) AS text
	FROM medicine_word
	JOIN (SELECT 4 AS n UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7) AS length
	ON length.n <= CHAR_LENGTH(medicine_word.word)
	WHERE medicine_word.word NOT REGEXP '^[0-9]'
) AS beginning
JOIN (
	SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
	UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8
) AS spot
ON spot.n <= CHAR_LENGTH(beginning.text) + 1;
