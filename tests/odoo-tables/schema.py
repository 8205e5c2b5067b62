"""A schema as gates get it, for the tests of `policy`: some models of the Odoo that is kept here, as `fields_get` tells of them.

Not in what is kept, and so by hand here: which groups a set of them implies, and which models it may not read.
"""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tables import Registry, Tables

FILE = Path(__file__).resolve().parents[2] / "policy/tests/schema/odoo-19.json"

MODELS = """
account.analytic.line account.bank.statement account.bank.statement.line account.move account.move.line
account.payment account.payment.register calendar.attendee calendar.event calendar.recurrence crm.lead crm.lost.reason
crm.team crm.team.member event.event event.event.ticket event.registration hr.applicant hr.employee
hr.employee.category hr.employee.public hr.employee.skill hr.expense hr.job hr.leave hr.leave.allocation hr.version
ir.actions.server ir.attachment ir.cron ir.ui.view mail.activity mail.alias mail.message mail.template mailing.list
mailing.mailing maintenance.request payment.token product.document product.pricelist product.product
product.supplierinfo product.template project.milestone project.project project.task project.update purchase.order
purchase.order.line res.groups res.partner res.partner.bank res.partner.category res.users res.users.settings
sale.order sale.order.line sale.order.template stock.lot stock.move stock.move.line stock.picking stock.quant
stock.scrap survey.question survey.survey survey.user_input website website.menu website.page
""".split()

# Left out, to keep it small: what single countries and rare modules add, and most of what mixins add to every model.
LEFT_OUT = """
*l10n_* *_edi_* *peppol* *nemhandel* pos_* *_pos_* *_pos loyalty_* *livechat* *_mail_plugin* microsoft_* *gamification* *karma*
mrp_* *_mrp_* subcontract* repair_* fleet_* *slide* forum_* lunch_* *snailmail* sms_* *_sms_* *whatsapp* *onboarding* *tour_*
activity_*_* message_has_* message_needaction* message_is_* message_main_* message_attachment_* rating_* *_avatar_* avatar_*
image_1* image_2* image_5* website_meta_* website_url website_absolute_url seo_name is_seo_* has_message show_* display_* can_* is_*
*_warning* *_count *_decoration* kanban_* mailing_*_* *_cron_* iap_* partner_gid *utm_* access_warning *cash_basis* *_label
""".split()
KEPT = "display_name display_type message_partner_ids is_company is_storable is_done is_published".split()

# Sets of groups with all that they imply; the first sees every field.
EMPLOYEE = {"base.group_user", "project.group_project_milestone"}
HR = {
    "event.group_event_registration_desk",
    "hr.group_hr_manager",
    "hr.group_hr_user",
    "hr_attendance.group_hr_attendance_officer",
    "hr_holidays.group_hr_holidays_responsible",
    "hr_holidays.group_hr_holidays_user",
    "hr_recruitment.group_hr_recruitment_interviewer",
    "hr_recruitment.group_hr_recruitment_user",
}
ACCOUNTS = {
    "account.group_account_invoice",
    "account.group_account_manager",
    "account.group_account_readonly",
    "account.group_account_user",
}
SALES = {
    "project.group_project_user",
    "sales_team.group_sale_salesman",
    "sales_team.group_sale_salesman_all_leads",
    "stock.group_stock_user",
}
VIEWS = [None, EMPLOYEE, EMPLOYEE | HR, EMPLOYEE | ACCOUNTS, EMPLOYEE | SALES]
# The models that only these groups may read, by patterns.
READERS = {
    "account.bank.statement*": ACCOUNTS,
    "account.move*": ACCOUNTS | SALES,
    "account.payment*": ACCOUNTS,
    "crm.lead": SALES,
    "hr.applicant": HR,
    "hr.employee": HR,
    "hr.version": HR,
    "ir.actions.server": set(),
    "ir.cron": set(),
    "mailing.*": set(),
    "purchase.*": ACCOUNTS,
    "sale.*": SALES,
    "stock.*": SALES,
    "survey.*": HR,
}
NAMES = {"date": "date", "datetime": "date"} | {
    name: name
    for name in (
        "html many2one one2many many2many reference many2one_reference json properties properties_definition"
    ).split()
}


