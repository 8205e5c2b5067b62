"""Whoever has a key and sends what is refused, at full speed, takes nothing from another key: neither a worker of Envoy, nor
places of the audit queue, nor records. What it takes of the others' time is measured by `cargo xtask bench --attack`, over a
minute."""

import base64
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import load, metrics
from support.audit import rows, total
from support.echo import UID, Echo
from support.gate import Gate, eventually

SECONDS = 20
CLIENTS = 4
# Five ticks of 20 ms, the first of which may come at once.
LATE = 0.08
TOO_LONG = (8 << 20) + 1
# Refusals of one key for one reason that have a row of their own in a minute, and the row of the others.
ROWS_PER_MINUTE = 11


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with Echo() as echo, Gate(echo.url, tmp_path / "state") as gate:
        gate.permit({"res.partner": {"read": True}})
        yield gate


def requests(key: str) -> list[tuple[str, dict[str, str], bytes]]:
    xml, bearer = {"Content-Type": "text/xml"}, {"Authorization": f"Bearer {key}", "X-Odoo-Database": "odoo"}
    call = load.body(("odoo", UID, key), "res.partner", "read", [1])
    parameters = {"service": "object", "method": "execute_kw", "args": ["odoo", UID, key, "res.partner", "read", [[float("nan")]]]}
    no_number = json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": parameters}).encode()
    return [
        ("/xmlrpc/2/mcp", xml, call),
        ("/json/2/res.users/context_get", bearer, b""),
        ("/jsonrpc", {"Content-Type": "application/json"}, no_number),
        ("/xmlrpc/2/object", xml, call.ljust(TOO_LONG)),
        ("/xmlrpc/2/common", xml, load.login(key[:-1] + "!")),
    ]


def test_an_attacker_with_a_key_takes_nothing_from_another(gate: Gate) -> None:
    user = gate.user("odoo", "agent", "secret")
    made, attacker = gate.key(user), gate.key(user, rate_limit_per_minute=1)
    attack = subprocess.Popen(
        [sys.executable, "-m", "support.attack", str(gate.port)], cwd=Path(__file__).parent, stdin=subprocess.PIPE, text=True
    )
    assert attack.stdin
    encoded = [(path, headers, base64.b64encode(body).decode()) for path, headers, body in requests(attacker["key"])]
    json.dump(encoded, attack.stdin)
    attack.stdin.close()

    def limited() -> float:
        return metrics.value(metrics.scrape(gate.up["envoy_admin_url"]), "calls", outcome="denied", reason="rate_limited")

    try:
        eventually(lambda: limited() > 0)
        before, end = limited(), time.monotonic() + SECONDS
        identity = ("odoo", UID, made["key"])
        answers = load.run(
            gate.port,
            CLIENTS,
            lambda number: load.body(identity, "res.partner", "read", [number + 1]),
            lambda _: time.monotonic() > end,
        )
        assert attack.poll() is None and limited() > before  # The attack went on.
        refused = limited()
        # Whoever goes on and on is answered late.
        began = time.monotonic()
        path, headers, body = requests(attacker["key"])[0]
        gate.send(body, path, headers=headers)
        assert time.monotonic() - began > LATE
    finally:
        attack.kill()
        attack.wait()
    print(f"\n{len(answers)} calls beside {refused - before:.0f} of an attacker that were beyond the rate limit")
    assert Counter(answer.reason for answer in answers) == {"ok": len(answers)}

    def recorded() -> list[int]:
        found = [row["record_ids"][0] for row in rows(gate, made["id"], method="read")]
        assert len(found) >= len(answers), f"{len(found)} of {len(answers)} calls are recorded"
        return found

    assert sorted(eventually(recorded, seconds=300)) == sorted(answer.number + 1 for answer in answers)
    # All that was refused is counted, and takes few rows.
    eventually(lambda: total(gate, attacker["id"], "rate_limited") >= refused, seconds=180)
    assert len(list(rows(gate, attacker["id"], reason="rate_limited"))) <= 4 * ROWS_PER_MINUTE
