"""Odoo's paths are data: with `website.rewrite`, its API endpoints answer at any path. `require` goes by what is sent."""

import codecs
import contextlib
import http.client
import json
import socket
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from parts.odoo import Odoo, User
from parts.postgres import Postgres
from parts.web_session import WebSession
from support.gate import CALL_SECONDS, Gate, eventually
from support.roads import JSON

XML, FORM = {"Content-Type": "text/xml"}, {"Content-Type": "application/x-www-form-urlencoded"}
# The endpoint's path, and its other one.
REWRITES = {
    "/jsonrpc": "/penrpc",
    "/xmlrpc/2/<service>": "/pen/<service>",
    "/xmlrpc/<service>": "/oldpen/<service>",
    "/json/2/<__model__>/<__method__>": "/ink/<__model__>/<__method__>",
}
FORGED = {"Cookie": "session_id=abcdefghijklmnopqrstuvwxyz0123456789"}


@pytest.fixture(scope="module")
def odoo() -> Iterator[Odoo]:
    with Postgres() as postgres, Odoo(postgres) as odoo:
        module = odoo.call("ir.module.module", "search", [["name", "=", "website"]])
        odoo.call("ir.module.module", "button_immediate_install", module)
        rewrites = [{"name": new, "redirect_type": "308", "url_from": old, "url_to": new} for old, new in REWRITES.items()]
        odoo.call("website.rewrite", "create", rewrites)
        odoo.services = "/pen"
        yield odoo


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("rewrites")) as gate:
        yield gate


@pytest.fixture(scope="module")
def api_key(odoo: Odoo) -> str:
    return odoo.create_api_key(odoo.admin)


def enforce(gate: Gate, mode: str, exceptions: tuple[str, ...] = ()) -> None:
    gate.api("PATCH", "settings", {"enforcement": mode, "require_exceptions": list(exceptions)})
    gate.in_force()


def calls(database: str, user: User, api_key: str) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """Calls with Odoo's own credentials that Odoo answers at other paths than its endpoints'."""
    args = [database, user.uid, user.password, "res.partner", "search_count", [[]]]
    document = xmlrpc.client.dumps(tuple(args), "execute_kw")
    inside = document.removeprefix("<?xml version='1.0'?>\n").replace("methodCall", "any")
    prefixed = inside.replace("<methodName>", "<x:methodName>").replace("</methodName>", "</x:methodName>")
    entity = f"<!DOCTYPE a [<!ENTITY m '<m&#101;thodName>execute_kw</m&#101;thodName>'>]>{inside}"
    entity = entity.replace("<methodName>execute_kw</methodName>", "&m;")
    params = {"service": "object", "method": "execute_kw", "args": args}
    rpc: dict[str, Any] = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
    late = {**rpc, "params": {"args": [*args, {"context": {"pad": "x" * 300_000}}], "method": "execute_kw", "service": "object"}}
    # Odoo's server takes 64 KiB of it, finds no name of a field, and leaves the rest.
    broken = b"--x\r\nA: b\r\n\r\n".ljust(64 << 10, b"-")
    bearer = {"Authorization": f"Bearer {api_key}"}
    return {
        "XML": ("/pen/object", document.encode(), XML),
        "old XML": ("/oldpen/object", document.encode(), XML),
        "behind a language": ("/en/pen/object", document.encode(), XML),
        "white space": ("/pen/object", (" \r\n" * 30_000 + inside).encode(), XML),
        "a byte-order mark": ("/pen/object", codecs.BOM_UTF8 + document.encode(), XML),
        "a comment": ("/pen/object", f"<!-- {'x' * 100_000} -->{inside}".encode(), XML),
        "another root": ("/pen/object", inside.encode(), XML),
        "a prefix": ("/pen/object", prefixed.encode(), XML),
        "UTF-16": ("/pen/object", document.split("?>", 1)[1].encode("utf-16"), XML),
        "UTF-16 without a mark": ("/pen/object", document.split("?>\n", 1)[1].encode("utf-16-le"), XML),
        "an entity": ("/pen/object", entity.encode(), XML),
        "as JSON": ("/pen/object", document.encode(), JSON),
        "as a file": ("/pen/object", document.encode(), {"Content-Type": "application/octet-stream"}),
        "as a form without parts": ("/pen/object", document.encode(), {"Content-Type": "multipart/form-data"}),
        "behind a broken form": ("/pen/object", broken + inside.encode(), {"Content-Type": "multipart/form-data; boundary=x"}),
        "compressed, it says": ("/pen/object", document.encode(), {**XML, "Content-Encoding": "gzip"}),
        "JSON": ("/penrpc", json.dumps(rpc).encode(), JSON),
        "JSON, service last": ("/penrpc", json.dumps(late).encode(), JSON),
        "JSON, escaped": ("/penrpc", json.dumps(rpc).replace('"service"', '"\\u0073ervice"').encode(), JSON),
        "JSON, pairs": ("/penrpc", json.dumps({**rpc, "params": list(map(list, params.items()))}).encode(), JSON),
        "JSON, another type": ("/penrpc", json.dumps(rpc).encode(), {"Content-Type": "Application/JSON-RPC ; a=b"}),
        "bearer": ("/ink/res.partner/search_count", b'{"domain": []}', {**JSON, **bearer}),
    }


