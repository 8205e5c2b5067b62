"""`envoy/production.yaml`, run by a real Envoy with certificates of its own: TLS on every side, and every bound."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
import yaml

from support import certificates
from support.dropped_filter import module
from support.echo import UID, Echo
from support.gate import HOST, ROOT, Gate, eventually
from support.production import CONNECTIONS, Production, Site, local_gate

MCP = "/xmlrpc/2/mcp"
FORGED = {"x-lictor-guard": "passed"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with local_gate(tmp_path_factory.mktemp("local")) as gate:
        yield gate


@pytest.fixture(scope="module")
def site(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"), gate)


@pytest.fixture(scope="module")
def odoo(site: Site) -> Iterator[Echo]:
    with Echo(certificates.server(site.tls / "odoo")) as odoo:
        yield odoo


@pytest.fixture(scope="module")
def control_plane_port(site: Site) -> Iterator[int]:
    with site.control_plane() as port:
        yield port


@pytest.fixture(scope="module")
def envoy(site: Site, odoo: Echo, control_plane_port: int, key: str) -> Iterator[Production]:
    with site.production("production", odoo.port, control_plane_port) as envoy:
        eventually(lambda: envoy.proxy("/xmlrpc/2/common").authenticate("odoo", "agent", key, {}) == UID)
        yield envoy


@pytest.fixture(scope="module")
def key(gate: Gate) -> str:
    return gate.key(gate.user("odoo", "agent", "secret"))["key"]


def body(key: str, method: str, *args: Any) -> bytes:
    return xmlrpc.client.dumps(("odoo", UID, key, "res.partner", method, list(args)), "execute_kw").encode()


def test_calls_are_allowed_and_refused_over_tls(envoy: Production, odoo: Echo, key: str) -> None:
    proxy = envoy.proxy(MCP)
    assert proxy.execute_kw("odoo", UID, key, "res.partner", "echo", ["Łucja"])[0] == ["Łucja"]
    forwarded = xmlrpc.client.loads(odoo.requests[-1][2])[0]
    assert key not in str(forwarded) and odoo.requests[-1][0] == "/xmlrpc/2/object"
    before = len(odoo.requests)
    with pytest.raises(xmlrpc.client.Fault, match="permission_denied"):
        proxy.execute_kw("odoo", UID, key, "res.partner", "unlink", [[1]])
    assert len(odoo.requests) == before


def test_each_request_is_one_line_that_joins_the_audit_log_and_holds_no_secret(
    envoy: Production, gate: Gate, key: str
) -> None:
    headers = {"Cookie": "session_id=from-a-browser", "User-Agent": "one-line"}
    envoy.send(f"{MCP}?access_token=from-a-link", body(key, "unlink", [1]), headers)
    [row] = eventually(lambda: gate.audit(user_agent="one-line"))
    [line] = eventually(lambda: [line for line in access_log(envoy) if line["request_id"] == row["request_id"]])
    assert (line["path"], line["method"], line["client"], line["tls"]) == (MCP, "POST", "127.0.0.1", "TLSv1.3")
    # The filter answered, and not Odoo or Envoy: of a dynamic module Envoy says so itself.
    assert line["upstream"] is None and (line["details"] or "") == ("dynamic_module" if HOST == "native" else "")
    assert line["reason"] == "permission_denied"
    for secret in (key, "from-a-link", "from-a-browser", "unlink"):
        assert secret not in envoy.access_log.read_text()


def test_what_shadow_mode_lets_pass_is_named_in_the_access_log(envoy: Production, gate: Gate, key: str) -> None:
    def is_refused() -> bool:
        try:
            envoy.proxy(MCP).execute_kw("odoo", UID, key, "res.partner", "copy", [1])
        except xmlrpc.client.Fault as fault:
            return fault.faultString.startswith("permission_denied")
        return False

    gate.api("PATCH", "settings", {"shadow": ["permission"]})
    try:
        eventually(lambda: not is_refused())
        [row, *_] = eventually(lambda: gate.audit(method="copy", would_deny="permission_denied"))
        [line] = eventually(lambda: [line for line in access_log(envoy) if line["request_id"] == row["request_id"]])
        assert (line["reason"], line["would_deny"], line["details"]) == (None, "permission_denied", "via_upstream")
    finally:
        gate.api("PATCH", "settings", {"shadow": []})
        eventually(is_refused)


def access_log(envoy: Production) -> list[dict[str, Any]]:
    return [json.loads(line) for line in envoy.access_log.read_text().splitlines()]


def test_http_2_is_agreed_on_by_alpn(envoy: Production, odoo: Echo, key: str) -> None:
    large = "x" * (3 << 20)  # several stream windows, and more than Envoy itself would buffer
    status = over_http_2(envoy, body(key, "echo", large))
    assert status == "200"
    assert len(odoo.requests[-1][2]) > len(large)


def over_http_2(envoy: Production, data: bytes) -> str:
    """The status of one call."""
    context = envoy.trust()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", envoy.port), 30) as plain,
        context.wrap_socket(plain, server_hostname="gate.example") as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
        state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        state.initiate_connection()
        pseudo = {":method": "POST", ":path": MCP, ":scheme": "https", ":authority": "gate.example"}
        state.send_headers(1, [*pseudo.items(), ("content-type", "text/xml")])
        while True:
            while data and (room := min(state.local_flow_control_window(1), state.max_outbound_frame_size, len(data))):
                state.send_data(1, data[:room], end_stream=room == len(data))
                data = data[room:]
            connection.sendall(state.data_to_send())
            received = connection.recv(65536)
            assert received, "Envoy closed the connection"
            for event in state.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    return dict(event.headers)[":status"]


def test_the_guard_header_and_names_with_underscores_never_reach_odoo(envoy: Production, odoo: Echo) -> None:
    assert envoy.send("/web/login", headers={**FORGED, "x_forwarded_host": "evil.example"}) == 200
    headers = odoo.requests[-1][1]
    assert headers["x-lictor-guard"] is None and headers["x_forwarded_host"] is None
    assert (headers["x-forwarded-host"], headers["x-forwarded-proto"]) == (f"127.0.0.1:{envoy.port}", "https")


@pytest.mark.skipif(HOST == "native", reason="a configuration that a module refuses is refused by Envoy as a whole")
@pytest.mark.parametrize("headers", [{}, FORGED], ids=["plain", "forged"])
def test_without_the_filter_nothing_passes(
    site: Site, odoo: Echo, control_plane_port: int, headers: dict[str, str]
) -> None:
    (site.folder / "dropped.wasm").write_bytes(module())
    before = len(odoo.requests)
    change = {"/etc/lictor/filter.wasm": "/etc/lictor/dropped.wasm"}
    with site.production("dropped", odoo.port, control_plane_port, change) as envoy:
        eventually(lambda: envoy.log.read_text().count("Failed to configure thread-local Wasm plugin") >= 2)  # Of each worker.
        for path in ("/web/login", "/websocket", MCP):
            assert envoy.send(path, headers=headers) == 503
        assert envoy.statistic("cluster.nowhere.upstream_cx_none_healthy") == 3
    assert len(odoo.requests) == before


def test_an_odoo_with_another_name_gets_nothing(site: Site, odoo: Echo, control_plane_port: int) -> None:
    before = len(odoo.requests)
    change = {"exact: odoo.example": "exact: erp.example"}
    with site.production("impostor", odoo.port, control_plane_port, change) as envoy:
        assert envoy.send("/web/login") == 503
        assert envoy.statistic("cluster.odoo.ssl.fail_verify_san") > 0
    assert len(odoo.requests) == before


def test_plaintext_is_refused(envoy: Production, odoo: Echo) -> None:
    before = len(odoo.requests)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", envoy.port, timeout=30)) as connection:
            connection.request("GET", "/web/login")
            connection.getresponse()
    assert len(odoo.requests) == before


def test_old_tls_is_refused(envoy: Production) -> None:
    context = envoy.trust()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", envoy.port), 30) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="gate.example")


def test_too_many_connections_are_refused_and_the_metrics_stay(envoy: Production) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(2 * CONNECTIONS):
            stack.enter_context(socket.create_connection(("127.0.0.1", envoy.port), 30))
        eventually(lambda: active(envoy) == CONNECTIONS)
        with pytest.raises((ssl.SSLError, OSError)):
            envoy.send("/web/login")
        assert envoy.metrics("/stats/prometheus")[0] == 200
    eventually(lambda: envoy.send("/web/login") == 200)


def active(envoy: Production) -> int:
    return envoy.statistic(f"listener.127.0.0.1_{envoy.port}.downstream_cx_active")


def test_a_full_heap_stops_clients_and_not_the_metrics(site: Site, odoo: Echo, control_plane_port: int) -> None:
    before = len(odoo.requests)
    change = {"max_heap_size_bytes: 1073741824": "max_heap_size_bytes: 1000000"}
    with site.production("full", odoo.port, control_plane_port, change) as envoy:
        for action in ("stop_accepting_connections", "stop_accepting_requests", "disable_http_keepalive"):
            eventually(lambda: envoy.statistic(f"overload.envoy.overload_actions.{action}.active") == 1)
        status, page = envoy.metrics("/stats/prometheus")
        assert status == 200 and "\nenvoy_overload_envoy_overload_actions_stop_accepting_requests_active{} 1\n" in page
        with socket.create_connection(("127.0.0.1", envoy.port), 1) as connection, pytest.raises(TimeoutError):
            envoy.trust().wrap_socket(connection, server_hostname="gate.example")
    assert len(odoo.requests) == before


def test_large_headers_and_many_are_refused(envoy: Production) -> None:
    assert envoy.send("/", headers={"x-large": "x" * 70_000}) == 431
    assert envoy.send("/", headers={f"x-{number}": "" for number in range(110)}) == 431


def test_metrics_are_there_to_read_and_nothing_else_of_the_admin_interface(envoy: Production) -> None:
    status, page = envoy.metrics("/stats/prometheus")
    assert status == 200 and 'lictor_calls{outcome="allowed",reason="none"}' in page
    assert envoy.metrics("/ready")[0] == 200
    for path in ("/config_dump", "/quitquitquit", "/", "/stats", "/stats/prometheus/../../quitquitquit"):
        assert envoy.metrics(path)[0] == 404
    assert envoy.metrics("/stats/prometheus", "POST")[0] == 404
    assert oct(envoy.admin_socket.stat().st_mode & 0o777) == "0o600"


def test_no_secret_is_in_the_configuration_dump(envoy: Production, site: Site) -> None:
    dump = envoy.admin("GET", "/config_dump?include_eds")
    token = (site.folder / "identity/gate-token").read_text().strip()
    assert "lictor_gate_token" in dump and token not in dump and "BEGIN PRIVATE KEY" not in dump


def test_the_control_plane_lets_in_gates_only(site: Site, control_plane_port: int) -> None:
    def policy(certificate: bool) -> int:
        context = certificates.client(site.control_plane_authority, site.tls / "gate" if certificate else None)
        with (
            socket.create_connection(("127.0.0.1", control_plane_port), 30) as plain,
            context.wrap_socket(plain, server_hostname="control-plane.example") as connection,
        ):
            connection.sendall(b"GET /gate/v1/policy?since=0 HTTP/1.1\r\nHost: control-plane.example\r\n\r\n")
            return int(connection.recv(65536).split()[1])

    with pytest.raises(ssl.SSLError):
        policy(certificate=False)
    assert policy(certificate=True) == 401  # it has no token


def test_a_renewed_certificate_is_taken_without_a_restart(envoy: Production, site: Site) -> None:
    def served() -> bytes:
        with (
            socket.create_connection(("127.0.0.1", envoy.port), 30) as plain,
            envoy.trust().wrap_socket(plain, server_hostname="gate.example") as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""

    before = served()
    site.renew_server_certificate()
    eventually(lambda: served() != before)


def test_a_draining_gate_finishes_what_it_has_begun(
    site: Site, odoo: Echo, control_plane_port: int, gate: Gate, key: str
) -> None:
    call = body(key, "echo", "drained")
    with site.production("draining", odoo.port, control_plane_port) as envoy:
        eventually(lambda: envoy.proxy("/xmlrpc/2/common").authenticate("odoo", "agent", key, {}) == UID)
        with contextlib.closing(envoy.connect()) as connection:
            connection.putrequest("POST", MCP)
            connection.putheader("User-Agent", "drained")
            connection.putheader("Content-Length", str(len(call)))
            connection.endheaders(call[:100])
            eventually(lambda: envoy.statistic("http.lictor_gate.downstream_rq_active") == 1)
            envoy.admin("POST", "/healthcheck/fail")
            assert envoy.metrics("/ready")[0] == 503
            assert envoy.send("/web/login") == 200, "until the load balancer has noticed"
            envoy.admin("POST", "/drain_listeners?inboundonly")
            eventually(lambda: refuses_connections(envoy))
            assert envoy.metrics("/stats/prometheus")[0] == 200
            connection.send(call[100:])
            answer = connection.getresponse()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            answer.read()
        eventually(lambda: envoy.statistic("http.lictor_gate.downstream_rq_active") == 0)
        # The number may be a tick old when the call has just ended: that it is stored is seen first.
        [row] = eventually(lambda: gate.audit(user_agent="drained"))
        assert (row["method"], row["outcome"]) == ("echo", "allowed")
        eventually(lambda: envoy.statistic("wasmcustom.lictor.audit_pending") == 0)


def refuses_connections(envoy: Production) -> bool:
    try:
        socket.create_connection(("127.0.0.1", envoy.port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


# What production.yaml may say otherwise than envoy.yaml, in the listener's connection manager.
STRICTER = {"http2_protocol_options"}


def test_what_must_be_is_the_same_as_in_envoy_yaml() -> None:
    ours, production = (connection_manager(name) for name in ("envoy.yaml", "production.yaml"))
    for name, value in ours.items():
        assert name in STRICTER or contains(production[name], value), name
    for option in ("initial_stream_window_size", "initial_connection_window_size", "max_concurrent_streams"):
        assert production["http2_protocol_options"][option] <= ours["http2_protocol_options"][option]
    assert demands("envoy.yaml") == demands("production.yaml")
    assert shipped("envoy.yaml")["stats_config"] == shipped("production.yaml")["stats_config"]


def shipped(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "envoy" / name).read_text())


def connection_manager(name: str) -> dict[str, Any]:
    listener = shipped(name)["static_resources"]["listeners"][0]
    return listener["filter_chains"][0]["filters"][0]["typed_config"]


def contains(whole: Any, part: Any) -> bool:
    """Whether all of `part` is in `whole`; lists must be the same."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and contains(whole[name], value) for name, value in part.items())
    return whole == part


def demands(name: str) -> list[str]:
    """The first line of each comment that says MUST, in the order of the file."""
    return re.findall(r"# (MUST[^.:]*)", (ROOT / "envoy" / name).read_text())
