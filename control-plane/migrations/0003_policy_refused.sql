-- 1 if the gate said with its last poll that it could not use the policy that it was sent.
ALTER TABLE gates ADD COLUMN policy_refused BIGINT NOT NULL DEFAULT 0;
