"""A large audit log on PostgreSQL: pages by each filter, an export, and what writers notice of retention."""

import base64
import json
import threading
import time
import urllib.parse
import uuid
from datetime import UTC, datetime
from typing import Any

from scale.events import event
from scale.figures import show, times
from scale.site import Site
from support.gate import ROOT

# Microseconds between two calls.
STEP = 6_000_000
ROUNDS = 5
PIECE_BYTES = 1 << 20
LISTS = {"operations": "operation", "record_ids": "record_id"}
# The three oldest rows hold values that no other row has, so that a filter by them has to find these among all.
FILL = """
INSERT INTO audit (position, gate_id, id, kind, count, at, decision_id, request_id, key_id, user_id, client_ip, user_agent,
    session, road, database, model, method, operations, record_ids, outcome, none_answer, reason, fault_code, gate_us,
    odoo_us, request_bytes, response_bytes)
SELECT n, 'gate-' || n % 3 || rare, 'b-' || n, 'call', CASE rare WHEN '' THEN 1 ELSE 7 END, {begin} + n * {STEP}, 'd-' || n,
    'r-' || n, 'key-' || n % 400 || rare, 'user-' || n % 200 || rare, '10.0.' || n % 200 || '.' || n % 7 || rare,
    'agent/' || n % 40 || rare, 'session-' || n / 300 || rare, '/xmlrpc/2/mcp' || rare, 'odoo' || rare,
    'model.' || n % 120 || rare, 'method_' || n % 45 || rare,
    CASE WHEN rare <> '' THEN '["delete"]' WHEN n % 20 = 0 THEN '["write"]' ELSE '["read"]' END,
    CASE rare WHEN '' THEN '[' || n % 30000 || ',' || 30000 + n % 70000 || ']' ELSE '[999999]' END,
    CASE WHEN rare <> '' THEN 'unknown' WHEN n % 100 = 0 THEN 'denied' ELSE 'allowed' END,
    CASE rare WHEN '' THEN 0 ELSE 1 END, CASE WHEN rare <> '' THEN 'ip_denied' WHEN n % 100 = 0 THEN 'scope_denied' END,
    CASE WHEN rare <> '' THEN 999 WHEN n % 100 = 0 THEN 403 END, CASE rare WHEN '' THEN 50 + n % 400 ELSE 7 END,
    CASE rare WHEN '' THEN 1000 + n * 7919 % 900000 ELSE 7 END, CASE rare WHEN '' THEN 300 + n % 2000 ELSE 7 END,
    CASE rare WHEN '' THEN 200 + n * 104729 % 60000 ELSE 7 END
FROM (SELECT n, CASE WHEN n < 4 THEN '-rare' ELSE '' END AS rare FROM generate_series(1::bigint, {rows}) AS n) AS numbers;
INSERT INTO audit_record_ids (position, record_id, at)
SELECT n, CASE WHEN n < 4 THEN 999999 ELSE n % 30000 END, {begin} + n * {STEP} FROM generate_series(1::bigint, {rows}) AS n
UNION ALL
SELECT n, 30000 + n % 70000, {begin} + n * {STEP} FROM generate_series(4::bigint, {rows}) AS n;
UPDATE audit_chain SET positions = {rows};
"""


def measure(site: Site, rows: int) -> None:
    _fill(site, rows)
    # The control plane has closed the one that was silent meanwhile.
    site.api = site.administrator()
    _pages(site, rows)
    _counts(site, rows)
    _export(site)
    _retention(site, rows)


def _fill(site: Site, rows: int) -> None:
    """Straight into the tables, as years of calls would have: without links of the chain, which no page reads."""
    began = time.monotonic()
    sql = lambda text: site.postgres.sql(text, "lictor")  # noqa: E731
    of_tables = "tablename IN ('audit', 'audit_record_ids')"
    indices = sql(
        f"SELECT indexname || '|' || indexdef FROM pg_indexes WHERE {of_tables} AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint)"
    ).splitlines()
    for name, _ in (line.split("|", 1) for line in indices):
        sql(f"DROP INDEX {name}")
    sql(FILL.format(begin=_begin(rows), rows=rows, STEP=STEP))
    for _, definition in (line.split("|", 1) for line in indices):
        sql(f"SET maintenance_work_mem = '1GB'; {definition}")
    sql("VACUUM ANALYZE")
    sizes = sql("SELECT pg_size_pretty(pg_table_size('audit')), pg_size_pretty(pg_indexes_size('audit'))")
    print(f"  {rows} rows made in {time.monotonic() - began:.0f} s; the table and its indices have {sizes}", flush=True)


def _begin(rows: int) -> int:
    """The log ends today, so that retention has something to keep."""
    day = 24 * 3600 * 1_000_000
    return time.time_ns() // 1000 // day * day - rows * STEP


