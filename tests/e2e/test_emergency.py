"""How fast an administrator stops calls, under load."""

import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import load
from support.echo import UID, Echo
from support.gate import Gate, Problem, eventually

CLIENTS = 8
PAUSES = 20
REASON = "an agent went astray"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with Echo() as echo, Gate(echo.url, tmp_path / "state") as gate:
        gate.permit({"res.partner": {"read": True}})
        yield gate


class Load:
    """Calls without a pause, as long as the `with` block lasts; `answers` are those that have ended."""

    def __init__(self, gate: Gate, key: str) -> None:
        self.answers: list[load.Answer] = []
        body = load.body(("odoo", UID, key), "res.partner", "search", [])
        self._over = threading.Event()
        numbers = iter(range(10**9))
        self._threads = [threading.Thread(target=self._call, args=(gate.port, numbers, body, n)) for n in range(CLIENTS)]

    def _call(self, port: int, numbers: Iterator[int], body: bytes, index: int) -> None:
        # Appending to a list is atomic.
        for answer in load.calls(port, numbers, lambda _: body, lambda _: self._over.is_set(), f"agent/{index}"):
            self.answers.append(answer)

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def latest(self, reason: str) -> bool:
        """Whether that is what all clients hear now."""
        return len(self.answers) >= CLIENTS and {answer.reason for answer in self.answers[-CLIENTS:]} == {reason}


def test_a_pause_and_an_emergency_revocation_stop_calls_at_once(gate: Gate) -> None:
    user = gate.user("odoo", "agent", "secret")
    with Load(gate, gate.key(user)["key"]) as running:
        delays = []
        for _ in range(PAUSES):
            eventually(lambda: running.latest("ok"))
            delays.append(stop(running, gate, "pauses", {"scope": "all", "reason": REASON}, "permission_denied"))
            for pause in gate.api("GET", "pauses")["items"]:
                gate.api("DELETE", f"pauses/{pause['id']}")
        eventually(lambda: running.latest("ok"))
        told: dict[str, Any] = {}
        request = {"reason": REASON, "confirm": "REVOKE ALL KEYS"}
        revoked = stop(running, gate, "emergency-revocation", request, "invalid_key", told)
        # The answer waits a second for it; a machine that is busy with something else may come to it after that.
        eventually(lambda: [known["acknowledged"] for known in gate.api("POST", "emergency-revocation", request)["gates"]] == [True])
    assert told["revoked"] == 1
    for name, pauses, revocation in zip(("sent", "answered"), zip(*delays, strict=True), revoked, strict=True):
        p50, p99 = statistics.median(pauses), statistics.quantiles(pauses, n=100)[98]
        print(
            f"\nfrom the answer until the last accepted call was {name}: pause p50 {p50 * 1000:.0f} ms, "
            f"p99 {p99 * 1000:.0f} ms; emergency revocation {revocation * 1000:.0f} ms"
        )
    # How long an answer takes to come back says nothing about the gate.
    assert max(*(sent for sent, _ in delays), revoked[0]) < 1


def stop(
    running: Load, gate: Gate, path: str, request: dict[str, Any], reason: str, told: dict[str, Any] | None = None
) -> tuple[float, float]:
    """Seconds from the answer to a request until the last call that was accepted all the same was sent, and until it was
    answered: the gate decided in between."""
    answer = gate.api("POST", path, request)
    answered = time.monotonic()
    if told is not None:
        told.update(answer)
    eventually(lambda: running.latest(reason))
    accepted = [call for call in list(running.answers) if call.reason == "ok"]
    sent, ended = (max(getattr(call, end) for call in accepted) for end in ("sent", "answered"))
    return max(sent - answered, 0), max(ended - answered, 0)


def test_an_emergency_revocation_wants_a_reason_and_the_typed_words(gate: Gate) -> None:
    for request in ({"reason": REASON, "confirm": "yes"}, {"reason": "", "confirm": "REVOKE ALL KEYS"}, {}):
        with pytest.raises(Problem) as refused:
            gate.api("POST", "emergency-revocation", request)
        assert 400 <= refused.value.status < 500
