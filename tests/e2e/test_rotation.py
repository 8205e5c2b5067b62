"""A rotated key goes on where its predecessor was: one window, one set of sessions, at a real gate."""

from typing import Any

from support.gate import Gate, eventually


def test_a_rotated_key_continues_the_window_of_its_predecessor(gate: Gate, user: dict[str, Any]) -> None:
    gate.api("PATCH", "settings", {"rate_limit": {"enabled": True}})
    try:
        old = gate.key(user, rate_limit_per_minute=12)
        agent = gate.agent(user, old["key"])
        while agent.refusal("res.partner", "search", [], limit=1) is None:
            pass
        new = gate.api("POST", f"keys/{old['id']}/rotate", {"overlap_seconds": 600})
        # Both are known to the gate, and neither has a window of its own.
        rotated = gate.agent(user, new["key"])
        eventually(lambda: rotated.refusal("res.partner", "search", [], limit=1) != "invalid_key")
        assert rotated.refusal("res.partner", "search", [], limit=1) == "rate_limited"
        assert agent.refusal("res.partner", "search", [], limit=1) == "rate_limited"
    finally:
        gate.api("PATCH", "settings", {"rate_limit": {"enabled": False}})


def test_a_key_that_is_rotated_without_overlap_is_refused_and_the_new_one_works(gate: Gate, user: dict[str, Any]) -> None:
    old = gate.key(user)
    new = gate.api("POST", f"keys/{old['id']}/rotate", {"overlap_seconds": 0})
    before, after = gate.agent(user, old["key"]), gate.agent(user, new["key"])
    eventually(lambda: before.refusal("res.partner", "search", [], limit=1) == "invalid_key")
    eventually(lambda: after.refusal("res.partner", "search", [], limit=1) is None)
