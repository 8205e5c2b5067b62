"""What a gate needs goes away while calls are made: the database or its host, one of two control planes, Envoy itself."""

import concurrent.futures
import contextlib
import http.client
import json
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts.postgres import Postgres
from support import load
from support.audit import rows, total
from support.control_plane import ControlPlane
from support.echo import HELD, UID, Echo
from support.gate import Gate, Problem, eventually
from support.relay import Relay

OUTAGE_SECONDS = 30
# The control plane's own limit, and what waits for it.
GIVEN_UP_SECONDS = 60
# Between two calls of a client, so that a control plane of a test, which is not optimised, can follow.
PACE_SECONDS = 0.01
USER = {"upstream": {"database": "odoo", "uid": UID}}


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with Postgres() as postgres:
        postgres.create_database("lictor")
        yield postgres


class Agents:
    """`with Agents(gate, key) as agents:` calls all the while: what is allowed, and in turn what is not."""

    def __init__(self, gate: Gate, made: dict[str, Any]) -> None:
        self.gate, self.made = gate, made
        self.answers: list[load.Answer] = []
        self._ended = threading.Event()
        self._runner = threading.Thread(target=self._run)

    def __enter__(self) -> "Agents":
        self._runner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._runner.join()

    def _run(self) -> None:
        identity = ("odoo", UID, self.made["key"])

        def call(number: int) -> bytes:
            return load.body(identity, "res.company" if number % 2 else "res.partner", "read", [number])

        self.answers = load.run(self.gate.port, 2, call, lambda _: self._ended.wait(PACE_SECONDS))

    def are_all_answered_and_recorded_once(self) -> None:
        """Every call was decided as ever, and is in the audit log once: by itself, or among the refusals that were counted."""
        expected = {answer.number: "permission_denied" if answer.number % 2 else "ok" for answer in self.answers}
        assert {answer.number: answer.reason for answer in self.answers} == expected
        allowed = [number for number, reason in expected.items() if reason == "ok"]

        def recorded() -> list[int] | None:
            found = [row["record_ids"][0] for row in rows(self.gate, self.made["id"], method="read", outcome="allowed")]
            return found if len(found) >= len(allowed) else None

        found = eventually(recorded, seconds=300)
        assert Counter(found) == Counter(allowed)
        refused = len(expected) - len(allowed)
        # Others of this key were refused while a permission was not yet in force.
        eventually(lambda: total(self.gate, self.made["id"], "permission_denied") >= refused, seconds=180)


def ready(gate: Gate) -> dict[str, Any]:
    gate.permit({"res.partner": {"read": True}, HELD: {"read": True}})
    made = gate.key(gate.user("odoo", "agent", "secret"))
    eventually(lambda: gate.agent(USER, made["key"]).refusal("res.partner", "search", []) is None)
    return made


def test_postgresql_is_stopped_for_30_seconds(postgres: Postgres, echo: Echo, tmp_path: Path) -> None:
    with Gate(echo.url, tmp_path / "state", database_url=postgres.url("lictor")) as gate:
        made = ready(gate)
        with Agents(gate, made) as agents:
            eventually(lambda: len(gate.audit(key_id=made["id"])) > 20)
            with postgres.stopped():
                stopped, asked = time.monotonic(), 0
                while time.monotonic() < stopped + OUTAGE_SECONDS:
                    for method, path, body in [("GET", "keys", None), ("PUT", "permissions/res.company", {"read": True})]:
                        with pytest.raises(Problem) as refused:
                            gate.api(method, path, body, patient=False)
                        assert (refused.value.status, refused.value.document["code"]) == (503, "database_unavailable")
                    assert status(gate, "/readyz") == 503 and status(gate, "/healthz") == 200
                    asked += 1
            started = time.monotonic()
            eventually(lambda: status(gate, "/readyz") == 200)
            recovered = time.monotonic() - started
            assert not [item for item in gate.api("GET", "permissions")["items"] if item["model"] == "res.company"]
            # The gate asks again at most two seconds after it was told that the database is gone.
            assert after(gate, made, "res.country") < 5
        print(f"\n{len(agents.answers)} calls, {asked} rounds of 503; ready {recovered:.1f} s after PostgreSQL was started")
        agents.are_all_answered_and_recorded_once()


