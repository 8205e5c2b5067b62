"""Shadow mode before a real Odoo: what would be refused is done, and told in the row, the header and the metric."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts.odoo import Odoo
from support import metrics
from support.command_line import CommandLine
from support.gate import Gate, eventually
from support.keys import wrong_key
from support.roads import ALL, Answer, Roads

HEADER = "X-Lictor-Would-Deny"
# Closed by the permissions below, and harmless.
PROBE = ("/xmlrpc/2/mcp", "res.country", "read", [1], ["code"])


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("shadow")) as gate:
        gate.permit({"res.partner": {"read": True, "create": True}})
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    return gate.user(odoo.database, odoo.admin.login, odoo.create_api_key(odoo.admin))


@pytest.fixture
def made(gate: Gate, user: dict[str, Any]) -> dict[str, Any]:
    return gate.key(user)


@pytest.fixture
def roads(gate: Gate, user: dict[str, Any], made: dict[str, Any]) -> Roads:
    return Roads(gate, user, made["key"])


def would_deny(answer: Answer) -> str | None:
    return answer.headers[HEADER]


@contextlib.contextmanager
def shadow(gate: Gate, roads: Roads, *stages: str, **others: Any) -> Iterator[None]:
    """With stages in shadow, in force; the permission must be among them."""
    before = gate.api("GET", "settings")
    gate.api("PATCH", "settings", {"shadow": list(stages), **others})
    try:
        eventually(lambda: would_deny(roads.call(*PROBE)))
        yield
    finally:
        gate.api("PATCH", "settings", {name: before[name] for name in ["shadow", *others]})
        eventually(lambda: roads.call(*PROBE).reason == "permission_denied")


def rows(gate: Gate, **filters: Any) -> list[dict[str, Any]]:
    return eventually(lambda: gate.audit(**filters))


def counted(gate: Gate, reason: str) -> float:
    return metrics.value(metrics.scrape(gate.up["envoy_admin_url"]), "would_deny", reason=reason)


@pytest.mark.parametrize("road", ALL)
def test_a_delete_is_done_in_shadow_and_refused_out_of_it(
    gate: Gate, roads: Roads, made: dict[str, Any], odoo: Odoo, road: str
) -> None:
    ids = odoo.call("res.partner", "create", [{"name": "shadow one"}, {"name": "shadow two"}])
    with shadow(gate, roads, "all"):
        before = counted(gate, "permission_denied")
        done = roads.call(road, "res.partner", "unlink", ids[:1])
        assert (done.value, would_deny(done)) == (True, "permission_denied")
        allowed = roads.call(road, "res.partner", "search_count", [])
        assert allowed.value and would_deny(allowed) is None
        eventually(lambda: counted(gate, "permission_denied") == before + 1)
    refused = roads.call(road, "res.partner", "unlink", ids[1:])
    assert (refused.reason, would_deny(refused)) == ("permission_denied", None)
    assert odoo.call("res.partner", "search", [["id", "in", ids]]) == ids[1:]

    [row] = rows(gate, key_id=made["id"], method="unlink", outcome="allowed")
    assert (row["would_deny"], row["reason"], row["record_ids"]) == ("permission_denied", None, ids[:1])
    [row] = rows(gate, key_id=made["id"], method="unlink", outcome="denied")
    assert (row["would_deny"], row["reason"], row["record_ids"]) == (None, "permission_denied", ids[1:])
    assert rows(gate, key_id=made["id"], method="search_count")[0]["would_deny"] is None
    # The probe reads, over another connection: what it did may be recorded later.
    eventually(lambda: {row["method"] for row in rows(gate, key_id=made["id"], would_deny="any")} == {"unlink", "read"})


@pytest.mark.parametrize("road", ALL)
def test_an_unmapped_method_runs_and_odoos_own_faults_stay_odoos(
    gate: Gate, roads: Roads, made: dict[str, Any], odoo: Odoo, road: str
) -> None:
    [partner] = odoo.call("res.partner", "create", [{"name": "shadow posted"}])
    with shadow(gate, roads, "permission"):
        done = roads.call(road, "res.partner", "message_post", [partner], body="from shadow")
        assert would_deny(done) == "method_denied" and done.error is None
        missing = roads.call(road, "res.partner", "write", [999_999_999], {"name": "x"})
        assert would_deny(missing) == "permission_denied" and missing.reason is None and missing.error is not None
    of_partner = [["model", "=", "res.partner"], ["res_id", "=", partner], ["body", "like", "from shadow"]]
    assert odoo.call("mail.message", "search_count", of_partner) == 1
    [row] = rows(gate, key_id=made["id"], method="message_post")
    assert (row["outcome"], row["would_deny"], row["record_ids"]) == ("allowed", "method_denied", [partner])
    assert row["operations"] == ["call"], "nobody has said what it does"
    [row] = rows(gate, key_id=made["id"], method="write")
    assert (row["outcome"], row["would_deny"]) == ("faulted", "permission_denied")


@pytest.mark.parametrize("road", ALL)
def test_what_shadow_never_lets_through_is_refused_on_every_road(
    gate: Gate, roads: Roads, user: dict[str, Any], road: str
) -> None:
    with shadow(gate, roads, "all"):
        guess = Roads(gate, user, wrong_key(roads.key)).call(road, "res.partner", "search_count", [])
        assert (guess.reason, would_deny(guess)) == ("invalid_key", None)
        for model, method, args, reason in [
            ("ir.cron", "read", [[1]], "method_denied"),
            ("res.partner", "_compute", [[1]], "method_denied"),
            ("res.partner", "read", [["1"]], "malformed_request"),
        ]:
            answer = roads.call(road, model, method, *args)
            assert (answer.reason, would_deny(answer)) == (reason, None), (model, method)
        pause = gate.api("POST", "pauses", {"scope": "writes", "reason": "drill"})
        try:
            for method in ("unlink", "message_post"):
                eventually(lambda method=method: roads.call(road, "res.partner", method, [0]).reason == "permission_denied")
        finally:
            gate.api("DELETE", f"pauses/{pause['id']}")
        eventually(lambda: would_deny(roads.call(road, "res.partner", "unlink", [])))


def test_limits_and_addresses_in_shadow(gate: Gate, roads: Roads, user: dict[str, Any]) -> None:
    with shadow(gate, roads, "all"):
        # The login that `Gate.key` waits for was the first call.
        limited = Roads(gate, user, gate.key(user, rate_limit_per_minute=2)["key"])
        answers = [limited.call("/xmlrpc/2/mcp", "res.partner", "search_count", []) for _ in range(3)]
        assert [would_deny(answer) for answer in answers] == [None, "rate_limited", "rate_limited"]
        assert all(answer.value for answer in answers)
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["0", "0", "0"]
        one = gate.key(user, session_limit=1)["key"]
        calls = [Roads(gate, user, one).post("/json/2/res.partner/search_count", b"{}", User_Agent=name) for name in "abab"]
        assert [would_deny(call) for call in calls] == [None, "session_limit", None, "session_limit"]
    with shadow(gate, roads, "ip", "permission", ip_allow_list=["192.0.2.1"]):
        answer = eventually(lambda: would_deny(roads.call("/jsonrpc", "res.partner", "search_count", [])))
        assert answer == "ip_denied"
        login = roads.service("common", "login", roads.database, user["upstream"]["login"], roads.key)
        assert (login.value, would_deny(login)) == (roads.uid, "ip_denied")


def test_the_mcp_modules_pages_say_what_passes(gate: Gate, roads: Roads) -> None:
    def access(model: str) -> Answer:
        answer, body = gate.send(b"", f"/mcp/models/{model}/access", {"X-API-Key": roads.key}, "GET")
        return Answer(answer.status, answer.headers, body)

    with shadow(gate, roads, "all", mcp_module_contract=True):
        eventually(lambda: b'"enabled":true' in access("res.country").value)
        assert b'"enabled":false' in access("ir.cron").value
        country = roads.xmlrpc("/mcp/xmlrpc/object", "res.country", "read", [[1], ["code"]], {})
        assert country.value and would_deny(country) == "permission_denied"


def test_a_call_that_waits_for_its_intent_is_told_of_too(
    gate: Gate, roads: Roads, made: dict[str, Any], odoo: Odoo
) -> None:
    [partner] = odoo.call("res.partner", "create", [{"name": "shadow intent"}])
    with shadow(gate, roads, "permission", audit={"durability": {"delete": "write-ahead"}}):
        assert would_deny(roads.call("/json/2", "res.partner", "unlink", [partner])) == "permission_denied"
    assert odoo.call("res.partner", "search", [["id", "=", partner]]) == []
    [row] = rows(gate, key_id=made["id"], method="unlink", outcome="allowed")
    assert row["would_deny"] == "permission_denied"
    assert row["id"] == row["decision_id"], "it was stored as an intent first"


def test_no_alert_comes_of_what_passed(gate: Gate, roads: Roads, made: dict[str, Any]) -> None:
    with shadow(gate, roads, "all"):
        for _ in range(15):
            assert would_deny(roads.call(*PROBE))
        eventually(lambda: len(gate.audit(key_id=made["id"], would_deny="permission_denied")) >= 16)
        assert gate.api("GET", f"alerts?key_id={made['id']}")["items"] == []


def test_an_administrator_starts_in_shadow(
    gate: Gate, roads: Roads, made: dict[str, Any], tmp_path: Path
) -> None:
    """The walk of docs/admin/shadow-mode.md."""
    lictor = CommandLine(gate.up["lictor"], gate.up["api_url"], gate.up["admin_token"], tmp_path)
    lictor("settings", "set", "enforcement=secure", "shadow=[all]")
    assert eventually(lambda: would_deny(roads.call(*PROBE))) == "permission_denied"

    def shown() -> str:
        page = lictor("audit", "list", "--would-deny", "any", "--key", made["prefix"]).stdout
        return page if "res.country" in page else ""

    assert "permission_denied" in eventually(shown)
    question = ("explain", "--key", made["prefix"], "--ip", "192.0.2.7", "--model", "res.country", "--method", "read")
    run = lictor(*question)
    assert "A permission for res.country would have to exist and to allow read." in run.stdout
    assert "The call is allowed." in run.stderr and "permission_denied" in run.stderr
    lictor("permission", "put", "res.country", "--read")
    eventually(lambda: would_deny(roads.call(*PROBE)) is None)
    assert lictor.json(*question)["would_deny"] is None
    lictor("settings", "set", "shadow=[session, ip, rate_limit]")
    eventually(lambda: roads.call("/jsonrpc", "res.partner", "unlink", [0]).reason == "permission_denied")
    lictor("settings", "set", "shadow=[]")
    lictor("permission", "delete", "res.country", "--yes")
    assert gate.api("GET", "settings")["shadow"] == []
