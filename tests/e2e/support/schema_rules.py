"""Calls that read what a permission does not open, over Odoo's applications: rows of test_schema_rules.py."""

from support.hole import (
    READ,
    Arguments,
    Hole,
    Shows,
    answers,
    bypasses,
    call,
    context,
    counted,
    credential,
    field,
    lists,
    passes,
    reads,
)

MARK: Shows = lambda r, answer: r.mark in repr(answer)
# With it a path may begin that Odoo shows to officers of HR only.
EMPLOYEES = {"fields": {"read": {"also": ["employee_ids"]}}}
SIGNED: Shows = lambda r, _: r.count("sale.order", ["access_token", "=", f"mine-{r.mark}"]) == 1


def token(name: str, method: str, arguments: Arguments, shows: Shows, model: str = "sale.order") -> Hole:
    return credential(name, method, arguments, shows, field="access_token", model=model)


TOKENS = [
    token("is read", "read", lambda r: call([r.order], ["access_token"]), MARK),
    token(
        "is searched",
        "search",
        lambda r: call([["id", "=", r.order], ["access_token", "=", r.mark]]),
        lambda r, found: found == [r.order],
    ),
    token(
        "is searched by its beginning",
        "search_count",
        lambda r: call([["id", "=", r.order], ["access_token", "=like", r.mark[:4] + "%"]]),
        counted(1),
    ),
    token("is read as a group", "formatted_read_group", lambda r: call([["id", "=", r.order]], ["access_token"]), MARK),
    token(
        "is sorted by",
        "search",
        lambda r: call([["id", "=", r.order]], order="access_token"),
        lambda r, found: found == [r.order],
    ),
    token("is written", "write", lambda r: call([r.order], {"access_token": f"mine-{r.mark}"}), SIGNED),
    token("is written in a copy", "copy", lambda r: call([r.order], {"access_token": f"mine-{r.mark}"}), SIGNED),
    token(
        "is a default",
        "create",
        lambda r: call({"partner_id": r.partner}, context={"default_access_token": f"mine-{r.mark}"}),
        SIGNED,
    ),
    token(
        "is read", "read", lambda r: call([r.invoice], ["access_token"]), answers("access_token"), model="account.move"
    ),
    credential(
        "is read", "read", lambda r: call([r.employee], ["pin"]), answers("'pin'"), field="pin", model="hr.employee"
    ),
]

CONTEXTS = [
    context(
        "of an employee's balance",
        "read",
        lambda r: call([r.leave_type], ["max_leaves"], context={"employee_id": r.employee}),
        answers("7.0"),
        "employee_id",
        model="hr.leave.type",
    ),
    context(
        "of a record that gets an event",
        "create",
        lambda r: call(
            {"name": r.mark, "start": "2030-01-01 10:00:00", "stop": "2030-01-01 11:00:00"},
            context={"active_model": "res.partner", "active_id": r.partner},
        ),
        lambda r, _: r.count("calendar.event", ["name", "=", r.mark], ["res_id", "=", r.partner]) == 1,
        "active_model",
        "active_id",
        model="calendar.event",
    ),
]

OTHER_MODELS = [
    reads(
        "by a name",
        "search",
        lambda r: call([["partner_id", "ilike", r.mail], ["id", "=", r.order]]),
        lambda r, found: found == [r.order],
        of="res.partner",
        model="sale.order",
    ),
    reads(
        "by a path",
        "search",
        lambda r: call([["partner_id.email", "=", r.mail], ["id", "=", r.order]]),
        lambda r, found: found == [r.order],
        of="res.partner",
        path="partner_id.email",
        model="sale.order",
    ),
    # Odoo shows a partner's employees to officers of HR only.
    field(
        "of the employees of a partner",
        "export_data",
        lambda r: call([r.employed], ["employee_ids/ssnid"]),
        MARK,
        given={"res.partner": {"paths": ["employee_ids.ssnid"]}},
        reading="employee_ids",
    ),
    # Paths into one model open none into another.
    Hole(
        "of an employee",
        "export_data",
        lambda r: call([r.employed], ["employee_ids/ssnid"]),
        MARK,
        "cross_model_denied",
        {"res.partner": EMPLOYEES | {"paths": ["country_id.code"]}},
        (
            {"res.partner": {"paths": ["employee_ids.ssnid"]}},
            {"hr.employee": {"read": True, "fields": {"read": {"also": ["ssnid"]}}}},
        ),
    ),
    field(
        "of an employee, who may be read",
        "export_data",
        lambda r: call([r.employed], ["employee_ids/ssnid"]),
        MARK,
        given={"res.partner": EMPLOYEES, "hr.employee": READ},
        switches=({"hr.employee": {"fields": {"read": {"also": ["ssnid"]}}}},),
    ),
    bypasses(
        "ANY!",
        "search",
        lambda r: call([["partner_id", "ANY!", [["email", "=", r.mail]]], ["id", "=", r.order]]),
        lambda r, found: found == [r.order],
        model="sale.order",
        given={"res.partner": READ},
    ),
    lists(
        "message_subscribe",
        lambda r: call([r.lead], [r.portal_contact]),
        lambda r, _: (
            r.count(
                "mail.followers",
                ["res_model", "=", "crm.lead"],
                ["res_id", "=", r.lead],
                ["partner_id", "=", r.portal_contact],
            )
            == 1
        ),
        model="crm.lead",
    ),
]

PRIVATE = [
    field(
        "of a private field",
        "read",
        lambda r: call([r.employee], ["wage"]),
        answers("4321"),
        reading="wage",
        model="hr.employee",
    ),
    field(
        "of a private field",
        "search",
        lambda r: call([["ssnid", "=", r.mark], ["id", "=", r.employee]]),
        lambda r, found: found == [r.employee],
        reading="ssnid",
        model="hr.employee",
    ),
    field(
        "of a private field",
        "formatted_read_group",
        lambda r: call([["id", "=", r.employee]], [], ["wage:sum"]),
        answers("4321"),
        reading="wage",
        model="hr.employee",
    ),
]

# As an administrator of Odoo, whom Odoo itself lets do this.
OF_ADMINISTRATOR = [
    credential(
        "is read",
        "read",
        lambda r: call([r.user], ["google_calendar_rtoken"]),
        answers("google_calendar_rtoken"),
        field="google_calendar_rtoken",
        model="res.users",
    ),
]

PASSES = [
    passes(
        "a list that names no field",
        "read",
        lambda r: call([r.employee]),
        lambda r, answer: (
            "job_title" in answer[0] and not {"wage", "ssnid", "pin", "private_street"} & answer[0].keys()
        ),
        model="hr.employee",
    ),
    passes(
        "a list that names no field",
        "search_read",
        lambda r: call([["id", "=", r.order]]),
        lambda r, answer: "amount_total" in answer[0] and "access_token" not in answer[0],
        model="sale.order",
    ),
]

HOLES = TOKENS + CONTEXTS + OTHER_MODELS + PRIVATE
