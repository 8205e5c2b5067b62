"""Envoy takes new configurations while it serves, and then drains: no call is lost, each has its record, and nothing that the
workers share is forgotten."""

import concurrent.futures
import http.client
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.audit import rows
from support.echo import Echo, call
from support.gate import HOST, Gate, eventually
from support.reloading import Reloading

RELOADS = 10
CALLERS = 4
LIMIT = 3


@pytest.fixture
def reloading(tmp_path: Path) -> Iterator[Reloading]:
    with Echo() as echo, Gate(echo.url, tmp_path / "state") as gate:
        gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
        yield Reloading(gate)


def test_a_gate_that_is_configured_anew_and_drained_loses_nothing(reloading: Reloading) -> None:
    gate = reloading.gate
    user = gate.user("odoo", "agent", "secret")
    made, limited = gate.key(user), gate.key(user, rate_limit_per_minute=LIMIT)
    is_over = threading.Event()

    def calls() -> int:
        for number in range(10**6):
            if is_over.is_set():
                return number
            answer, document = gate.send(call(made["key"], number))
            assert answer.status == 200 and b"<fault>" not in document, document
        return 0

    # `key` has used it once.
    for _ in range(LIMIT - 1):
        assert b"<fault>" not in gate.send(call(limited["key"]))[1]
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(calls) for _ in range(CALLERS)]
        try:
            for number in range(1, RELOADS + 1):
                reloading.reload(number)
                eventually(lambda: reloading.taken() >= number)  # noqa: B023
        finally:
            is_over.set()
        made_calls = sum(caller.result() for caller in callers)
    assert b"rate_limited" in gate.send(call(limited["key"]))[1]
    eventually(lambda: recorded(gate, made) == made_calls)
    # What was configured before is gone when its requests are.
    eventually(lambda: reloading.statistic("listener_manager.total_filter_chains_draining") == 0)
    if HOST == "native":
        eventually(lambda: has_one_thread(gate, "lictor"))
    # And the newest hears of changes.
    gate.api("POST", f"keys/{made['id']}/revoke")
    gate.in_force()
    assert b"<fault>" in gate.send(call(made["key"]))[1]
    drained(reloading, gate.key(user))


def drained(reloading: Reloading, made: dict[str, Any]) -> None:
    """What has begun is finished, and recorded."""
    gate, document = reloading.gate, call(made["key"], "drained")
    with closing(http.client.HTTPConnection("127.0.0.1", gate.port, timeout=60)) as connection:
        connection.putrequest("POST", "/xmlrpc/2/mcp")
        connection.putheader("Content-Length", str(len(document)))
        connection.putheader("Content-Type", "text/xml")
        connection.endheaders(document[:100])
        eventually(lambda: reloading.statistic("http.lictor_gate.downstream_rq_active") == 1)
        reloading.ask("/drain_listeners")
        connection.send(document[100:])
        answer = connection.getresponse()
        assert answer.status == 200 and b"<fault>" not in answer.read()
    eventually(lambda: recorded(gate, made) == 1)
    eventually(lambda: reloading.statistic("wasmcustom.lictor.audit_pending") == 0)


def recorded(gate: Gate, made: dict[str, Any]) -> int:
    """How many calls of `echo` have a row."""
    return sum(1 for _ in rows(gate, made["id"], method="echo"))


def has_one_thread(gate: Gate, name: str) -> bool:
    tasks = Path(f"/proc/{gate.up['pids']['envoy']}/task").iterdir()
    assert sum((task / "comm").read_text().strip() == name for task in tasks) == 1
    return True
