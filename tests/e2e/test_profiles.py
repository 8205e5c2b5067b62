"""Profiles with a real Odoo: two agents of one user with opposite rights, and permissions that nobody loses by another's."""

import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from parts.odoo import Odoo
from support.command_line import CommandLine
from support.gate import Agent, Gate

REFUSED = 4


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("profiles")) as gate:
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    return gate.user(odoo.database, odoo.admin.login, odoo.admin.password)


@pytest.fixture(scope="module")
def lictor(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine.of(gate, tmp_path_factory.mktemp("work"))


def agent(gate: Gate, lictor: CommandLine, user: dict[str, Any], *profiles: str) -> Agent:
    made = lictor.json("key", "create", "--user", user["id"], "--name", "-".join(profiles), "--profiles", ",".join(profiles))
    gate.in_force()
    return gate.agent(user, made["key"])


def test_two_agents_of_one_user_have_opposite_rights(gate: Gate, lictor: CommandLine, user: dict[str, Any]) -> None:
    for profile, written, read in [("people", "res.partner", "res.bank"), ("banks", "res.bank", "res.partner")]:
        lictor("profile", "create", profile, "--description", f"Writes {written}.")
        lictor("permission", "put", written, "--profile", profile, "--read", "--write", "--create")
        lictor("permission", "put", read, "--profile", profile, "--read")
    people, banks = agent(gate, lictor, user, "people"), agent(gate, lictor, user, "banks")
    partner, bank = people("res.partner", "create", {"name": "Ada"}), banks("res.bank", "create", {"name": "Bank"})
    for one, model, record in [(people, "res.bank", bank), (banks, "res.partner", partner)]:
        assert one(model, "read", [record], ["name"])
        with pytest.raises(xmlrpc.client.Fault, match="In the profile .* to allow write"):
            one(model, "write", [record], {"name": "other"})
    both = agent(gate, lictor, user, "people", "banks")
    assert both("res.partner", "write", [partner], {"name": "Bea"}) and both("res.bank", "write", [bank], {"name": "B"})
    # Permissions of the default profile are for keys that name none.
    gate.permit({"res.partner": {"delete": True}})
    gate.in_force()
    assert people.refusal("res.partner", "unlink", [partner])
    assert "people, banks" in lictor("key", "list").stdout


def test_by_the_advice_of_a_refusal_nobody_loses_anything(gate: Gate, lictor: CommandLine, user: dict[str, Any]) -> None:
    """Another agent needs a method and a field: `put` would take what the first one has, and says so; `update` adds."""
    taken = ["--allow-unknown"]
    lictor("permission", "put", "res.country", "--read", "--write", "--calls", "action_one", *taken, "--fields-write", "also:code")
    before = lictor.json("permission", "show", "res.country")
    told = lictor("permission", "put", "res.country", "--read", "--calls", "action_two", *taken, status=2).stderr
    for lost in ["write", "calls: action_one", 'fields.write: {"also":["code"]} becomes the default']:
        assert f"  {lost}\n" in told, told
    assert "--yes" in told
    assert lictor.json("permission", "show", "res.country") == before
    lictor("permission", "update", "res.country", "--calls", "+action_two", *taken, "--fields-write", "also:+name", "--create")
    after = lictor.json("permission", "show", "res.country")
    assert after == {
        **before, "create": True, "calls": ["action_one", "action_two"], "fields": {"write": {"also": ["code", "name"]}}
    }
    lictor("permission", "update", "res.country", "--calls", "-action_one", "--write=false")
    assert (lictor.json("permission", "show", "res.country")["calls"], after["write"]) == (["action_two"], True)
    lictor("permission", "put", "res.country", "--read", "--yes")
    lictor("permission", "update", "res.country", status=2)
    asked = lictor.at_a_terminal("permission", "put", "res.country")
    asked.asks("Take it away? [y/N]")
    asked.answer("n")
    assert asked.ends() == REFUSED
    assert lictor.json("permission", "show", "res.country")["read"]


def test_a_profile_goes_when_no_key_names_it(gate: Gate, lictor: CommandLine, user: dict[str, Any]) -> None:
    lictor("profile", "create", "brief")
    key = lictor.json("key", "create", "--user", user["id"], "--name", "brief", "--profiles", "brief")
    assert "called 'brief'" in lictor("profile", "delete", "brief", "--yes", status=5).stderr
    lictor("key", "update", key["id"], "--profiles", "default")
    lictor("profile", "delete", "brief", "--yes")
    assert "brief" not in lictor("profile", "list").stdout
