"""Spellings of a road that only Odoo understands: they reach it with its own credentials, and are closed in `require`."""

import xmlrpc.client
from collections.abc import Iterator

import pytest

from parts.odoo import Odoo
from parts.postgres import Postgres
from support.gate import Gate, eventually
from support.http2 import http2

# Behind a language's URL code, and with a byte that Python takes for white space, which Envoy lets by over HTTP/2 only.
SPELLINGS = [b"/en/xmlrpc/2/object", b"/en//xmlrpc/object/", b"/xmlrpc/2/object\x85", b"/xmlrpc/2/object\xa0"]


@pytest.fixture(scope="module")
def odoo() -> Iterator[Odoo]:
    """With the module that takes languages off paths: most installations have it, by way of `portal`."""
    with Postgres() as postgres, Odoo(postgres) as odoo:
        module = odoo.call("ir.module.module", "search", [["name", "=", "http_routing"]])
        odoo.call("ir.module.module", "button_immediate_install", module)
        yield odoo


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("spellings")) as gate:
        yield gate


@pytest.mark.parametrize("path", SPELLINGS, ids=repr)
def test_no_spelling_is_open_in_require(path: bytes, gate: Gate, odoo: Odoo) -> None:
    call = (odoo.database, odoo.admin.uid, odoo.admin.password, "res.partner", "search_count", [[]])
    body = xmlrpc.client.dumps(call, "execute_kw").encode()

    def answer() -> bytes:
        return http2(gate, [body], path=path)

    gate.api("PATCH", "settings", {"enforcement": "secure"})
    eventually(lambda: b"<params>" in answer())
    gate.api("PATCH", "settings", {"enforcement": "require"})
    eventually(lambda: b"key_required" in answer())
