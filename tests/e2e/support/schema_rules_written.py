"""Calls that write what a permission does not open, over Odoo's applications: rows of test_schema_rules.py."""

from collections.abc import Callable
from typing import Any

from support.documents import Documents
from support.hole import (
    Arguments,
    Hole,
    Permissions,
    Shows,
    call,
    field,
    made,
    passes,
    writes,
)

LINE = "sale.order.line"
SCRIPT = "<p>x</p><script>alert(1)</script>"
LINE_GONE: Shows = lambda r, _: r.count(LINE, ["id", "=", r.line]) == 0


def stored(model: str, record: str, field: str, value: Any) -> Shows:
    """Whether a field of one of the documents has a value, or for a function one of which that holds."""
    holds: Callable[[Documents, Any], bool] = value if callable(value) else lambda _, found: found == value
    return lambda r, _: holds(r, r.read(model, getattr(r, record), field))


def is_set(_: Documents, found: Any) -> bool:
    return bool(found)


def with_mark(r: Documents, found: Any) -> bool:
    return r.mark in repr(found)


def by_name(
    model: str, method: str, name: str, arguments: Arguments, shows: Shows, *, opens: str = "", **more: Any
) -> Hole:
    """A field that is closed to writing until a permission names it."""
    return field(name, method, arguments, shows, writing=opens, model=model, **more)


def of_closed(
    of: str, model: str, method: str, name: str, arguments: Arguments, shows: Shows, what: str = ""
) -> Hole:
    """A field of the closed model to which another one delegates: closed with it, whatever names it."""
    named: Permissions = {model: {"fields": {"write": {"also": [name]}}}}
    return Hole(
        what or f"{name} of {of}", method, arguments, shows, "field_denied", named, ({},), (of,), model
    )


def of_alias(model: str, record: str, name: str, value: Callable[[Documents], Any]) -> Hole:
    arguments: Arguments = lambda r: call([getattr(r, record)], {name: value(r)})
    return of_closed("mail.alias", model, "write", name, arguments, stored(model, record, name, with_mark))


def of_file(name: str, value: Callable[[Documents], Any], shows: Shows) -> Hole:
    arguments: Arguments = lambda r: call([r.document], {name: value(r)})
    return of_closed("ir.attachment", "product.document", "write", name, arguments, shows)


def lines(name: str, value: Callable[[Documents], Any]) -> Hole:
    """Takes the line out of an order, whose lines may be read, written and made."""
    given: Permissions = {LINE: {"read": True, "write": True, "create": True}}
    return writes(
        name,
        "write",
        lambda r: call([r.order], {"order_line": value(r)}),
        LINE_GONE,
        "order_line",
        LINE,
        "delete",
        model="sale.order",
        given=given,
    )


DELEGATED = [
    of_alias("hr.job", "job", "alias_defaults", lambda r: repr({"name": r.mark})),
    of_alias("project.project", "project", "alias_defaults", lambda r: repr({"name": r.mark})),
    of_alias("project.project", "project", "alias_name", lambda r: r.mark),
    of_closed(
        "mail.alias",
        "hr.job",
        "create",
        "alias_defaults",
        lambda r: call({"name": r.mark, "alias_defaults": repr({"name": r.mark})}),
        made("hr.job", "name"),
    ),
    of_closed(
        "ir.attachment",
        "product.document",
        "create",
        "ir_attachment_id",
        lambda r: call({"ir_attachment_id": r.file}),
        lambda r, _: r.count("product.document", ["ir_attachment_id", "=", r.file]) == 1,
        "a file of somebody else",
    ),
    of_file("raw", lambda r: r.mark, lambda r, _: r.count("ir.attachment", ["index_content", "like", r.mark]) == 1),
    of_file("public", lambda r: True, stored("product.document", "document", "public", True)),
]

GRANTS = [
    by_name(
        "hr.employee",
        "write",
        "of an employee's address, which is a user's",
        lambda r: call([r.colleague], {"work_email": r.new_mail}),
        lambda r, _: r.address_of_user == r.new_mail,
        opens="work_email",
    ),
    by_name(
        "hr.employee",
        "write",
        "of who approves",
        lambda r: call([r.employee], {"leave_manager_id": r.user}),
        stored("hr.employee", "employee", "leave_manager_id", is_set),
        opens="leave_manager_id",
    ),
    by_name(
        "hr.employee",
        "write",
        "of an employee's user",
        lambda r: call([r.employee], {"user_id": r.user}),
        stored("hr.employee", "employee", "user_id", is_set),
        opens="user_id",
    ),
    by_name(
        "hr.job",
        "write",
        "of interviewers",
        lambda r: call([r.job], {"interviewer_ids": [[4, r.user]]}),
        stored("hr.job", "job", "interviewer_ids", is_set),
        opens="interviewer_ids",
    ),
    by_name(
        "res.partner",
        "write",
        "of a customer's company",
        lambda r: call([r.portal_contact], {"parent_id": r.partner}),
        stored("res.partner", "portal_contact", "parent_id", is_set),
        opens="parent_id",
    ),
    by_name(
        "project.project",
        "write",
        "of who sees a project",
        lambda r: call([r.project], {"privacy_visibility": "followers"}),
        stored("project.project", "project", "privacy_visibility", "followers"),
        opens="privacy_visibility",
    ),
    by_name(
        "crm.lead",
        "write",
        "of a lead's address, which is the customer's",
        lambda r: call([r.lead], {"email_from": r.new_mail}),
        stored("res.partner", "partner", "email", lambda r, found: found == r.new_mail),
        opens="email_from",
    ),
]

