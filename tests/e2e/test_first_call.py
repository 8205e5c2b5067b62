"""The main job: an unmodified XML-RPC client, through the gate, to Odoo."""

import json
import xmlrpc.client
from typing import Any

import pytest

from parts.odoo import Odoo
from support.gate import Agent, Gate, eventually

ODOO_ACCESS_DENIED = 3


@pytest.fixture
def key(gate: Gate, user: dict[str, Any]) -> dict[str, Any]:
    return gate.key(user)


def test_a_client_authenticates_creates_reads_and_writes(gate: Gate, odoo: Odoo, user: Any, key: Any) -> None:
    uid = gate.authenticate(odoo.database, odoo.admin.login, key["key"])
    assert uid == odoo.authenticate(odoo.admin.login, odoo.admin.password)
    agent = gate.agent(user, key["key"])
    partner = agent("res.partner", "create", {"name": "Lictor"})
    assert agent("res.partner", "read", [partner], ["name"]) == [{"id": partner, "name": "Lictor"}]
    assert agent("res.partner", "write", [partner], {"name": "Lictor II"}) is True
    found = agent("res.partner", "search_read", [["id", "=", partner]], fields=["name"], context={"lang": "en_US"})
    assert found == [{"id": partner, "name": "Lictor II"}]
    assert odoo.call("res.partner", "read", [partner], ["name"]) == found


def test_what_no_permission_allows_is_refused_and_not_done(gate: Gate, odoo: Odoo, user: Any, key: Any) -> None:
    agent = gate.agent(user, key["key"])
    partner = agent("res.partner", "create", {"name": "stays"})
    assert agent.refusal("res.partner", "unlink", [partner]) == "permission_denied"
    assert agent.refusal("res.currency", "search", []) == "permission_denied"
    assert agent.refusal("res.partner", "message_post", [partner], body="x") == "method_denied"
    assert odoo.call("res.partner", "search_count", [["id", "=", partner]]) == 1
    gate.permit({"res.partner": {"read": True, "write": True, "create": True, "delete": True}})
    try:
        eventually(lambda: agent.refusal("res.partner", "unlink", [partner]) is None)
    finally:
        gate.permit({"res.partner": {"read": True, "write": True, "create": True, "delete": False}})
    assert odoo.call("res.partner", "search_count", [["id", "=", partner]]) == 0


def test_odoos_own_faults_reach_the_client_unchanged(gate: Gate, odoo: Odoo, user: Any, key: Any) -> None:
    with pytest.raises(xmlrpc.client.Fault) as through_gate:
        gate.agent(user, key["key"])("res.partner", "create", {"name": False})
    with pytest.raises(xmlrpc.client.Fault) as direct:
        odoo.call("res.partner", "create", {"name": False})
    assert (through_gate.value.faultCode, through_gate.value.faultString) == (
        direct.value.faultCode,
        direct.value.faultString,
    )


def test_wrong_credentials_are_refused_by_the_gate(gate: Gate, odoo: Odoo, user: Any, key: Any) -> None:
    good = key["key"]
    wrong = good[:20] + ("a" if good[20] != "a" else "b") + good[21:]
    login = odoo.admin.login
    assert gate.authenticate(odoo.database, login, wrong) is False
    assert gate.authenticate(odoo.database, "nobody", good) is False
    assert gate.authenticate("other", login, good) is False
    assert gate.agent(user, wrong).refusal("res.partner", "search", []) == "invalid_key"
    assert gate.agent(user, odoo.admin.password).refusal("res.partner", "search", []) == "key_required"
    other = {"upstream": {"database": "other", "uid": user["upstream"]["uid"]}}
    assert gate.agent(other, good).refusal("res.partner", "search", []) == "identity_mismatch"
    other = {"upstream": {"database": odoo.database, "uid": 1}}
    assert gate.agent(other, good).refusal("res.partner", "search", []) == "identity_mismatch"


def test_other_credentials_pass_on_the_shared_roads(gate: Gate, odoo: Odoo) -> None:
    assert gate.proxy("/xmlrpc/2/common").version()["server_serie"] == "19.0"
    uid = gate.authenticate(odoo.database, odoo.admin.login, odoo.admin.password)
    assert uid == user_id(odoo)
    assert gate.authenticate(odoo.database, odoo.admin.login, "wrong") is False
    object_road = gate.proxy("/xmlrpc/2/object")
    count = object_road.execute_kw(odoo.database, uid, odoo.admin.password, "res.currency", "search_count", [[]])
    assert count > 0


def user_id(odoo: Odoo) -> Any:
    return odoo.authenticate(odoo.admin.login, odoo.admin.password)


def test_keys_work_on_odoos_own_road_in_secure_mode_alone(gate: Gate, odoo: Odoo, user: Any, key: Any) -> None:
    agent = gate.agent(user, key["key"], "/xmlrpc/2/object")
    assert agent("res.partner", "search_count", []) > 0
    assert agent.refusal("res.partner", "unlink", [1]) == "permission_denied"
    gate.api("PATCH", "settings", {"enforcement": "off"})
    try:
        # Odoo gets the call as it is, and knows no such password.
        eventually(lambda: fault_code(agent, "res.partner", "search_count", []) == ODOO_ACCESS_DENIED)
    finally:
        gate.api("PATCH", "settings", {"enforcement": "secure"})


def fault_code(agent: Agent, *call: Any) -> int | None:
    try:
        agent(*call)
    except xmlrpc.client.Fault as fault:
        return fault.faultCode
    return None


def test_the_web_client_passes_untouched(gate: Gate, odoo: Odoo) -> None:
    answer, page = gate.send(b"", "/web/health", method="GET")
    assert answer.status == 200 and json.loads(page)["status"] == "pass"
    session = {"jsonrpc": "2.0", "params": {"db": odoo.database, "login": "admin", "password": "admin"}}
    headers = {"Content-Type": "application/json"}
    answer, body = gate.send(json.dumps(session).encode(), "/web/session/authenticate", headers)
    assert answer.status == 200 and json.loads(body)["result"]["uid"] == user_id(odoo)


def test_every_call_is_in_the_audit_log(gate: Gate, odoo: Odoo, user: Any, key: Any) -> None:
    agent = gate.agent(user, key["key"])
    partner = agent("res.partner", "create", {"name": "audited"})
    agent("res.partner", "read", [partner], ["name"])
    assert agent.refusal("res.partner", "unlink", [partner]) == "permission_denied"
    with pytest.raises(xmlrpc.client.Fault):
        agent("res.partner", "write", [999_999_999], {"name": "no_such_record"})

    def rows() -> Any:
        rows = [row for row in gate.audit(key_id=key["id"]) if row["model"]]
        return rows if len(rows) == 4 else None

    faulted, denied, read, created = eventually(rows)
    assert [row["outcome"] for row in (created, read, denied, faulted)] == ["allowed", "allowed", "denied", "faulted"]
    assert [row["method"] for row in (created, read, denied)] == ["create", "read", "unlink"]
    assert (denied["reason"], denied["fault_code"], denied["operations"]) == ("permission_denied", 403, ["delete"])
    assert read["record_ids"] == [partner] and read["user_id"] == user["id"] and read["client_ip"] == "127.0.0.1"
    assert faulted["fault_code"] == 2 and faulted["road"] == "/xmlrpc/2/mcp"
    everything = str(gate.audit(key_id=key["id"]))
    assert "audited" not in everything and key["key"] not in everything and "no_such_record" not in everything
