"""A first key, as `cargo xtask up` and the commands that it prints make one: it works at once, and is narrow."""

import subprocess
import sys
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parts.odoo import Odoo, User
from support.gate import CALL_SECONDS, Gate, eventually, template

PROFILE = "mcp-server-odoo"
MOST_COMMANDS = 3


@pytest.fixture(scope="module")
def somebody(odoo: Odoo) -> User:
    return odoo.create_user("first", "first one's own password", ("base.group_user", "base.group_partner_manager"))


def between(text: str, start: str, end: str) -> str:
    return text.split(start, 1)[1].split(end, 1)[0]


def shell(lines: list[str], folder: Path, stdin: str = "") -> str:
    """What lines that a person has pasted print."""
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)], cwd=folder, input=stdin, capture_output=True, text=True, timeout=CALL_SECONDS
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def lines(gate: Gate, *beginnings: str) -> list[str]:
    found = [line for line in gate.greeting.splitlines() if line.startswith(beginnings)]
    assert len({line.split()[0] for line in found}) == len(beginnings), gate.greeting
    return found


def caller(gate: Gate, database: str, login: str, key: str) -> Callable[..., Any]:
    uid = gate.authenticate(database, login, key)
    return lambda *call: gate.proxy("/xmlrpc/2/mcp").execute_kw(database, uid, key, *call)


def is_narrow(call: Callable[..., Any]) -> None:
    """Nothing deleted, nothing of users but who they are, nothing else at all."""
    for refused, arguments, told in [
        (("res.partner", "unlink"), [[1]], "permission_denied: .*delete"),
        (("res.users", "write"), [[1], {"name": "x"}], "method_denied: .*never-list"),
        (("res.users", "search_read"), [[], ["group_ids"]], "field_denied: .*group_ids"),
        (("res.partner.bank", "search_read"), [[]], "permission_denied"),
        (("ir.config_parameter", "search_read"), [[]], "method_denied: .*never-list"),
    ]:
        with pytest.raises(xmlrpc.client.Fault, match=told):
            call(*refused, arguments)


@pytest.mark.parametrize("real", [False, True], ids=["the stand-in", "an Odoo"])
def test_up_prints_a_first_key_with_a_template_and_how_to_change_it(
    real: bool, odoo: Odoo, somebody: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODOO_SECRET", somebody.password)
    options = ["--odoo-database", odoo.database, "--odoo-login", somebody.login] if real else []
    database, login = (odoo.database, somebody.login) if real else ("standin", "agent")
    with Gate(odoo.url if real else None, tmp_path / "state", options=options) as gate:
        assert f"has the profile {PROFILE}" in gate.greeting and "Reads, makes and changes contacts" in gate.greeting
        # Odoo's fields are read within seconds; whoever pastes faster is told to try again.
        gate.in_force()
        script = between(gate.greeting, "python3 - <<'END'\n", "\nEND\n")
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=CALL_SECONDS)
        assert done.returncode == 0, done.stderr
        partners, refusal = done.stdout.splitlines()
        assert "'name'" in partners
        assert refusal.startswith(
            f"403 permission_denied: In the profile {PROFILE}, the permission for res.partner would have to allow delete."
        )
        call = caller(gate, database, login, gate.up["key"])
        assert {item["model"] for item in gate.api("GET", f"profiles/{PROFILE}/permissions")["items"]} == set(template(PROFILE))
        is_narrow(call)

        # As printed: one thing more, then another profile.
        update = next(line for line in lines(gate, "lictor") if " permission update " in line)
        after = lines(gate, "lictor")[lines(gate, "lictor").index(update) + 1 :]
        contact = call("res.partner", "create", [{"name": "To be deleted"}])
        shell([*lines(gate, "export"), update], tmp_path)
        assert eventually(lambda: call("res.partner", "unlink", [[contact]]))
        looked = [*lines(gate, "export"), *lines(gate, "lictor")[:2]]
        assert eventually(lambda: "unlink" in (told := shell(looked, tmp_path)) and "ir.model" in told)
        shell([*lines(gate, "export"), *after], tmp_path)
        gate.in_force()
        with pytest.raises(xmlrpc.client.Fault, match="In the profile analyst.* create"):
            call("res.partner", "create", [{"name": "No"}])


def test_the_printed_commands_make_a_narrow_key_for_an_odoo_of_which_nothing_is_known(
    odoo: Odoo, somebody: User, tmp_path: Path
) -> None:
    with Gate(odoo.url, tmp_path / "state") as gate:
        assert "key" not in gate.up
        commands = between(gate.greeting, "a key that has it:\n\n", "\n\n").splitlines()
        assert sum(line.startswith("lictor ") for line in commands) <= MOST_COMMANDS
        known = {"DATABASE": odoo.database, "LOGIN": somebody.login}
        for word, value in known.items():
            commands = [line.replace(f" {word} ", f" {value} ") for line in commands]
        key = shell(commands, tmp_path, f"{somebody.password}\n").splitlines()[-1]
        gate.in_force()
        call = caller(gate, odoo.database, somebody.login, key)
        assert call("res.partner", "search_read", [[], ["name"]])
        is_narrow(call)
