"""What a call did to which records, as the audit log has it: on a real Odoo, and by the answers of its own."""

import hashlib
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts.odoo import Odoo
from support.command_line import CommandLine
from support.gate import Agent, Gate, eventually

PARTNER = "res.partner"
WIDE = {"read": True, "write": True, "create": True, "delete": True, "nested_writes": ["bank_ids", "category_id"]}


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("records"), workers=1) as gate:
        gate.permit({PARTNER: WIDE})
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    return gate.user(odoo.database, odoo.admin.login, odoo.admin.password)


@pytest.fixture(scope="module")
def agent(gate: Gate, user: dict[str, Any]) -> Agent:
    return gate.agent(user, gate.key(user)["key"])


@pytest.fixture(scope="module")
def keeper(gate: Gate, user: dict[str, Any]) -> Agent:
    """With a key that may delete nothing."""
    return gate.agent(user, gate.key(user, scopes=["read", "write", "create"])["key"])


def last(gate: Gate, method: str, **filters: Any) -> dict[str, Any]:
    """The record of the last call of a method, once it is there."""
    query = "&".join(f"{name}={value}" for name, value in {"method": method, "limit": 1, **filters}.items())
    return eventually(lambda: gate.api("GET", f"audit?{query}")["items"])[0]


def partners(odoo: Odoo, count: int) -> list[int]:
    return odoo.call(PARTNER, "create", [{"name": f"record {number}"} for number in range(count)])


def digest(ids: list[int]) -> str:
    """As `sort -nu | sha256sum` makes it."""
    return hashlib.sha256("".join(f"{record}\n" for record in sorted(set(ids))).encode()).hexdigest()


def test_each_deleted_record_is_recorded_however_often_another_is_named(agent: Agent, gate: Gate, odoo: Odoo) -> None:
    decoy, target = partners(odoo, 2)
    agent(PARTNER, "unlink", [decoy] * 100 + [target])
    assert odoo.call(PARTNER, "search_count", [["id", "in", [decoy, target]]]) == 0
    row = last(gate, "unlink", record_id=target)
    assert (row["record_ids"], row["record_count"]) == ([decoy, target], 2)
    assert row["record_digest"] == digest([decoy, target])


def test_a_thousand_records_are_made_written_and_deleted_and_each_finds_its_calls(
    agent: Agent, gate: Gate, odoo: Odoo
) -> None:
    made = agent(PARTNER, "create", [{"name": f"many {number}"} for number in range(1000)])
    row = last(gate, "create", record_id=made[500])
    assert (row["record_ids"], row["record_count"], row["record_digest"]) == (made, 1000, digest(made))
    agent(PARTNER, "write", made, {"comment": "x"})
    every_second = made[::2]
    agent(PARTNER, "unlink", every_second)
    for method, ids in [("write", made), ("unlink", every_second)]:
        row = last(gate, method, record_id=ids[-1])
        assert (sorted(row["record_ids"]), row["record_count"]) == (sorted(ids), len(ids)), method
    # Also those in the middle of a run, and none beside it.
    for record, methods in [(made[501], ["write", "create"]), (made[500], ["unlink", "write", "create"]), (made[-1] + 1, [])]:
        found = gate.api("GET", f"audit?record_id={record}")["items"]
        assert [row["method"] for row in found] == methods, record


