"""Requests that no client sends by accident: the right refusal, nothing forwarded, no dead worker."""

import contextlib
import gzip
import socket
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from support.echo import Echo, call
from support.gate import Gate, fault
from support.http2 import http2

MCP = "/xmlrpc/2/mcp"
BODY_LIMIT = 8 << 20


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def gate(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(echo.url, tmp_path_factory.mktemp("hostile")) as gate:
        gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
        yield gate


@pytest.fixture(scope="module")
def key(gate: Gate) -> str:
    return gate.key(gate.user("odoo", "agent", "secret"))["key"]


@pytest.fixture(autouse=True)
def unharmed(gate: Gate, key: str, echo: Echo) -> Iterator[None]:
    """Nothing of a hostile request is forwarded, and every worker goes on serving without a restart."""
    before = len(echo.requests), reloads(gate)
    yield
    assert (len(echo.requests), reloads(gate)) == before
    for _ in range(20):
        answer, _ = gate.send(call(key))
        assert answer.status == 200
    assert len(echo.requests) == before[0] + 20


def reloads(gate: Gate) -> str:
    """Envoy's counters of filters that died and were started anew."""
    with urllib.request.urlopen(f"{gate.up['envoy_admin_url']}/stats?filter=vm_reload|wasm.*fail") as stats:
        return stats.read().decode()


def refused(gate: Gate, body: bytes | Iterator[bytes], reason: str, **request: Any) -> None:
    answer, document = gate.send(body, **request)
    found = fault(document)
    assert (answer.status, found.faultString.split(":")[0]) == (200, reason)


def raw(gate: Gate, request: bytes, *, cut_off: bool = False) -> bytes:
    """All that comes back for these bytes, which need not be HTTP, until the gate closes."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=30) as connection:
        connection.sendall(request)
        if cut_off:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
        return received


def test_a_truncated_document(gate: Gate, key: str) -> None:
    refused(gate, call(key)[:-20], "malformed_request")


def test_100_000_nested_elements(gate: Gate, key: str) -> None:
    start, end = b"<value><array><data>", b"</data></array></value>"
    body = call(key).replace(b"<data>\n</data>", b"<data>" + start * 100_000 + end * 100_000 + b"</data>")
    assert body.count(start) > 100_000
    refused(gate, body, "malformed_request")


def test_a_body_over_the_cap(gate: Gate, key: str) -> None:
    refused(gate, call(key, "x" * BODY_LIMIT), "too_large")


def test_a_chunked_body_over_the_cap(gate: Gate, key: str) -> None:
    body = call(key, "x" * BODY_LIMIT)
    pieces = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
    refused(gate, pieces, "too_large", headers={"Transfer-Encoding": "chunked"})


def test_gzip(gate: Gate, key: str) -> None:
    headers = {"Content-Type": "text/xml", "Content-Encoding": "gzip"}
    refused(gate, gzip.compress(call(key)), "unsupported_encoding", headers=headers)


@pytest.mark.parametrize("charset", ["utf-16", "koi8-r", ""])
def test_other_charsets(gate: Gate, key: str, charset: str) -> None:
    refused(gate, call(key), "unsupported_encoding", headers={"Content-Type": f"text/xml; charset={charset}"})


def test_a_declared_encoding_that_is_not_read(gate: Gate, key: str) -> None:
    body = b"<?xml version='1.0' encoding='utf-16'?>" + call(key).split(b"?>", 1)[1]
    refused(gate, body, "unsupported_encoding")


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PUT", "DELETE", "HEAD"])
def test_other_methods_than_post(gate: Gate, key: str, method: str) -> None:
    # Odoo executes calls in OPTIONS requests.
    answer, document = gate.send(call(key), method=method)
    assert answer.status == 200
    if method != "HEAD":
        assert fault(document).faultString.startswith("malformed_request:")


def test_no_body(gate: Gate) -> None:
    refused(gate, b"", "malformed_request")


@pytest.mark.parametrize(
    "path", ["//xmlrpc/2/mcp", "/xmlrpc/2/mcp/", "/xmlrpc/2/%6dcp", "/xmlrpc%2f2/mcp", "/./xmlrpc/x/../2/mcp?a=b"]
)
def test_other_spellings_of_the_path(gate: Gate, path: str) -> None:
    refused(gate, b"<x/>", "malformed_request", path=path)


def test_the_absolute_form_of_the_path(gate: Gate) -> None:
    request = f"POST http://odoo.example{MCP} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\n<x/>"
    assert b"malformed_request" in raw(gate, request.encode())


def test_a_header_byte_0xff(gate: Gate) -> None:
    head = f"POST {MCP} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n"
    for header in (b"Content-Type: text/xml\xff", b"X-Other: \xff", b"User-Agent: \xff\xfe", b"X-Request-Id: \xff"):
        answer = raw(gate, head.encode() + header + b"\r\n\r\n<x/>")
        assert b"malformed_request" in answer or answer.startswith(b"HTTP/1.1 400"), header


def test_a_path_byte_0xff(gate: Gate) -> None:
    answer = raw(gate, b"POST /xmlrpc/2/mcp\xff HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501", b"HTTP/1.1 404")) or answer == b""


def test_a_connection_that_ends_in_the_middle_of_the_body(gate: Gate, key: str) -> None:
    body = call(key)
    head = f"POST {MCP} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    assert b"methodResponse" not in raw(gate, head.encode() + body[:-1], cut_off=True)


def test_two_lengths_and_both_framings(gate: Gate, key: str) -> None:
    body = call(key)
    for framing in ("Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked"):
        answer = raw(gate, f"POST {MCP} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode() + body)
        assert answer.startswith(b"HTTP/1.1 400")


def test_http2_with_trailers_is_forwarded_whole(gate: Gate, key: str, echo: Echo) -> None:
    before = len(echo.requests)
    for pieces in ([call(key, "h2")], [call(key, "h2")[:50], call(key, "h2")[50:]]):
        document = http2(gate, pieces, [("x-trailer", "1")])
        ((args, _),), _ = xmlrpc.client.loads(document)
        assert args == ["h2"]
        _, headers, forwarded = echo.requests.pop()
        assert headers["Content-Length"] == str(len(forwarded)) and "x-trailer" not in str(headers).lower()
    assert len(echo.requests) == before


def test_http2_with_trailers_and_a_bad_body_is_refused(gate: Gate, key: str) -> None:
    document = http2(gate, [call(key)[:-5]], [("x-trailer", "1")])
    assert fault(document).faultString.startswith("malformed_request:")
