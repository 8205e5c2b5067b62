-- What each row of the policy proves itself with (store/proof), made at the first start with this version. A later column of
-- one of these tables begins as NULL: proofs cover what columns hold.
ALTER TABLE settings ADD COLUMN proof TEXT;
ALTER TABLE users ADD COLUMN proof TEXT;
ALTER TABLE keys ADD COLUMN proof TEXT;
ALTER TABLE permissions ADD COLUMN proof TEXT;
ALTER TABLE pauses ADD COLUMN proof TEXT;
ALTER TABLE terminations ADD COLUMN proof TEXT;
ALTER TABLE accounts ADD COLUMN proof TEXT;
ALTER TABLE tokens ADD COLUMN proof TEXT;
ALTER TABLE gates ADD COLUMN proof TEXT;
ALTER TABLE jobs ADD COLUMN proof TEXT;
ALTER TABLE webhooks ADD COLUMN proof TEXT;
ALTER TABLE links ADD COLUMN proof TEXT;
ALTER TABLE outbox ADD COLUMN proof TEXT;
-- The ledger of the proofs, sealed with the master key.
ALTER TABLE meta ADD COLUMN proof TEXT;
-- The chain of the administrators' log: a row's place, the hash over it and all before it, and its signature.
ALTER TABLE admin_audit ADD COLUMN number BIGINT;
ALTER TABLE admin_audit ADD COLUMN hash TEXT;
ALTER TABLE admin_audit ADD COLUMN signature TEXT;
CREATE UNIQUE INDEX admin_audit_number ON admin_audit (number);
