"""`lictor apply`, `diff` and `export`: the policy as a file."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.command_line import CommandLine
from support.control_plane import ControlPlane, program
from support.echo import Echo
from support.gate import ROOT, Problem

DONE, DIFFERENCES, TROUBLE, _, REFUSED, CONFLICT, INVALID = range(7)
EXAMPLE = ROOT / "docs/examples/policy.yaml"
SECRET = "odoo-secret-that-nobody-prints"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ControlPlane]:
    with Echo() as echo, ControlPlane(echo.url, tmp_path) as service:
        yield service


@pytest.fixture
def lictor(service: ControlPlane, tmp_path: Path) -> Iterator[CommandLine]:
    """In a folder with the example and the secrets that it names."""
    folder = tmp_path / "work"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets/report").write_text(SECRET)
    shutil.copy(EXAMPLE, folder)
    lictor = CommandLine(program(), service.url, service.token, folder)
    lictor.environment["ADA_ODOO_API_KEY"] = SECRET
    yield lictor
    printed = "\n".join(lictor.printed)
    assert SECRET not in printed and service.token not in printed and "lct_" not in printed


def permit(service: ControlPlane, permissions: dict[str, Any]) -> None:
    for model, permission in permissions.items():
        service.api("PUT", f"permissions/{model}?unknown=allow", permission)


def everything(service: ControlPlane) -> Any:
    """All that a policy file is about."""
    lists = [service.api("GET", f"{noun}?limit=500")["items"] for noun in ("users", "keys", "permissions", "profiles")]
    for key in lists[1]:
        for changing in ("last_used_at", "last_used_from", "use_count"):
            del key[changing]
    return lists, service.api("GET", "settings")


def test_the_example_is_applied_and_a_second_run_changes_nothing(service: ControlPlane, lictor: CommandLine) -> None:
    plan = lictor("diff", "-f", "policy.yaml", status=DIFFERENCES).stdout
    assert "+ user ada@example.com\n" in plan and "+ permission account.move  LOOSENS\n    read: true  LOOSENS\n" in plan
    assert '    rate_limit.per_minute: 60 -> 120\n' in plan
    run = lictor("apply", "-f", "policy.yaml", "--key-dir", "keys")
    assert run.stdout == plan and "11 changes were made" in run.stderr
    before = everything(service)
    assert before[0][2][0] == service.api("GET", "permissions/account.move")
    assert lictor("apply", "-f", "policy.yaml").stdout == ""
    assert lictor("diff", "-f", "policy.yaml", "--prune").stdout == ""
    assert lictor.json("diff", "-f", "policy.yaml") == {"changes": []}
    assert everything(service) == before

    plain = lictor.folder / "keys/ada@example.com_assistant.key"
    assert plain.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"lct_[0-9A-Za-z]{46}\n", plain.read_text())


def test_what_is_missing_is_told_before_anything_is_done(service: ControlPlane, lictor: CommandLine) -> None:
    before = everything(service)
    assert "--key-dir" in lictor("apply", "-f", "policy.yaml", status=INVALID).stderr
    del lictor.environment["ADA_ODOO_API_KEY"]
    run = lictor("apply", "-f", "policy.yaml", "--key-dir", "keys", status=1)
    assert "user ada@example.com: ADA_ODOO_API_KEY: the environment variable is not there" in run.stderr
    assert everything(service) == before
    assert not list(lictor.folder.glob("keys/*"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("permissions:\n  a.b: {reed: true}\n", "bad.yaml:2:9: permissions.a.b: unknown field `reed`"),
        ("users:\n  - name: [\n", "bad.yaml:3:1: "),
        ("settings: {body_limit_bytes: 0}\n", "bad.yaml: settings.body_limit_bytes: Give a number"),
        ("keys: [{user: nobody, name: k}]\n", "keys[0].user: there is no user 'nobody'"),
    ],
)
def test_a_file_that_is_wrong_changes_nothing_and_says_where(
    service: ControlPlane, lictor: CommandLine, text: str, told: str
) -> None:
    before = everything(service)
    (lictor.folder / "bad.yaml").write_text(text)
    for verb in ("diff", "apply"):
        assert told in lictor(verb, "-f", "bad.yaml", status=INVALID).stderr
    assert everything(service) == before


def test_prune_asks_and_deletes_what_the_file_lacks(service: ControlPlane, lictor: CommandLine) -> None:
    lictor("apply", "-f", "policy.yaml", "--key-dir", "keys")
    (lictor.folder / "less.yaml").write_text("users: []\npermissions: {account.move: {read: true}}\nprofiles: {}\n")
    plan = lictor("diff", "-f", "less.yaml", "--prune", status=DIFFERENCES).stdout
    assert plan.count("- ") == 7 and "- user Nightly report\n" in plan
    assert "--yes" in lictor("apply", "-f", "less.yaml", "--prune", status=TROUBLE).stderr
    terminal = lictor.at_a_terminal("apply", "-f", "less.yaml", "--prune")
    terminal.asks("This deletes 7 records. Do it? [y/N]")
    terminal.answer("n")
    assert terminal.ends() == REFUSED
    assert len(everything(service)[0][0]) == 2
    lictor("apply", "-f", "less.yaml", "--prune", "--yes")
    (users, keys, permissions, profiles), settings = everything(service)
    assert [profile["name"] for profile in profiles] == ["default"]
    assert (users, keys, [one["model"] for one in permissions]) == ([], [], ["account.move"])
    assert settings["enforcement"] == "secure"


def test_what_changed_after_the_plan_was_shown_is_not_overwritten(service: ControlPlane, lictor: CommandLine) -> None:
    rules = {"read": True, "write": True}
    permit(service, {"a.a": rules, "b.b": rules, "c.c": rules})
    (lictor.folder / "p.yaml").write_text("permissions: {b.b: {read: true}, d.d: {read: true}}\n")
    terminal = lictor.at_a_terminal("apply", "-f", "p.yaml", "--allow-unknown", "--prune")
    terminal.asks("[y/N]")
    permit(service, {"b.b": {"create": True}, "d.d": {"delete": True}})
    terminal.answer("y")
    assert terminal.ends() == CONFLICT
    told = " ".join(terminal.text.split())
    assert "permission b.b" in told and "has changed" in told and "2 of 4 changes were made" in told
    assert service.api("GET", "permissions/b.b")["create"] is True
    # The second run sees what is there now, and finishes.
    lictor("apply", "-f", "p.yaml", "--allow-unknown", "--prune", "--yes")
    assert [one["model"] for one in service.api("GET", "permissions")["items"]] == ["b.b", "d.d"]
    assert lictor("diff", "-f", "p.yaml", "--prune").stdout == ""


def test_a_permission_that_somebody_else_made_meanwhile_is_not_overwritten(service: ControlPlane, lictor: CommandLine) -> None:
    permit(service, {"a.a": {"read": True}})
    (lictor.folder / "p.yaml").write_text("permissions: {d.d: {read: true}}\n")
    terminal = lictor.at_a_terminal("apply", "-f", "p.yaml", "--allow-unknown", "--prune")
    terminal.asks("[y/N]")
    permit(service, {"d.d": {"delete": True}})
    terminal.answer("y")
    assert terminal.ends() == CONFLICT
    assert service.api("GET", "permissions/d.d")["delete"] is True


def test_a_key_that_was_switched_off_stays_off(service: ControlPlane, lictor: CommandLine) -> None:
    lictor("apply", "-f", "policy.yaml", "--key-dir", "keys")
    [key, _] = service.api("GET", "keys")["items"]
    service.api("PATCH", f"keys/{key['id']}", {"active": False, "models": []})
    plan = lictor("apply", "-f", "policy.yaml").stdout
    assert "active" not in plan and "models" in plan
    assert service.api("GET", f"keys/{key['id']}")["active"] is False


def test_what_was_exported_changes_nothing(service: ControlPlane, lictor: CommandLine) -> None:
    lictor("apply", "-f", "policy.yaml", "--key-dir", "keys")
    text = lictor("export").stdout
    (lictor.folder / "now.yaml").write_text(text)
    assert lictor("diff", "-f", "now.yaml", "--prune").stdout == ""
    assert lictor("diff", "-f", "-", stdin=text).stdout == ""
    assert lictor.json("export")["settings"] == service.api("GET", "settings")


def test_changes_are_a_document_for_machines(service: ControlPlane, lictor: CommandLine) -> None:
    permit(service, {"a.a": {"read": True}})
    (lictor.folder / "p.yaml").write_text("permissions: {a.a: {write: true}}\n")
    fields = [
        {"field": "read", "before": True, "after": False},
        {"field": "write", "before": False, "after": True},
    ]
    marked = {"loosens": True, "loosened_fields": ["write"]}
    change = {"change": "alter", "noun": "permission", "name": "a.a", "fields": fields, **marked}
    assert lictor.json("diff", "-f", "p.yaml", status=DIFFERENCES) == {"changes": [change]}
    assert lictor.json("apply", "-f", "p.yaml", "--allow-unknown") == {"changes": [change], "made": 1}


def test_diff_says_trouble_as_diff_does(lictor: CommandLine) -> None:
    lictor("diff", "-f", "missing.yaml", status=TROUBLE)
    lictor("diff", "-f", "policy.yaml", status=TROUBLE, LICTOR_URL="http://127.0.0.1:1")
    with pytest.raises(json.JSONDecodeError):
        lictor.json("diff", "-f", "missing.yaml", status=TROUBLE)


def test_a_manager_applies_permissions_alone(service: ControlPlane, lictor: CommandLine) -> None:
    account = service.api("POST", "accounts", {"name": "m", "role": "manager"})
    token = service.api("POST", "tokens", {"account_id": account["id"], "name": "t", "role": "manager"})["token"]
    (lictor.folder / "p.yaml").write_text("permissions: {a.a: {read: true}}\n")
    lictor("apply", "-f", "p.yaml", "--allow-unknown", LICTOR_TOKEN=token)
    lictor("apply", "-f", "policy.yaml", status=REFUSED, LICTOR_TOKEN=token)
    with pytest.raises(Problem):
        service.api("GET", "permissions/crm.lead")