@pytest.mark.parametrize("write_ahead", [False, True])
def test_more_than_can_be_recorded_are_not_changed(agent: Agent, gate: Gate, odoo: Odoo, write_ahead: bool) -> None:
    durability = "write-ahead" if write_ahead else "batched"
    gate.api("PATCH", "settings", {"audit": {"durability": {"write": durability, "delete": durability}}})
    gate.in_force()
    ids = list(range(900_000, 901_001))
    for method, rest in [("unlink", []), ("write", [{"comment": "x"}])]:
        with pytest.raises(xmlrpc.client.Fault) as refusal:
            agent(PARTNER, method, ids, *rest)
        assert refusal.value.faultCode == 413
        reason, sentence = refusal.value.faultString.split(": ", 1)
        assert reason == "too_many_records" and "1000" in sentence and "1001" in sentence
        row = last(gate, method, reason=reason)
        assert (row["record_ids"], row["record_count"]) == (ids[:100], 1001)
        assert (row["record_digest"], row["outcome"]) == (digest(ids), "denied")
    # A read may name as many: the first are listed, and all are told by their digest.
    with pytest.raises(xmlrpc.client.Fault, match="does not exist"):
        agent(PARTNER, "has_access", ids, "read")
    row = last(gate, "has_access")
    assert (row["record_ids"], row["record_count"], row["record_digest"]) == (ids[:100], 1001, digest(ids))


def test_an_intent_names_the_records_too(agent: Agent, gate: Gate, odoo: Odoo) -> None:
    gate.api("PATCH", "settings", {"audit": {"durability": {"write": "write-ahead"}}})
    gate.in_force()
    ids = partners(odoo, 300)
    agent(PARTNER, "write", ids, {"comment": "x"})
    row = eventually(lambda: gate.api("GET", f"audit?record_id={ids[150]}&outcome=allowed")["items"])[0]
    assert (row["record_ids"], row["record_count"]) == (ids, 300)


# One2many commands that take a bank account away from its partner, which deletes it.
TAKES_AWAY = {
    "2": lambda bank: [[2, bank]],
    "3": lambda bank: [[3, bank]],
    "5": lambda _: [[5]],
    "6 without ids": lambda _: [[6, 0, []]],
    "6 without a list": lambda _: [[6, 0, False]],
    "false": lambda _: False,
}


@pytest.mark.parametrize("value", TAKES_AWAY.values(), ids=TAKES_AWAY.keys())
def test_what_takes_lines_away_needs_the_scope_to_delete(value: Any, keeper: Agent, agent: Agent, gate: Gate, odoo: Odoo) -> None:
    [partner] = partners(odoo, 1)
    bank = odoo.call("res.partner.bank", "create", {"acc_number": f"line {partner}", "partner_id": partner})

    def is_there() -> bool:
        return odoo.call("res.partner.bank", "search_count", [["id", "=", bank]]) == 1

    assert keeper.refusal(PARTNER, "write", [partner], {"bank_ids": value(bank)}) == "scope_denied"
    assert is_there()
    assert keeper.refusal(PARTNER, "write", [partner], {"bank_ids": []}) is None
    assert keeper.refusal(PARTNER, "write", [partner], {"bank_ids": [[4, bank]]}) is None
    assert is_there()
    assert agent.refusal(PARTNER, "write", [partner], {"bank_ids": value(bank)}) is None
    assert not is_there()
    row = last(gate, "write", record_id=partner, outcome="allowed", operation="delete")
    assert row["operations"] == ["write", "delete"]
    assert row["nested_ids"] == ([bank] if value(-1) != value(-2) else [])


def test_the_command_line_finds_what_a_refusal_names_and_what_became_of_a_record(
    agent: Agent, gate: Gate, odoo: Odoo, tmp_path: Path
) -> None:
    lictor = CommandLine.of(gate, tmp_path)
    first, *_, end = ids = partners(odoo, 20)
    agent(PARTNER, "unlink", ids)
    last(gate, "unlink", record_id=end)
    shown = lictor("audit", "list", "--record-id", ids[10]).stdout
    assert f"{first}-{end}" in shown and "unlink" in shown
    with pytest.raises(xmlrpc.client.Fault) as refusal:
        agent("res.company", "read", [1])
    decision = refusal.value.faultString.rsplit("(decision ", 1)[1].rstrip(")")
    eventually(lambda: gate.api("GET", f"audit?decision_id={decision}")["items"])
    for option in ["--decision-id", "--decision"]:
        shown = lictor("audit", "list", option, decision).stdout.splitlines()
        assert len(shown) == 2 and "DECISION" in shown[0] and decision in shown[1] and "permission_denied" in shown[1]
