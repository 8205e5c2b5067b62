"""Alerts, provoked through a real Envoy and seen over REST."""

import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from support.echo import UID, Echo
from support.gate import Gate, eventually, fault
from support.keys import wrong_key

ADDRESS = "127.0.0.1"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Echo() as echo, Gate(echo.url, tmp_path_factory.mktemp("alerts")) as gate:
        gate.permit({"res.partner": {"read": True}})
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate) -> dict[str, Any]:
    return gate.user("odoo", "agent", "secret")


def key(gate: Gate, user: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    made: dict[str, Any] = gate.api("POST", "keys", {"name": "agent", "user_id": user["id"], **restrictions})
    return made


def refused(gate: Gate, password: str, method: str = "search_count") -> str | None:
    """The reason for which a call is refused, if it is."""
    body = xmlrpc.client.dumps(("odoo", UID, password, "res.partner", method, [[]]), "execute_kw").encode()
    _, document = gate.send(body)
    return None if b"<fault>" not in document else fault(document).faultString.split(":")[0]


def refuse(gate: Gate, reason: str, times: int, password: str, method: str = "search_count") -> None:
    """Calls until the gate has refused so often for the reason: it knows a new key only after a moment."""

    def attempt() -> bool:
        return refused(gate, password, method) == reason

    eventually(attempt)
    for _ in range(times - 1):
        assert attempt()


def opened(gate: Gate, **filters: Any) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in {"state": "open", **filters}.items())
    found: list[dict[str, Any]] = eventually(lambda: gate.api("GET", f"alerts?{query}")["items"])
    [alert] = found
    return alert


def test_wrong_keys(gate: Gate, user: Any) -> None:
    made = key(gate, user)
    eventually(lambda: refused(gate, made["key"]) is None)
    # A gate records five refusals a minute for each reason one by one, here with the key whose prefix was guessed. The
    # others it counts.
    gate.api("PATCH", "settings", {"alerts": {"types": {"authentication_failed": {"threshold": {"count": 5}}}}})
    other = wrong_key(made["key"])
    for _ in range(40):
        assert refused(gate, other) in {"invalid_key", "too_many_failures"}
    on_key = opened(gate, type="authentication_failed", key_id=made["id"])
    assert on_key["severity"] == "medium" and on_key["count"] >= 5
    [identity] = gate.api("GET", "gates")["items"]

    def counted() -> dict[str, Any] | None:
        found = gate.api("GET", "alerts?type=authentication_failed&state=open")["items"]
        return next((alert for alert in found if alert["gate"] == identity["id"]), None)

    on_gate = eventually(counted, seconds=120)
    assert on_gate["key_id"] is None and on_gate["client_ip"] is None and on_gate["count"] >= 5


def test_missing_permission(gate: Gate, user: Any) -> None:
    made = key(gate, user)
    refuse(gate, "permission_denied", 9, made["key"], "unlink")
    eventually(lambda: len(gate.audit(key_id=made["id"], reason="permission_denied")) == 9)
    assert not gate.api("GET", f"alerts?key_id={made['id']}")["items"]
    refuse(gate, "permission_denied", 3, made["key"], "unlink")
    alert = opened(gate, type="permission_denied", key_id=made["id"])
    # Ten a minute have a row of their own; the others come together, a minute later.
    eventually(lambda: opened(gate, key_id=made["id"])["count"] == 12, seconds=120)
    [row] = gate.audit(decision_id=opened(gate, key_id=made["id"])["last_decision_id"])
    assert (row["key_id"], row["reason"], alert["last_reason"]) == (made["id"], "permission_denied", "permission_denied")


def test_full_rate_limit(gate: Gate, user: Any) -> None:
    made = key(gate, user, rate_limit_per_minute=1)
    refuse(gate, "rate_limited", 20, made["key"])
    found = eventually(lambda: gate.api("GET", f"alerts?type=rate_limit_exceeded&key_id={made['id']}")["items"], seconds=120)
    assert [(alert["severity"], alert["state"]) for alert in found] == [("low", "open")]


def test_foreign_address(gate: Gate, user: Any) -> None:
    made = key(gate, user, ip_allow_list=["192.0.2.0/24"])
    refuse(gate, "ip_denied", 3, made["key"])
    assert opened(gate, type="ip_blocked", key_id=made["id"])["severity"] == "high"


def test_closed_road(gate: Gate) -> None:
    # `cargo xtask up` made one such call itself, to see that the filter runs. With these four it is as many as make an
    # alert, and as a gate records one by one in a minute: of a sixth it would depend on the clock where it counts.
    refuse(gate, "key_required", 4, "a password")
    alert = opened(gate, type="endpoint_violation", client_ip=ADDRESS)
    assert alert["count"] == 5
    metric = 'lictor_alerts_open{type="endpoint_violation",severity="medium"}'

    def shown() -> str:
        return next(line for line in gate.metrics().splitlines() if line.startswith(metric))

    assert shown() == f"{metric} 1"
    resolved = gate.api("POST", f"alerts/{alert['id']}/resolve", {"note": "A client without its key; told its owner."})
    assert resolved["state"] == "resolved" and [entry["action"] for entry in resolved["history"]] == ["opened", "resolved"]
    assert shown() == f"{metric} 0"


def test_malformed_calls_with_a_key(gate: Gate, user: Any) -> None:
    made = key(gate, user)
    eventually(lambda: refused(gate, made["key"]) is None)
    body = xmlrpc.client.dumps(("odoo", UID, made["key"], "res.partner", "read", ["not ids"]), "execute_kw").encode()
    for _ in range(5):
        assert fault(gate.send(body)[1]).faultString.startswith("malformed_request:")
    alert = opened(gate, type="suspicious_activity", key_id=made["id"])
    assert (alert["rules"], alert["count"]) == (["malformed_requests"], 5)