def _pages(site: Site, rows: int) -> None:
    list_of = lambda query: site.api.json("GET", f"audit?limit=50{query}")  # noqa: E731
    # Behind the middle of the log, whatever the first page has.
    place = json.dumps([_begin(rows) + rows // 2 * STEP, "b", "g"]).encode()
    deep = "&cursor=" + base64.urlsafe_b64encode(place).decode().rstrip("=")
    [rare] = list_of("&decision_id=d-2")["items"]
    [usual] = list_of(f"&decision_id=d-{rows // 400 * 300}")["items"]
    slowest: list[tuple[float, str]] = []
    ranges = ["", f"&from={rare['at']}&to={usual['at']}"]
    for query in [""] + [query for record in (rare, usual) for query in _filters(record)]:
        for within in ranges:
            first = list_of(query + within)
            pages = [query + within]
            if first["next_cursor"]:
                pages.append(query + within + deep)
            for page in pages:
                slowest.append((sorted(times(ROUNDS, lambda _, page=page: list_of(page)))[ROUNDS // 2], page))
    slowest.sort(reverse=True)
    print(f"  {len(slowest)} filtered pages; the slowest, each the median of {ROUNDS}:")
    for took, page in slowest[:12]:
        print(f"    {took:8.1f} ms  {page.replace(deep, ' deep')}")
    show("filtered pages", [took for took, _ in slowest])


def _filters(record: dict[str, Any]) -> list[str]:
    """One for each field of a record."""
    values = {LISTS.get(name, name): value[0] if name in LISTS else value for name, value in record.items() if value != []}
    text = lambda value: str(value).lower() if isinstance(value, bool) else urllib.parse.quote(str(value))  # noqa: E731
    return [f"&{name}={text(value)}" for name, value in values.items() if value is not None and name != "at"]


def _counts(site: Site, rows: int) -> None:
    """What the migration does for records that are there, and calls over time."""
    began = time.monotonic()
    migration = (ROOT / "control-plane/migrations/0015_audit_counts.sql").read_text()
    site.postgres.sql("INSERT INTO" + migration.partition("INSERT INTO")[2], "lictor")
    counts = site.postgres.sql("SELECT count(*), pg_size_pretty(pg_total_relation_size('audit_counts')) FROM audit_counts", "lictor")
    print(f"  records counted in {time.monotonic() - began:.0f} s: counts|size {counts}", flush=True)
    begin = datetime.fromtimestamp(_begin(rows) / 1_000_000, UTC).strftime("%Y-%m-%d")
    for query in [
        f"counts?from={begin}", f"counts?from={begin}&by=key", f"counts?from={begin}&by=model&outcome=denied", "counts?by=model",
        f"counts?from={begin}&by=model&key_id=key-7", f"facets?field=key&from={begin}", "facets?field=model&q=7",
    ]:  # fmt: skip
        show(query, times(ROUNDS, lambda _, query=query: site.api.send("GET", f"audit/{query}")))


def _export(site: Site) -> None:
    before, began = site.resident_kib(), time.monotonic()
    most, size = before, 0
    answer = site.api.open("GET", "audit/export?format=csv")
    while piece := answer.read(PIECE_BYTES):
        size += len(piece)
        most = max(most, site.resident_kib())
    took = time.monotonic() - began
    print(f"  export: {size >> 20} MiB of CSV in {took:.0f} s; {before} KiB in memory before, {most} KiB at most", flush=True)


def _retention(site: Site, rows: int) -> None:
    """Half of the rows are deleted as long as a run of the job lasts, while a gate sends its events."""
    user = site.user()
    key = site.api.json("POST", "keys", {"name": "agent", "user_id": user["id"]})["id"]
    days = max(1, rows * STEP // 2 // (24 * 3600 * 1_000_000))
    site.api.json("PATCH", "settings", {"audit": {"retention_days": days}})
    gate, boot, sequence, waits = site.gate(), str(uuid.uuid4()), 0, []
    count = lambda: int(site.postgres.sql("SELECT count(*) FROM audit", "lictor"))  # noqa: E731
    before, began = count(), time.monotonic()
    run = site.administrator()
    started = threading.Thread(target=lambda: run.send("POST", "jobs/audit_cleanup/run", b"{}"))
    started.start()
    while started.is_alive() or site.api.json("GET", "jobs/audit_cleanup")["running"]:
        batch = b",".join(event([key], user["id"], sequence + n) for n in range(40))
        sequence += 40
        body = b'{"version":2,"boot":"%s","events":[%s]}' % (boot.encode(), batch)
        waits += times(1, lambda _, body=body: gate.send("POST", "events", body))
    took = time.monotonic() - began
    print(f"  retention: {before + sequence - count()} rows deleted in {took:.0f} s")
    show("a batch of 40 is acknowledged meanwhile", waits)
