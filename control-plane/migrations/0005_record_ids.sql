-- How many records a call names, where more than are listed may be meant; the digest of all where not all are listed; and
-- the ids that commands in its values name, of records of other models, as `record_ids` has them. `record_ids` lists ids
-- and, where there are many, first and last of runs of them.
ALTER TABLE audit ADD COLUMN record_count BIGINT;
ALTER TABLE audit ADD COLUMN record_digest TEXT;
ALTER TABLE audit ADD COLUMN nested_ids TEXT;

-- A row stands for `size` ids from `record_id` on: 1, or a power of 8 that divides the first. So each id of a long run is
-- found by few equalities, in the order of the list.
ALTER TABLE audit_record_ids ADD COLUMN size BIGINT NOT NULL DEFAULT 1;
CREATE INDEX audit_record_ids_named ON audit_record_ids (record_id, size, at, position);
DROP INDEX audit_record_ids_at;
