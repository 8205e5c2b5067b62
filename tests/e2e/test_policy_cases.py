"""`lictor test`: cases of calls, tested by a policy file that is not applied, end as they then do at a real gate with a real Odoo."""

import json
from pathlib import Path
from typing import Any

from parts.odoo import Odoo
from support.command_line import CommandLine
from support.gate import Gate

DONE, NOT_AS_WANTED = 0, 1
POLICY = {
    "profiles": {
        "directory": {
            "permissions": {
                "res.partner": {
                    "read": True,
                    "write": True,
                    "fields": {"read": {"hide": ["phone"]}, "write": {"only": ["comment"]}},
                    "paths": ["user_id.login"],
                },
                # A model that the service knows nothing of before.
                "res.partner.category": {"read": True, "create": True},
            }
        }
    },
    "keys": [{"user": "Directory", "name": "agent", "profiles": ["directory"], "scopes": ["read", "write"]}],
}
# Model, method, arguments, and why the gate refuses the call.
CALLS: list[tuple[str, str, list[Any], str | None]] = [
    ("res.partner", "search_read", [[["name", "ilike", "a"]], ["name", "email"]], None),
    ("res.partner", "search_read", [[], ["name", "phone"]], "field_denied"),
    ("res.partner", "search", [[["user_id.login", "=", "x"]]], None),
    ("res.partner", "search", [[["user_ids.login", "=", "x"]]], "cross_model_denied"),
    ("res.partner", "write", [[1], {"comment": "x"}], None),
    ("res.partner", "write", [[1], {"name": "x"}], "field_denied"),
    ("res.partner", "unlink", [[1]], "scope_denied"),
    ("res.partner", "message_subscribe", [[1], [1]], "method_denied"),
    ("res.partner.category", "search_read", [[], ["name", "color"]], None),
    ("res.partner.category", "create", [{"name": "x"}], "scope_denied"),
    ("res.country", "search", [[]], "permission_denied"),
]


def test_a_policy_is_tested_as_a_gate_then_decides(odoo: Odoo, tmp_path: Path) -> None:
    with Gate(odoo.url, tmp_path / "state") as gate:
        compare(gate, odoo, tmp_path)


def compare(gate: Gate, odoo: Odoo, folder: Path) -> None:
    lictor = CommandLine.of(gate, folder)
    user = gate.user(odoo.database, odoo.admin.login, odoo.admin.password)
    gate.api("PATCH", f"users/{user['id']}", {"name": "Directory", "email": None})
    key = lictor.json("key", "create", "--user", user["id"], "--name", "agent")
    cases: list[dict[str, Any]] = []
    for model, method, args, reason in CALLS:
        wanted = {"want": "denied", "reason": reason} if reason else {"want": "allowed"}
        cases.append({"name": f"{model}.{method} {args}", "key": "agent", "model": model, "method": method, "args": args, **wanted})
    (folder / "policy.yaml").write_text(json.dumps(POLICY))
    (folder / "cases.yaml").write_text(json.dumps(cases))
    before = stored(gate)
    run = lictor("test", "-f", "policy.yaml", "-t", "cases.yaml")
    assert f"{len(CALLS)} of {len(CALLS)} decisions are as wanted" in run.stderr, run.stdout
    # What is stored is another policy, and stays so.
    assert stored(gate) == before
    assert lictor.json("test", "-t", "cases.yaml", status=NOT_AS_WANTED)["failed"] > 0

    lictor("apply", "-f", "policy.yaml")
    gate.in_force()
    agent = gate.agent(user, key["key"])
    for model, method, args, reason in CALLS:
        assert agent.refusal(model, method, *args) == reason, (model, method, args)
    lictor("test", "-t", "cases.yaml", status=DONE)


def stored(gate: Gate) -> list[Any]:
    return [gate.api("GET", noun) for noun in ("profiles", "permissions", "keys", "users", "settings")]