def test_a_refusal_has_the_form_of_what_was_sent_and_a_row(gate: Gate, odoo: Odoo, api_key: str) -> None:
    """Before the others: of an address only the first refusals for a reason have rows."""
    enforce(gate, "require")
    for name, road, start in [("XML", "/xmlrpc/2/object", b"<?xml"), ("JSON", "/jsonrpc", b'{"jsonrpc"'), ("bearer", "/json/2", b'{"name"')]:
        path, body, headers = calls(odoo.database, odoo.admin, api_key)[name]
        _, document = gate.send(body, path, headers)
        assert document.startswith(start)
        eventually(lambda road=road: [row for row in gate.audit(reason="key_required") if row["road"] == road])


@pytest.mark.parametrize("name", calls("", User(0, "", ""), ""))
def test_odoo_answers_a_renamed_endpoint_and_require_refuses_it(gate: Gate, odoo: Odoo, api_key: str, name: str) -> None:
    path, body, headers = calls(odoo.database, odoo.admin, api_key)[name]
    count = odoo.call("res.partner", "search_count", [])

    def send(method: str = "POST", **more: str) -> tuple[int, str]:
        answer, document = gate.send(body, path, {**headers, **more}, method)
        return answer.status, document.decode()

    enforce(gate, "secure")
    # Sessions do not matter to Odoo here, nor do some methods.
    others: list[tuple[str, dict[str, str]]] = [("POST", FORGED)]
    others += {"/penrpc": [("PUT", {})], "/pen/object": [("OPTIONS", {})]}.get(path, [])
    for method, more in [("POST", {}), *others]:
        status, text = send(method, **more)
        assert status == 200 and str(count) in text and "fault" not in text and '"error"' not in text, (method, more, text[:500])
    enforce(gate, "require")
    for method, more in [("POST", {}), *others]:
        status, text = send(method, **more)
        assert "key_required: " in text, (method, more, text[:500])
        assert status == (401 if name == "bearer" else 200)
    enforce(gate, "require", ("127.0.0.0/8",))
    assert str(count) in send()[1]


def test_the_web_client_and_other_traffic_are_not_affected(gate: Gate, odoo: Odoo) -> None:
    enforce(gate, "require")
    session = WebSession(gate.up["gate_url"], odoo.database, odoo.admin.login, odoo.admin.password)
    assert session.call("res.partner", "search_count", []) > 0
    # A member of this name, where a method's own arguments stand, and among those of a call that has a session.
    assert session.call("res.partner", "search_count", [["name", "=", "service"]], context={"service": 1}) == 0
    with pytest.raises(Exception, match="KeyError: method"):
        session._post("/web/dataset/call_kw", {"service": "x", "model": "res.partner"})
    for body, headers in [
        (b"name=a&service=b", FORM),
        (b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n<methodName>\r\n--x--\r\n', {"Content-Type": "multipart/form-data; boundary=x"}),
        (b'{"event": {"service": "x", "params": 1}}', JSON),
        (b"<soap:Envelope/>", XML),
        (b"<html>", {"Content-Type": "text/html"}),
        (b"", {}),
    ]:
        answer, document = gate.send(body, "/contactus", headers)
        with contextlib.closing(http.client.HTTPConnection(odoo.host, odoo.port, timeout=CALL_SECONDS)) as straight:
            straight.request("POST", "/contactus", body, headers)
            status = straight.getresponse().status
        assert b"key_required" not in document and answer.status == status, (body, answer.status, status)


def test_an_upload_is_not_collected(gate: Gate, odoo: Odoo) -> None:
    """Its first bytes are with Odoo, which refuses the size, before the rest has come."""
    enforce(gate, "require")
    head = f"POST /web/login HTTP/1.1\r\nHost: gate\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {10**12}\r\n\r\n--x"
    with socket.create_connection(("127.0.0.1", gate.port), CALL_SECONDS) as connection:
        connection.sendall(head.encode())
        assert int(connection.recv(1000).split()[1]) == http.client.REQUEST_ENTITY_TOO_LARGE
