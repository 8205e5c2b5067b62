"""Each template does the job that it is named after over Odoo's applications, and no more. test_clients.py has those for clients.

Making the database takes Odoo minutes, so these tests run by name only: see CONTRIBUTING.md.
"""

import xmlrpc.client
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parts.odoo import Odoo
from support.command_line import CommandLine
from support.documents import Documents
from support.gate import Agent, Gate, plain_user, template

# In Odoo each agent's user has these groups, and is a plain user besides.
GROUPS = {
    "sales-assistant": ("sales_team.group_sale_salesman",),
    "bookkeeper": ("account.group_account_invoice",),
    "helpdesk": ("project.group_project_user",),
    "hr-directory": ("hr.group_hr_user",),
    "read-only-analyst": (
        "sales_team.group_sale_salesman_all_leads",
        "purchase.group_purchase_user",
        "account.group_account_readonly",
        "stock.group_stock_user",
        "project.group_project_user",
    ),
}


@pytest.fixture(scope="module")
def gate(applications: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(applications.url, tmp_path_factory.mktemp("templates"), workers=1) as gate:
        yield gate


@pytest.fixture(scope="module")
def agents(gate: Gate, applications: Odoo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Agent]:
    """For each template a key that has it and nothing else, of a user who may do more in Odoo."""
    lictor = CommandLine(gate.up["lictor"], gate.up["api_url"], gate.up["admin_token"], tmp_path_factory.mktemp("work"))
    agents = {}
    for name, groups in GROUPS.items():
        user = applications.create_user(name, f"{name}'s own password", ["base.group_user", *groups])
        upstream = {"database": applications.database, "login": user.login, "secret": user.password}
        record = plain_user(gate, name, upstream)
        lictor("profile", "create", name, "--template", name)
        key = lictor.json("key", "create", "--user", record["id"], "--name", name, "--profiles", name)
        agents[name] = gate.agent(record, key["key"])
    gate.in_force()
    return agents


@pytest.fixture
def records(applications: Odoo) -> Documents:
    return Documents(applications)


Refused = tuple[str, str, str, list[Any]]


def all_refused(agent: Agent, *calls: Refused) -> None:
    """Each for its reason; by names, as all that a call lacks is told at once."""
    for reason, model, method, arguments in calls:
        assert agent.refusal(model, method, *arguments) == reason, (model, method, arguments)


@pytest.mark.parametrize("name", [name for name in GROUPS if name != "read-only-analyst"])
def test_a_read_of_each_model_that_names_no_fields_is_answered(name: str, agents: dict[str, Agent], records: Documents) -> None:
    """Also where Odoo would fail over fields that compute what its user may not read. An analyst, who reads whole models, names
    fields."""
    assert records.order and records.line and records.posted and records.employee and records.quant
    for model in template(name):
        try:
            assert isinstance(agents[name](model, "search_read", [], limit=3), list), model
        except xmlrpc.client.Fault as fault:
            raise AssertionError(f"{model}: {fault.faultString[-300:]}") from None
        assert "id" in agents[name](model, "fields_get", [], ["type"]), model


@pytest.mark.parametrize("name", GROUPS)
def test_nothing_is_deleted_and_nothing_else_is_reached(name: str, agents: dict[str, Agent]) -> None:
    permissions, agent = template(name), agents[name]
    for model, permission in permissions.items():
        assert agent.refusal(model, "unlink", [1]) == "permission_denied", model
        for method, operation in [("write", "write"), ("create", "create")]:
            if not permission.get(operation):
                arguments = [[1], {}] if method == "write" else [{}]
                assert agent.refusal(model, method, *arguments) == "permission_denied", (model, method)
    for model in {"res.users", "res.partner.bank", "hr.leave", "account.payment", "sale.order", "hr.employee"} - permissions.keys():
        assert agent.refusal(model, "search_read", [], ["display_name"]) == "permission_denied", model
    assert agent.refusal("ir.config_parameter", "search_read", [], ["key"])


def test_a_sales_assistant_writes_and_confirms_quotations(
    applications: Odoo, agents: dict[str, Agent], records: Documents
) -> None:
    agent = agents["sales-assistant"]
    customer = agent("res.partner", "create", {"name": records.mark, "email": records.mail})
    assert agent("res.partner", "name_search", records.mark) == [[customer, records.mark]]
    applications.call("product.template", "write", [records.product], {"list_price": 20.0, "standard_price": 7.0})
    [product] = agent("product.product", "search_read", [["name", "=", f"product {records.mark}"]])
    assert product["lst_price"] == 20.0 and not {"standard_price", "avg_cost", "total_value"} & product.keys()
    lines = [[0, 0, {"product_id": product["id"], "product_uom_qty": 3}]]
    order = agent("sale.order", "create", {"partner_id": customer, "order_line": lines})
    [line] = agent("sale.order.line", "search_read", [["order_id", "=", order]])
    assert (line["product_uom_qty"], line["price_unit"]) == (3.0, 20.0)
    changed = [[1, line["id"], {"product_uom_qty": 4}], [0, 0, {"product_id": product["id"], "name": "As a gift"}]]
    agent("sale.order", "write", [order], {"client_order_ref": records.mark, "order_line": changed})
    [read] = agent("sale.order", "web_read", [order], {"name": {}, "order_line": {"fields": {"product_uom_qty": {}}}})
    assert [line["product_uom_qty"] for line in read["order_line"]] == [4.0, 1.0]
    all_refused(
        agent,
        ("field_denied", "sale.order.line", "write", [[line["id"]], {"price_unit": 1.0}]),
        ("field_denied", "sale.order", "write", [[order], {"order_line": [[1, line["id"], {"discount": 99.0}]]}]),
        ("field_denied", "sale.order", "create", [{"order_line": [[0, 0, {"product_id": product["id"], "price_unit": 1.0}]]}]),
        ("field_denied", "sale.order", "write", [[order], {"pricelist_id": 1}]),
        ("field_denied", "sale.order", "write", [[order], {"state": "sale"}]),
        *(
            ("nested_write_denied", "sale.order", "write", [[order], {"order_line": command}])
            for command in ([[2, line["id"]]], [[3, line["id"]]], [[5]], False, [[6, 0, []]])
        ),
        ("field_denied", "product.product", "read", [[product["id"]], ["standard_price"]]),
        ("field_denied", "product.template", "search", [[["standard_price", ">", 5]]]),
        ("field_denied", "product.product", "read", [[product["id"]], ["avg_cost"]]),
        ("field_denied", "sale.order", "read", [[order], ["access_token"]]),
        ("cross_model_denied", "sale.order", "search", [[["user_id.login", "=", "admin"]]]),
        ("method_denied", "sale.order", "action_cancel", [[order]]),
        ("permission_denied", "sale.order", "unlink", [[order]]),
        ("permission_denied", "res.partner", "write", [[customer], {"email": "a@example.com"}]),
    )
    agent("sale.order", "message_post", [order], body="As agreed.", attachments=[["offer.txt", "three"]])
    with pytest.raises(xmlrpc.client.Fault, match="method_denied: .*message_post:mail"):
        agent("sale.order", "message_post", [order], body="x", partner_ids=[customer])
    assert agent("ir.attachment", "create", file("sale.order", order))
    assert agent("sale.order", "action_confirm", [order]) is True
    assert records.read("sale.order", order, "state") == "sale"


def test_a_bookkeeper_enters_bills_and_cannot_post_them(agents: dict[str, Agent], records: Documents) -> None:
    agent = agents["bookkeeper"]
    vendor = records.partner
    assert vendor in [found[0] for found in agent("res.partner", "name_search", "Hole", limit=1000)]
    [account, *_] = agent("account.account", "search", [["account_type", "=", "expense"]])
    taxes = agent("account.tax", "search", [["type_tax_use", "=", "purchase"]], limit=1)
    line = [0, 0, {"name": "Paper", "price_unit": 50.0, "account_id": account, "tax_ids": [[6, 0, taxes]]}]
    values = {"move_type": "in_invoice", "partner_id": vendor, "invoice_date": "2030-01-01", "ref": records.mark}
    bill = agent("account.move", "create", {**values, "invoice_line_ids": [line]})
    [entered] = agent("account.move.line", "search_read", [["move_id", "=", bill], ["name", "=", "Paper"]])
    agent("account.move", "write", [bill], {"invoice_line_ids": [[1, entered["id"], {"quantity": 2}]]})
    [read] = agent("account.move", "search_read", [["ref", "=", records.mark]])
    assert (read["id"], read["state"], read["amount_untaxed"]) == (bill, "draft", 100.0)
    assert agent("ir.attachment", "create", file("account.move", bill))
    all_refused(
        agent,
        ("method_denied", "account.move", "action_post", [[bill]]),
        ("field_denied", "account.move", "write", [[bill], {"state": "posted"}]),
        ("field_denied", "account.move", "write", [[bill], {"auto_post": "at_date"}]),
        ("field_denied", "account.move", "write", [[bill], {"payment_state": "paid"}]),
        ("field_denied", "account.move", "write", [[bill], {"partner_bank_id": 1}]),
        ("field_denied", "account.move", "create", [{**values, "partner_bank_id": 1}]),
        ("nested_write_denied", "account.move", "write", [[bill], {"line_ids": [[5]]}]),
        ("nested_write_denied", "account.move", "write", [[bill], {"invoice_line_ids": [[2, entered["id"]]]}]),
        ("field_denied", "account.move.line", "write", [[entered["id"]], {"reconciled": True}]),
        ("field_denied", "account.move.line", "write", [[entered["id"]], {"partner_id": vendor}]),
        ("permission_denied", "account.payment", "create", [{"amount": 50}]),
        ("permission_denied", "account.payment.register", "create", [{}]),
        ("field_denied", "res.partner", "read", [[vendor], ["phone"]]),
        ("method_denied", "account.move", "message_post", [[bill]]),
        ("permission_denied", "account.move", "unlink", [[bill]]),
    )
    assert records.read("account.move", bill, "state") == "draft"


def test_a_helpdesk_takes_requests_and_answers_them(agents: dict[str, Agent], records: Documents) -> None:
    agent = agents["helpdesk"]
    stages = [records.odoo.call("project.task.type", "create", {"name": name, "project_ids": [[4, records.project]]}) for name in "ab"]
    [customer] = agent("res.partner", "search", [["email", "=", records.read("res.partner", records.partner, "email")]])
    [project] = agent("project.project", "search", [["name", "=", f"project {records.mark}"]])
    values = {"name": records.mark, "description": "<p>It does not print.</p>", "project_id": project, "partner_id": customer}
    task = agent("project.task", "create", values)
    [_, done] = [stage["id"] for stage in agent("project.task.type", "search_read", [["project_ids", "=", project]], order="id")]
    assert [stages[-1], agent("project.task", "write", [task], {"stage_id": done, "priority": "1"})] == [done, True]
    [read] = agent("project.task", "search_read", [["name", "=", records.mark]])
    assert (read["id"], read["stage_id"][0], read["partner_id"][0]) == (task, done, customer)
    agent("project.task", "message_post", [task], body="The paper was out.", attachments=[["log.txt", "paper"]])
    todo = {"act_type_xmlid": "mail.mail_activity_data_todo", "summary": "Call back", "user_id": records.user}
    agent("project.task", "activity_schedule", [task], **todo)
    assert agent("ir.attachment", "create", file("project.task", task))
    all_refused(
        agent,
        ("permission_denied", "project.task", "unlink", [[task]]),
        ("permission_denied", "project.project", "write", [[project], {"privacy_visibility": "portal"}]),
        ("permission_denied", "project.project", "create", [{"name": "x"}]),
        ("field_denied", "project.task", "write", [[task], {"partner_phone": "1"}]),
        ("field_denied", "project.task", "write", [[task], {"child_ids": [[0, 0, {"name": "x"}]]}]),
        ("field_denied", "project.task", "read", [[task], ["access_token"]]),
        ("permission_denied", "res.partner", "write", [[customer], {"email": "a@example.com"}]),
        ("field_denied", "res.partner", "read", [[customer], ["comment"]]),
        ("method_denied", "project.task", "message_subscribe", [[task], [customer]]),
    )
    with pytest.raises(xmlrpc.client.Fault, match="method_denied: .*message_post:mail"):
        agent("project.task", "message_post", [task], body="x", partner_ids=[customer])


def test_an_hr_directory_tells_who_works_where_and_nothing_private(
    applications: Odoo, agents: dict[str, Agent], records: Documents
) -> None:
    agent = agents["hr-directory"]
    department = applications.call("hr.department", "create", {"name": f"department {records.mark}"})
    assert agent("hr.department", "search", [["name", "=", f"department {records.mark}"]]) == [department]
    assert agent("hr.job", "search_read", [["id", "=", records.job]])[0]["name"] == f"job {records.mark}"
    [read] = agent("hr.employee", "search_read", [["name", "=", f"employee {records.mark}"], ["id", "=", records.employee]])
    assert read["work_email"] == records.mail
    assert not {"wage", "ssnid", "pin", "private_street", "private_phone", "birthday"} & read.keys()
    kept = {"job_title": records.mark, "department_id": department, "job_id": records.job}
    assert agent("hr.employee", "write", [records.employee], kept) is True
    assert agent("hr.employee", "search", [["department_id", "=", department]]) == [records.employee]
    boss = {"parent_id": records.employee}
    all_refused(
        agent,
        *(("field_denied", "hr.employee", "read", [[records.employee], [field]]) for field in ["wage", "pin", "birthday", "private_email"]),
        ("field_denied", "hr.employee", "search", [[["private_street", "ilike", "a"]]]),
        ("field_denied", "hr.employee", "write", [[records.employee], {"wage": 1.0}]),
        ("field_denied", "hr.employee", "write", [[records.employee], {"work_email": "a@example.com"}]),
        ("field_denied", "hr.employee", "write", [[records.employee], {"leave_manager_id": applications.admin.uid}]),
        ("field_denied", "hr.employee", "write", [[records.employee], boss]),
        ("permission_denied", "hr.employee", "create", [{"name": "x"}]),
        ("permission_denied", "hr.department", "write", [[department], {"manager_id": records.employee}]),
        ("permission_denied", "hr.version", "search_read", [[], ["display_name"]]),
        ("method_denied", "hr.employee", "message_post", [[records.employee]]),
    )


def test_an_analyst_counts_and_groups_and_changes_nothing(agents: dict[str, Agent], records: Documents) -> None:
    agent = agents["read-only-analyst"]
    assert records.order and records.line and records.posted
    grouped: dict[str, Callable[[], Any]] = {
        "sales by country and month": lambda: agent(
            "sale.order", "formatted_read_group", [], ["partner_id.country_id", "date_order:month"], ["amount_total:sum", "__count"]
        ),
        "sales by customer, as before Odoo 19": lambda: agent(
            "sale.order", "read_group", [["state", "in", ["draft", "sale"]]], ["amount_total:sum"], ["partner_id"]
        ),
        "invoices by state": lambda: agent(
            "account.move", "formatted_read_group", [["move_type", "=", "out_invoice"]], ["payment_state"], ["amount_total:sum"]
        ),
        "lines by product category": lambda: agent(
            "account.move.line", "formatted_read_group", [], ["product_id.categ_id"], ["balance:sum"]
        ),
        "purchases by vendor": lambda: agent("purchase.order", "formatted_read_group", [], ["partner_id"], ["amount_total:sum"]),
        "stock by place": lambda: agent("stock.quant", "formatted_read_group", [], ["location_id"], ["quantity:sum"]),
        "tasks by stage": lambda: agent("project.task", "formatted_read_group", [], ["stage_id"], ["__count"]),
    }
    for what, asked in grouped.items():
        assert isinstance(asked(), list), what
    assert grouped["invoices by state"]()
    all_refused(
        agent,
        ("field_denied", "res.partner", "search_read", [[], ["comment"]]),
        ("cross_model_denied", "sale.order", "formatted_read_group", [[], ["user_id.login"], ["__count"]]),
        ("field_denied", "sale.order", "search", [[["partner_id.bank_ids.acc_number", "like", "1"]]]),
        ("field_denied", "account.move", "read", [[records.posted], ["access_token"]]),
        ("method_denied", "sale.order", "action_confirm", [[records.order]]),
        ("method_denied", "account.move", "button_draft", [[records.posted]]),
        ("method_denied", "sale.order", "message_post", [[records.order]]),
        ("method_denied", "ir.attachment", "create", [file("sale.order", records.order)]),
    )


def file(model: str, record: int) -> dict[str, Any]:
    """A file on a record."""
    return {"name": "scan.pdf", "raw": "%PDF", "res_model": model, "res_id": record}
