"""A gate's permissions, changed for one row of holes after the other, and what each row must show."""

import xmlrpc.client
from collections.abc import Callable, Iterable
from typing import Any

from support.gate import SCHEMA_SECONDS, Agent, Gate, eventually
from support.hole import Hole, Permissions, Records

CANARY = "res.country"


class Policy:
    """Changes the gate's permissions, and returns when the change is in force.

    Every model that will have a permission has an empty one from the start, so that the schema is read only once.
    """

    def __init__(self, gate: Gate, agent: Agent, models: Iterable[str]) -> None:
        self.gate = gate
        self.agent = agent
        self.canary = False
        self.given: Permissions = {}
        self.exceptions: tuple[str, ...] = ()
        self.know({*models, CANARY})

    def know(self, models: set[str]) -> None:
        """Has the gate know these models too."""
        self.gate.permit({model: {} for model in models})
        eventually(lambda: self._knows(models), SCHEMA_SECONDS)
        self.gate.in_force()

    def _knows(self, models: set[str]) -> bool:
        """Whether the schema has all of these that Odoo has. An Odoo that was too slow is asked again."""
        schema = self.gate.api("GET", "schema?limit=500")
        missing = models - {item["model"] for item in schema["items"]} - set(schema["absent"])
        if missing and not schema["reading"]:
            self.gate.api("POST", "schema/refresh")
        return not missing

    def permit(self, permissions: Permissions, exceptions: tuple[str, ...] = ()) -> None:
        """These, and no others."""
        if exceptions != self.exceptions:
            self.gate.api("PATCH", "settings", {"never_list_exceptions": list(exceptions)})
        left = {model: {} for model in self.given.keys() - permissions.keys()}
        self.gate.permit({**left, **permissions})
        self.given, self.exceptions = permissions, exceptions
        # Policies come in order: when this last change is seen, so are those before it.
        self.canary = not self.canary
        self.gate.permit({CANARY: {"read": self.canary}})
        expected = None if self.canary else "permission_denied"
        eventually(lambda: self.agent.refusal(CANARY, "search_count", []) == expected)


def outcome(call: Callable[..., Any], hole: Hole, records: Records) -> Any:
    """What a call answers, or its fault: some calls have done their work before Odoo fails to write the answer."""
    args, kwargs = hole.arguments(records)
    try:
        return call(hole.model, hole.method, *args, **kwargs)
    except xmlrpc.client.Fault as fault:
        return fault


def check(
    hole: Hole, policy: Policy, agent: Agent, at_odoo: Callable[..., Any], records: Callable[[], Records]
) -> None:
    """Open at Odoo, where `at_odoo` calls as the agent's user; shut at the gate; opened by each switch alone."""
    fresh = records()
    answer = outcome(at_odoo, hole, fresh)
    assert hole.shows(fresh, answer), f"not open at Odoo: {answer}"

    policy.permit(hole.permissions())
    fresh = records()
    answer = outcome(agent, hole, fresh)
    assert isinstance(answer, xmlrpc.client.Fault), f"not refused: {answer}"
    assert answer.faultString.startswith(f"{hole.reason}:"), answer
    assert not hole.shows(fresh, None), "refused and yet done"

    for switch in hole.switches:
        policy.permit(hole.permissions(switch), hole.exceptions)
        fresh = records()
        answer = outcome(agent, hole, fresh)
        assert hole.shows(fresh, answer), f"not opened by {switch}: {answer}"


def check_passing(hole: Hole, policy: Policy, records: Callable[[], Records]) -> None:
    """Through the gate from the start."""
    policy.permit(hole.permissions())
    fresh = records()
    answer = outcome(policy.agent, hole, fresh)
    assert hole.shows(fresh, answer), answer
