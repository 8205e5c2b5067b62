"""Every row of the table of refusals, provoked through Envoy, beside its allowed twin: code, headers and audit row."""

import contextlib
import re
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parts.odoo import Odoo
from support.gate import ROOT, Gate, eventually
from support.keys import wrong_key

ROW = re.compile(r"^\| `(\w+)` \| (\d+) \|", re.MULTILINE)
TABLE = {name: int(code) for name, code in ROW.findall((ROOT / "docs/refusals.md").read_text())}

WINDOW_SECONDS = 61


class Stage:
    """A gate of its own with one user, and calls with any key, address list or shape."""

    def __init__(self, gate: Gate, odoo: Odoo) -> None:
        self.gate = gate
        self.odoo = odoo
        self.user = gate.user(odoo.database, odoo.admin.login, odoo.admin.password)

    def key(self, **restrictions: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.gate.api("POST", "keys", {"name": "row", "user_id": self.user["id"], **restrictions})
        return made

    def body(self, key: str, model: str = "res.partner", method: str = "search_count", *args: Any, **kwargs: Any) -> bytes:
        args = args or ([],)
        call = (self.odoo.database, self.user["upstream"]["uid"], key, model, method, list(args), kwargs)
        return xmlrpc.client.dumps(call, "execute_kw").encode()

    def send(self, body: bytes, path: str = "/xmlrpc/2/mcp", **request: Any) -> tuple[str, int, dict[str, str]]:
        """Reason (`ok` if there is none, `odoo` if the fault is Odoo's), fault code and headers of the answer."""
        answer, document = self.gate.send(body, path, **request)
        headers = {name.lower(): value for name, value in answer.getheaders()}
        assert answer.status == 200
        try:
            xmlrpc.client.loads(document)
        except xmlrpc.client.Fault as found:
            if "(decision " not in found.faultString:
                return "odoo", found.faultCode, headers
            return found.faultString.split(":")[0], found.faultCode, headers
        return "ok", 0, headers

    @contextlib.contextmanager
    def settings(self, **changes: Any) -> Iterator[None]:
        before = self.gate.api("GET", "settings")
        self.gate.api("PATCH", "settings", changes)
        self.gate.in_force()
        try:
            yield
        finally:
            self.gate.api("PATCH", "settings", {name: before[name] for name in changes})


@pytest.fixture(scope="module")
def stage(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Gate(odoo.url, tmp_path_factory.mktemp("refusals")) as gate:
        gate.permit({"res.partner": {"read": True, "write": True, "create": True}})
        yield Stage(gate, odoo)


# For each reason: a refused request and its twin that differs in the one thing, both as functions of a fresh key.
Request = Callable[[Stage], tuple[str, int, dict[str, str]]]
ROWS: dict[str, tuple[Request, Request]] = {}


def row(reason: str) -> Callable[[Callable[[Stage], Iterator[Request]]], None]:
    """Registers a row: a generator of two requests, first the twin that passes, then the one that is refused."""

    def register(make: Callable[[Stage], Iterator[Request]]) -> None:
        ROWS[reason] = make  # type: ignore[assignment]

    return register


def plain(stage: Stage, key: dict[str, Any], *call: Any, **kwargs: Any) -> Request:
    return lambda _: stage.send(stage.body(key["key"], *call, **kwargs))


@row("malformed_request")
def _(stage: Stage) -> Iterator[Request]:
    body = stage.body(stage.key()["key"])
    yield lambda _: stage.send(body)
    yield lambda _: stage.send(body[:-5])


@row("invalid_key")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made)
    stage.gate.api("POST", f"keys/{made['id']}/revoke")
    yield plain(stage, made)


@row("identity_mismatch")
def _(stage: Stage) -> Iterator[Request]:
    body = stage.body(stage.key()["key"])
    yield lambda _: stage.send(body)
    database = f"<string>{stage.odoo.database}</string>".encode()
    yield lambda _: stage.send(body.replace(database, b"<string>other</string>"))


@row("key_required")
def _(stage: Stage) -> Iterator[Request]:
    yield plain(stage, stage.key())
    yield lambda _: stage.send(stage.body(stage.odoo.admin.password))


@row("session_terminated")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made)
    sessions = eventually(lambda: stage.gate.api("GET", f"sessions?key_id={made['id']}")["items"])
    stage.gate.api("POST", f"sessions/{sessions[0]['id']}/terminate")
    yield plain(stage, made)


@row("session_limit")
def _(stage: Stage) -> Iterator[Request]:
    body = stage.body(stage.key(session_limit=1)["key"])
    yield lambda _: stage.send(body, headers={"Content-Type": "text/xml", "User-Agent": "first"})
    yield lambda _: stage.send(body, headers={"Content-Type": "text/xml", "User-Agent": "second"})


@row("ip_denied")
def _(stage: Stage) -> Iterator[Request]:
    yield plain(stage, stage.key(ip_allow_list=["127.0.0.0/8"]))
    yield plain(stage, stage.key(ip_allow_list=["192.0.2.0/24"]))


@row("rate_limited")
def _(stage: Stage) -> Iterator[Request]:
    request = plain(stage, stage.key(rate_limit_per_minute=1))
    yield request
    yield request


@row("too_many_failures")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made)
    other = wrong_key(made["key"])
    for _attempt in range(10):
        assert stage.send(stage.body(other))[0] == "invalid_key"
    yield lambda _: stage.send(stage.body(other))


@row("scope_denied")
def _(stage: Stage) -> Iterator[Request]:
    yield plain(stage, stage.key(scopes=["read"]))
    yield plain(stage, stage.key(scopes=["write"]))


