"""Ways around a permission on one model: each is open at Odoo, shut at the gate, and opened by its switch alone.

Every row of holes.py, holes_written.py and holes_closed.py (their words are in hole.py) is called with the same Odoo credential at
Odoo itself, where it must show what it reaches; through a gate whose permission allows everything on that one model, where it must be
refused and reach nothing; and, where there is a switch, through the same gate with the switch set, where it reaches it again. Every
call has records of its own. Beside them stand calls that look like holes and pass.
"""

import contextlib
import http.client
import xmlrpc.client
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parts.odoo import Odoo
from support import holes, holes_closed, holes_written
from support.gate import CALL_SECONDS, Agent, Gate
from support.hole import WIDE, Hole, Records
from support.policy import Policy, check, check_passing

HOLES = holes.HOLES + holes_written.HOLES + holes_closed.HOLES
PASSES = holes.PASSES + holes_written.PASSES
PARTNERS = {"res.partner": WIDE}


def row(hole: Hole) -> str:
    return f"{hole.model}.{hole.method} {hole.name}"


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
def policy(gate: Gate, user: dict[str, Any], key: str) -> Policy:
    return Policy(gate, gate.agent(user, key), {model for hole in HOLES + PASSES for model in hole.models()})


@pytest.mark.parametrize("hole", HOLES, ids=row)
def test_a_hole_is_open_at_odoo_shut_at_the_gate_and_opened_by_its_switch(
    hole: Hole, odoo: Odoo, policy: Policy
) -> None:
    check(hole, policy, policy.agent, odoo.call, lambda: Records(odoo))


@pytest.mark.parametrize("hole", PASSES, ids=row)
def test_what_is_no_hole_passes(hole: Hole, odoo: Odoo, policy: Policy) -> None:
    check_passing(hole, policy, lambda: Records(odoo))


# What the gate lets through on purpose, and docs/operations.md says so.
LIMITS: dict[str, Callable[[Agent, Records], bool]] = {
    "a reference is read with its name": lambda agent, r: (
        "OdooBot" in repr(agent("res.partner", "read", [r.admin], ["create_uid"]))
    ),
    "a value may be any record that Odoo lets the user choose": lambda agent, r: (
        agent("res.partner", "write", [r.partner], {"user_id": r.user}) is True
        and r.read("res.partner", r.partner, "user_id")[0] == r.user
    ),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_a_known_limit(limit: Callable[[Agent, Records], bool], odoo: Odoo, policy: Policy) -> None:
    policy.permit(PARTNERS)
    assert limit(policy.agent, Records(odoo))


@pytest.mark.parametrize("road", ["/xmlrpc/2/object", "/xmlrpc/2/mcp"])
def test_odoo_takes_calls_as_options_requests_but_not_with_a_key(
    road: str, gate: Gate, odoo: Odoo, key: str, policy: Policy
) -> None:
    policy.permit(PARTNERS)
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
