"""Every road into a real Odoo 19: the same decision and the same audit row, whatever form a call has."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from parts.odoo import Odoo
from parts.web_session import WebSession
from support.gate import CALL_SECONDS, Gate, eventually
from support.roads import ALL, JSON, Roads

PERMISSIONS = {
    "res.partner": {"read": True, "write": True, "create": True, "methods": {"action_done": []}},
    "res.company": {"read": True},
}
# What is called, and the reason of the refusal.
TABLE: list[tuple[str, str, list[Any], dict[str, Any], str | None]] = [
    ("res.partner", "read", [[1], ["name"]], {}, None),
    ("res.partner", "search_read", [[["is_company", "=", True]], ["name"]], {"limit": 2, "context": {"lang": "en_US"}}, None),
    ("res.partner", "search_count", [[]], {}, None),
    ("res.partner", "write", [[1], {"comment": "\u0141 <&> \U0001f600"}], {}, None),
    ("res.users", "context_get", [], {}, None),
    ("res.partner", "unlink", [[1]], {}, "permission_denied"),
    ("res.company", "write", [[1], {"name": "x"}], {}, "permission_denied"),
    ("res.country", "read", [[1]], {}, "permission_denied"),
    ("res.partner", "_compute", [[1]], {}, "method_denied"),
    ("res.partner", "action_done", [[1]], {}, "method_denied"),
    ("res.partner", "create", [{"name": "x", "category_id": [[0, 0, {"name": "y"}]]}], {}, "nested_write_denied"),
    ("res.partner", "write", [[1], {"email": "x@example.com"}], {}, "field_denied"),
    ("res.partner", "read", [[1], ["signup_type"]], {}, "field_denied"),
    ("res.partner", "read", [[1], ["name"]], {"context": {"active_id": 1}}, "context_denied"),
    ("res.partner", "search", [[["create_uid.login", "=", "admin"]]], {}, "cross_model_denied"),
    ("res.partner", "web_read", [[1], {"user_id": {"fields": {"login": {}}}}], {}, "cross_model_denied"),
    ("res.partner", "read", [["1"]], {}, "malformed_request"),
    ("res.partner", "read", [[1]], {"no_such_argument": 1}, "malformed_request"),
]
SAME = ["model", "method", "operations", "record_ids", "outcome", "reason", "fault_code", "key_id", "database"]


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("roads")) as gate:
        gate.permit(PERMISSIONS)
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    """With an API key of Odoo, the only credential that JSON-2 takes."""
    return gate.user(odoo.database, odoo.admin.login, odoo.create_api_key(odoo.admin))


@pytest.fixture
def roads(gate: Gate, user: dict[str, Any]) -> Roads:
    return Roads(gate, user, gate.key(user)["key"])


@contextlib.contextmanager
def settings(gate: Gate, **changes: Any) -> Iterator[None]:
    before = gate.api("GET", "settings")
    gate.api("PATCH", "settings", changes)
    gate.in_force()
    try:
        yield
    finally:
        gate.api("PATCH", "settings", {name: before[name] for name in changes})
        gate.in_force()


def rows(gate: Gate, key_id: str, number: int) -> list[dict[str, Any]]:
    """The calls of a key, oldest first, once there are so many."""

    def found() -> list[dict[str, Any]]:
        calls = [row for row in gate.audit(key_id=key_id) if row["method"] != "authenticate"]
        return calls if len(calls) >= number else []

    return sorted(eventually(found), key=lambda row: row["at"])


def test_one_call_is_decided_and_recorded_alike_on_every_road(gate: Gate, user: dict[str, Any]) -> None:
    for case in TABLE:
        # A key for each case: of one key only the first refusals for a reason have rows.
        made = gate.key(user)
        roads = Roads(gate, user, made["key"])
        model, method, args, kwargs, reason = case
        answers = [roads.call(road, model, method, *args, **kwargs) for road in ALL]
        assert [answer.reason for answer in answers] == [reason] * len(ALL), (model, method, args, answers)
        sentences = {answer.error.split(" (decision")[0] for answer in answers if answer.reason}
        assert len(sentences) <= 1, sentences
        assert all(answer.value == answers[0].value for answer in answers), answers
        found = rows(gate, made["id"], len(ALL))
        assert [row["road"] for row in found] == ALL
        assert len({json.dumps([row[name] for name in SAME]) for row in found}) == 1, (case, found)


@pytest.mark.parametrize("road", ALL)
def test_odoos_own_faults_and_new_ids_are_recorded(gate: Gate, user: dict[str, Any], road: str) -> None:
    made = gate.key(user)
    roads = Roads(gate, user, made["key"])
    created = roads.call(road, "res.partner", "create", [{"name": "one"}, {"name": "two"}]).value
    assert roads.call(road, "res.partner", "write", [999_999_999], {"name": "x"}).error is not None
    first, second = rows(gate, made["id"], 2)
    assert (first["outcome"], first["record_ids"]) == ("allowed", created) and len(created) == 2
    assert second["outcome"] == "faulted" and second["reason"] is None
    # The old road has texts for codes.
    assert road == "/xmlrpc/object" or second["fault_code"] == 2


def test_json_2_bodies_arrive_whole_however_they_are_framed(gate: Gate, roads: Roads, odoo: Odoo) -> None:
    # Odoo drops a chunked body in silence, and answers with every record.
    domain = [["is_company", "=", True], ["name", "!=", "x" * 300_000]]
    body = json.dumps({"domain": domain, "fields": ["name"]}).encode()
    pieces = (body[at : at + 50_000] for at in range(0, len(body), 50_000))
    answer = roads.post("/json/2/res.partner/search_read", pieces, Transfer_Encoding="chunked")
    assert sorted(row["id"] for row in answer.value) == sorted(odoo.call("res.partner", "search", domain))


def test_json_2_paths_reach_the_method_that_was_decided_on(roads: Roads) -> None:
    for path in ("//json/2/res.partner/search_count", "/json/2/res%2Epartner%2fsearch_count/", "/json/2/res.partner/search_count?ids=1"):
        assert roads.post(path, b'{"domain": []}').value > 0
    for path in ("/json/2/res.partner/unlink%2f", "/json/2/res.partner/%75nlink", "/json/2/x/../res.partner/unlink"):
        assert roads.post(path, b'{"ids": [1]}').reason == "permission_denied"
    for path in ("/json/2/res.partner", "/json/2/res.partner/read/1", "/json/2/res.partner/re%00ad"):
        assert roads.post(path, b"{}").reason == "malformed_request"


def test_what_the_headers_refuse_needs_no_body(gate: Gate, roads: Roads) -> None:
    for change, status in [
        ({"Authorization": "Bearer lct_mistyped"}, 401),
        ({"Authorization": f"Bearer {roads.key[:-1]}{'0' if roads.key[-1] != '0' else '1'}"}, 401),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
    ]:
        headers = {**JSON, "Authorization": f"Bearer {roads.key}", **change}
        assert promised(gate, "/json/2/res.partner/read", headers) == status, change
    with settings(gate, enforcement="require"):
        headers = {**JSON, "Authorization": "Bearer 0123456789abcdef0123456789abcdef01234567"}
        eventually(lambda: promised(gate, "/json/2/res.partner/read", headers) == 401)


def promised(gate: Gate, path: str, headers: dict[str, str]) -> int:
    """The status of the answer to a request whose body never comes."""
    head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "gate", "Content-Length": "1000", **headers}.items())
    with socket.create_connection(("127.0.0.1", gate.port), CALL_SECONDS) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode())
        return int(connection.recv(1000).split()[1])


def test_other_clients_keep_their_json_roads(gate: Gate, odoo: Odoo) -> None:
    key = odoo.create_api_key(odoo.admin)
    own = Roads(gate, {"upstream": {"database": odoo.database, "uid": odoo.admin.uid}}, key)
    for road in ("/jsonrpc", "/json/2"):
        assert own.call(road, "res.partner", "search_count", []).value > 0
        with settings(gate, enforcement="require"):
            eventually(lambda road=road: own.call(road, "res.partner", "search_count", []).reason == "key_required")
        eventually(lambda road=road: own.call(road, "res.partner", "search_count", []).value)


def test_block_mode_refuses_keys_on_the_json_roads(gate: Gate, roads: Roads) -> None:
    with settings(gate, enforcement="block"):
        for road in ("/jsonrpc", "/json/2"):
            eventually(lambda road=road: roads.call(road, "res.partner", "search_count", []).reason == "endpoint_blocked")


def test_json_rpc_logs_in_and_knows_no_batches(gate: Gate, roads: Roads, odoo: Odoo) -> None:
    assert roads.service("common", "login", roads.database, odoo.admin.login, roads.key).value == roads.uid
    assert roads.service("common", "authenticate", roads.database, odoo.admin.login, roads.key, {}).value == roads.uid
    assert roads.service("common", "login", roads.database, "nobody", roads.key).value is False
    assert roads.service("common", "version").value["server_serie"] == "19.0"
    params = {"service": "object", "method": "execute_kw", "args": [roads.database, roads.uid, roads.key, "res.partner", "read", [[1]]]}
    batch = json.dumps([{"jsonrpc": "2.0", "id": 1, "params": params}]).encode()
    answer, body = gate.send(batch, "/jsonrpc", JSON)
    error = json.loads(body)["error"]
    assert (answer.status, error["code"], error["data"]["name"]) == (200, 400, "malformed_request")
    # `execute` takes its arguments flat.
    assert roads.service("object", "execute", roads.database, roads.uid, roads.key, "res.partner", "search_count", []).value


def test_a_user_with_a_password_is_told_why_json_2_is_closed(gate: Gate, odoo: Odoo) -> None:
    user = gate.user(odoo.database, odoo.admin.login, odoo.admin.password)
    roads = Roads(gate, user, gate.key(user)["key"])
    answer = roads.call("/json/2", "res.partner", "search_count", [])
    assert (answer.status, answer.reason) == (403, "endpoint_blocked") and "Odoo API key" in answer.error
    assert roads.call("/jsonrpc", "res.partner", "search_count", []).value > 0


def test_json_with_two_meanings_is_refused(roads: Roads) -> None:
    deep = b'{"context":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    for body in (
        b'{"domain":[],"domain":[["id","=",1]]}',
        b'{"limit":1e999}',
        b'{"limit":92233720368547758080}',
        b'{"limit":NaN}',
        b'{"context":{"a":"\\ud800"}}',
        b'{"context":{"a":"\xff"}}',
        b"\xef\xbb\xbf{}",
        b"[1]",
        deep,
    ):
        began = time.monotonic()
        assert roads.post("/json/2/res.partner/search", body).reason == "malformed_request", body[:50]
        assert time.monotonic() - began < CALL_SECONDS / 2


def test_rate_limits_are_told_on_the_json_roads(gate: Gate, user: dict[str, Any]) -> None:
    roads = Roads(gate, user, gate.key(user, rate_limit_per_minute=3)["key"])
    left = [roads.call(road, "res.partner", "search_count", []).headers["X-RateLimit-Remaining"] for road in ("/jsonrpc", "/json/2")]
    assert left == ["1", "0"]  # The login that `Gate.key` waits for was the first.
    for road, status in (("/jsonrpc", 200), ("/json/2", 429)):
        answer = roads.call(road, "res.partner", "search_count", [])
        assert (answer.status, answer.reason) == (status, "rate_limited") and int(answer.headers["Retry-After"]) > 0


KEY = "Bearer KEY"
# Roads for Odoo's own credentials: method, path, headers, and whether `require` closes it to everybody.
CLOSED_IN_REQUIRE = [
    ("POST", "/xmlrpc/2/db", {}, True),
    ("POST", "/xmlrpc/db", {}, True),
    *(("POST", f"/web/database/{action}", {}, True) for action in ("create", "drop", "backup", "restore", "duplicate", "change_password")),
    ("GET", "/json/1/action-1", {"Authorization": KEY}, False),
    ("GET", "/doc-bearer/index.json", {"Authorization": KEY}, False),
    ("GET", "/doc-bearer/res.partner.json", {"Authorization": KEY}, False),
    # White space to Python, in Latin-1.
    ("GET", "/doc-bearer/index.json", {"Authorization": "Bearer\xa0KEY"}, False),
    ("GET", "/json/1/action-1", {"Authorization": "Bearer \x85KEY"}, False),
    ("POST", "/base_import_module/login_upload", {}, False),
    ("GET", "/mcp/models", {"X-API-Key": KEY}, False),
    ("GET", "/mcp/auth/validate", {"X-API-Key": KEY}, False),
    ("POST", "/mcp/xmlrpc/object", {}, False),
    ("POST", "/mcp/xmlrpc/common", {}, False),
    # Odoo 20's.
    ("POST", "/mcp", {}, False),
    ("POST", "/oauth/token", {}, False),
    ("GET", "/oauth/authorize", {}, False),
    ("GET", "/.well-known/oauth-authorization-server", {}, False),
    ("GET", "/.well-known/oauth-protected-resource/mcp", {}, False),
    # No dots are resolved by Odoo, which gives all below to the controller.
    ("GET", "/json/1/x/../../contacts", {"Authorization": KEY}, False),
    ("GET", "/json/1/x/..%2f../contacts", {"Authorization": KEY}, False),
    ("GET", "/doc-bearer/x/../../contacts", {"Authorization": KEY}, False),
    # By what is sent, whatever the path.
    ("POST", "/contacts", {"Authorization": KEY}, False),
    ("GET", "/contacts", {"Authorization": KEY}, False),
]


@pytest.mark.parametrize(("method", "path", "headers", "for_all"), CLOSED_IN_REQUIRE, ids=lambda part: str(part))
def test_require_closes_the_roads_of_odoos_own_credentials(
    gate: Gate, odoo: Odoo, api_key: str, method: str, path: str, headers: dict[str, str], for_all: bool
) -> None:
    sent = {name: value.replace("KEY", api_key) for name, value in headers.items()}
    body = b"" if method == "GET" else b"x=1"

    def refused() -> bool:
        _, answer = gate.send(body, path, sent, method)
        return b"endpoint_blocked" in answer or b"key_required" in answer

    assert not refused()
    with settings(gate, enforcement="require"):
        eventually(refused)
        gate.api("PATCH", "settings", {"require_exceptions": ["127.0.0.0/8"]})
        if for_all:
            eventually(lambda: own_call_passes(gate, odoo, api_key))
            assert refused()
        else:
            eventually(lambda: not refused())
    gate.api("PATCH", "settings", {"require_exceptions": []})
    eventually(lambda: not refused())


def own_call_passes(gate: Gate, odoo: Odoo, api_key: str) -> bool:
    """Odoo's own key passes on a shared road: the exceptions are in force."""
    own = Roads(gate, {"upstream": {"database": odoo.database, "uid": odoo.admin.uid}}, api_key)
    return own.call("/jsonrpc", "res.partner", "search_count", []).reason is None


