"""Requests that end with their headers, and others that are no clean pair of a request and an answer: the worker lives."""

import json
import random
import socket
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

from parts.odoo import Odoo
from support.gate import Gate, eventually, fault
from support.roads import Roads

CONTEXT_GET = "/json/2/res.users/context_get"


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("headers")) as gate:
        gate.permit({"res.partner": {"read": True, "write": True}})
        yield gate


@pytest.fixture(scope="module")
def roads(gate: Gate, odoo: Odoo) -> Roads:
    user = gate.user(odoo.database, odoo.admin.login, odoo.create_api_key(odoo.admin))
    return Roads(gate, user, gate.key(user)["key"])


@pytest.fixture(autouse=True)
def unharmed(gate: Gate, roads: Roads) -> Iterator[None]:
    """No call of the filter failed, and the gate goes on."""
    yield
    log = (gate.folder / "envoy.log").read_text(errors="replace")
    assert "proxy_on_" not in log and "host call failed" not in log, log[-4000:]
    params = (roads.database, roads.uid, roads.key, "res.partner", "read", [[1], ["name"]])
    call = xmlrpc.client.dumps(params, "execute_kw").encode()
    # Odoo itself may need a moment after requests that were cut off.
    eventually(lambda: gate.send(call)[0].status == 200)
    assert b"<fault>" not in gate.send(call)[1]


