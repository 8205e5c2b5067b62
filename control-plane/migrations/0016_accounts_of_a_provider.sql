-- Accounts of people who sign in at a provider of OpenID Connect: who they are there.
ALTER TABLE accounts ADD COLUMN issuer TEXT;
ALTER TABLE accounts ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX accounts_of_a_provider ON accounts (issuer, subject);
