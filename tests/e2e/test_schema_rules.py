"""The rules by schema over Odoo's applications: each row of schema_rules.py and
schema_rules_written.py is open at Odoo, shut at the gate, and opened by its switch alone. Of what is closed by tables and by Odoo's
groups, samples by a seed are shut too: SEED in the environment repeats those of a run.

The upstream user manages every application and is no administrator, where a row needs none. Then three agents at work: what each is
for goes through, and what it must not do is refused.

Making the database takes Odoo minutes, so these tests run by name only: see CONTRIBUTING.md.
"""

import os
import random
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from parts.odoo import APPLICATIONS, Odoo, User
from parts.postgres import Postgres
from support import schema_rules, schema_rules_written
from support.documents import MANAGERS, Documents
from support.gate import Agent, Gate, Problem
from support.hole import WIDE, Hole, Permissions
from support.policy import Policy, check, check_passing
from support.schema_samples import KINDS, Samples

HOLES = schema_rules.HOLES + schema_rules_written.HOLES
OF_ADMINISTRATOR = schema_rules.OF_ADMINISTRATOR + schema_rules_written.OF_ADMINISTRATOR
PASSES = schema_rules.PASSES + schema_rules_written.PASSES
LINE = "sale.order.line"
STORIES = {
    "sale.order",
    LINE,
    "product.product",
    "res.partner",
    "account.move",
    "account.move.line",
    "hr.employee",
    "hr.leave",
}


def row(hole: Hole) -> str:
    return f"{hole.model}.{hole.method} {hole.name}"


@pytest.fixture(scope="module")
def odoo() -> Iterator[Odoo]:
    with Postgres() as postgres, Odoo(postgres, modules=APPLICATIONS) as odoo:
        yield odoo


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
    return Policy(gate, agent_of(gate, odoo, ann), STORIES.union(*(hole.models() for hole in rows)))


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
        assert administrator.refusal(model, "search_count", []) is None, f"{model}: its permission is wide"
    before = sent_to_odoo(gate)
    for sample in drawn:
        with pytest.raises(xmlrpc.client.Fault) as fault:
            administrator(sample.model, sample.method, *sample.args, **sample.kwargs)
        told = fault.value.faultString
        assert told.startswith(f"{sample.reason}: ") and "(decision " in told, (sample, told)
        # Neither is it refused since the gate does not know the field.
        assert "the gate" not in told, (sample, told)
    assert sent_to_odoo(gate) == before


# Three agents at work.


def refusals(agent: Agent, *calls: tuple[str, str, list[Any]]) -> list[str | None]:
    return [agent.refusal(model, method, *args) for model, method, args in calls]


def working(gate: Gate, odoo: Odoo, policy: Policy, group: str, permissions: Permissions) -> Agent:
    """An agent of a plain user in one group, with these permissions and no others."""
    name = group.split(".")[1]
    agent = agent_of(gate, odoo, odoo.create_user(name, f"{name}'s own password", ["base.group_user", group]))
    policy.permit(permissions)
    return agent


def test_a_sales_assistant_makes_and_confirms_orders(gate: Gate, odoo: Odoo, policy: Policy) -> None:
    records = Documents(odoo)
    permissions: Permissions = {
        "res.partner": {"read": True, "create": True},
        "product.product": {"read": True},
        "sale.order": {
            "read": True,
            "create": True,
            "nested_writes": ["order_line"],
            "calls": ["action_confirm", "message_post", "attach"],
        },
        LINE: {"read": True},
    }
    agent = working(gate, odoo, policy, "sales_team.group_sale_salesman", permissions)
    customer = agent("res.partner", "create", {"name": records.mark, "email": records.mail})
    [variant] = records.read("product.template", records.product, "product_variant_ids")
    # Without a list Odoo computes what was bought of it too, and fails: a salesman may not read purchases.
    [found] = agent("product.product", "search_read", [["id", "=", variant]], ["display_name", "list_price"])
    assert found["display_name"]
    line = [0, 0, {"product_id": variant, "product_uom_qty": 3}]
    order = agent("sale.order", "create", {"partner_id": customer, "order_line": [line]})
    [read] = agent("sale.order", "web_read", [order], {"name": {}, "order_line": {"fields": {"product_uom_qty": {}}}})
    assert [line["product_uom_qty"] for line in read["order_line"]] == [3.0]
    agent("sale.order", "message_post", [order], body="As agreed.", attachments=[["offer.txt", "three"]])
    values = {"name": "plan.txt", "raw": "three", "res_model": "sale.order", "res_id": order}
    assert agent("ir.attachment", "create", values)
    assert agent("sale.order", "action_confirm", [order]) is True
    assert records.read("sale.order", order, "state") == "sale"
    assert refusals(
        agent,
        ("sale.order", "write", [[order], {"note": "x"}]),
        ("sale.order", "action_cancel", [[order]]),
        ("sale.order", "unlink", [[order]]),
        ("sale.order", "read", [[order], ["access_token"]]),
        ("res.partner", "write", [[customer], {"email": "a@example.com"}]),
        ("sale.order", "search", [[["user_id.login", "=", "admin"]]]),
    ) == [
        "permission_denied",
        "method_denied",
        "permission_denied",
        "field_denied",
        "permission_denied",
        "cross_model_denied",
    ]
    mailing = {"body": "x", "partner_ids": [customer]}
    with pytest.raises(xmlrpc.client.Fault, match="method_denied: .*message_post:mail"):
        agent("sale.order", "message_post", [order], **mailing)


