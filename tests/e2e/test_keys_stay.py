"""A Lictor key never reaches Odoo: not in a body that cannot be read, not in a place where nobody looks for it."""

import base64
import gzip
import json
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from support.gate import Gate, eventually
from support.http2 import http2
from support.roads import JSON
from support.sink import Sink

OBJECT, COMMON, JSONRPC, JSON2 = "/xmlrpc/2/object", "/xmlrpc/2/common", "/jsonrpc", "/json/2/res.partner/read"
XML = {"Content-Type": "text/xml"}
BODY_LIMIT = 8 << 20
# Stands where the key, or Odoo's password, is put.
KEY = "lct_KEY"
MARK = b"lct_"


def call(*args: Any) -> bytes:
    return xmlrpc.client.dumps(("odoo", 7, KEY, "res.partner", "write", *args), "execute_kw").encode()


def rpc(*args: Any) -> bytes:
    params = {"service": "object", "method": "execute_kw", "args": ["odoo", 7, KEY, "res.partner", "read", [[1]], *args]}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "params": params}).encode()


def pieces(body: bytes) -> Iterator[bytes]:
    return (body[at : at + 65_536] for at in range(0, len(body), 65_536))


LARGE = call([[1], {"comment": "x" * BODY_LIMIT}])
# What cannot be read, and why: path, body, headers, method, reason.
UNREADABLE: dict[str, tuple[str, bytes, dict[str, str], str, str]] = {
    "over the cap": (OBJECT, LARGE, XML, "POST", "too_large"),
    "over the cap, JSON": (JSONRPC, rpc({"context": {"pad": "x" * BODY_LIMIT}}), JSON, "POST", "too_large"),
    "chunked over the cap": (OBJECT, LARGE, {**XML, "Transfer-Encoding": "chunked"}, "POST", "too_large"),
    "cut off": (OBJECT, call([[1], {}])[:-20], XML, "POST", "malformed_request"),
    "cut off, login": (COMMON, call([])[:-20], XML, "POST", "malformed_request"),
    "two calls": (OBJECT, call([[1], {}]) + call([[1], {}]), XML, "POST", "malformed_request"),
    "another charset": (OBJECT, call([]), {"Content-Type": "text/xml; charset=utf-16"}, "POST", "unsupported_encoding"),
    "UTF-16": (OBJECT, call([]).decode().encode("utf-16"), XML, "POST", "malformed_request"),
    "declared UTF-7": (OBJECT, call([]).replace(b"'1.0'", b"'1.0' encoding='utf-7'"), XML, "POST", "unsupported_encoding"),
    "said to be compressed": (OBJECT, call([]), {**XML, "Content-Encoding": "gzip"}, "POST", "unsupported_encoding"),
    "compressed": (OBJECT, b"gzip", {**XML, "Content-Encoding": "gzip"}, "POST", "unsupported_encoding"),
    "references": (OBJECT, call([]).replace(b"lct_", b"&#108;c&#x74;_")[:-9], XML, "POST", "malformed_request"),
    "PUT": (OBJECT, call([]), XML, "PUT", "malformed_request"),
    # Odoo executes calls in these.
    "OPTIONS": (OBJECT, call([]), XML, "OPTIONS", "malformed_request"),
    "OPTIONS, JSON": (JSONRPC, rpc(), JSON, "OPTIONS", "malformed_request"),
    "NaN": (JSONRPC, rpc(float("nan")), JSON, "POST", "malformed_request"),
    "a member twice": (JSONRPC, rpc().replace(b'"id": 1', b'"id": 1, "id": 2'), JSON, "POST", "malformed_request"),
    "a number of 20 digits": (JSONRPC, rpc(10**19), JSON, "POST", "malformed_request"),
    "escapes": (JSONRPC, rpc(10**19).replace(b"lct_", b"\\u006cct\\u005f"), JSON, "POST", "malformed_request"),
    "as text": (JSONRPC, rpc(), {"Content-Type": "text/plain"}, "POST", "unsupported_encoding"),
    "a batch": (JSONRPC, b"[" + rpc() + b"]", JSON, "POST", "malformed_request"),
}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink
        # A piece of a body may be forwarded before the key behind it is seen, and never one with the key.
        assert all(MARK not in piece for piece in sink.cut_off)


@pytest.fixture(scope="module")
def gate(sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(sink.url, tmp_path_factory.mktemp("keys")) as gate:
        # The sink tells nothing of its fields.
        gate.permit({"res.partner": {"read": True, "write": True, "fields": {"read": {"only": ["name"]}, "write": {"only": ["comment"]}}}})
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate) -> dict[str, Any]:
    return gate.user("odoo", "agent", "0123456789abcdef0123456789abcdef01234567")


