"""Ways around a permission on one model: each is open at Odoo, shut at the gate, and opened by its switch alone.

Every row of holes.py (its words are in hole.py) is called with the same Odoo credential at Odoo itself, where it must
show what it reaches; through a gate whose permission allows everything on that one model, where it must be refused and
reach nothing; and, where there is a switch, through the same gate with the switch set, where it reaches it again. Every
call has records of its own.
"""

import contextlib
import http.client
import xmlrpc.client
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parts.odoo import Odoo
from support.gate import CALL_SECONDS, Agent, Gate, eventually
from support.hole import Hole, Records
from support.holes import HOLES

WIDE = {"read": True, "write": True, "create": True, "delete": True}


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """One worker, so that what one call was judged by holds for the next; and no permission but a test's own."""
    with Gate(odoo.url, tmp_path_factory.mktemp("holes"), workers=1) as gate:
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    return gate.user(odoo.database, odoo.admin.login, odoo.admin.password)


@pytest.fixture(scope="module")
def key(gate: Gate, user: dict[str, Any]) -> str:
    return gate.key(user)["key"]


@pytest.fixture(scope="module")
def agent(gate: Gate, user: dict[str, Any], key: str) -> Agent:
    return gate.agent(user, key)


class Policy:
    """Changes the gate's policy, and returns when the change is in force."""

    def __init__(self, gate: Gate, agent: Agent) -> None:
        self.gate = gate
        self.agent = agent
        self.canary = False

    def permit(self, model: str, permission: dict[str, Any], exceptions: tuple[str, ...] = ()) -> None:
        self.gate.api("PATCH", "settings", {"never_list_exceptions": list(exceptions)})
        self.gate.permit({model: permission})
        # Policies come in order: when this last change is seen, so are those before it.
        self.canary = not self.canary
        self.gate.permit({"res.country": {"read": self.canary}})
        expected = None if self.canary else "permission_denied"
        eventually(lambda: self.agent.refusal("res.country", "search_count", []) == expected)


@pytest.fixture(scope="module")
def policy(gate: Gate, agent: Agent) -> Policy:
    return Policy(gate, agent)


def outcome(call: Callable[..., Any], hole: Hole, records: Records) -> Any:
    """What a call answers, or its fault: some calls have done their work before Odoo fails to write the answer."""
    args, kwargs = hole.arguments(records)
    try:
        return call(hole.model, hole.method, *args, **kwargs)
    except xmlrpc.client.Fault as fault:
        return fault


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: f"{hole.model}.{hole.method} {hole.name}")
def test_a_hole_is_open_at_odoo_shut_at_the_gate_and_opened_by_its_switch(
    hole: Hole, odoo: Odoo, agent: Agent, policy: Policy
) -> None:
    records = Records(odoo)
    answer = outcome(odoo.call, hole, records)
    assert hole.shows(records, answer), f"not open at Odoo: {answer}"

    policy.permit(hole.model, WIDE | hole.given)
    records = Records(odoo)
    answer = outcome(agent, hole, records)
    assert isinstance(answer, xmlrpc.client.Fault) and answer.faultString.startswith(f"{hole.reason}:"), answer
    assert not hole.shows(records, None), "refused and yet done"

    if hole.switch is not None:
        policy.permit(hole.model, WIDE | hole.given | hole.switch, hole.exceptions)
        records = Records(odoo)
        answer = outcome(agent, hole, records)
        assert hole.shows(records, answer), f"not opened by its switch: {answer}"
    policy.permit(hole.model, {"read": False})


# What the gate cannot see, as it does not know the types of fields: the limits that docs/operations.md names.
LIMITS = {
    "a bare false clears tags": lambda agent, r: (
        agent("res.partner", "write", [r.tagged], {"category_id": False}),
        r.read("res.partner", r.tagged, "category_id") == [],
    ),
    "a reference is read with its name": lambda agent, r: (
        "OdooBot" in repr(agent("res.partner", "read", [r.admin], ["create_uid"])),
    ),
    "a condition compares names": lambda agent, r: (
        agent("res.partner", "search", [["user_ids", "=", "Mitchell Admin"]]) == [r.admin],
    ),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_a_known_limit(limit: Callable[..., tuple[Any, ...]], odoo: Odoo, agent: Agent, policy: Policy) -> None:
    policy.permit("res.partner", WIDE)
    assert all(limit(agent, Records(odoo)))


@pytest.mark.parametrize("road", ["/xmlrpc/2/object", "/xmlrpc/2/mcp"])
def test_odoo_takes_calls_as_options_requests_but_not_with_a_key(
    road: str, gate: Gate, odoo: Odoo, key: str, policy: Policy
) -> None:
    policy.permit("res.partner", WIDE)
    records = Records(odoo)

    def options(port: int, path: str, password: str) -> bytes:
        call = (odoo.database, odoo.admin.uid, password, "res.partner", "create", [{"name": records.mark}])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_SECONDS)
        with contextlib.closing(connection):
            connection.request("OPTIONS", path, xmlrpc.client.dumps(call, "execute_kw"), {"Content-Type": "text/xml"})
            return connection.getresponse().read()

    assert b"<fault>" in options(gate.port, road, key)
    assert records.count("res.partner", ["name", "=", records.mark]) == 0
    assert b"<fault>" not in options(odoo.port, "/xmlrpc/2/object", odoo.admin.password)
    assert records.count("res.partner", ["name", "=", records.mark]) == 1