def test_a_database_host_that_vanishes_is_given_up(postgres: Postgres, echo: Echo, tmp_path: Path) -> None:
    """Its connections are silent for ever; one that is made anew reaches what took its place."""

    def write() -> bool:
        try:
            gate.api("PUT", "permissions/res.company", {"read": False}, patient=False)
        except Problem as problem:
            assert (problem.status, problem.document["code"]) == (503, "database_unavailable")
            return False
        return True

    with Relay(postgres.port) as relay:
        url = postgres.url("lictor").replace(f":{postgres.port}/", f":{relay.port}/")
        with Gate(echo.url, tmp_path / "state", database_url=url) as gate:
            made = ready(gate)
            ended = threading.Event()

            def write_on() -> None:
                while not ended.is_set():
                    write()

            with Agents(gate, made) as agents, concurrent.futures.ThreadPoolExecutor() as pool:
                eventually(lambda: len(gate.audit(key_id=made["id"])) > 20)
                # Some are in the middle of it.
                writers = [pool.submit(write_on) for _ in range(4)]
                eventually(lambda: gate.api("GET", "settings"))
                relay.vanish()
                vanished = time.monotonic()
                ended.set()
                for writer in writers:
                    writer.result(GIVEN_UP_SECONDS)
                eventually(write, seconds=GIVEN_UP_SECONDS)
                recovered = time.monotonic() - vanished
                assert after(gate, made, "res.country") < 5
            print(f"\n{len(agents.answers)} calls; written again {recovered:.1f} s after the host vanished")
            agents.are_all_answered_and_recorded_once()


def after(gate: Gate, made: dict[str, Any], model: str, api: Any = None) -> float:
    """How many seconds after the answer to a change it was in force at the gate."""
    agent = gate.agent(USER, made["key"])
    assert agent.refusal(model, "search_count", []) == "permission_denied"
    (api or gate.api)("PUT", f"permissions/{model}?unknown=allow", {"read": True})
    answered = time.monotonic()
    eventually(lambda: agent.refusal(model, "search_count", []) is None)
    return time.monotonic() - answered


