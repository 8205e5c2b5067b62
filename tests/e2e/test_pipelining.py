"""Requests that a client sends without waiting for answers: each is answered, in their order."""

import json
import re
import socket
import xmlrpc.client
from collections.abc import Iterator

import pytest

from support.echo import UID, Echo
from support.gate import Gate

MCP = "/xmlrpc/2/mcp"


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def gate(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(echo.url, tmp_path_factory.mktemp("pipelining")) as gate:
        gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
        yield gate


@pytest.fixture(scope="module")
def key(gate: Gate) -> str:
    return gate.key(gate.user("odoo", "agent", "0123456789abcdef0123456789abcdef01234567"))["key"]


def request(body: bytes, path: str = MCP, *headers: str) -> bytes:
    kind = [] if path.startswith("/json") else ["Content-Type: text/xml"]
    head = [f"POST {path} HTTP/1.1", "Host: odoo", *kind, f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def call(key: str, model: str, number: int) -> bytes:
    return request(xmlrpc.client.dumps(("odoo", UID, key, model, "echo", [number]), "execute_kw").encode())


def call_json(key: str) -> bytes:
    args = ["odoo", UID, key, "res.country", "read", [[1]]]
    return json.dumps({"params": {"service": "object", "method": "execute_kw", "args": args}}).encode()


def answers(gate: Gate, requests: bytes, number: int) -> list[bytes]:
    """The bodies of so many answers, in the order in which they come."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as connection:
        connection.sendall(requests)
        received = b""
        bodies: list[bytes] = []
        while len(bodies) < number:
            head, found, rest = received.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if found and length and len(rest) >= int(length[1]):
                bodies.append(rest[: int(length[1])])
                received = rest[int(length[1]) :]
                continue
            piece = connection.recv(65536)
            assert piece, (len(bodies), bodies, received)
            received += piece
        return bodies


def refused(key: str) -> dict[str, bytes]:
    """A request for each road and moment at which the gate refuses; JSON-2 is refused by its head alone."""
    json2 = "/json/2/res.partner/read"
    return {
        "malformed": request(b"<x/>"),
        "no key": request(call("secret", "res.partner", 0).split(b"\r\n\r\n", 1)[1]),
        "not permitted": call(key, "res.country", 0),
        "common": request(xmlrpc.client.dumps(("odoo", "agent", key[:-1] + "_"), "login").encode(), "/xmlrpc/2/common"),
        "ends at the headers": request(b""),
        "not POST": request(b"").replace(b"POST", b"GET", 1),
        "JSON-RPC": request(call_json(key), "/jsonrpc", "Content-Type: application/json"),
        "JSON-2": request(b"[1]", json2, "Content-Type: application/json", f"Authorization: Bearer {key}"),
        "JSON-2 without a body": request(b"", json2, f"Authorization: Bearer {key}x"),
    }


def test_a_few_and_many_refused_ones(gate: Gate) -> None:
    for number in (2, 3, 20, 100):
        assert len(answers(gate, request(b"<x/>") * number, number)) == number


def test_refused_ones_of_each_kind(gate: Gate, key: str) -> None:
    for name, one in refused(key).items():
        assert len(answers(gate, one * 20, 20)) == 20, name


def test_refused_and_forwarded_ones_in_turns(gate: Gate, key: str, echo: Echo) -> None:
    requests, numbers = b"", []
    for number, one in enumerate([*refused(key).values()] * 3):
        requests += one + one + call(key, "res.partner", number)
        numbers += [None, None, number]
    before = len(echo.requests)
    found = answers(gate, requests, len(numbers))
    for number, body in zip(numbers, found, strict=True):
        if number is None:
            assert b"(decision " in body or b"<boolean>0" in body, body
        else:
            assert xmlrpc.client.loads(body)[0] == ([[number], {}],), body
    assert len(echo.requests) == before + len(numbers) // 3
