-- How many filters of this run of the gate have ended without a word, with the requests they had.
ALTER TABLE arrivals ADD COLUMN filters_lost BIGINT NOT NULL DEFAULT 0;
