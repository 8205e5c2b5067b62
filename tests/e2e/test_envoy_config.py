"""What `envoy/envoy.yaml` has to do without the filter's help, or in spite of it."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from parts import process
from support.dropped_filter import module
from support.echo import Echo
from support.gate import HOST, Gate, eventually

FORGED = {"x-lictor-guard": "passed"}
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def gate(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(echo.url, tmp_path_factory.mktemp("config")) as gate:
        yield gate


@pytest.fixture(scope="module")
def gate_without_filter(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a second Envoy with the gate's configuration, whose filter is gone from the workers."""
    folder = tmp_path_factory.mktemp("no-filter")
    port = process.free_port()
    config = (gate.folder / "envoy.yaml").read_text()
    if HOST == "wasm":
        (folder / "filter.wasm").write_bytes(module())
        config, replaced = re.subn(r"local: \{ filename: .* \}", f'local: {{ filename: "{folder}/filter.wasm" }}', config)
    else:
        # Envoy has a module on all threads or refuses the configuration: it can only have been forgotten.
        own = r"- name: lictor\n +typed_config:\n.*?(?=- name: envoy.filters.http.router)"
        config, replaced = re.subn(own, "", config, flags=re.DOTALL)
    assert replaced == 1
    config = config.replace(f"port_value: {gate.port} ", f"port_value: {port} ")
    admin = gate.up["envoy_admin_url"].rsplit(":", 1)[1]
    config = config.replace(f"port_value: {admin} ", f"port_value: {process.free_port()} ")
    (folder / "envoy.yaml").write_text(config)
    program = os.readlink(f"/proc/{gate.up['pids']['envoy']}/exe")
    log = folder / "envoy.log"
    with log.open("w") as output:
        command = [program, "-c", folder / "envoy.yaml", "--disable-hot-restart", "--concurrency", "2"]
        envoy = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        eventually(lambda: status(port, "GET", "/", {}))
        if HOST == "wasm":
            # Of each worker.
            eventually(lambda: log.read_text().count("Failed to configure thread-local Wasm plugin") >= 2)
        yield port
    finally:
        process.stop(envoy, signal.SIGTERM, 10)


def status(port: int, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        return connection.getresponse().status


@pytest.mark.parametrize("headers", [{}, FORGED, WEBSOCKET, {**WEBSOCKET, **FORGED}], ids=lambda headers: "+".join(headers))
@pytest.mark.parametrize("path", ["/web/login", "/websocket", "/xmlrpc/2/mcp", "/xmlrpc/2/object"])
def test_without_the_filter_nothing_passes(
    gate_without_filter: int, echo: Echo, path: str, headers: dict[str, str]
) -> None:
    before = len(echo.requests)
    for _ in range(8):
        answer = status(gate_without_filter, "GET", path, headers)
        # Envoy itself refuses an upgrade where none is expected.
        assert answer == (403 if "Upgrade" in headers and path != "/websocket" else 503)
    assert len(echo.requests) == before


def test_the_guard_header_never_reaches_odoo(gate: Gate, echo: Echo) -> None:
    assert status(gate.port, "GET", "/web/login", FORGED) == 200
    path, headers, _ = echo.requests[-1]
    assert (path, headers["x-lictor-guard"]) == ("/web/login", None)


def test_websockets_reach_odoo(gate: Gate, echo: Echo) -> None:
    status(gate.port, "GET", "/websocket?version=1", WEBSOCKET)
    path, headers, _ = echo.requests[-1]
    assert (path, headers["Upgrade"]) == ("/websocket?version=1", "websocket")


def test_other_traffic_keeps_its_spelling(gate: Gate, echo: Echo) -> None:
    path = "/web//content/../a%2fb/./?q=%41"
    assert status(gate.port, "GET", path, {}) == 200
    assert echo.requests[-1][0] == path


def test_clients_do_not_steer_envoy(gate: Gate, echo: Echo) -> None:
    before = len(echo.requests)
    status(gate.port, "GET", "/web/login", {"x-envoy-upstream-rq-timeout-ms": "1", "x-forwarded-host": "evil.example"})
    _, headers, _ = echo.requests[-1]
    assert len(echo.requests) == before + 1
    assert headers["x-envoy-internal"] is None
    assert headers["x-forwarded-host"] == f"127.0.0.1:{gate.port}"


def test_the_token_is_in_no_configuration_dump(gate: Gate) -> None:
    token = (gate.folder / "gate-token").read_text().strip()
    admin = gate.up["envoy_admin_url"].removeprefix("http://")
    connection = http.client.HTTPConnection(admin, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/config_dump?include_eds")
        dump = connection.getresponse().read().decode()
    assert "lictor_gate_token" in dump and token not in dump