@row("model_denied")
def _(stage: Stage) -> Iterator[Request]:
    yield plain(stage, stage.key(models=["res.partner"]))
    yield plain(stage, stage.key(models=["res.company"]))


@row("permission_denied")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made)
    yield plain(stage, made, "res.partner", "unlink", [1])


@row("method_denied")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made)
    yield plain(stage, made, "res.partner", "_compute_display_name", [1])


@row("nested_write_denied")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made, "res.partner", "create", {"name": "nested"})
    yield plain(stage, made, "res.partner", "create", {"name": "nested", "category_id": [[0, 0, {"name": "x"}]]})


@row("field_denied")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made, "res.partner", "write", [1], {"comment": "x"})
    yield plain(stage, made, "res.partner", "write", [1], {"email": "x@example.com"})


@row("context_denied")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made, "res.partner", "search_count", [])
    yield plain(stage, made, "res.partner", "search_count", [], context={"active_id": 1})


@row("cross_model_denied")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made, "res.partner", "search", [["name", "=", "x"]])
    yield plain(stage, made, "res.partner", "search", [["create_uid.login", "=", "x"]])


@row("too_many_records")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made, "res.partner", "write", [1], {"comment": "x"})
    yield plain(stage, made, "res.partner", "write", list(range(1, 1002)), {"comment": "x"})


@row("endpoint_blocked")
def _(stage: Stage) -> Iterator[Request]:
    body = stage.body(stage.key()["key"])
    yield lambda _: stage.send(body, "/xmlrpc/2/object")
    with stage.settings(enforcement="block"):
        yield lambda _: stage.send(body, "/xmlrpc/2/object")


@row("too_large")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made, "res.partner", "search_count", [["name", "=", "x" * 10_000]])
    with stage.settings(body_limit_bytes=10_000):
        yield plain(stage, made, "res.partner", "search_count", [["name", "=", "x" * 10_000]])


@row("unsupported_encoding")
def _(stage: Stage) -> Iterator[Request]:
    body = stage.body(stage.key()["key"])
    yield lambda _: stage.send(body, headers={"Content-Type": "text/xml", "Content-Encoding": "identity"})
    yield lambda _: stage.send(body, headers={"Content-Type": "text/xml", "Content-Encoding": "gzip"})


@row("policy_unavailable")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    yield plain(stage, made)
    with stage.settings(snapshot_max_age_seconds=2):
        with stage.gate.without_control_plane():
            yield plain(stage, made)


@row("upstream_credential_rejected")
def _(stage: Stage) -> Iterator[Request]:
    login = stage.odoo.create_user("agent", "first password", ["base.group_user", "base.group_partner_manager"])
    user = stage.gate.user(stage.odoo.database, login.login, login.password)
    made = stage.gate.api("POST", "keys", {"name": "row", "user_id": user["id"]})
    call = (stage.odoo.database, user["upstream"]["uid"], made["key"], "res.partner", "search_count", [[]])
    body = xmlrpc.client.dumps(call, "execute_kw").encode()
    yield lambda _: stage.send(body)
    # The control plane hears of Odoo's refusal from the audit log, and tries the credential by itself.
    stage.odoo.call("res.users", "write", [login.uid], {"password": "second password"})
    yield lambda _: stage.send(body)
    credential = {"database": stage.odoo.database, "login": login.login, "secret": "second password"}
    stage.gate.api("PATCH", f"users/{user['id']}", {"upstream": credential})
    eventually(lambda: stage.send(body)[0] == "ok")


@row("audit_unavailable")
def _(stage: Stage) -> Iterator[Request]:
    made = stage.key()
    durability = {"read": "write-ahead", "write": "batched", "create": "batched", "delete": "batched"}
    with stage.settings(audit={"durability": durability}):
        yield plain(stage, made)
        with stage.gate.without_control_plane():
            yield plain(stage, made)


def test_every_row_has_a_case() -> None:
    assert set(ROWS) == set(TABLE) and len(TABLE) == 24


@pytest.mark.parametrize("reason", TABLE)
def test_row(stage: Stage, reason: str) -> None:
    requests = ROWS[reason](stage)  # type: ignore[operator]
    allowed = next(requests)
    eventually(lambda: allowed(stage)[0] == "ok") if reason != "rate_limited" else once(allowed, stage)
    refused = next(requests)
    began = time.time()
    found = eventually(lambda: [answer for answer in [refused(stage)] if answer[0] == reason])
    _, code, headers = found[0]
    assert code == TABLE[reason]
    if code == 429:
        assert int(headers["retry-after"]) > 0
    if reason == "rate_limited":
        assert headers["x-ratelimit-limit"] == "1" and headers["x-ratelimit-remaining"] == "0"
        assert began < int(headers["x-ratelimit-reset"]) <= time.time() + WINDOW_SECONDS + 1
    assert next(requests, None) is None
    # Not the rows that count what the gate did not record one by one.
    rows = eventually(lambda: stage.gate.audit(reason=reason, client_ip="127.0.0.1"))
    assert rows[0]["outcome"] == "denied" and rows[0]["fault_code"] == code and rows[0]["decision_id"]


def once(request: Request, stage: Stage) -> None:
    """The first call of a key that may call once: until the gate knows it, it is refused without being counted."""
    answer = eventually(lambda: [found for found in [request(stage)] if found[0] != "invalid_key"])
    assert answer[0][0] == "ok" and answer[0][2]["x-ratelimit-remaining"] == "0"
