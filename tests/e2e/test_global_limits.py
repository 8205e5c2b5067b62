"""`envoy/global-limits.yaml` in a real Envoy, before a service that counts by `deploy/ratelimit/lictor.yaml`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.echo import UID, Echo
from support.gate import ROOT, Gate, eventually
from support.limit_service import LimitService
from support.roads import JSON, Answer, Roads

CONFIGURATION = ROOT / "deploy/ratelimit/lictor.yaml"
MODEL = "res.partner"
NAMES = ["x-lictor-key", "x-lictor-model", "x-lictor-operation", "x-lictor-decision"]
DELETES = 30
XML, JSON_2 = "/xmlrpc/2/mcp", "/json/2"


def joined(config: str, port: int) -> str:
    """A gate's configuration with the parts of the file where it says that they go."""
    document, parts = yaml.safe_load(config), yaml.safe_load((ROOT / "envoy/global-limits.yaml").read_text())
    resources = document["static_resources"]
    manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    [mutation] = manager["early_header_mutation_extensions"]
    mutation["typed_config"]["mutations"] += parts.pop("mutations")
    [host] = manager["route_config"]["virtual_hosts"]
    for name in ("request_headers_to_remove", "rate_limits"):
        host[name] = parts.pop(name)
    lictor, router = manager["http_filters"]
    [limit] = parts.pop("http_filters")
    manager["http_filters"] = [lictor, limit, router]
    manager["local_reply_config"] = parts.pop("local_reply_config")
    [cluster] = parts.pop("clusters")
    address = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    address |= {"address": "127.0.0.1", "port_value": port}
    resources["clusters"].append(cluster)
    assert not parts
    asks = lictor["typed_config"].get("filter_config") or lictor["typed_config"]["config"]["configuration"]
    asks["value"] = asks["value"].replace("{", '{"call_headers":true,', 1)
    return yaml.safe_dump(document)


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def service() -> Iterator[LimitService]:
    with LimitService(CONFIGURATION) as service:
        yield service


@pytest.fixture(scope="module")
def gate(echo: Echo, service: LimitService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(echo.url, tmp_path_factory.mktemp("common")) as gate:
        everything = {"read": True, "write": True, "create": True, "delete": True}
        gate.permit({MODEL: everything, "account.move": everything})
        config = gate.folder / "envoy.yaml"
        shipped = config.read_text()
        with gate.without_envoy():
            config.write_text(joined(shipped, service.port))
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate) -> dict[str, Any]:
    # In the form of an API key of Odoo: JSON-2 takes no password.
    return gate.user("odoo", "agent", "0123456789abcdef0123456789abcdef01234567")


@pytest.fixture
def key(gate: Gate, user: Any, service: LimitService) -> dict[str, Any]:
    made = gate.key(user)
    service.next_window()
    return made


