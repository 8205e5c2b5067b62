"""The rules by schema over Odoo's applications: each row of schema_rules.py and
schema_rules_written.py is open at Odoo, shut at the gate, and opened by its switch alone. Of what is closed by tables and by Odoo's
groups, samples by a seed are shut too: SEED in the environment repeats those of a run.

The upstream user manages every application and is no administrator, where a row needs none.

Making the database takes Odoo minutes, so these tests run by name only: see CONTRIBUTING.md.
"""

import os
import random
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from parts.odoo import Odoo, User
from support import schema_rules, schema_rules_written
from support.documents import MANAGERS, Documents
from support.gate import Agent, Gate, Problem
from support.hole import WIDE, Hole
from support.policy import Policy, check, check_passing
from support.schema_samples import KINDS, Samples

HOLES = schema_rules.HOLES + schema_rules_written.HOLES
OF_ADMINISTRATOR = schema_rules.OF_ADMINISTRATOR + schema_rules_written.OF_ADMINISTRATOR
PASSES = schema_rules.PASSES + schema_rules_written.PASSES


def row(hole: Hole) -> str:
    return f"{hole.model}.{hole.method} {hole.name}"


@pytest.fixture(scope="module")
def odoo(applications: Odoo) -> Odoo:
    return applications


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("rules"), workers=1) as gate:
        yield gate


@pytest.fixture(scope="module")
def ann(odoo: Odoo) -> User:
    return odoo.create_user("ann", "ann's own password", MANAGERS)


def agent_of(gate: Gate, odoo: Odoo, user: User, **restrictions: Any) -> Agent:
    record = gate.user(odoo.database, user.login, user.password)
    return gate.agent(record, gate.key(record, **restrictions)["key"])


@pytest.fixture(scope="module")
def administrator(gate: Gate, odoo: Odoo) -> Agent:
    return agent_of(gate, odoo, odoo.admin)


@pytest.fixture(scope="module")
def policy(gate: Gate, odoo: Odoo, ann: User, administrator: Agent) -> Policy:
    rows = HOLES + OF_ADMINISTRATOR + PASSES
    return Policy(gate, agent_of(gate, odoo, ann), set().union(*(hole.models() for hole in rows)))


@pytest.mark.parametrize("hole", HOLES, ids=row)
def test_a_hole_is_open_at_odoo_shut_at_the_gate_and_opened_by_its_switch(
    hole: Hole, odoo: Odoo, ann: User, policy: Policy
) -> None:
    check(
        hole, policy, policy.agent, lambda *args, **kwargs: odoo.call_as(ann, *args, **kwargs), lambda: Documents(odoo)
    )


@pytest.mark.parametrize("hole", OF_ADMINISTRATOR, ids=row)
def test_a_hole_for_administrators(hole: Hole, odoo: Odoo, policy: Policy, administrator: Agent) -> None:
    check(hole, policy, administrator, odoo.call, lambda: Documents(odoo))


@pytest.mark.parametrize("hole", PASSES, ids=row)
def test_what_is_no_hole_passes(hole: Hole, odoo: Odoo, policy: Policy) -> None:
    check_passing(hole, policy, lambda: Documents(odoo))


def test_a_path_leads_out_of_the_keys_own_models_by_no_permission(
    gate: Gate, odoo: Odoo, ann: User, policy: Policy
) -> None:
    narrow = agent_of(gate, odoo, ann, models=["res.partner"])
    policy.permit({"res.partner": WIDE | schema_rules.EMPLOYEES | {"paths": ["employee_ids.ssnid"]}, "hr.employee": WIDE})
    employed = Documents(odoo).employed
    assert narrow.refusal("res.partner", "export_data", [employed], ["employee_ids/ssnid"]) == "cross_model_denied"
    assert policy.agent.refusal("res.partner", "export_data", [employed], ["employee_ids/ssnid"]) is None


def test_lines_are_deleted_only_if_the_keys_scopes_say_so(gate: Gate, odoo: Odoo, ann: User, policy: Policy) -> None:
    scoped = agent_of(gate, odoo, ann, scopes=["read", "write"])
    policy.permit({"sale.order": WIDE | {"nested_writes": ["order_line"]}})
    records = Documents(odoo)
    assert records.line
    for value in (False, [[5]], [[3, records.line]], [[2, records.line]], [[6, 0, []]]):
        assert scoped.refusal("sale.order", "write", [records.order], {"order_line": value}) == "scope_denied", value
    assert records.read("sale.order", records.order, "order_line") == [records.line]


def test_a_designer_of_websites_is_no_user_behind_a_key(gate: Gate, odoo: Odoo) -> None:
    """Whoever writes a page writes what administrators open. Odoo's demo data makes every user one who is made without groups."""
    user = odoo.create_user("new", "new user's own password", ["base.group_user", "website.group_website_designer"])
    upstream = {"database": odoo.database, "login": user.login, "secret": user.password}
    with pytest.raises(Problem) as problem:
        gate.api("POST", "users", {"name": "new", "upstream": upstream})
    assert problem.value.document["code"] == "upstream_administrator"
    assert "website.group_website_designer" in problem.value.document["detail"]


# Samples.


@pytest.fixture(scope="module")
def samples(odoo: Odoo, policy: Policy, pytestconfig: pytest.Config) -> Samples:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    pytestconfig.get_terminal_writer().line(f"\nsamples by SEED={seed}")
    samples = Samples(odoo, seed)
    policy.know(samples.models())
    return samples


def sent_to_odoo(gate: Gate) -> int:
    """How many requests Envoy has forwarded."""
    with urllib.request.urlopen(f"{gate.up['envoy_admin_url']}/stats?filter=^cluster.odoo.upstream_rq_total") as stats:
        return int(stats.read().split(b":")[1])


@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_a_kind_are_refused_and_not_forwarded(
    kind: str, gate: Gate, samples: Samples, policy: Policy, administrator: Agent
) -> None:
    drawn = samples.kinds[kind]
    policy.permit(dict.fromkeys(samples.models(), WIDE))
    for model in {sample.model for sample in drawn}:
        # Odoo gives records of some models to members of groups only, and names of fields to everybody.
        assert administrator.refusal(model, "fields_get", ["display_name"]) is None, f"{model}: its permission is wide"
    before = sent_to_odoo(gate)
    for sample in drawn:
        with pytest.raises(xmlrpc.client.Fault) as fault:
            administrator(sample.model, sample.method, *sample.args, **sample.kwargs)
        told = fault.value.faultString
        assert told.startswith(f"{sample.reason}: ") and "(decision " in told, (sample, told)
        # Neither is it refused since the gate does not know the field.
        assert "the gate" not in told, (sample, told)
    assert sent_to_odoo(gate) == before
