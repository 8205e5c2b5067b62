"""Nothing is lost: every decided call is in the audit log, once, whatever happens to the control plane or to Envoy."""

import datetime
import os
import random
import signal
import threading
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import load
import metrics
import pytest
from echo import UID, Echo
from gate import Gate, eventually

CALLS = 100_000
# Events that a gate keeps for the control plane.
MOST_WAITING = 50_000
BEYOND = 1000
MOST_PENDING = 20_000
WRITE_AHEAD = {"read": "write-ahead", "write": "write-ahead", "create": "write-ahead", "delete": "write-ahead"}


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture
def gate(echo: Echo, tmp_path: Path) -> Iterator[Gate]:
    with Gate(echo.url, tmp_path / "state") as gate:
        gate.permit({"res.partner": {"read": True, "write": True}})
        yield gate


@pytest.fixture
def made(gate: Gate) -> dict[str, Any]:
    return gate.key(gate.user("odoo", "agent", "secret"))


def rows(gate: Gate, key_id: str, **filters: Any) -> Iterator[dict[str, Any]]:
    """All rows of a key, page by page."""
    query = "&".join(f"{name}={value}" for name, value in {"key_id": key_id, "limit": 500, **filters}.items())
    cursor = ""
    while True:
        page = gate.api("GET", f"audit?{query}{cursor}")
        yield from page["items"]
        if not page["next_cursor"]:
            return
        cursor = f"&cursor={page['next_cursor']}"


def test_100_000_calls_with_the_control_plane_killed_twice(gate: Gate, made: Any) -> None:
    call = load.body(("odoo", UID, made["key"]), "res.company", "search", [])
    answers: list[load.Answer] = []

    def in_time(number: int) -> bytes:
        # The control plane of a test is not optimised and stores slower than a gate decides; a full queue would refuse.
        if number % 500 == 0:
            eventually(lambda: pending(gate) < MOST_PENDING, seconds=300)
        return call

    runner = threading.Thread(
        target=lambda: answers.extend(load.run(gate.port, 8, in_time, lambda number: number >= CALLS))
    )
    runner.start()
    for _ in range(2):
        with gate.without_control_plane():
            threading.Event().wait(random.uniform(0.5, 2))  # noqa: S311
    runner.join()
    assert {answer.reason for answer in answers} == {"permission_denied"} and len(answers) == CALLS

    def stored() -> list[str] | None:
        newest = next(iter(gate.api("GET", "gates")["items"]))
        found = [row["decision_id"] for row in rows(gate, made["id"], model="res.company")]
        return found if len(found) >= CALLS else assert_behind(len(found), newest)

    found = eventually(stored, seconds=600)
    assert len(found) == CALLS and len(set(found)) == CALLS


def test_a_full_queue_refuses_and_what_was_decided_before_is_recorded_once(gate: Gate, made: dict[str, Any]) -> None:
    call = load.body(("odoo", UID, made["key"]), "res.company", "search", [])
    # So long may it take on a machine that is busy with something else; the policy must not be too old meanwhile.
    gate.api("PATCH", "settings", {"snapshot_max_age_seconds": 3600})
    gate.in_force()
    # What went before must be stored, or it would take the place of a call: the gauge alone may be a tick old.
    eventually(lambda: list(rows(gate, made["id"], method="authenticate")))
    eventually(lambda: pending(gate) == 0)
    agent = gate.agent({"upstream": {"database": "odoo", "uid": UID}}, made["key"])
    began = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with gate.without_control_plane():
        answers = load.run(gate.port, 8, lambda _: call, lambda number: number >= MOST_WAITING + BEYOND)
        assert {answer.reason for answer in answers} == {"permission_denied"}
        assert [agent.refusal("res.partner", "search", []) for _ in range(3)] == ["audit_unavailable"] * 3
    eventually(lambda: agent.refusal("res.partner", "search", []) is None)

    def stored() -> list[str]:
        found = [row["decision_id"] for row in rows(gate, made["id"], reason="permission_denied")]
        # The start asks before there is a policy; what is counted of that comes a minute later, and has its place too.
        found += [row["decision_id"] for row in gate.audit(reason="policy_unavailable", **{"from": began})]
        assert len(found) >= MOST_WAITING, f"{len(found)} of {MOST_WAITING} rows are stored"
        return found

    found = eventually(stored, seconds=600)
    assert len(found) == len(set(found)) == MOST_WAITING
    # What had no room is counted, by reason.
    eventually(lambda: counted(gate, "permission_denied") == BEYOND and counted(gate, "audit_unavailable") >= 3, seconds=180)


def counted(gate: Gate, reason: str) -> int:
    """Refusals that have no row of their own."""
    return sum(row["count"] for row in gate.audit(reason=reason) if not row["key_id"])


def pending(gate: Gate) -> int:
    """Events that wait in the gate."""
    return int(metrics.value(metrics.scrape(gate.up["envoy_admin_url"]), "audit_pending"))


def assert_behind(count: int, gate: dict[str, Any]) -> None:
    raise AssertionError(f"{count} of {CALLS} rows are stored; the gate: {gate}")


def test_no_call_is_forwarded_without_its_intent(gate: Gate, echo: Echo, made: Any) -> None:
    gate.api("PATCH", "settings", {"audit": {"durability": WRITE_AHEAD}})
    # A call that was forwarded before the setting was in force would have no intent.
    gate.in_force()
    identity = ("odoo", UID, made["key"])
    before = len(echo.requests)
    enough = random.randint(20, 200)  # noqa: S311

    def kill() -> None:
        try:
            eventually(lambda: len(echo.requests) - before > enough)
        finally:  # The calls end with it.
            os.kill(gate.up["pids"]["envoy"], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    answers = load.run(
        gate.port, 8, lambda number: load.body(identity, "res.partner", "read", [number + 1]), lambda _: False
    )
    killer.join()
    assert {answer.reason for answer in answers} == {"ok", "lost"}
    forwarded = {xmlrpc.client.loads(body)[0][5][0][0] for _, _, body in echo.requests[before:]}
    recorded = {row["record_ids"][0]: row["outcome"] for row in rows(gate, made["id"], method="read")}
    assert len(forwarded) > 20 and forwarded <= recorded.keys()
    outcomes = [recorded[number] for number in forwarded]
    print(f"\n{len(forwarded)} calls forwarded, {outcomes.count('unknown')} with an unknown outcome")
    assert set(outcomes) <= {"allowed", "unknown"}
