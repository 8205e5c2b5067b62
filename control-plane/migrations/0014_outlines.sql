-- The outline of a call: its arguments as JSON, with blanks in the place of values.
ALTER TABLE audit ADD COLUMN outline TEXT;
