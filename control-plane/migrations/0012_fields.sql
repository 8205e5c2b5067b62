-- What a permission opens of a model beyond its operations. `cross_model_reads` opens nothing any more.
ALTER TABLE permissions ADD COLUMN fields TEXT;
ALTER TABLE permissions ADD COLUMN calls TEXT;
ALTER TABLE permissions ADD COLUMN paths TEXT;
ALTER TABLE permissions ADD COLUMN context TEXT;

-- 1 if the user may be an administrator of Odoo. Who is one is looked at anew, soon after the first start.
ALTER TABLE users ADD COLUMN privileged BIGINT;
UPDATE users SET upstream_due_at = 0;

-- All that a refused call lacks, as a list of texts.
ALTER TABLE audit ADD COLUMN lacks TEXT;
