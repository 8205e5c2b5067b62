"""Published clients, unmodified, through the gate to Odoo, with no more than the permissions of the clients' templates, or
the one template that is named after them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clients import Account, Story
from clients.mcp_servers import (
    mcp_server_odoo,
    mcp_server_odoo_json_2,
    mcp_server_odoo_standard,
    odoo_mcp,
    odoo_mcp_json_2,
)
from clients.scripts import curl, n8n, odoo_await, odooly, odooly_json_rpc, odooly_on_the_old_roads, odoorpc
from parts.odoo import Odoo
from support.gate import Gate, eventually

# As an XML-RPC client with markup in its values would break if the gate wrote them wrong.
NAME = "Łucja <&> ]]> \U0001f600"
COMPANIES = [["is_company", "=", True]]


XML_RPC = {"/xmlrpc/2/common", "/xmlrpc/2/object"}
MODULE = {"/mcp", "/mcp/xmlrpc/object"}
CLIENTS = [
    (mcp_server_odoo, XML_RPC),
    (mcp_server_odoo_json_2, {"/json/2"}),
    (mcp_server_odoo_standard, MODULE),
    (odoo_mcp, XML_RPC),
    (odoo_mcp_json_2, {"/json/2"}),
    # Whatever it is told, odooly also tries JSON-2.
    (odooly, XML_RPC | {"/json/2"}),
    (odooly_on_the_old_roads, {"/xmlrpc/common", "/xmlrpc/object", "/json/2"}),
    (odooly_json_rpc, {"/jsonrpc", "/json/2"}),
    (odoorpc, {"/jsonrpc"}),
    (odoo_await, XML_RPC),
    (curl, {"/json/2"}),
    (n8n, {"/jsonrpc"}),
]
# Templates that are named after clients.
TEMPLATES = ["mcp-server-odoo", "odoo-mcp", "n8n"]


@pytest.fixture(scope="module")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    """Odoo's administrator with an API key, which every road takes."""
    return gate.user(odoo.database, odoo.admin.login, odoo.create_api_key(odoo.admin))


@pytest.fixture(scope="module")
def profiles(gate: Gate) -> None:
    for template in TEMPLATES:
        gate.api("POST", "profiles", {"name": template, "template": template})


@pytest.fixture
def module(gate: Gate) -> Iterator[None]:
    gate.api("PATCH", "settings", {"mcp_module_contract": True})
    yield
    gate.api("PATCH", "settings", {"mcp_module_contract": False})


@pytest.mark.parametrize(("client", "roads"), CLIENTS, ids=[client.__name__ for client, _ in CLIENTS])
def test_a_client_works_and_is_refused_what_is_not_permitted(
    client: Callable[..., Story], roads: set[str], gate: Gate, odoo: Odoo, user: Any, module: None, profiles: None, tmp_path: Path
) -> None:
    named = [template for template in TEMPLATES if client.__name__.startswith(template.replace("-", "_"))]
    made = gate.api("POST", "keys", {"name": "client", "user_id": user["id"], "profiles": named})
    # In force when a login succeeds; that of another key, so that the rows of this one are the client's alone.
    gate.key(user)
    account = Account(gate.up["gate_url"], odoo.database, odoo.admin.login, made["key"])
    story = client(account, NAME, tmp_path)
    assert sorted(story.found) == sorted(odoo.call("res.partner", "search", COMPANIES))
    assert odoo.call("res.partner", "read", [story.created], ["name"]) == [{"id": story.created, "name": NAME}]
    if "mcp" in client.__name__:
        assert "search_records" in story.tools and len(story.tools) > 10
    # The gate refused that one call and none of those that a client makes on its own account.
    rows = eventually(lambda: whole_story(gate, made["id"], client, roads))
    # odooly asks for Odoo's documentation with the key first, where none belongs.
    calls = [row for row in rows if row["road"] != "/doc-bearer"]
    refused = [(row["method"], row["record_ids"]) for row in calls if row["outcome"] != "allowed"]
    if client is mcp_server_odoo_standard:
        # It asks first, and does not try.
        assert "Operation 'unlink' not allowed on model 'res.partner'" in story.refusal and not refused
    else:
        whose = f"In the profile {named[0]}, the" if named else "The"
        told = f"permission_denied: {whose} permission for res.partner would have to allow delete."
        assert told in story.refusal
        assert refused == [("unlink", [story.created])]
    assert {row["road"] for row in calls} == roads


def whole_story(gate: Gate, key_id: str, client: Callable[..., Story], roads: set[str]) -> list[dict[str, Any]]:
    """The audit rows of a key, once the refused call, its last, is among them, or the creation, where there is none; and
    calls on all roads: those that went over another connection may be recorded after it."""
    rows = gate.audit(key_id=key_id)
    last = "create" if client is mcp_server_odoo_standard else "unlink"
    return rows if any(row["method"] == last for row in rows) and roads <= {row["road"] for row in rows} else []