@pytest.fixture(scope="module")
def api_key(odoo: Odoo) -> str:
    """Of Odoo, for the roads that take one."""
    return odoo.create_api_key(odoo.admin)


@pytest.mark.parametrize("mode", ["secure", "require"])
def test_a_key_does_nothing_on_the_web_clients_roads(gate: Gate, roads: Roads, odoo: Odoo, api_key: str, mode: str) -> None:
    with settings(gate, enforcement=mode):
        for secret in (roads.key, api_key):
            login = {"db": odoo.database, "login": odoo.admin.login, "password": secret}
            assert "AccessDenied" in web(gate, "/web/session/authenticate", login)
            call = {"model": "res.partner", "method": "search_count", "args": [[]], "kwargs": {}}
            for path in ("/web/dataset/call_kw", "/web/dataset/call_button", "/web/dataset/call_kw/res.partner/search_count"):
                headers = {"Authorization": f"Bearer {secret}", "X-API-Key": secret}
                if mode == "require" and secret == api_key:
                    # Odoo's own key is refused wherever it comes, since paths can be renamed.
                    answer, document = gate.send(b"{}", path, {**JSON, **headers})
                    assert answer.status == 401 and b"key_required" in document
                else:
                    assert "SessionExpired" in web(gate, path, call, headers)
        # A person's browser is not affected.
        session = WebSession(gate.up["gate_url"], odoo.database, odoo.admin.login, odoo.admin.password)
        assert session.call("res.partner", "search_count", []) > 0


