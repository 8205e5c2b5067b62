"""What a version before has left behind: its database with keys, records and their chain, and its filter.

`python -m support.version_before 0.2.0 CHECKOUT`, in `tests/e2e`, makes the fixtures in `tests/fixtures/0.2.0` with a checkout of that
version and with what that one builds. `tests/fixtures/README.md` says of which commits they are.
"""

import contextlib
import dataclasses
import json
import lzma
import sqlite3
import sys
import tempfile
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from parts.postgres import Postgres
from support.command_line import CommandLine
from support.echo import Echo, call
from support.gate import CALL_SECONDS, ROOT, Gate, Problem, eventually

FIXTURES = ROOT / "tests/fixtures"
ENGINES = ("sqlite", "postgresql")
# In the state folder of `cargo xtask up`.
DATABASE = "database/lictor.db"
SECRETS = ("master-key", "admin-token", "gate-token")
# Lists of the REST API that a version tells, and the next one too.
NOUNS = ("keys", "users", "permissions", "gates", "settings", "audit", "admin-audit")
LIMIT = 3


@dataclasses.dataclass(frozen=True)
class Before:
    """A version's database on one of the engines."""

    version: str
    engine: str

    @property
    def folder(self) -> Path:
        return FIXTURES / self.version

    def left(self) -> dict[str, Any]:
        """Its `secrets` and `keys`, what it has `told` over REST, and the chain's `head`."""
        return json.loads((self.folder / f"{self.engine}.json").read_text())

    @contextlib.contextmanager
    def upgraded(self, odoo_url: str, folder: Path) -> Iterator[Gate]:
        """A gate of this version on a copy of that database."""
        (folder / DATABASE).parent.mkdir(parents=True, mode=0o700)
        for name, text in self.left()["secrets"].items():
            (folder / name).write_text(text)
        with contextlib.ExitStack() as stack:
            url = None
            if self.engine == "sqlite":
                (folder / DATABASE).write_bytes(lzma.decompress((self.folder / "sqlite.db.xz").read_bytes()))
            else:
                postgres = stack.enter_context(Postgres())
                postgres.restore("lictor", self.folder / "postgresql.dump")
                url = postgres.url("lictor")
            yield stack.enter_context(Gate(odoo_url, folder, database_url=url))

    def make(self, checkout: Path) -> None:
        """Makes the files, with a gate of that checkout."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            state = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "state"
            echo = stack.enter_context(an_odoo())
            postgres = stack.enter_context(Postgres()) if self.engine == "postgresql" else None
            if postgres:
                postgres.create_database("lictor")
            url = postgres.url("lictor") if postgres else None
            with Gate(echo.url, state, database_url=url, checkout=checkout) as gate:
                keys = lived(gate)
                told = {noun: told_by(gate, noun) for noun in NOUNS}
                head = CommandLine.of(gate, state)("audit", "head").stdout
                snapshot = _policy(gate)
                module = Path(gate.filter_module).read_bytes()
            secrets = {name: (state / name).read_text() for name in SECRETS}
            left = {"keys": keys, "head": head, "secrets": secrets, "told": told}
            (self.folder / f"{self.engine}.json").write_text(json.dumps(left, indent=1, sort_keys=True) + "\n")
            if postgres:
                postgres.dump("lictor", self.folder / "postgresql.dump")
                return
            whole = state / "whole.db"
            with contextlib.closing(sqlite3.connect(state / DATABASE)) as database:
                database.execute("VACUUM INTO ?", (str(whole),))
            (self.folder / "sqlite.db.xz").write_bytes(lzma.compress(whole.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
            (self.folder / "filter.wasm.xz").write_bytes(lzma.compress(module, preset=9 | lzma.PRESET_EXTREME))
            (self.folder / "snapshot.json").write_text(json.dumps(snapshot, indent=1) + "\n")


def an_odoo() -> Echo:
    """That of the fixtures, which tells of its models what they name."""
    echo = Echo()
    echo.fields.update(name={"type": "char", "store": True})
    return echo


def told_by(gate: Gate, noun: str) -> Any:
    """All of a noun that the service tells, which is less than a page."""
    if noun == "settings":
        return gate.api("GET", noun)
    answer = gate.api("GET", f"{noun}?limit=500")
    assert not answer.get("next_cursor"), noun
    return answer["items"]


def lived(gate: Gate) -> dict[str, str]:
    """Makes keys, uses them, and gives them back when all records are stored."""
    gate.api("PATCH", "settings", {"audit": {"retention_days": 36500, "durability": {"write": "write-ahead"}}})
    gate.permit({"res.partner": {"read": True, "write": True, "methods": {"echo": ["read"], "mark": ["write"]}}})
    upstream = {"database": "odoo", "login": "agent", "secret": "secret"}
    user = gate.api("POST", "users", {"name": "agent", "upstream": upstream})

    def key(name: str, **restrictions: Any) -> str:
        made = gate.api("POST", "keys", {"name": name, "user_id": user["id"], "expires_at": "2090-01-31T00:00:00Z", **restrictions})
        ids[name] = made["id"]
        return made["key"]

    ids: dict[str, str] = {}
    keys = {
        "writer": key("writer"),
        "reader": key("reader", scopes=["read"]),
        "limited": key("limited", rate_limit_per_minute=LIMIT),
        "elsewhere": key("elsewhere", ip_allow_list=["10.0.0.0/8"]),
        "revoked": key("revoked"),
    }
    _in_force(gate)
    for name in ("writer", "reader", "limited", "revoked"):
        assert is_answered(gate, keys[name]), name
    assert is_answered(gate, keys["writer"], "mark")
    assert not is_answered(gate, keys["reader"], "mark")
    assert not is_answered(gate, keys["elsewhere"])
    gate.api("POST", f"keys/{ids['revoked']}/revoke")
    _in_force(gate)
    assert not is_answered(gate, keys["revoked"])
    eventually(lambda: len(gate.audit()) >= 8)
    eventually(lambda: all(row["outcome"] != "unknown" for row in gate.audit()))
    return keys


def _in_force(gate: Gate) -> None:
    try:
        gate.api("GET", "schema?limit=1")
    except Problem:  # The first version knows nothing of Odoo's models.
        gate.policy_in_force()
    else:
        gate.in_force()


def loads(gate: Gate, module: str) -> None:
    """Starts Envoy anew with another file of the filter."""
    with gate.without_envoy():
        configuration = gate.folder / "envoy.yaml"
        configuration.write_text(configuration.read_text().replace(gate.filter_module, module))
    assert gate.filter_module == module


def hears_of_changes(gate: Gate) -> dict[str, Any]:
    """A key that is made is answered, and when it is revoked, refused. The key."""
    user = gate.api("GET", "users")["items"][0]
    made = gate.api("POST", "keys", {"name": "new", "user_id": user["id"]})
    gate.in_force()
    assert is_answered(gate, made["key"])
    gate.api("POST", f"keys/{made['id']}/revoke")
    gate.in_force()
    assert not is_answered(gate, made["key"])
    return made


def is_answered(gate: Gate, key: str, method: str = "echo") -> bool:
    """Whether a call is; else it is a refusal of the gate."""
    _, document = gate.send(call(key, "it").replace(b"<string>echo<", f"<string>{method}<".encode()))
    try:
        [answer], _ = xmlrpc.client.loads(document)
    except xmlrpc.client.Fault as fault:
        assert "(decision " in fault.faultString, fault
        return False
    return answer[0] == ["it"]


def _policy(gate: Gate) -> dict[str, Any]:
    """As gates are told it."""
    configuration = yaml.safe_load((gate.folder / "envoy.yaml").read_text())
    [cluster] = [one for one in configuration["static_resources"]["clusters"] if one["name"] == "lictor_control_plane"]
    [endpoint] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    port = endpoint["endpoint"]["address"]["socket_address"]["port_value"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/gate/v1/policy")
    request.add_header("Authorization", f"Bearer {(gate.folder / 'gate-token').read_text()}")
    with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    [_, VERSION, CHECKOUT] = sys.argv
    for ENGINE in ENGINES:
        Before(VERSION, ENGINE).make(Path(CHECKOUT).resolve())
