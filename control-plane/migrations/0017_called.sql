-- Models that refused calls named before a permission did, with the paths that the calls took: as JSON, by model.
ALTER TABLE odoo_schema ADD COLUMN called TEXT;