def text(facts: dict[str, Any], tables: Tables) -> str:
    """A line a model, and a line a field."""
    registry = Registry(facts)
    names = sorted({*MODELS, *tables.reference_data} & registry.models.keys())
    lines = [model(name, registry.models[name], tables) for name in names]
    return '{"version":1,"read_at":0,"models":[\n' + ",\n".join(lines) + "\n]}\n"


def model(name: str, facts: dict[str, Any], tables: Tables) -> str:
    fields = {field: found for field, found in facts["fields"].items() if is_kept(name, field, found, tables)}
    record: dict[str, Any] = {}
    if facts.get("inherits"):
        delegations = sorted((field, other) for other, field in facts["inherits"].items())
        record["delegations"] = [{"field": field, "model": other} for field, other in delegations]
    record["views"] = [view(number, groups, fields) for number, groups in enumerate(VIEWS)]
    lines = ",\n".join(compact(described(field, found)) for field, found in sorted(fields.items()))
    return f'{{"name":"{name}","record":{{"fields":[\n{lines}\n],{compact(record)[1:]}}}'


def is_kept(model: str, field: str, found: dict[str, Any], tables: Tables) -> bool:
    if found.get("groups") == ".":
        return False  # Odoo shows it to nobody.
    place = (model, field)
    listed = any(place in rows for rows in (tables.credentials, tables.grants, tables.inverses, tables.evaluated))
    looked_into = field in tables.names.get(model, ([],))[0]
    if field in KEPT or looked_into or (listed and "l10n_" not in field):
        return True
    if model in ("res.users", "res.company") and field.startswith(("group_", "website_")):
        return False
    return not any(fnmatchcase(field, pattern) for pattern in LEFT_OUT)


def described(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """As a gate gets what `fields_get` tells; what is usual is left out."""
    related = found.get("related")
    facts = {
        "name": name,
        "type": NAMES.get(found["type"]),
        "relation": found.get("relation"),
        "relation_field": found.get("inverse_name"),
        "related": related,
        # Odoo tells of a related field that it depends on its path.
        "depends": [related] if related else found.get("depends"),
        "unstored": found.get("unstored"),
        "readonly": found.get("readonly"),
        "restricted": not is_seen(found, {"base.group_user"}),
        "unsanitized": "sanitize" in found.get("lets_through", ()),
    }
    return {key: value for key, value in facts.items() if value}


def is_seen(found: dict[str, Any], groups: set[str] | None) -> bool:
    """Odoo's rule: one of the groups, or one that a `!` names and that is lacking."""
    names = found.get("groups", "").split(",")
    if groups is None or names == [""]:
        return True
    return any(name[1:] not in groups if name.startswith("!") else name in groups for name in names)


def view(number: int, groups: set[str] | None, fields: dict[str, Any]) -> dict[str, Any]:
    in_order = [found for _, found in sorted(fields.items())]
    seen = [is_seen(found, groups) for found in in_order]
    dead = [is_seen(found, groups) and not may_read(found.get("relation", ""), groups) for found in in_order]
    facts = {"set": number, "sees": bitmap(seen)}
    return facts | ({"dead_ends": bitmap(dead)} if any(dead) else {})


def may_read(model: str, groups: set[str] | None) -> bool:
    wanted = [readers for pattern, readers in READERS.items() if fnmatchcase(model, pattern)]
    return groups is None or all(readers & groups for readers in wanted)


def bitmap(bits: list[bool]) -> str:
    whole = bytearray((len(bits) + 7) // 8)
    for at, bit in enumerate(bits):
        whole[at // 8] |= bit << at % 8
    return whole.hex()


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
