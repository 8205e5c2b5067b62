"""A day of an agent that keeps books and means no harm: two unmodified MCP servers and a program, with the permissions of
the clients' templates and all that goes wrong in a day, in a minute."""

import contextlib
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clients import Account
from clients.mcp_servers import odoo_mcp, working
from parts.odoo import Odoo
from support.gate import Gate, fault

# What an MCP server asks about when it starts; the templates have few of them.
MODELS = """account.account account.analytic.account account.bank.statement account.bank.statement.line account.journal
    account.move account.move.line account.partial.reconcile account.payment account.payment.term account.reconcile.model
    account.tax account.tax.group calendar.event crm.lead hr.employee hr.expense product.category product.product
    product.template project.task purchase.order purchase.order.line res.bank res.company res.country res.currency
    res.partner res.partner.bank sale.order sale.order.line stock.picking uom.uom""".split()
COMPANIES = [["is_company", "=", True]]
TRIES = 3


class OtherMachine(xmlrpc.client.Transport):
    """Calls from another address, as another program."""

    user_agent = "bookkeeping-nightly/2.1"

    def make_connection(self, host: Any) -> Any:
        connection = super().make_connection(host)
        connection.source_address = ("127.0.0.2", 0)
        return connection


@contextlib.contextmanager
def settings(gate: Gate, **changes: Any) -> Iterator[None]:
    before = gate.api("GET", "settings")
    gate.api("PATCH", "settings", changes)
    gate.in_force()
    yield
    gate.api("PATCH", "settings", {name: before[name] for name in changes})
    gate.in_force()


def carry_out(gate: Gate, odoo: Odoo, folder: Path) -> None:
    """The day. The servers work in the folder."""
    user = gate.user(odoo.database, odoo.admin.login, odoo.create_api_key(odoo.admin))
    made = gate.key(user, name="bookkeeper")
    key = made["key"]
    account = Account(gate.up["gate_url"], odoo.database, odoo.admin.login, key)
    agent = gate.agent(user, key)

    # In the morning the AI application starts its server, and asks for what is there.
    with working(account, folder) as call:
        call("list_models")
        for model in ["res.partner", "res.company", "res.lang", "res.country"]:
            call("search_records", model=model, limit=10)
        for model in ["account.move", "account.journal"]:
            for _ in range(TRIES):
                assert "permission_denied" in call("search_records", model=model, limit=10)
        [partner] = call("search_records", model="res.partner", domain=COMPANIES, limit=1)["records"]
        call("get_record", model="res.partner", record_id=partner["id"])
        for _ in range(TRIES):
            assert "permission_denied" in call("delete_record", model="res.partner", record_id=partner["id"])

    # A colleague's server does the same, and another program looks at what each model is made of.
    (folder / "colleague").mkdir()
    odoo_mcp(account, "Deco Books", folder / "colleague")
    for model in MODELS:
        for method, arguments in [("check_access_rights", ["read", False]), ("fields_get", [])]:
            agent.refusal(model, method, *arguments)

    # The work: what is permitted, again and again; what is not, until it is given up.
    partners = agent("res.partner", "search", COMPANIES)
    for _ in range(20):
        agent("res.partner", "read", partners[:5], ["name", "vat", "email"])
        agent("res.partner", "search_read", COMPANIES, ["name"], limit=20)
        agent("res.lang", "search_read", [], ["code"], limit=5)
    tries: list[tuple[str, str, list[Any]]] = [
        ("account.move", "action_post", [[1]]),
        ("account.move.line", "search_read", [[["parent_state", "=", "posted"]], ["balance"]]),
        ("account.payment", "create", [{"amount": 12.5}]),
        ("res.partner", "unlink", [partners[:1]]),
        ("res.partner", "_compute_display_name", [partners[:1]]),
        ("res.partner", "search_read", [[["user_ids.group_ids.name", "=", "admin"]], ["name"]]),
        ("res.bank", "create", [{"name": "A bank"}]),
    ]
    for model, method, arguments in tries:
        for _ in range(TRIES):
            assert agent.refusal(model, method, *arguments), (model, method)

    # A program with a bug, a mistyped key, a key that was rotated and is not yet everywhere.
    body = xmlrpc.client.dumps((odoo.database, odoo.admin.uid, key, "res.partner", "read", ["not ids"]), "execute_kw").encode()
    for _ in range(8):
        assert fault(gate.send(body)[1]).faultString.startswith("malformed_request:")
    assert not gate.authenticate(odoo.database, odoo.admin.login, f"{key[:-1]}{'a' if key[-1] != 'a' else 'b'}")
    after = gate.api("POST", f"keys/{made['id']}/rotate", {"overlap_seconds": 0})
    gate.in_force()
    for _ in range(TRIES):
        assert agent.refusal("res.partner", "read", partners[:1], ["name"]) == "invalid_key"
    agent = gate.agent(user, after["key"])

    # In the evening a report calls too often, and a second machine joins in while one is allowed.
    with settings(gate, rate_limit={"enabled": True, "per_minute": 10}):
        refused = [agent.refusal("res.partner", "read", partners[:1], ["name"]) for _ in range(60)]
        assert refused.count("rate_limited") == 50
    other = gate.agent(user, after["key"])
    other.proxy = xmlrpc.client.ServerProxy(f"{gate.up['gate_url']}/xmlrpc/2/mcp", OtherMachine(), allow_none=True)
    with settings(gate, sessions={"enabled": True, "limit": 1, "timeout_seconds": 1800}):
        refused = [machine.refusal("res.partner", "search_count", []) for machine in [agent, other] * 5]
        assert refused.count("session_limit") == 5
