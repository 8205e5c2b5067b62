"""Two libraries, each driven by a short script in its own environment, which prints the story as JSON."""

import json
from pathlib import Path

from clients import Account, Story, install


def odooly(account: Account, name: str, folder: Path) -> Story:
    """`odooly.Client(server, db, user, password)`; a server that ends in `/xmlrpc/2` makes it speak XML-RPC."""
    script = [str(install.python("odooly")), str(install.HERE / "odooly_story.py")]
    return _story(script, account, name, folder)


def odoo_await(account: Account, name: str, folder: Path) -> Story:
    """`new OdooAwait({baseUrl, db, username, password})`."""
    node, modules = install.node_modules("odoo-await")
    script = [node, str(install.HERE / "odoo_await_story.js")]
    return _story(script, account, name, folder, NODE_PATH=str(modules))


def _story(script: list[str], account: Account, name: str, folder: Path, **environment: str) -> Story:
    arguments = [account.url, account.database, account.login, account.key, name]
    return Story(**json.loads(install.run([*script, *arguments], folder, **environment)))