def web(gate: Gate, path: str, params: dict[str, Any], headers: dict[str, str] | None = None) -> str:
    """The exception in the answer to the web client's form of a call."""
    body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
    _, answer = gate.send(body, path, {**JSON, **(headers or {})})
    return json.loads(answer)["error"]["data"]["name"]


def test_a_key_means_nothing_to_odoos_bearer_roads(gate: Gate, roads: Roads) -> None:
    for path in ("/doc-bearer/index.json", "/json/1/action-1"):
        answer, _ = gate.send(b"", path, {"Authorization": "Bearer none"}, "GET")
        assert answer.status == 401, path  # Odoo's.
        answer, document = gate.send(b"", path, {"Authorization": f"Bearer {roads.key}"}, "GET")
        assert answer.status == 403 and b"endpoint_blocked" in document, path


def test_the_gate_stands_in_for_the_mcp_module_when_it_is_told_to(gate: Gate, roads: Roads) -> None:
    def ask(path: str, key: str) -> tuple[int, Any]:
        answer, body = gate.send(b"", path, {"X-API-Key": key, "X-Odoo-Database": roads.database}, "GET")
        return answer.status, json.loads(body) if answer.headers.get_content_type() == "application/json" else body

    assert ask("/mcp/auth/validate", "none")[0] == 404  # Odoo's, which has no such module.
    status, refusal = ask("/mcp/auth/validate", roads.key)
    assert status == 403 and refusal["error"]["code"] == "endpoint_blocked"
    with settings(gate, mcp_module_contract=True):
        valid = {"success": True, "data": {"valid": True, "user_id": roads.uid}}
        eventually(lambda: ask("/mcp/auth/validate", roads.key) == (200, valid))
        status, refusal = ask("/mcp/auth/validate", "lct_mistyped")
        assert status == 401 and refusal["success"] is False and refusal["error"]["message"].startswith("invalid_key")
        models = ask("/mcp/models", roads.key)[1]["data"]["models"]
        assert {model["model"] for model in models} == set(PERMISSIONS)
        operations = {"read": True, "write": True, "create": True, "unlink": False}
        access = ask("/mcp/models/res.partner/access", roads.key)[1]["data"]
        assert access == {"model": "res.partner", "enabled": True, "operations": operations}
        assert ask("/mcp/models/ir.cron/access", roads.key)[1]["data"]["enabled"] is False
        assert roads.xmlrpc("/mcp/xmlrpc/object", "res.partner", "search_count", [[]], {}).value > 0
        assert roads.xmlrpc("/mcp/xmlrpc/object", "res.partner", "unlink", [[1]], {}).reason == "permission_denied"
        assert gate.proxy("/mcp/xmlrpc/common").version()["server_serie"] == "19.0"