def bare(gate: Gate, path: str, *headers: str, method: str = "POST") -> tuple[int, bytes]:
    """What is answered to a request without a body."""
    head = [f"{method} {path} HTTP/1.1", "Host: odoo", "Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", gate.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
    head_, body = received.split(b"\r\n\r\n", 1)
    if b"chunked" in head_.lower():
        body = b"".join(body.split(b"\r\n")[1::2])
    return int(head_.split(b" ")[1]), body


def over_http2(gate: Gate, path: str, headers: list[tuple[str, str]], *, data: bool) -> tuple[int, bytes]:
    """The same over HTTP/2, where the last frame is that of the headers, or an empty one of data."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    head = [(":method", "POST"), (":path", path), (":scheme", "http"), (":authority", "odoo"), *headers]
    connection.send_headers(1, head, end_stream=not data)
    if data:
        connection.send_data(1, b"", end_stream=True)
    status, body = 0, b""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=30) as stream:
        while True:
            stream.sendall(connection.data_to_send())
            received = stream.recv(65536)
            assert received, "the connection ended before the answer"
            for event in connection.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    status = int({bytes(name): value for name, value in event.headers}[b":status"])
                if isinstance(event, h2.events.DataReceived):
                    body += event.data
                if isinstance(event, h2.events.StreamEnded):
                    return status, body


def test_json2_takes_no_body_for_no_arguments_as_odoo_does(gate: Gate, roads: Roads) -> None:
    with_body = roads.post(CONTEXT_GET, b"{}").value
    bearer = f"Authorization: Bearer {roads.key}"
    for headers in ([], ["Content-Length: 0"], ["Content-Type: application/json", "Content-Length: 0"]):
        status, body = bare(gate, CONTEXT_GET, bearer, *headers)
        assert (status, json.loads(body)) == (200, with_body), headers
    # Chunked: the end comes after the headers.
    answer = roads.post(CONTEXT_GET, iter([]), Transfer_Encoding="chunked")
    assert answer.value == with_body
    for data in (False, True):
        # Without a type, what may come is not read.
        kind = [("content-type", "application/json")] if data else []
        status, body = over_http2(gate, CONTEXT_GET, [("authorization", f"Bearer {roads.key}"), *kind], data=data)
        assert (status, json.loads(body)) == (200, with_body), data
    # Odoo reads nobody, as it does without the gate.
    status, body = bare(gate, "/json/2/res.partner/read", bearer)
    assert (status, json.loads(body)) == (200, [])


def test_an_intent_goes_before_a_call_without_a_body_too(gate: Gate, roads: Roads) -> None:
    gate.api("PATCH", "settings", {"audit": {"durability": {"read": "write-ahead"}}})
    gate.in_force()
    try:
        status, body = bare(gate, "/json/2/res.partner/search_count", f"Authorization: Bearer {roads.key}")
        assert status == 422 and b"domain" in body  # Odoo's own: an argument is missing.
        status, _ = bare(gate, CONTEXT_GET, f"Authorization: Bearer {roads.key}")
        assert status == 200
    finally:
        gate.api("PATCH", "settings", {"audit": {"durability": {"read": "batched"}}})
        gate.in_force()


@pytest.mark.parametrize("path", ["/xmlrpc/2/mcp", "/xmlrpc/2/common", "/xmlrpc/2/object", "/xmlrpc/object", "/jsonrpc"])
@pytest.mark.parametrize("mode", ["secure", "require"])
def test_no_body_is_no_call_on_the_other_roads(gate: Gate, path: str, mode: str) -> None:
    gate.api("PATCH", "settings", {"enforcement": mode})
    gate.in_force()
    try:
        for data in (False, True):
            status, body = over_http2(gate, path, [], data=data)
            if path == "/xmlrpc/2/mcp":
                assert status == 200 and fault(body).faultString.startswith("malformed_request:")
            elif mode == "require":
                assert b"(decision " in body, body
            assert status
        assert bare(gate, path)[0] == bare(gate, path, "Content-Length: 0")[0]
    finally:
        gate.api("PATCH", "settings", {"enforcement": "secure"})
        gate.in_force()


def reloads(gate: Gate) -> str:
    with urllib.request.urlopen(f"{gate.up['envoy_admin_url']}/stats?filter=vm_reload|wasm.*fail") as stats:
        return stats.read().decode()


def test_a_short_fuzz_of_heads_bodies_and_ends(gate: Gate, roads: Roads) -> None:
    """Every road and method, odd headers, bodies in pieces, and clients that leave: always the same ones."""
    before = reloads(gate)
    chance = random.Random(1)
    paths = ["/xmlrpc/2/mcp", "/xmlrpc/2/common", "/jsonrpc", CONTEXT_GET, "/json/2/res.partner/read", "/web", "/xmlrpc/2/object"]
    odd: list[bytes] = [
        b"X-Odd: \xff\xfe",
        b"User-Agent: \xff",
        b"Authorization: Bearer \xff",
        f"Authorization: Bearer {roads.key}".encode(),
        b"Content-Type: text/xml; charset=\xff",
        b"Content-Type: application/json",
        b"Expect: 100-continue",
        b"Connection: Upgrade\r\nUpgrade: websocket",
        b"Content-Encoding: gzip",
        b"X-Request-Id: " + b"r" * 300,
        b"\r\n".join(b"X-Many-%d: x" % number for number in range(80)),
        b"X-Long: " + b"x" * 30_000,
        b"Accept-Encoding: gzip",
    ]
    bodies = [b"", b"<x/>", b"{}", b"[1]", b"\xff" * 100, b"x" * 5000, b'{"ids":[1],"fields":["name"]}']
    for _ in range(400):
        method = chance.choice(["POST"] * 6 + ["GET", "HEAD", "OPTIONS", "PUT"])
        body = chance.choice(bodies)
        framing = chance.choice(["none", "length", "chunked", "too long"])
        head = [f"{method} {chance.choice(paths)} HTTP/1.1".encode(), b"Host: odoo", *chance.sample(odd, chance.randrange(5))]
        if framing == "length":
            head.append(b"Content-Length: %d" % len(body))
        elif framing == "too long":
            head.append(b"Content-Length: %d" % (len(body) + 10))
        elif framing == "chunked":
            head.append(b"Transfer-Encoding: chunked")
            pieces = [body[:3], body[3:]]
            end = chance.choice([b"0\r\n\r\n", b"0\r\nX-Trailer: x\r\n\r\n", b""])
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + end
        else:
            body = b""
        send(gate, b"\r\n".join([*head, b"", b""]) + body, chance.choice(["wait", "leave", "half"]))
    assert reloads(gate) == before


def send(gate: Gate, request: bytes, how: str) -> Any:
    """Sends bytes, and waits for the first ones of an answer, closes at once, or closes its half."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as connection:
        try:
            connection.sendall(request)
            if how == "leave":
                return None
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(65536)
        except OSError:
            return None
