"""The filter's metrics in Envoy's Prometheus page, through the `stats_tags` of `envoy/envoy.yaml`."""

import re
import xmlrpc.client
from collections.abc import Iterator

import pytest

from support import metrics
from support.echo import Echo
from support.gate import ROOT, Agent, Gate, eventually

TABLE = re.findall(r"^\| `(\w+)` \|.*?\| (`\w+`|–) \|[^|]*\|$", (ROOT / "docs/refusals.md").read_text(), re.MULTILINE)
REASONS = {reason for reason, _ in TABLE}
SHADOWED = {reason for reason, stage in TABLE if stage != "–"}
NAMES = {
    "lictor_calls": {"outcome", "reason"},
    "lictor_would_deny": {"reason"},
    "lictor_key_hashes": set(),
    "lictor_gate_us_bucket": {"le"},
    "lictor_gate_us_count": set(),
    "lictor_gate_us_sum": set(),
    "lictor_policy_load_us_bucket": {"le"},
    "lictor_policy_load_us_count": set(),
    "lictor_policy_load_us_sum": set(),
    "lictor_policy_revision": set(),
    "lictor_policy_stamp": set(),
    "lictor_policy_age_seconds": set(),
    "lictor_audit_pending": set(),
    "lictor_filters_lost": set(),
}
# Envoy's counters are there at once; what its workers put into histograms it gathers every 5 s.
FLUSH_SECONDS = 60
FROM_A_CLIENT = "zz_from_a_client"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """With counters that nobody else moves."""
    with Echo() as echo, Gate(echo.url, tmp_path_factory.mktemp("metrics")) as gate:
        gate.permit({"res.partner": {"read": True}})
        yield gate


@pytest.fixture(scope="module")
def agent(gate: Gate) -> Agent:
    user = gate.user("odoo", "agent", "secret")
    key = gate.key(user)
    # A call is counted when its answer has gone out, and recorded then.
    eventually(lambda: gate.audit(key_id=key["id"]))
    return gate.agent(user, key["key"])


def scrape(gate: Gate) -> list[metrics.Sample]:
    return metrics.scrape(gate.up["envoy_admin_url"])


def test_calls_are_counted_by_outcome_and_reason(gate: Gate, agent: Agent) -> None:
    before = scrape(gate)
    assert agent.refusal("res.partner", "search_count", []) is None
    assert agent.refusal("res.partner", "unlink", [1]) == "permission_denied"

    def moved(name: str, **labels: str) -> float:
        return metrics.value(scrape(gate), name, **labels) - metrics.value(before, name, **labels)

    def every_call_was_timed() -> bool:
        samples = scrape(gate)
        calls = sum(sample.value for sample in samples if sample.name == "lictor_calls")
        return metrics.value(samples, "gate_us_count") == calls

    eventually(lambda: moved("calls", outcome="allowed", reason="none") == 1)
    eventually(lambda: moved("calls", outcome="denied", reason="permission_denied") == 1)
    eventually(every_call_was_timed, FLUSH_SECONDS)
    # A key is hashed once by each worker at most, and a worker's memory of it serves all later calls.
    assert metrics.value(scrape(gate), "key_hashes") <= gate.workers


def test_the_policy_in_force_is_the_control_planes(gate: Gate) -> None:
    def revision() -> float:
        return metrics.value(scrape(gate), "policy_revision")

    before = revision()
    gate.permit({"res.country": {"read": True}})
    eventually(lambda: revision() > before)
    [row] = gate.api("GET", "gates")["items"]
    eventually(lambda: revision() == gate.api("GET", f"gates/{row['id']}")["revision"])
    assert metrics.value(scrape(gate), "policy_age_seconds") < 300
    eventually(lambda: metrics.value(scrape(gate), "policy_load_us_count") >= 1, FLUSH_SECONDS)


def test_what_the_gate_has_not_sent_is_counted_and_then_sent(gate: Gate, agent: Agent) -> None:
    def waiting() -> float:
        return metrics.value(scrape(gate), "audit_pending")

    with gate.without_control_plane():
        agent("res.partner", "search_count", [])
        eventually(lambda: waiting() >= 1)
        assert metrics.value(scrape(gate), "policy_age_seconds") >= 0
    eventually(lambda: waiting() == 0)


def test_names_and_labels_are_a_closed_set(gate: Gate) -> None:
    call = xmlrpc.client.dumps((FROM_A_CLIENT,), FROM_A_CLIENT)
    headers = {"Content-Type": "text/xml", "User-Agent": FROM_A_CLIENT, "X-Request-Id": FROM_A_CLIENT}
    before = {(sample.name, *sample.labels.items()) for sample in scrape(gate)}
    gate.send(call.encode(), f"/xmlrpc/2/mcp?{FROM_A_CLIENT}", headers)
    gate.send(call.encode(), f"/{FROM_A_CLIENT}", headers)
    after = scrape(gate)
    assert {(sample.name, *sample.labels.items()) for sample in after} == before
    assert {sample.name: set(sample.labels) for sample in after} == NAMES
    calls = [sample.labels for sample in after if sample.name == "lictor_calls"]
    assert {labels["reason"] for labels in calls if labels["outcome"] == "denied"} == REASONS
    assert {sample.labels["reason"] for sample in after if sample.name == "lictor_would_deny"} == SHADOWED
    assert {labels["outcome"] for labels in calls if labels["reason"] == "none"} == {"allowed", "faulted", "unknown"}
