-- How many calls there were in each hour and in each day of UTC (`size` in seconds, `at` is when it begins), by `field`: `all` of
-- them, or those with a `value` of one. Beyond 500 values of an outcome the rest is counted together, as the value '': clients
-- choose the names in calls that are refused. Not sealed: the log is.
CREATE TABLE audit_counts (
    size BIGINT NOT NULL,
    field TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    value TEXT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (size, field, at, outcome, value)
);

-- The records that are there; hours of the last 35 days only, as retention keeps them.
INSERT INTO audit_counts (size, field, at, outcome, value, calls)
WITH hours (field, at, outcome, value, calls) AS (
    SELECT 'all', at - at % 3600000000, outcome, '', SUM(count) FROM audit GROUP BY 2, 3
    UNION ALL
    SELECT 'key', at - at % 3600000000, outcome, key_id, SUM(count) FROM audit WHERE key_id <> '' GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'model', at - at % 3600000000, outcome, model, SUM(count) FROM audit WHERE model <> '' GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'method', at - at % 3600000000, outcome, method, SUM(count) FROM audit WHERE method <> '' GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'reason', at - at % 3600000000, outcome, reason, SUM(count) FROM audit WHERE reason <> '' GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'gate', at - at % 3600000000, outcome, gate_id, SUM(count) FROM audit GROUP BY 2, 3, 4
),
periods (size, field, at, outcome, value, calls) AS (
    SELECT 3600, field, at, outcome, value, calls FROM hours WHERE at > (SELECT MAX(at) FROM audit) - 3024000000000
    UNION ALL
    SELECT 86400, field, at - at % 86400000000, outcome, value, SUM(calls) FROM hours GROUP BY 2, 3, 4, 5
),
ranked (size, field, at, outcome, value, calls, place) AS (
    SELECT size, field, at, outcome, value, calls,
        ROW_NUMBER() OVER (PARTITION BY size, field, at, outcome ORDER BY calls DESC, value)
    FROM periods
)
SELECT size, field, at, outcome, CASE WHEN place <= 500 THEN value ELSE '' END, SUM(calls)
FROM ranked GROUP BY 1, 2, 3, 4, 5;
