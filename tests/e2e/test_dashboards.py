"""The dashboard for Grafana and the alert rules for Prometheus: what they ask for is what a gate and a control plane show."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from parts.promtool import promtool
from support.echo import Echo
from support.gate import ROOT, Gate, Problem

RULES = ROOT / "docs/prometheus/lictor.rules.yaml"
DASHBOARD = json.loads((ROOT / "docs/grafana/lictor.json").read_text())
# What Prometheus itself adds: `up`, and the labels of a target; a metric's own `job` becomes `exported_job`.
OF_PROMETHEUS = {"up": {"job", "instance"}}
OF_TARGETS = {"instance", "job"}
COLUMNS = 24


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """The labels of every metric in two real scrapes."""
    with Echo() as echo, Gate(echo.url, tmp_path_factory.mktemp("dashboards")) as gate:
        gate.permit({"res.partner": {"read": True}})
        user = gate.user("odoo", "agent", "secret")
        gate.agent(user, gate.key(user)["key"])("res.partner", "search_count", [])
        with pytest.raises(Problem, match="sign_in_refused"):
            gate.api("POST", "sign-in", {"name": "nobody", "password": "wrong"})
        labels = dict(OF_PROMETHEUS)
        for url in [f"{gate.up['envoy_admin_url']}/stats/prometheus", f"{gate.up['api_url']}/metrics"]:
            for name, found in scraped(url):
                labels.setdefault(name, set()).update(found)
        yield labels


def scraped(url: str) -> Iterator[tuple[str, set[str]]]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        page = answer.read().decode()
    names = set(re.findall(r"^(\w+)", page, re.MULTILINE))
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            # The parser gives every counter the suffix that newer conventions ask for; Envoy's names have none.
            name = sample.name if sample.name in names else sample.name.removesuffix("_total")
            if name.startswith("lictor_"):
                yield name, {"exported_job" if label == "job" else label for label in sample.labels} | OF_TARGETS


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def targets() -> list[tuple[str, str]]:
    """Each query of the dashboard, and what its legend shows."""
    return [(target["expr"], target["legendFormat"]) for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


def test_every_metric_and_label_is_there(shown: dict[str, set[str]]) -> None:
    for query in [rule["expr"] for rule in rules()] + [query for query, _ in targets()]:
        metrics = set(re.findall(r"\b(?:lictor_\w+|up)\b", re.sub(r"\{[^}]*\}", "", query)))
        assert metrics and metrics <= shown.keys(), query
        for metric, selector in re.findall(r"(\w+)\{([^}]*)\}", query):
            assert set(re.findall(r"(\w+)=", selector)) <= shown[metric], query
        grouped = {label.strip() for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", query) for label in labels.split(",")}
        assert grouped <= set.union(*(shown[metric] for metric in metrics)), query


def test_every_value_that_is_asked_for_exists(shown: dict[str, set[str]]) -> None:
    routes = set(re.findall(r"`[A-Z]+ (/\S+)`", (ROOT / "docs/roles.md").read_text()))
    known = {
        "reason": set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/refusals.md").read_text(), re.MULTILINE)),
        "route": routes,
        "outcome": {"allowed", "denied", "faulted", "unknown"},
        "severity": {"low", "medium", "high", "critical"},
        "job": {"lictor-control-plane", "lictor-gate"},
    }
    for query in [rule["expr"] for rule in rules()] + [query for query, _ in targets()]:
        for label, values in re.findall(r"[{,](\w+)=~?\"([^\"]*)\"", query):
            if label != "status":
                assert set(values.split("|")) <= known[label], query


def test_prometheus_takes_the_rules_and_they_alert_when_they_should(tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    shutil.copy(ROOT / "tests/e2e/lictor.rules.test.yaml", tmp_path)
    for command in [["check", "rules", RULES.name], ["test", "rules", "lictor.rules.test.yaml"]]:
        run = subprocess.run([promtool(), *command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert run.returncode == 0, run.stdout + run.stderr


def test_every_rule_says_what_it_means() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"} and rule["annotations"]["summary"], rule["alert"]


def test_prometheus_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [query.replace("$__rate_interval", "5m") for query, _ in targets()]
    # The same expressions as rules, which promtool reads.
    group = {"name": "dashboard", "rules": [{"record": f"query_{at}", "expr": query} for at, query in enumerate(queries)]}
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [group]}))
    run = subprocess.run([promtool(), "check", "rules", file], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    assert {"uid", "title", "schemaVersion", "panels", "templating", "time"} <= DASHBOARD.keys()
    [variable] = DASHBOARD["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS, panel["title"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] == f"${{{variable['name']}}}" and panel["description"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]), panel["title"]
    for query, legend in targets():
        shown = set(re.findall(r"\{\{(\w+)\}\}", legend))
        grouped = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", query) for label in labels.split(",")}
        assert shown <= grouped, f"{legend} of {query}"