@pytest.fixture(scope="module")
def key(gate: Gate, user: dict[str, Any]) -> dict[str, Any]:
    return gate.key(user)


@pytest.fixture(params=["secure", "block"])
def mode(request: pytest.FixtureRequest, gate: Gate) -> Iterator[str]:
    gate.api("PATCH", "settings", {"enforcement": request.param})
    gate.in_force()
    yield request.param
    gate.api("PATCH", "settings", {"enforcement": "secure"})
    gate.in_force()


def keyed(body: bytes, secret: str) -> bytes:
    """The body with a secret in the place of `KEY`, in the body's own spelling."""
    if body == b"gzip":
        return gzip.compress(keyed(call([]), secret))
    for spell in (lambda text: text.encode(), lambda text: text.encode("utf-16-le")):
        body = body.replace(spell(KEY), spell(secret))
    for mark in (b"&#108;c&#x74;_", b"\\u006cct\\u005f"):
        body = body.replace(mark + b"KEY", (mark if secret.startswith("lct_") else b"") + secret.removeprefix("lct_").encode())
    return body


def send(gate: Gate, body: bytes, path: str, headers: dict[str, str], method: str) -> str:
    chunked = "Transfer-Encoding" in headers
    answer, document = gate.send(pieces(body) if chunked else body, path, headers, method)
    text = document.decode()
    return next((word for word in REASONS if f"{word}: " in text), f"{answer.status} {text[:200]}")


REASONS = ("too_large", "malformed_request", "unsupported_encoding", "endpoint_blocked", "invalid_key", "key_required")


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_body_that_cannot_be_read_keeps_its_key(gate: Gate, sink: Sink, key: dict[str, Any], mode: str, case: str) -> None:
    path, body, headers, method, reason = UNREADABLE[case]
    sink.arrived()
    assert send(gate, keyed(body, key["key"]), path, headers, method) == reason
    assert sink.arrived() == []
    if case == "compressed":
        return  # Nobody can say whose key is in it.
    found = eventually(lambda: [row for row in gate.audit(key_id=key["id"], reason=reason) if row["road"] == path])
    assert all(row["outcome"] == "denied" for row in found)


@pytest.mark.parametrize("case", [case for case in UNREADABLE if case != "compressed"])
def test_another_clients_body_passes_as_it_came(gate: Gate, sink: Sink, mode: str, case: str) -> None:
    path, body, headers, method, _ = UNREADABLE[case]
    sent = keyed(body, "odoos password")
    sink.arrived()
    send(gate, sent, path, headers, method)
    [arrived] = sink.arrived()
    # The sink, as Odoo, takes no chunked body.
    assert arrived.startswith(f"{method} {path} ".encode()) and ("Transfer-Encoding" in headers or arrived.endswith(sent))


def places(key: str) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """A call with Odoo's password, and a Lictor key somewhere else."""
    own = keyed(call([[1], {"comment": "x"}]), "odoos password")
    basic = base64.b64encode(f"agent:{key}".encode()).decode()
    login = xmlrpc.client.dumps(("odoo", key, "odoos password", {}), "authenticate").encode()
    odoos = {**JSON, "Authorization": "Bearer 0123456789abcdef0123456789abcdef01234567"}
    return {
        "bearer token": (OBJECT, own, {**XML, "Authorization": f"Bearer {key}"}),
        "Basic": (OBJECT, own, {**XML, "Authorization": f"Basic {basic}"}),
        "X-API-Key": (JSONRPC, keyed(rpc(), "odoos password"), {**JSON, "X-API-Key": key}),
        "cookie": (OBJECT, own, {**XML, "Cookie": f"a=1; token={key}"}),
        "query": (f"{OBJECT}?key={key}", own, XML),
        "query, escaped": (f"{OBJECT}?key={key.replace('_', '%5f')}", own, XML),
        "login": (COMMON, login, XML),
        "value": (OBJECT, keyed(call([[1], {"comment": "KEYHERE"}]), "odoos password").replace(b"KEYHERE", key.encode()), XML),
        "X-API-Key, JSON-2": (JSON2, b'{"ids": [1]}', {**odoos, "X-API-Key": key}),
        "body, JSON-2": (JSON2, json.dumps({"ids": [1], "context": {"pad": "x" * 500_000, "k": key}}).encode(), odoos),
        "body, without credentials": (JSON2, json.dumps({"api_key": key}).encode(), JSON),
        "JSON-1": ("/json/1/action-1", b"", {"Authorization": f"Bearer {key}"}),
        "documentation": ("/doc-bearer/index.json", b"", {"Authorization": f"Bearer {key}"}),
        "databases": ("/xmlrpc/2/db", xmlrpc.client.dumps((key, "odoo"), "drop").encode(), XML),
        "database forms": ("/web/database/drop", f"master_pwd={key}&name=odoo".encode(), {"Content-Type": "application/x-www-form-urlencoded"}),
        "MCP module": ("/mcp/models", b"", {"X-API-Key": key}),
    }


