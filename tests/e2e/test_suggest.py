"""Permissions from what an agent does, with a real Odoo: a job in shadow, two commands, and the same job with that and nothing else.

The walk of docs/admin/suggestions.md."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts.odoo import Odoo
from support.command_line import CommandLine
from support.gate import Agent, Gate, eventually


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("suggest")) as gate:
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    return gate.user(odoo.database, odoo.admin.login, odoo.admin.password)


@pytest.fixture(scope="module")
def lictor(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine.of(gate, tmp_path_factory.mktemp("work"))


def job(agent: Agent) -> int:
    """A new customer with a contact, found again, given a telephone number and a note."""
    [belgium] = agent("res.country", "search", [["code", "=", "BE"]])
    made = agent("res.partner", "create", {"name": "Suggested", "country_id": belgium, "child_ids": [[0, 0, {"name": "Office"}]]})
    found = agent("res.partner", "search_read", [["country_id.code", "=", "BE"], ["name", "=", "Suggested"]], fields=["name", "phone"])
    assert made in [record["id"] for record in found]
    assert agent("res.partner", "write", [made], {"phone": "+32 2 555 01 00"})
    agent("res.partner", "message_post", [made], body="Called.")
    return made


def test_what_an_agent_did_in_shadow_is_what_it_may_do(gate: Gate, lictor: CommandLine, user: dict[str, Any]) -> None:
    lictor("settings", "set", "shadow=[permission]")
    made = lictor.json("key", "create", "--user", user["id"], "--name", "Contacts agent")
    gate.in_force()
    agent = gate.agent(user, made["key"])
    partner = job(agent)
    eventually(lambda: len(gate.audit(key_id=made["id"])) == 5)

    # Two commands.
    suggested = lictor("suggest", "--key", made["prefix"])
    assert "All 5 kinds of calls that were recorded pass with it." in suggested.stderr
    file = Path(lictor.folder, "contacts-agent.yaml")
    file.write_text(suggested.stdout)
    lictor("apply", "-f", file)

    lictor("settings", "set", "shadow=[]")
    gate.in_force()
    assert job(agent)
    for reason, *call in [
        ("field_denied", "res.partner", "read", [partner], ["email"]),
        ("field_denied", "res.partner", "write", [partner], {"email": "a@example.com"}),
        ("field_denied", "res.partner", "search", [["vat", "=", "BE0477472701"]]),
        ("field_denied", "res.partner", "search", [["user_id.login", "=", "admin"]]),
        ("permission_denied", "res.partner", "unlink", [partner]),
        ("method_denied", "res.partner", "message_subscribe", [partner], [partner]),
        ("permission_denied", "res.country", "write", [1], {"name": "x"}),
    ]:
        assert agent.refusal(*call) == reason, call
    # What it tried is in the next suggestion, and what nothing opens is told.
    assert agent.refusal("res.users", "read", [2], ["password"])

    def told() -> str:
        return lictor("suggest", "--key", made["prefix"], "--name", "wider").stdout

    page = eventually(lambda: page if "is a credential" in (page := told()) else "")
    assert "# (!) It deletes records of res.partner." in page and "delete: true" in page
    assert "# (!) email is closed to writing by default: it grants rights in Odoo." in page
    assert page.count("(!) message_subscribe may do anything") == 1
    file.write_text(page)
    assert lictor("diff", "-f", file, status=1).stdout.count("+ permission wider/") >= 2
