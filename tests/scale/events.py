"""Audit events as gates send them: so many a second, whatever the control plane's pace."""

import json
import random
import time
import uuid

from scale.figures import show
from scale.site import Site

# What a gate sends at once, at most, and how often it looks for what to send.
MAX_BATCH = 500
TICK_SECONDS = 0.02
KEYS, MODELS, REFUSED_EVERY = 200, 60, 20


def measure(site: Site, rate: int, seconds: int) -> None:
    user = site.user()
    keys = [site.api.json("POST", "keys", {"name": f"agent {n}", "user_id": user["id"]})["id"] for n in range(KEYS)]
    events = [event(keys, user["id"], sequence) for sequence in range(rate * seconds)]
    gate = site.gate()
    boot = str(uuid.uuid4())
    used = site.processor_seconds()
    waits, sizes, sent = [], [], 0
    began = time.perf_counter()
    while sent < len(events):
        due = min(len(events), int((time.perf_counter() - began) * rate))
        batch = events[sent : min(due, sent + MAX_BATCH)]
        if not batch:
            time.sleep(TICK_SECONDS)
            continue
        body = b'{"version":2,"boot":"%s","events":[%s]}' % (boot.encode(), b",".join(batch))
        posted = time.perf_counter()
        gate.send("POST", "events", body)
        waits.append((time.perf_counter() - posted) * 1000)
        sizes.append(len(batch))
        sent += len(batch)
    took = time.perf_counter() - began
    shares = {name: (now - used[name]) / took for name, now in site.processor_seconds().items()}
    print(f"  {sent} events in {took:.1f} s: {sent / took:.0f} a second, in batches of {sent / len(sizes):.0f}")
    print("  processors used: " + ", ".join(f"{name} {share:.2f}" for name, share in shares.items()))
    show("a batch is acknowledged", waits)


def event(keys: list[str], user_id: str, sequence: int) -> bytes:
    """One of a call as agents make them; its time is when it is made."""
    chance = random.Random(sequence)
    key = chance.randrange(len(keys))
    refused = {"outcome": "denied", "reason": "permission_denied", "fault_code": 403}
    event = {
        "sequence": sequence,
        "at": time.time_ns() // 1000,
        "decision_id": f"{chance.getrandbits(64):016x}",
        "request_id": str(uuid.UUID(int=chance.getrandbits(128))),
        "key_id": keys[key],
        "user_id": user_id,
        "client_ip": f"10.0.{key // 100}.{key % 100}",
        "user_agent": f"agent/{key % 20}",
        "session": f"{key:032x}",
        "road": "/xmlrpc/2/mcp",
        "database": "standin",
        "model": f"model.{chance.randrange(MODELS)}",
        "method": "search_read",
        "operations": ["read"],
        "record_ids": [chance.randrange(100_000) for _ in range(4)],
        **(refused if sequence % REFUSED_EVERY == 0 else {"outcome": "allowed"}),
        "gate_us": chance.randrange(50, 500),
        "odoo_us": chance.randrange(3000, 90_000),
        "request_bytes": chance.randrange(300, 2000),
        "response_bytes": chance.randrange(300, 60_000),
    }
    return json.dumps(event, separators=(",", ":")).encode()
