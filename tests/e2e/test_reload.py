"""Envoy takes new configurations while it serves, and then drains: no call is lost, each has its record, and nothing that the
workers share is forgotten."""

import concurrent.futures
import http.client
import json
import os
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.audit import rows
from support.echo import Echo, call
from support.gate import HOST, Gate, eventually

RELOADS = 10
CALLERS = 4
LIMIT = 3


class Reloading:
    """A gate whose listener Envoy reads from a file of its own, as it does from a control plane of Envoys."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.file = gate.folder / "listeners.yaml"
        config = yaml.safe_load((gate.folder / "envoy.yaml").read_text())
        [self.listener] = config["static_resources"].pop("listeners")
        config["dynamic_resources"] = {
            "lds_config": {"resource_api_version": "V3", "path_config_source": {"path": str(self.file)}}
        }
        self.reload(0)
        # Else what was configured before is kept for ten minutes.
        with gate.without_envoy("--drain-time-s", "1"):
            (gate.folder / "envoy.yaml").write_text(yaml.safe_dump(config))

    def reload(self, number: int) -> None:
        """Has Envoy read another configuration of the filter."""
        filters = self.listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
        own: dict[str, Any] = filters[0]["typed_config"]
        configuration = own["filter_config"] if HOST == "native" else own["config"]["configuration"]
        configuration["value"] = json.dumps(json.loads(configuration["value"]) | {"require": number % 2 == 1})
        kind = "type.googleapis.com/envoy.config.listener.v3.Listener"
        document = {"resources": [{"@type": kind, **self.listener}]}
        other = self.file.with_suffix(".new")
        other.write_text(yaml.safe_dump(document))
        os.replace(other, self.file)

    def statistic(self, name: str) -> int:
        with urllib.request.urlopen(f"{self.gate.up['envoy_admin_url']}/stats?filter=^{name}$") as stats:
            return int(stats.read().decode().rpartition(": ")[2] or 0)

    def ask(self, path: str) -> None:
        urllib.request.urlopen(f"{self.gate.up['envoy_admin_url']}{path}", b"").close()


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
                eventually(lambda: taken(reloading) >= number)  # noqa: B023
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


def taken(reloading: Reloading) -> int:
    return reloading.statistic("listener_manager.listener_in_place_updated") + reloading.statistic(
        "listener_manager.listener_modified"
    )


def recorded(gate: Gate, made: dict[str, Any]) -> int:
    """How many calls of `echo` have a row."""
    return sum(1 for _ in rows(gate, made["id"], method="echo"))


def has_one_thread(gate: Gate, name: str) -> bool:
    tasks = Path(f"/proc/{gate.up['pids']['envoy']}/task").iterdir()
    assert sum((task / "comm").read_text().strip() == name for task in tasks) == 1
    return True