HTML = [
    by_name(
        "product.template",
        "write",
        "of a page",
        lambda r: call([r.product], {"website_description": SCRIPT}),
        stored("product.template", "product", "website_description", lambda _, found: "<script>" in str(found)),
        opens="website_description",
    ),
    by_name(
        "survey.survey",
        "write",
        "of a page",
        lambda r: call([r.survey], {"description": SCRIPT}),
        stored("survey.survey", "survey", "description", lambda _, found: "<script>" in str(found)),
        opens="description",
    ),
]

NESTED = [
    lines("by false", lambda r: bool(r.line) and False),
    lines("by 5", lambda r: r.line and [[5]]),
    lines("by 3", lambda r: [[3, r.line]]),
    lines("by 2", lambda r: [[2, r.line]]),
    lines("by 6", lambda r: r.line and [[6, 0, []]]),
    writes(
        "by 4",
        "write",
        lambda r: call([r.other_order], {"order_line": [[4, r.line]]}),
        lambda r, _: r.read(LINE, r.line, "order_id")[0] == r.other_order,
        "order_line",
        LINE,
        "write",
        model="sale.order",
    ),
]

STATES = [
    by_name(
        "account.move",
        "write",
        "of what is paid",
        lambda r: call([r.posted], {"payment_state": "paid"}),
        stored("account.move", "posted", "payment_state", "paid"),
        opens="payment_state",
    ),
    by_name(
        "account.move",
        "write",
        "of a posted invoice",
        lambda r: call([r.invoice], {"state": "posted"}),
        stored("account.move", "invoice", "state", "posted"),
        opens="state",
    ),
    by_name(
        "account.move",
        "write",
        "of when it is posted",
        lambda r: call([r.invoice], {"auto_post": "at_date"}),
        stored("account.move", "invoice", "auto_post", "at_date"),
        opens="auto_post",
    ),
    by_name(
        "account.move",
        "create",
        "of when it is posted",
        lambda r: call({"ref": r.mark, "auto_post": "at_date"}),
        lambda r, _: r.count("account.move", ["ref", "=", r.mark], ["auto_post", "=", "at_date"]) == 1,
        opens="auto_post",
    ),
    by_name(
        "account.move.line",
        "write",
        "of what is owed",
        lambda r: call([r.receivable], {"amount_residual": 0}),
        stored("account.move.line", "receivable", "amount_residual", 0.0),
        opens="amount_residual",
    ),
    by_name(
        "account.move.line",
        "write",
        "of what is settled",
        lambda r: call([r.receivable], {"reconciled": True}),
        stored("account.move.line", "receivable", "reconciled", True),
        opens="reconciled",
    ),
    by_name(
        "stock.quant",
        "write",
        "of the stock",
        lambda r: call([r.quant], {"quantity": 9999}),
        stored("stock.quant", "quant", "quantity", 9999.0),
        opens="quantity",
    ),
    by_name(
        "sale.order",
        "write",
        "of a confirmed order",
        lambda r: call([r.order], {"state": "sale"}),
        stored("sale.order", "order", "state", "sale"),
        opens="state",
    ),
]

# As an administrator of Odoo, whom Odoo itself lets do this.
OF_ADMINISTRATOR = [
    # A page at any address.
    of_file("url", lambda r: f"/{r.mark}.js", stored("product.document", "document", "url", with_mark)),
    by_name(
        "res.partner",
        "write",
        "of a user's address",
        lambda r: call([r.contact_of_user], {"email": r.new_mail}),
        lambda r, _: r.address_of_user == r.new_mail,
        opens="email",
    ),
    by_name(
        "mailing.mailing",
        "create",
        "of a template that Odoo runs",
        lambda r: call({"subject": r.mark, "email_from": r.mail, "body_arch": "<p t-out='object.name'/>"}),
        made("mailing.mailing", "subject"),
        opens="body_arch",
        switches=({"mailing.mailing": {"fields": {"write": {"also": ["body_arch", "email_from", "subject"]}}}},),
    ),
    Hole(
        "is closed",
        "create",
        lambda r: call({"mail_template_id": r.template}),
        lambda _, answer: isinstance(answer, int),
        "method_denied",
        {"mail.template.preview": {"fields": {"write": {"also": ["mail_template_id"]}}}},
        ({},),
        ("mail.template.preview",),
        "mail.template.preview",
    ),
    Hole(
        "is closed",
        "create",
        lambda r: call({"name": r.mark, "type": "qweb", "url": f"/{r.mark}", "arch": "<p/>"}),
        made("website.page", "url"),
        "method_denied",
        {},
        ({},),
        ("website.page", "ir.ui.view"),
        "website.page",
    ),
]

PASSES = [
    passes(
        "a text without tags",
        "write",
        lambda r: call([r.product], {"website_description": "plain"}),
        stored("product.template", "product", "website_description", lambda _, found: "plain" in str(found)),
        model="product.template",
    ),
    passes(
        "an address to begin with",
        "create",
        lambda r: call({"name": r.mark, "email_from": r.new_mail}),
        made("crm.lead", "email_from"),
        model="crm.lead",
    ),
    passes(
        "a note on an invoice",
        "write",
        lambda r: call([r.invoice], {"ref": r.mark}),
        stored("account.move", "invoice", "ref", with_mark),
        model="account.move",
    ),
    passes(
        "lines of its own",
        "write",
        lambda r: call([r.order], {"order_line": [[1, r.line, {"name": f"new {r.mark}"}]]}),
        lambda r, _: r.read(LINE, r.line, "name") == f"new {r.mark}",
        model="sale.order",
        given={LINE: {"write": True}},
    ),
]

HOLES = DELEGATED + GRANTS + HTML + NESTED + STATES
