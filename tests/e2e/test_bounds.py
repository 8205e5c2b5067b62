"""What one client can use up of a gate: the others are answered all the while, and Envoy's memory has a bound."""

import contextlib
import resource
import socket
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.exceptions
import pytest
import yaml

from support import kubernetes, mesh
from support.echo import UID, Echo
from support.gate import ROOT, Gate, eventually
from support.production import gate_listener

MCP = "/xmlrpc/2/mcp"
# Just below the limit of bodies: the filter may not refuse one by itself.
BODY = 8_000_000
BODIES = 60
MIB = 1 << 20
# Connections that a listener of the control plane has at once.
PLACES = 1024
# MiB of an Envoy without requests, and what may come on top of the bodies.
IDLE, MARGIN = 125, 60


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def gate(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(echo.url, tmp_path_factory.mktemp("bounds")) as gate:
        gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
        yield gate


@pytest.fixture(scope="module")
def key(gate: Gate) -> str:
    return gate.key(gate.user("odoo", "agent", "secret"))["key"]


def over_http_1(port: int, stack: contextlib.ExitStack) -> None:
    """Bodies that lack their last byte, one a connection."""
    head = f"POST {MCP} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {BODY}\r\n\r\n".encode()
    for _ in range(BODIES):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        # Refused meanwhile, and the connection with it.
        with contextlib.suppress(OSError):
            connection.sendall(head + b"x" * (BODY - 1))


def over_http_2(port: int, stack: contextlib.ExitStack) -> None:
    """The same, all over one connection."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
    state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
    state.initiate_connection()
    left = {}
    for number in range(BODIES):
        head = [(b":method", b"POST"), (b":path", MCP.encode()), (b":scheme", b"http"), (b":authority", b"odoo")]
        state.send_headers(2 * number + 1, [*head, (b"content-type", b"text/xml")])
        left[2 * number + 1] = BODY - 1
    while any(left.values()):
        for stream in [stream for stream, length in left.items() if length]:
            with contextlib.suppress(h2.exceptions.StreamClosedError, h2.exceptions.ProtocolError):
                room = min(state.local_flow_control_window(stream), state.max_outbound_frame_size, left[stream])
                if room > 0:
                    state.send_data(stream, b"x" * room)
                    left[stream] -= room
                continue
            left[stream] = 0
        try:
            connection.sendall(state.data_to_send())
            connection.settimeout(0.2)
            state.receive_data(connection.recv(1 << 20))
        except TimeoutError:
            if not any(0 < state.local_flow_control_window(s) for s, length in left.items() if length):
                return
        except OSError:
            return


def resident(gate: Gate) -> int:
    """MiB that Envoy has in memory."""
    [line] = [line for line in Path(f"/proc/{gate.up['pids']['envoy']}/status").read_text().splitlines() if "VmRSS" in line]
    return int(line.split()[1]) * 1024 // MIB


@pytest.mark.parametrize("attack", [over_http_1, over_http_2])
def test_unfinished_bodies(gate: Gate, key: str, attack: Callable[[int, contextlib.ExitStack], None]) -> None:
    call, large = (body_of(key, "x" * length) for length in (1, 100_000))
    assert gate.send(call)[0].status == 200
    before = resident(gate)
    with contextlib.ExitStack() as stack:
        attack(gate.port, stack)
        held = resident(gate)
        for number in range(100):
            answer = gate.send(large if number % 10 == 0 else call)[1]
            assert b"methodResponse" in answer and b"<fault>" not in answer, answer[:500]
    print(f"\n{attack.__name__}: Envoy had {before} MiB, and {held} MiB with {BODIES} bodies of {BODY} bytes unfinished")
    # Eight whole bodies on each of two workers, and what Envoy keeps of memory that it has given back.
    assert held < IDLE + 2 * 8 * BODY // MIB + MARGIN
    # What gave way is counted, and in the log.
    eventually(lambda: any(row["count"] for row in gate.audit(reason="too_large")), seconds=90)


def test_silent_connections_to_the_control_plane_take_nobodys_place(gate: Gate) -> None:
    ports = [int(gate.up["api_url"].rsplit(":", 1)[1]), int(gate_listener(gate))]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with contextlib.ExitStack() as stack:
            # As many as there are places, to each listener, and again while they are being closed.
            for number in range(4 * PLACES):
                stack.enter_context(socket.create_connection(("127.0.0.1", ports[number % 2]), timeout=30))
                if number % 200 == 0:
                    assert gate.api("GET", "settings", patient=False)
            began = time.monotonic()
            gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
            gate.in_force()
            print(f"\na change was in force after {time.monotonic() - began:.2f} s")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def body_of(key: str, text: str) -> bytes:
    return xmlrpc.client.dumps(("odoo", UID, key, "res.partner", "echo", [text]), "execute_kw").encode()


def standalone(file: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "envoy" / file).read_text())


SHIPPED: dict[str, Callable[[], dict[str, Any]]] = {
    "envoy.yaml": lambda: standalone("envoy.yaml"),
    "production.yaml": lambda: standalone("production.yaml"),
    "control-plane.yaml": lambda: standalone("control-plane.yaml"),
    "istio": mesh.istio,
    "envoy-gateway": mesh.envoy_gateway,
}
# Of the connection manager of every listener: seconds, KiB, bytes and numbers.
MOST = {
    "request_headers_timeout": 5,
    "request_timeout": 900,
    "stream_idle_timeout": 900,
    "max_request_headers_kb": 60,
    "common_http_protocol_options.idle_timeout": 75,
    "common_http_protocol_options.max_headers_count": 100,
}
MOST_OF_HTTP_2 = {
    "http2_protocol_options.initial_stream_window_size": 256 << 10,
    "http2_protocol_options.initial_connection_window_size": 4 << 20,
    "http2_protocol_options.max_concurrent_streams": 100,
}


def test_every_configuration_that_is_shipped_is_here() -> None:
    files = {path.name for path in (ROOT / "envoy").glob("*.yaml") if "connection_manager" in path.read_text()}
    assert files | {"istio", "envoy-gateway"} == SHIPPED.keys()


@pytest.mark.parametrize("file", SHIPPED)
def test_every_listener_is_bounded(file: str) -> None:
    bootstrap = SHIPPED[file]()
    monitors = {m["name"]: m["typed_config"] for m in bootstrap.get("overload_manager", {}).get("resource_monitors", [])}
    everywhere = monitors.get("envoy.resource_monitors.global_downstream_max_connections", {})
    for listener in bootstrap["static_resources"]["listeners"]:
        assert listener["per_connection_buffer_limit_bytes"] <= MIB
        for chain in listener["filter_chains"]:
            filters = {filter_["name"]: filter_["typed_config"] for filter_ in chain["filters"]}
            own = filters.get("envoy.filters.network.connection_limit", {}).get("max_connections")
            assert (own or everywhere["max_active_downstream_connections"]) <= 10_000
            assert own or not listener.get("ignore_global_conn_limit")
            if "transport_socket" in chain:
                assert seconds(chain["transport_socket_connect_timeout"]) <= 5
            manager = filters["envoy.filters.network.http_connection_manager"]
            most = MOST if manager.get("codec_type") == "HTTP1" else {**MOST, **MOST_OF_HTTP_2}
            for path, limit in most.items():
                value: Any = manager
                for name in path.split("."):
                    assert name in value, f"{listener['name']}: {path}"
                    value = value[name]
                assert 0 < seconds(value) <= limit, f"{listener['name']}: {path}"


@pytest.mark.parametrize("file", SHIPPED)
def test_every_heap_is_bounded(file: str) -> None:
    if file == "envoy-gateway":  # It bounds the heap by the container's memory.
        proxy = mesh.the("EnvoyProxy", kubernetes.composed(file))
        assert proxy["provider"]["kubernetes"]["envoyDeployment"]["container"]["resources"]["limits"]["memory"] == "1536Mi"
        return
    manager = SHIPPED[file]()["overload_manager"]
    [heap] = [m["typed_config"] for m in manager["resource_monitors"] if m["name"] == "envoy.resource_monitors.fixed_heap"]
    assert heap["max_heap_size_bytes"] <= 1 << 30
    actions = {action["name"].removeprefix("envoy.overload_actions.") for action in manager["actions"]}
    assert actions >= {"shrink_heap", "stop_accepting_connections", "stop_accepting_requests"}


def seconds(value: Any) -> float:
    return float(value.removesuffix("s")) if isinstance(value, str) else value