def recorded(gate: Gate, key: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """The record of a refusal with its outcome, by the decision that it names."""
    decision = answer.error.split("(decision ")[1].removesuffix(")")

    def found() -> list[dict[str, Any]]:
        return [row for row in gate.audit(key_id=key["id"]) if row["decision_id"] == decision and row["outcome"] != "unknown"]

    [record] = eventually(found)
    return record


def test_a_call_tells_the_service_its_line_its_model_and_what_it_does(
    gate: Gate, user: Any, key: Any, service: LimitService, echo: Echo
) -> None:
    forged = dict.fromkeys(NAMES, "another") | {"Content-Type": "text/xml"}
    page, _ = gate.send(b"", "/web/login", {name: "another" for name in NAMES}, "GET")
    assert page.status == 200 and service.asked == []
    assert not any(echo.requests[-1][1][name] for name in NAMES)
    body = f"""<methodCall><methodName>execute_kw</methodName><params>
        <param><value>odoo</value></param><param><value><int>{UID}</int></value></param>
        <param><value>{key["key"]}</value></param><param><value>{MODEL}</value></param>
        <param><value>unlink</value></param><param><value><array><data><value><int>1</int></value></data></array></value></param>
        </params></methodCall>""".encode()
    _, answer = gate.send(body, headers=forged)
    assert b"<fault>" not in answer
    line, model, operation = ("key", key["id"]), ("model", MODEL), ("operation", "delete")
    assert service.asked == [(line,), (line, operation), (model, operation)]
    assert not any(echo.requests[-1][1][name] for name in NAMES)
    # The rotated key is counted with it.
    rotated = gate.api("POST", f"keys/{key['id']}/rotate", {"overlap_seconds": 600})
    gate.in_force()
    service.next_window()
    assert Roads(gate, user, rotated["key"]).call(XML, MODEL, "search_count", []).reason is None
    assert rotated["id"] != key["id"] and service.asked[0] == (line,)


def test_what_is_over_the_common_limit_is_refused_in_the_clients_form_and_recorded_so(
    gate: Gate, user: Any, key: Any, service: LimitService, echo: Echo
) -> None:
    roads = Roads(gate, user, key["key"])
    for number in range(DELETES):
        assert roads.call(XML, MODEL, "unlink", [number + 1]).reason is None
    at_odoo = len(echo.requests)
    for road in (XML, JSON_2):
        answer = roads.call(road, MODEL, "unlink", [99])
        assert answer.reason == "rate_limited" and answer.headers["Retry-After"] == "60", answer
        assert answer.status == (429 if road == JSON_2 else 200)
        record = recorded(gate, key, answer)
        assert (record["outcome"], record["reason"], record["fault_code"]) == ("denied", "rate_limited", 429)
        assert (record["operations"], record["odoo_us"]) == (["delete"], 0)
    # Without the request's id, which Envoy does not know.
    params = {"service": "object", "method": "execute_kw", "args": ["odoo", UID, key["key"], MODEL, "unlink", [[99]]]}
    _, answer = gate.send(json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}).encode(), "/jsonrpc", JSON)
    document = json.loads(answer)
    assert (document["id"], document["error"]["code"], document["error"]["data"]["name"]) == (None, 429, "rate_limited")
    assert document["error"]["data"]["arguments"] == [document["error"]["data"]["message"]]
    assert len(echo.requests) == at_odoo
    # Another operation, another key, and the next window have room.
    assert roads.call(XML, MODEL, "search_count", []).reason is None
    [record] = eventually(lambda: gate.audit(key_id=key["id"], method="search_count"))
    assert (record["outcome"], record["reason"]) == ("allowed", None)
    assert Roads(gate, user, gate.key(user)["key"]).call(XML, MODEL, "unlink", [1]).reason is None
    service.next_window()
    assert roads.call(XML, MODEL, "unlink", [1]).reason is None


def test_a_limit_of_a_model_counts_all_keys_together(gate: Gate, user: Any, key: Any, service: LimitService) -> None:
    both = [Roads(gate, user, key["key"]), Roads(gate, user, gate.key(user)["key"])]
    service.next_window()
    written = [both[number % 2].call(XML, "account.move", "write", [1], {}).reason for number in range(121)]
    assert written == [None] * 120 + ["rate_limited"]


def test_a_call_whose_intent_went_ahead_has_its_outcome_recorded(gate: Gate, user: Any, key: Any, service: LimitService) -> None:
    gate.api("PATCH", "settings", {"audit": {"durability": {"delete": "write-ahead"}}})
    try:
        gate.in_force()
        roads = Roads(gate, user, key["key"])
        *answers, last = [roads.call(XML, MODEL, "unlink", [1]) for _ in range(DELETES + 1)]
        assert [answer.reason for answer in answers] == [None] * DELETES
        record = recorded(gate, key, last)
        assert (record["outcome"], record["reason"]) == ("denied", "rate_limited")
    finally:
        gate.api("PATCH", "settings", {"audit": {"durability": {"delete": "batched"}}})
        gate.in_force()


def test_without_the_service_calls_are_refused_and_pages_are_not(
    gate: Gate, user: Any, key: Any, service: LimitService, echo: Echo
) -> None:
    roads, at_odoo = Roads(gate, user, key["key"]), len(echo.requests)
    service.is_silent = True
    try:
        for road in (XML, JSON_2):
            answer = roads.call(road, MODEL, "search_count", [])
            assert answer.reason == "policy_unavailable", answer
            assert answer.status == (503 if road == JSON_2 else 200)
            record = recorded(gate, key, answer)
            assert (record["outcome"], record["reason"]) == ("denied", "policy_unavailable")
        assert len(echo.requests) == at_odoo
        page, _ = gate.send(b"", "/web/login", {}, "GET")
        assert page.status == 200
        config = gate.folder / "envoy.yaml"
        closed = config.read_text()
        with gate.without_envoy():
            config.write_text(closed.replace("failure_mode_deny: true", "failure_mode_deny: false"))
        assert roads.call(XML, MODEL, "search_count", []).reason is None
    finally:
        service.is_silent = False
