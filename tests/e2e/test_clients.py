"""Published clients, unmodified, through the gate to Odoo, with no more than the starter permissions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clients import Account, Story
from clients.mcp_servers import mcp_server_odoo, odoo_mcp
from clients.scripts import odoo_await, odooly
from gate import Gate, eventually

from parts.odoo import Odoo

# As an XML-RPC client with markup in its values would break if the gate wrote them wrong.
NAME = "Łucja <&> ]]> \U0001f600"
COMPANIES = [["is_company", "=", True]]


@pytest.mark.parametrize("client", [mcp_server_odoo, odoo_mcp, odooly, odoo_await])
def test_a_client_works_and_is_refused_what_is_not_permitted(
    client: Callable[..., Story], gate: Gate, odoo: Odoo, user: Any, tmp_path: Path
) -> None:
    key = gate.key(user)
    account = Account(gate.up["gate_url"], odoo.database, odoo.admin.login, key["key"])
    story = client(account, NAME, tmp_path)
    assert sorted(story.found) == sorted(odoo.call("res.partner", "search", COMPANIES))
    assert odoo.call("res.partner", "read", [story.created], ["name"]) == [{"id": story.created, "name": NAME}]
    assert "permission_denied: The permission for res.partner would have to allow delete." in story.refusal
    if "mcp" in client.__name__:
        assert "search_records" in story.tools and len(story.tools) > 10
    # The gate refused that one call and none of those that a client makes on its own account.
    rows = eventually(lambda: whole_story(gate, key["id"]), seconds=10)
    refused = [(row["method"], row["record_ids"]) for row in rows if row["outcome"] != "allowed"]
    assert refused == [("unlink", [story.created])]
    assert {row["road"] for row in rows} == {"/xmlrpc/2/common", "/xmlrpc/2/object"}


def whole_story(gate: Gate, key_id: str) -> list[dict[str, Any]]:
    """The audit rows of a key, once the refused call, its last, is among them."""
    rows = gate.audit(key_id=key_id)
    return rows if any(row["method"] == "unlink" for row in rows) else []
