"""A filter in Envoy's own process that has a bug: the request is refused, others are not, and an administrator hears of it."""

import http.client
import os
import re
import shlex
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.echo import Echo, call
from support.gate import HOST, ROOT, START_SECONDS, Gate, eventually
from support.http2 import http2

pytestmark = pytest.mark.skipif(HOST != "native", reason="in wasm a bug ends the VM: see test_trap.py")

REFUSED = b"policy_unavailable"
# Where nothing has been answered yet.
BEFORE_THE_ANSWER = ["request_headers", "request_body", "response_headers"]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gate whose filter has a bug in the hook that a request names."""
    xtask = shlex.split(os.environ.get("LICTOR_XTASK", "cargo xtask"))
    built = subprocess.run(
        [*xtask, "native", "--bugs"], cwd=ROOT, check=True, timeout=START_SECONDS, stdout=subprocess.PIPE, text=True
    )
    with Echo() as echo, Gate(echo.url, tmp_path_factory.mktemp("bugs"), workers=1) as gate:
        gate.permit({"res.partner": {"read": True, "write": True, "methods": {"echo": ["read"]}}})
        config = gate.folder / "envoy.yaml"
        with gate.without_envoy():
            config.write_text(config.read_text().replace(gate.filter_module, built.stdout.strip()))
        yield gate


@pytest.fixture(scope="module")
def key(gate: Gate) -> str:
    return gate.key(gate.user("odoo", "agent", "secret"))["key"]


def lost(gate: Gate) -> int:
    with urllib.request.urlopen(f"{gate.up['envoy_admin_url']}/stats?filter=filters_lost") as stats:
        [number] = re.findall(r"lictor.filters_lost: (\d+)", stats.read().decode()) or ["0"]
    return int(number)


def send(gate: Gate, key: str, hook: str, model: str = "res.partner") -> bytes:
    document = call(key, hook).replace(b"res.partner", model.encode())
    answer, body = gate.send(document, headers={"Content-Type": "text/xml", "x-lictor-bug": hook})
    assert answer.status == 200
    return body


def after(gate: Gate, key: str, before: int) -> None:
    """One was counted, and the same process serves whoever comes next."""
    eventually(lambda: lost(gate) == before + 1)
    assert b"<fault>" not in send(gate, key, "none")
    assert Path(f"/proc/{gate.up['pids']['envoy']}").exists()


@pytest.mark.parametrize("hook", BEFORE_THE_ANSWER)
def test_a_request_with_a_bug_is_refused(gate: Gate, key: str, hook: str) -> None:
    before = lost(gate)
    assert REFUSED in send(gate, key, hook)
    after(gate, key, before)


def test_trailers_with_a_bug_refuse_theirs(gate: Gate, key: str) -> None:
    before = lost(gate)
    headers = [(b"x-lictor-bug", b"request_trailers")]
    assert REFUSED in http2(gate, [call(key, "h2")], [("x-trailer", "1")], headers=headers)
    after(gate, key, before)


def test_a_refusal_with_a_bug_is_another_refusal(gate: Gate, key: str) -> None:
    before = lost(gate)
    assert REFUSED in send(gate, key, "woken", "res.country")
    after(gate, key, before)


def test_an_answer_that_has_begun_is_cut_off(gate: Gate, key: str) -> None:
    before = lost(gate)
    with pytest.raises((http.client.HTTPException, OSError)):
        send(gate, key, "response_body")
    after(gate, key, before)


@pytest.mark.parametrize("hook", ["ended", "gone", "main_tick", "main_answered"])
def test_what_comes_after_an_answer_takes_nothing_from_it(gate: Gate, key: str, hook: str) -> None:
    before = lost(gate)
    assert b"<fault>" not in send(gate, key, hook)
    if hook == "main_answered":
        gate.permit({"res.country": {"read": False}})
    after(gate, key, before)
    gate.in_force()


def test_a_write_that_waits_is_refused(gate: Gate, key: str) -> None:
    gate.api("PATCH", "settings", {"audit": {"durability": {"read": "write-ahead"}}})
    gate.in_force()
    before = lost(gate)
    assert REFUSED in send(gate, key, "answered")
    after(gate, key, before)
    [alert] = eventually(lambda: [row for row in gate.api("GET", "alerts")["items"] if row["rules"] == ["filter_lost"]])
    assert alert["gate"]
