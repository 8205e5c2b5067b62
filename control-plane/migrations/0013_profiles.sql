-- Profiles: named sets of permissions, of which keys name some. `default` is that of keys that name none; it has no row here.
CREATE TABLE profiles (
    name TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    changed BIGINT NOT NULL,
    proof TEXT
);

-- The names of a key's profiles, as a list of texts.
ALTER TABLE keys ADD COLUMN profiles TEXT;

-- A permission belongs to a profile. Made anew, as a primary key cannot be changed; the proofs stay good (store/proof/tables.rs).
CREATE TABLE permissions_of_profiles (
    profile TEXT NOT NULL,
    model TEXT NOT NULL,
    operations TEXT NOT NULL,
    groups TEXT NOT NULL,
    fields TEXT,
    calls TEXT,
    paths TEXT,
    nested_writes TEXT NOT NULL,
    context TEXT,
    cross_model_reads BIGINT NOT NULL,
    methods TEXT NOT NULL,
    changed BIGINT NOT NULL,
    proof TEXT,
    PRIMARY KEY (profile, model)
);
INSERT INTO permissions_of_profiles
    SELECT 'default', model, operations, groups, fields, calls, paths, nested_writes, context, cross_model_reads, methods, changed, proof
    FROM permissions;
DROP TABLE permissions;
ALTER TABLE permissions_of_profiles RENAME TO permissions;