@pytest.mark.parametrize("place", places(""))
def test_a_key_where_none_belongs_stays(gate: Gate, sink: Sink, key: dict[str, Any], mode: str, place: str) -> None:
    path, body, headers = places(key["key"])[place]
    sink.arrived()
    reason = send(gate, body, path, headers, "POST")
    assert reason in ("malformed_request", "endpoint_blocked")
    assert sink.arrived() == []
    eventually(lambda: gate.audit(key_id=key["id"], reason=reason))


def test_a_text_about_keys_passes(gate: Gate, sink: Sink, mode: str) -> None:
    sink.arrived()
    own = keyed(call([[1], {"comment": "It begins with lct_, say lct_12345678."}]), "odoos password")
    send(gate, own, OBJECT, XML, "POST")
    assert [arrived.endswith(own) for arrived in sink.arrived()] == [True]


def test_a_key_among_the_values_of_its_own_call_stays(gate: Gate, sink: Sink, key: dict[str, Any]) -> None:
    sink.arrived()
    body = xmlrpc.client.dumps(("odoo", 7, key["key"], "res.partner", "write", [[1], {"comment": key["key"]}]), "execute_kw")
    assert send(gate, body.encode(), "/xmlrpc/2/mcp", XML, "POST") == "malformed_request"
    assert sink.arrived() == []


def test_a_key_in_a_header_does_not_go_on_with_its_call(gate: Gate, sink: Sink, user: dict[str, Any], key: dict[str, Any]) -> None:
    sink.arrived()
    identity = ("odoo", user["upstream"]["uid"], key["key"], "res.partner", "read", [[1], ["name"]])
    body = xmlrpc.client.dumps(identity, "execute_kw").encode()
    headers = {**XML, "User-Agent": f"agent {key['key']}", "Accept-Language": key["key"], "Authorization": f"Bearer {key['key']}"}
    send(gate, body, f"/xmlrpc/2/mcp?key={key['key']}", headers, "POST")
    [arrived] = sink.arrived()
    assert arrived.startswith(b"POST /xmlrpc/2/object ") and MARK not in arrived


def test_a_key_in_pieces_over_http_2(gate: Gate, sink: Sink, key: dict[str, Any]) -> None:
    sink.arrived()
    body = keyed(call([[1], {}]), key["key"])[:-20]
    answer = http2(gate, [body[at : at + 10] for at in range(0, len(body), 10)], path=OBJECT.encode())
    assert b"malformed_request" in answer and sink.arrived() == []


def test_nothing_is_looked_at_where_the_mode_is_off(gate: Gate, sink: Sink, key: dict[str, Any]) -> None:
    gate.api("PATCH", "settings", {"enforcement": "off"})
    gate.in_force()
    sink.arrived()
    body = keyed(call([[1], {}])[:-20], key["key"])
    send(gate, body, OBJECT, XML, "POST")
    assert [arrived.endswith(body) for arrived in sink.arrived()] == [True]
    gate.api("PATCH", "settings", {"enforcement": "secure"})
    gate.in_force()


def test_without_a_policy_whatever_carries_a_mark_stays(gate: Gate, sink: Sink, key: dict[str, Any]) -> None:
    gate.api("PATCH", "settings", {"snapshot_max_age_seconds": 3})
    gate.in_force()
    own = keyed(call([[1], {}]), "odoos password")
    with gate.without_control_plane():
        eventually(lambda: b"policy_unavailable" in gate.send(call())[1])
        sink.arrived()
        for path, body, headers in [
            (OBJECT, call([[1], {}]), XML),
            (OBJECT, call([[1], {}])[:-20], XML),
            (OBJECT, own, {**XML, "X-API-Key": "lct_"}),
            (f"{OBJECT}?k=lct_", own, XML),
            (JSONRPC, rpc(), JSON),
            (JSON2, b"{}", {**JSON, "Authorization": "Bearer lct_KEY"}),
            (JSON2, b'{"k": "lct_KEY"}', JSON),
        ]:
            _, answer = gate.send(body, path, headers)
            assert b"policy_unavailable" in answer, path
        assert sink.arrived() == []
        gate.send(own, OBJECT, XML)
        assert [arrived.endswith(own) for arrived in sink.arrived()] == [True]
