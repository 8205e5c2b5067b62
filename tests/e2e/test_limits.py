"""Limits under load: two workers, many clients."""

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import load, metrics
from support.echo import UID, Echo
from support.gate import Gate, eventually
from support.keys import wrong_key

CLIENTS = 16
LIMIT = 500
CALLS = 1000


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Echo() as echo, Gate(echo.url, tmp_path_factory.mktemp("limits")) as gate:
        yield gate


@pytest.fixture(scope="module")
def user(gate: Gate) -> dict[str, Any]:
    return gate.user("odoo", "agent", "secret")


def test_the_window_holds_with_two_workers_and_16_clients(gate: Gate, user: Any) -> None:
    # One more than the window, as the key's first login counts too: the window is free when that has left it.
    began = time.monotonic()
    key = gate.key(user, rate_limit_per_minute=LIMIT + 1)["key"]
    call = load.body(("odoo", UID, key), "res.partner", "search", [])
    end = time.monotonic() + 3
    # Also on a machine that does not make so many calls in that time.
    answers = load.run(gate.port, CLIENTS, lambda _: call, lambda number: number > 2 * LIMIT and time.monotonic() > end)
    # The permission is missing, so every admitted call is refused after the rate was counted.
    admitted = sorted(answer.answered for answer in answers if answer.reason == "permission_denied")
    limited = [answer for answer in answers if answer.reason == "rate_limited"]
    assert len(admitted) + len(limited) == len(answers)
    assert limited and LIMIT * 0.98 <= len(admitted) <= LIMIT
    while (last := load.run(gate.port, 1, lambda _: call, lambda number: number >= 1)[0]).reason == "rate_limited":
        assert last.sent < admitted[0] + 70
        time.sleep(0.1)
    assert last.reason == "permission_denied" and last.answered - began >= 59.5


def test_guessing_keys_at_full_speed_costs_a_gate_ten_hashes_a_minute(gate: Gate, user: Any) -> None:
    # A hash blocks a worker for milliseconds, and is all that a guess can take from others. The times are printed; what
    # they are on a machine that does other things as well says nothing.
    key = gate.key(user)["key"]
    call = load.login(key)
    guess = load.body(("odoo", UID, wrong_key(key)), "res.partner", "search", [])

    def p99() -> float:
        answers = load.run(gate.port, 1, lambda _: call, lambda number: number >= CALLS, path="/xmlrpc/2/common")
        assert {answer.reason for answer in answers} == {"ok"}
        return statistics.quantiles((answer.answered - answer.sent for answer in answers), n=100)[98]

    def counted(name: str, **labels: str) -> float:
        return metrics.value(metrics.scrape(gate.up["envoy_admin_url"]), name, **labels)

    def braked() -> float:
        return counted("calls", outcome="denied", reason="too_many_failures")

    alone, hashed, began = p99(), counted("key_hashes"), time.monotonic()
    program = [sys.executable, "-m", "support.guess", str(gate.port)]
    attacker = subprocess.Popen(program, cwd=Path(__file__).parent, stdin=subprocess.PIPE)
    assert attacker.stdin
    attacker.stdin.write(guess)
    attacker.stdin.close()
    try:
        eventually(braked)
        before = braked()
        beside = p99()
        assert attacker.poll() is None and braked() > before  # The attack went on.
    finally:
        attacker.terminate()
        attacker.wait()
    minutes = math.ceil((time.monotonic() - began) / 60)
    assert 0 < counted("key_hashes") - hashed <= 10 * minutes
    print(f"\np99 of a call alone {alone * 1e6:.0f} µs, beside a guesser {beside * 1e6:.0f} µs")
