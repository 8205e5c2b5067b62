"""Libraries and curl, each driven by a short script in its own environment, which prints the story as JSON."""

import dataclasses
import json
import urllib.request
from pathlib import Path
from typing import Any

from clients import Account, Story, install


def odooly(account: Account, name: str, folder: Path) -> Story:
    """`odooly.Client(server, db, user, password)`; a server that ends in `/xmlrpc/2` makes it speak XML-RPC."""
    return _odooly("/xmlrpc/2", account, name, folder)


def odooly_on_the_old_roads(account: Account, name: str, folder: Path) -> Story:
    """A server that ends in `/xmlrpc`: as before Odoo 8."""
    return _odooly("/xmlrpc", account, name, folder)


def odooly_json_rpc(account: Account, name: str, folder: Path) -> Story:
    """A server that ends in `/jsonrpc`."""
    return _odooly("/jsonrpc", account, name, folder)


def _odooly(road: str, account: Account, name: str, folder: Path) -> Story:
    script = [str(install.python("odooly")), str(install.HERE / "odooly_story.py")]
    return _story(script, dataclasses.replace(account, url=account.url + road), name, folder)


def odoorpc(account: Account, name: str, folder: Path) -> Story:
    """`odoorpc.ODOO(host, protocol="jsonrpc", port=…).login(db, login, password)`."""
    script = [str(install.python("odoorpc")), str(install.HERE / "odoorpc_story.py")]
    return _story(script, account, name, folder)


def curl(account: Account, name: str, folder: Path) -> Story:
    """The machine's own curl, over JSON-2."""
    arguments = [account.url, account.database, account.login, account.key, name]
    story = json.loads(install.run(["sh", str(install.HERE / "curl_story.sh"), *arguments], folder))
    [created] = story["created"]
    return Story(story["found"], created, story["refusal"]["message"])


def n8n(account: Account, name: str, folder: Path) -> Story:
    """The calls of n8n's Odoo node, which runs nowhere else: `execute` over JSON-RPC, as its `GenericFunctions.ts` makes them."""

    def rpc(service: str, method: str, *args: Any) -> Any:
        params = {"service": service, "method": method, "args": args}
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "n8n", "Accept": "application/json"}
        request = urllib.request.Request(f"{account.url}/jsonrpc", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    uid = rpc("common", "login", account.database, account.login, account.key)["result"]

    def execute(model: str, method: str, *args: Any) -> Any:
        return rpc("object", "execute", account.database, uid, account.key, model, method, *args)

    models = execute("ir.model", "search_read", [], ["name", "model", "modules"])["result"]
    assert "res.partner" in [model["model"] for model in models]
    assert "name" in execute("res.partner", "fields_get", [], ["string", "type", "help"])["result"]
    page = execute("res.partner", "search_read", [["is_company", "=", True]], ["id", "name"], 0, 100)["result"]
    created = execute("res.partner", "create", {"name": name})["result"]
    refusal = execute("res.partner", "unlink", [created])["error"]["data"]["message"]
    return Story([record["id"] for record in page], created, refusal)


def odoo_await(account: Account, name: str, folder: Path) -> Story:
    """`new OdooAwait({baseUrl, db, username, password})`."""
    node, modules = install.node_modules("odoo-await")
    script = [node, str(install.HERE / "odoo_await_story.js")]
    return _story(script, account, name, folder, NODE_PATH=str(modules))


def _story(script: list[str], account: Account, name: str, folder: Path, **environment: str) -> Story:
    arguments = [account.url, account.database, account.login, account.key, name]
    return Story(**json.loads(install.run([*script, *arguments], folder, **environment)))
