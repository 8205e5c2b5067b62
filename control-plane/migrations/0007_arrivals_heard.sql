-- When a run of Envoy last reported a number: of a gate's runs only the newest are kept one by one.
ALTER TABLE arrivals ADD COLUMN heard_at BIGINT NOT NULL DEFAULT 0;