def status(gate: Gate, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(gate.up["api_url"].rsplit(":", 1)[1]), timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


ROUNDS = 3


def test_of_two_control_planes_either_may_be_killed(postgres: Postgres, echo: Echo, tmp_path: Path) -> None:
    url = postgres.url("lictor")
    with Gate(echo.url, tmp_path / "state", database_url=url) as gate:
        made = ready(gate)
        with replica(gate, tmp_path / "replica", url) as other:
            with gate.without_envoy():
                name_both(gate, other)
            times = []
            with Agents(gate, made) as agents:
                for number in range(ROUNDS):
                    # The change is made at the one that is left; the gate had its poll open at either.
                    with gate.without_control_plane():
                        times.append(after(gate, made, f"res.first{number}", other.api))
                    other.kill()
                    times.append(after(gate, made, f"res.second{number}"))
                    other.start()
            print(f"\n{2 * ROUNDS} kills, {len(agents.answers)} calls; changes in force after {[f'{t:.2f}' for t in times]} s")
            agents.are_all_answered_and_recorded_once()
            assert max(times) < 2


def replica(gate: Gate, folder: Path, database_url: str) -> ControlPlane:
    """Another control plane on the same database."""
    folder.mkdir()
    (folder / "token").write_text(gate.up["admin_token"])
    variables = {"LICTOR_DATABASE_URL": database_url, "LICTOR_MASTER_KEY_FILE": str(gate.folder / "master-key")}
    return ControlPlane(gate.odoo_url, folder, variables)


def name_both(gate: Gate, other: ControlPlane) -> None:
    """Writes a second server into the gate's cluster of the control plane."""
    config = gate.folder / "envoy.yaml"
    text = config.read_text()
    head, first = text[: text.rindex("              - endpoint:")], text[text.rindex("              - endpoint:") :]
    port = other.variables["LICTOR_GATE_LISTEN"].rsplit(":", 1)[1]
    second = re.sub(r"port_value: \d+", f"port_value: {port}", first)
    config.write_text(head + first.rstrip("\n") + "\n" + second)


def test_a_terminated_session_stays_so_when_everything_was_started_again(echo: Echo, tmp_path: Path) -> None:
    with Gate(echo.url, tmp_path / "state") as gate:
        made = ready(gate)
        gate.api("PATCH", "settings", {"sessions": {"enabled": True}})
        gate.in_force()
        agent = gate.agent(USER, made["key"])
        agent("res.partner", "read", [1])
        [session] = eventually(lambda: gate.api("GET", f"sessions?key_id={made['id']}")["items"])
        gate.api("POST", f"sessions/{session['id']}/terminate")
        eventually(lambda: agent.refusal("res.partner", "read", [1]) == "session_terminated")
        with gate.without_envoy(), gate.without_control_plane():
            pass
        assert gate.agent(USER, made["key"]).refusal("res.partner", "read", [1]) == "session_terminated"
        assert gate.api("GET", f"sessions/{session['id']}")["state"] == "terminated"


LATE_SECONDS = 20 * 60


def test_an_envoy_that_was_killed_with_a_call_under_way_is_missed(echo: Echo, tmp_path: Path) -> None:
    with Gate(echo.url, tmp_path / "state") as gate:
        made = ready(gate)
        agent = gate.agent(USER, made["key"])
        held = threading.Thread(target=lost, args=(gate.agent(USER, made["key"]),))
        held.start()
        eventually(lambda: HELD.encode() in echo.requests[-1][2])
        agent("res.partner", "read", [1])
        eventually(lambda: gate.audit(key_id=made["id"], method="read", model="res.partner"))
        eventually(lambda: missing(gate) == (1, 0))
        with gate.without_envoy():
            held.join()
        # The next run numbers its events from the beginning.
        gate.agent(USER, made["key"])("res.partner", "read", [2])
        eventually(lambda: len(gate.audit(key_id=made["id"], method="read", model="res.partner")) == 2)
        eventually(lambda: missing(gate) == (1, 0))
        assert not gate.api("GET", "alerts?type=suspicious_activity")["items"]
        pass_time(gate.folder / "database/lictor.db")
        [alert] = eventually(lambda: gate.api("GET", "alerts?type=suspicious_activity")["items"])
        [identity] = gate.api("GET", "gates")["items"]
        assert (alert["gate"], alert["rules"], alert["count"]) == (identity["id"], ["event_gap"], 1)
        assert missing(gate) == (0, 1) and not gate.audit(model=HELD)


def lost(agent: Any) -> None:
    """A call whose answer never comes."""
    with pytest.raises((OSError, http.client.HTTPException)):
        agent(HELD, "read", [1])


def missing(gate: Gate) -> tuple[int, int]:
    """How many events the control plane waits for, and how many it has given up."""
    [identity] = gate.api("GET", "gates")["items"]
    return identity["pending_events"], identity["missing_events"]


def pass_time(database: Path) -> None:
    """Makes the gaps in the gates' counts so old that what is in them is lost and not late."""
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")  # The control plane may be about to write them too.
        for boot, gaps in connection.execute("SELECT boot, gaps FROM arrivals").fetchall():
            older = [{**gap, "since": gap["since"] - LATE_SECONDS * 1_000_000} for gap in json.loads(gaps)]
            connection.execute("UPDATE arrivals SET gaps = ? WHERE boot = ?", (json.dumps(older), boot))