def test_a_bookkeeper_enters_bills_and_cannot_post_them(gate: Gate, odoo: Odoo, policy: Policy) -> None:
    records = Documents(odoo)
    permissions: Permissions = {
        "res.partner": {"read": True},
        "account.move": {
            "read": True,
            "write": True,
            "create": True,
            "nested_writes": ["invoice_line_ids"],
            "calls": ["message_post", "attach"],
        },
        "account.move.line": {"read": True},
    }
    agent = working(gate, odoo, policy, "account.group_account_invoice", permissions)
    [account] = odoo.call("account.account", "search", [["account_type", "=", "expense"]], limit=1)
    line = [0, 0, {"name": "Paper", "price_unit": 50.0, "account_id": account}]
    bill = agent(
        "account.move",
        "create",
        {
            "move_type": "in_invoice",
            "partner_id": records.partner,
            "invoice_date": "2030-01-01",
            "invoice_line_ids": [line],
        },
    )
    agent("account.move", "write", [bill], {"ref": records.mark})
    [read] = agent(
        "account.move", "search_read", [["ref", "=", records.mark]], ["amount_total", "state", "currency_id"]
    )
    assert (read["id"], read["state"]) == (bill, "draft")
    values = {"name": "bill.pdf", "raw": "%PDF", "res_model": "account.move", "res_id": bill}
    assert agent("ir.attachment", "create", values)
    assert refusals(
        agent,
        ("account.move", "action_post", [[bill]]),
        ("account.move", "write", [[bill], {"state": "posted"}]),
        ("account.move", "write", [[bill], {"auto_post": "at_date"}]),
        ("account.move", "write", [[bill], {"payment_state": "paid"}]),
        ("account.move", "write", [[bill], {"line_ids": [[5]]}]),
        ("account.move", "unlink", [[bill]]),
        ("account.payment", "create", [{"amount": 50}]),
    ) == [
        "method_denied",
        "field_denied",
        "field_denied",
        "field_denied",
        "nested_write_denied",
        "permission_denied",
        "permission_denied",
    ]
    assert records.read("account.move", bill, "state") == "draft"


def test_an_hr_assistant_sees_no_private_fields(gate: Gate, odoo: Odoo, policy: Policy) -> None:
    records = Documents(odoo)
    permissions: Permissions = {"hr.employee": {"read": True, "write": True}}
    agent = working(gate, odoo, policy, "hr.group_hr_user", permissions)
    [read] = agent(
        "hr.employee", "search_read", [["name", "=", f"employee {records.mark}"], ["id", "=", records.employee]]
    )
    assert read["work_email"] == records.mail
    assert not {"wage", "ssnid", "pin", "private_street", "private_phone", "birthday"} & read.keys()
    assert agent("hr.employee", "write", [records.employee], {"job_title": records.mark}) is True
    assert records.read("hr.employee", records.employee, "job_title") == records.mark
    assert (
        refusals(
            agent,
            ("hr.employee", "read", [[records.employee], ["wage"]]),
            ("hr.employee", "search", [[["private_street", "ilike", "a"]]]),
            ("hr.employee", "read", [[records.employee], ["pin"]]),
            ("hr.employee", "write", [[records.employee], {"work_email": "a@example.com"}]),
            ("hr.employee", "write", [[records.employee], {"leave_manager_id": odoo.admin.uid}]),
            ("hr.employee", "create", [{"name": "x"}]),
            ("hr.leave", "search_read", [[]]),
        )
        == ["field_denied"] * 5 + ["permission_denied"] * 2
    )
