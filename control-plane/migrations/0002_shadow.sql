-- Why a call that was forwarded would have been refused, if the stage were not in shadow.
ALTER TABLE audit ADD COLUMN would_deny TEXT;
CREATE INDEX audit_would_deny ON audit (would_deny, at) WHERE would_deny IS NOT NULL;
CREATE INDEX audit_shadowed ON audit (at, id, gate_id) WHERE would_deny IS NOT NULL;
