"""A filter that ends in the middle of a request, as a bug would end it: what is lost, what is not, and who hears of it."""

import contextlib
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import trapping_filter
from support.echo import Echo, call
from support.gate import HOST, Gate, eventually
from support.http2 import http2

pytestmark = pytest.mark.skipif(HOST != "wasm", reason="a module catches its bugs: see test_bugs.py")

# Twenty looks of a second each, the poll after them, and a busy machine.
NOTICED_SECONDS = 120.0


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A gate whose filter ends with the first request that has trailers."""
    with Echo() as echo, Gate(echo.url, tmp_path / "state", workers=1) as gate:
        gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
        module = tmp_path / "filter.wasm"
        module.write_bytes(trapping_filter.module(Path(gate.filter_module).read_bytes(), "proxy_on_request_trailers"))
        config = gate.folder / "envoy.yaml"
        with gate.without_envoy():
            config.write_text(config.read_text().replace(gate.filter_module, str(module)))
        yield gate


def lost(gate: Gate) -> int:
    with urllib.request.urlopen(f"{gate.up['envoy_admin_url']}/stats?filter=filters_lost") as stats:
        [number] = re.findall(r"lictor.filters_lost: (\d+)", stats.read().decode()) or ["0"]
    return int(number)


def test_no_event_is_lost_the_worker_comes_back_and_an_administrator_hears_of_it(gate: Gate) -> None:
    made = gate.key(gate.user("odoo", "agent", "secret"))
    calls = 40
    for number in range(calls):
        answer, _ = gate.send(call(made["key"], number))
        assert answer.status == 200
    # At once: what was recorded is not sent yet.
    with contextlib.suppress(AssertionError, OSError):
        http2(gate, [call(made["key"], "h2")], [("x-trailer", "1")])
    assert b"proxy_on_request_trailers failed" in (gate.folder / "envoy.log").read_bytes()
    # The worker's next filter takes the next request.
    eventually(lambda: gate.send(call(made["key"], calls))[0].status == 200)
    eventually(lambda: lost(gate) == 1, NOTICED_SECONDS)
    # The last of them were with the filter that ended.
    eventually(lambda: len(gate.audit(key_id=made["id"], method="echo")) == calls + 1)
    # The gate says so with its next poll.
    [identity] = eventually(lambda: [row for row in gate.api("GET", "gates")["items"] if row["filters_lost"] == 1], NOTICED_SECONDS)
    [alert] = gate.api("GET", "alerts")["items"]
    assert (alert["rules"], alert["gate"], alert["count"]) == (["filter_lost"], identity["id"], 1)

