"""The table of test_holes.py: calls on one model that reach another, as found in Odoo 19.

Not in it, because Odoo 19 refuses them itself: dotted paths in `read`, in `read_group`'s groups, in orders, aggregates and
`having`; the operator `any!` in exactly this spelling; structs in the place of commands. Nor `default_get` with `default_*` keys and `web_save`'s
`next_id`: the first only repeats them, the second reads its own model; the gate refuses them as a precaution, since
modules override both. Nor `enrich_by_*` and `autocomplete_by_*`: they call servers of Odoo's maker.
"""

import json
from collections.abc import Callable
from typing import Any

from support.hole import (
    BANK_TAKEN,
    CREATOR,
    DEFINED,
    FOLLOWED,
    LOGIN,
    MAILED,
    MARK,
    PARTNER_MADE,
    SEQUENCE_MOVED,
    SIGNUP_PREPARED,
    SOME,
    TAG_GONE,
    TAG_MADE,
    TAG_RENAMED,
    TAGGED,
    TOKEN_MADE,
    Hole,
    Records,
    Shows,
    answers,
    bypasses,
    call,
    closed,
    counted,
    made,
    maps,
    never,
    reads,
    writes,
)

LOGINS = {"user_ids": {"fields": {"login": {}}}}
CREATORS = ["create_uid.login"]
ADMIN = [["login", "=", "admin"]]
TYPES = {"contact": "success"}
TAG = "res.partner.category"
TODO = "mail.mail_activity_data_todo"
SOURCE = "mail.message_user_assigned"
INCOMING = {"subject": "x", "email_from": "a@example.com"}
NAME_CREATE = {"name_create_enabled_fields": {"category_id": True}}
LOADS = {"methods": {"load": ["write", "create"]}}
# Models of the never-list whose records are of no use in themselves; being reached at all is what they show.
UNREADABLE = [
    "auth.passkey.key",
    "auth_totp.device",
    "auth_totp.wizard",
    "base.import.module",
    "base.module.uninstall",
    "base.module.update",
    "base.module.upgrade",
    "base_import.import",
    "change.password.own",
    "change.password.user",
    "change.password.wizard",
    "fetchmail.server",
    "iap.account",
    "mail.compose.message",
    "mail.ice.server",
    "privacy.lookup.wizard",
    "res.config.settings",
    "res.users.apikeys",
    "res.users.apikeys.description",
    "res.users.apikeys.show",
    "res.users.identitycheck",
]


def definition(records: Records) -> list[dict[str, Any]]:
    """A value of a properties field that changes the definition for all records."""
    return [{"name": "hole", "type": "char", "string": records.mark, "value": "x", "definition_changed": True}]


def tag(records: Records) -> dict[str, str]:
    return {"name": records.mark}


def command(name: str, value: Callable[[Records], Any], shows: Shows) -> Hole:
    """Written to the partner's tags."""
    return writes(name, "write", lambda r: call([r.partner], {"category_id": value(r)}), shows)


def default(method: str, *args: Any) -> Hole:
    """A record with a tag that a key of the context makes."""
    key = "default_category_id"
    return writes("by a default", method, lambda r: call(*args, context={key: [[0, 0, tag(r)]]}), TAG_MADE)


def mail_from(records: Records) -> str:
    return f"From: a@example.com\nTo: b@example.com\nSubject: {records.mark}\nMessage-Id: <{records.mark}@x>\n\nbody"


# Fields of another model in a specification.
SPECIFICATIONS = [
    reads("of users", "web_read", lambda r: call([r.admin], LOGINS), LOGIN),
    reads("of users", "web_search_read", lambda r: call([["id", "=", r.admin]], LOGINS), LOGIN),
    reads("of users", "web_name_search", lambda r: call("Mitchell Admin", LOGINS), LOGIN),
    reads(
        "of unfolded records",
        "web_read_group",
        lambda r: call([["id", "=", r.admin]], ["country_id"], auto_unfold=True, unfold_read_specification=LOGINS),
        LOGIN,
    ),
    reads(
        "of groups",
        "web_read_group",
        lambda r: call([], ["create_uid"], groupby_read_specification={"create_uid": {"login": {}}}),
        CREATOR,
    ),
    reads(
        "of a default",
        "onchange",
        lambda r: call([], {}, [], {"user_id": {"fields": {"login": {}}}}, context={"default_user_id": r.odoo.admin.uid}),
        LOGIN,
    ),
]

PATHS = [
    reads("by a dot", "web_read_group", lambda r: call([], CREATORS), CREATOR),
    reads("by a dot", "formatted_read_group", lambda r: call([], CREATORS), CREATOR),
    reads("by a dot", "formatted_read_grouping_sets", lambda r: call([], [CREATORS]), CREATOR),
    reads("by a dot", "read_progress_bar", lambda r: call([], CREATORS[0], {"field": "type", "colors": TYPES}), CREATOR),
    reads(
        "by a dot in the bar",
        "read_progress_bar",
        lambda r: call([], "country_id", {"field": CREATORS[0], "colors": {"__system__": "success"}}),
        CREATOR,
    ),
    reads("by a slash", "export_data", lambda r: call([r.admin], ["user_ids/login"]), LOGIN),
    reads("by .id", "export_data", lambda r: call([r.admin], ["user_ids.id"]), answers("[['2']]")),
    reads("by :id", "export_data", lambda r: call([r.admin], ["user_ids:id"]), answers("base.user_admin")),
]

# How many records a condition finds tells what the other model holds.
CONDITIONS = [
    reads("by a dot", "search_count", lambda r: call([["user_ids.login", "=", "admin"]]), counted(1)),
    reads("by any", "search_count", lambda r: call([["user_ids", "any", ADMIN]]), counted(1)),
    reads("by ANY", "search_count", lambda r: call([["user_ids", "ANY", ADMIN]]), counted(1)),
    reads("by any", "search", lambda r: call([["user_ids", "any", ADMIN]]), lambda r, found: found == [r.admin]),
    reads("by Not Any", "search_count", lambda r: call([["id", "=", r.admin], ["user_ids", "Not Any", ADMIN]]), counted(0)),
    reads("by child_of a name", "search_count", lambda r: call([["company_id", "child_of", "YourCompany"]]), SOME),
    reads("by parent_of a name", "search_count", lambda r: call([["company_id", "parent_of", "YourCompany"]]), SOME),
]

# Odoo refuses `any!`, which steps over its own access rules, and then lowers the operator.
BYPASSES = [
    bypasses("ANY!", "search_count", lambda r: call([["user_ids", "ANY!", ADMIN]]), counted(1)),
    bypasses("Any!", "search", lambda r: call([["user_ids", "Any!", ADMIN]]), lambda r, found: found == [r.admin]),
    bypasses("Not Any!", "search_count", lambda r: call([["id", "=", r.admin], ["user_ids", "Not Any!", ADMIN]]), counted(0)),
    bypasses("aNy! below", "search_count", lambda r: call([["parent_id", "any", [["user_ids", "aNy!", ADMIN]]]]), counted(0)),
    bypasses("ANY!", "search_read", lambda r: call([["user_ids", "ANY!", ADMIN]], ["name"]), answers("Mitchell Admin")),
    bypasses("ANY!", "name_search", lambda r: call("", [["user_ids", "ANY!", ADMIN]]), answers("Mitchell Admin")),
    bypasses("ANY!", "web_search_read", lambda r: call([["user_ids", "ANY!", ADMIN]], {"name": {}}), answers("Mitchell Admin")),
    bypasses("ANY!", "formatted_read_group", lambda r: call([["user_ids", "ANY!", ADMIN]], ["name"]), answers("Mitchell Admin")),
]

# Methods that read other models whatever their arguments are.
CROSSING = [
    reads("of users", "get_view", lambda r: call(r.odoo.record("base.view_users_form"), "form"), answers("Users")),
    reads("of users", "get_views", lambda r: call([[r.odoo.record("base.view_users_form"), "form"]]), answers("Users")),
    reads("of countries", "search_panel_select_range", lambda r: call("country_id"), answers("San Marino")),
    reads("of tags", "search_panel_select_multi_range", lambda r: call("category_id"), answers("Consulting Services")),
    reads("of users", "get_metadata", lambda r: call([r.admin]), answers("OdooBot")),
    reads("of followers", "message_get_followers", lambda r: call([r.followed]), answers("YourCompany")),
    reads(
        "of activities",
        "activity_search",
        lambda r: call([r.partner], [TODO], None, [["id", "in", r.activity], ["summary", "=", r.mark]], False),
        lambda r, found: found == r.activity,
    ),
    reads("of addresses", "read", lambda r: call([1], ["partner_id"], context={"show_address": 1}), answers("Brisbane"), model="res.company"),
    reads("of lines", "copy_data", lambda r: call([r.plan]), MARK, model="mail.activity.plan"),
]

# Commands, and what Odoo takes for them.
COMMANDS = [
    command("by 0", lambda r: [[0, 0, tag(r)]], TAG_MADE),
    command("by false", lambda r: [[False, 0, tag(r)]], TAG_MADE),
    command("by 0.0", lambda r: [[0.0, 0, tag(r)]], TAG_MADE),
    command("by 0 with a virtual id", lambda r: [[0, "virtual_1", tag(r)]], TAG_MADE),
    command("by 1", lambda r: [[1, r.tag, tag(r)]], TAG_RENAMED),
    command("by true", lambda r: [[True, r.tag, tag(r)]], TAG_RENAMED),
    command("by 2", lambda r: [[2, r.tag]], TAG_GONE),
    command("by 4", lambda r: [[4, r.tag]], TAGGED),
    command("by 6", lambda r: [[6, 0, [r.tag]]], TAGGED),
    command("by ids alone", lambda r: [r.tag], TAGGED),
    writes("by keyword", "write", lambda r: call([r.partner], vals={"category_id": [[0, 0, tag(r)]]}), TAG_MADE),
    writes("by 0 alone", "create", lambda r: call({"name": "x", "category_id": [[0, 0, tag(r)]]}), TAG_MADE),
    writes("by 0", "create", lambda r: call([{"name": "x"}, {"name": "y", "category_id": [[0, 0, tag(r)]]}]), TAG_MADE),
    writes("by 0", "copy", lambda r: call([r.partner], {"category_id": [[0, 0, tag(r)]]}), TAG_MADE),
    writes("by 0", "web_save", lambda r: call([r.partner], {"category_id": [[0, 0, tag(r)]]}, {}), TAG_MADE),
    writes("by 0", "web_save_multi", lambda r: call([r.partner], [{"category_id": [[0, 0, tag(r)]]}], {}), TAG_MADE),
    writes(
        "of a new user",
        "write",
        lambda r: call([r.partner], {"user_ids": [[0, 0, {"login": r.mail}]]}),
        made("res.users", "login"),
        "user_ids",
    ),
    default("create", {"name": "x"}),
    default("name_create", "x"),
    default("web_save", [], {"name": "x"}, {}),
    # The definition of properties, and text that Odoo reads as one.
    writes("by a definition", "write", lambda r: call([r.partner], {"properties": definition(r)}), DEFINED, "properties"),
    writes(
        "by a definition in text",
        "write",
        lambda r: call([r.partner], {"properties": json.dumps(definition(r))}),
        DEFINED,
        "properties",
    ),
    # The mail gateway's values.
    writes(
        "by values",
        "message_new",
        lambda r: call(INCOMING, {"category_id": [[0, 0, tag(r)]]}),
        TAG_MADE,
        given={"methods": {"message_new": ["create"]}},
    ),
    writes(
        "by values",
        "message_update",
        lambda r: call([r.partner], INCOMING, {"category_id": [[0, 0, tag(r)]]}),
        TAG_MADE,
        given={"methods": {"message_update": ["write"]}},
    ),
]

# Columns of a mapped `load`.
COLUMNS = [
    writes(
        "by a slash",
        "load",
        lambda r: call(["name", "bank_ids/acc_number"], [["x", r.mark]]),
        made("res.partner.bank", "acc_number"),
        "bank_ids",
        given=LOADS,
    ),
    writes(
        "by .id",
        "load",
        lambda r: call(["name", "bank_ids.id"], [["x", str(r.bank)]]),
        BANK_TAKEN,
        "bank_ids",
        given=LOADS,
    ),
    writes(
        "by :id",
        "load",
        lambda r: call(["name", "bank_ids:id"], [["x", r.bank_xml_id]]),
        BANK_TAKEN,
        "bank_ids",
        given=LOADS,
    ),
    writes(
        "by a name that is made",
        "load",
        lambda r: call(["name", "category_id"], [["x", r.mark]], context=NAME_CREATE),
        TAG_MADE,
        given=LOADS,
    ),
    Hole(
        "by a definition in text",
        "load",
        lambda r: call(["name", "properties"], [["x", json.dumps(definition(r))]]),
        DEFINED,
        "nested_write_denied",
        given=LOADS,
    ),
]

# More than a write, or not on one model: an administrator decides.
MAPPED = [
    maps("load", lambda r: call(["name"], [[r.mark]]), PARTNER_MADE),
    maps("message_post", lambda r: call([r.partner], body=r.mark, outgoing_email_to="stranger@example.org"), MAILED),
    maps("message_new", lambda r: call({**INCOMING, "subject": r.mark}), PARTNER_MADE),
    maps("message_update", lambda r: call([r.partner], INCOMING, {"name": r.mark}), PARTNER_MADE),
    maps("message_subscribe", lambda r: call([r.partner], [r.odoo.record("base.main_partner")]), FOLLOWED),
    maps("activity_schedule", lambda r: call([r.partner], TODO, summary=r.mark), made("mail.activity", "summary")),
    maps("update_field_translations", lambda r: call([r.tag], "name", {"en_US": r.mark}), TAG_RENAMED, model=TAG),
    maps("web_override_translations", lambda r: call([r.tag], {"name": r.mark}), TAG_RENAMED, model=TAG),
]

# Methods of the never-list. What the first answers cannot be written in XML; what it wrote stays.
NEVER = [
    never("signup_get_auth_param", lambda r: call([r.partner]), SIGNUP_PREPARED),
    never("find_or_create", lambda r: call(f"{r.mark} <{r.mail}>"), PARTNER_MADE),
    never("message_notify", lambda r: call([r.partner], body=r.mark, subject="x", partner_ids=[r.partner]), MAILED),
    never(
        "message_mail_with_source",
        lambda r: call([r.partner], SOURCE, subject=r.mark, partner_ids=[r.partner]),
        made("mail.mail", "subject"),
    ),
    never(
        "message_post_with_source",
        lambda r: call([r.partner], SOURCE, render_values={}, subject=r.mark),
        made("mail.message", "subject"),
    ),
    never("message_process", lambda r: call("res.partner", mail_from(r)), PARTNER_MADE),
    never("generate_access_token", lambda r: call([r.attachment]), TOKEN_MADE, "ir.attachment"),
    never("next_by_id", lambda r: call([r.sequence]), SEQUENCE_MOVED, "ir.sequence"),
    never("next_by_code", lambda r: call(r.sequence_code), SEQUENCE_MOVED, "ir.sequence"),
    never("get_param", lambda r: call("database.secret"), lambda r, secret: isinstance(secret, str), "ir.config_parameter"),
    never("set_param", lambda r: call(r.mark, "x"), made("ir.config_parameter", "key"), "ir.config_parameter"),
]

# Models of the never-list: those that are closed altogether, and those that may be read.
CLOSED = [
    closed("ir.actions.server", "create", lambda r: call({"name": r.mark, "model_id": 1, "state": "code"})),
    closed("ir.cron", "create", lambda r: call({"name": r.mark, "model_id": 1, "state": "code"}), "cron_name"),
    closed("ir.config_parameter", "create", lambda r: call({"key": r.mark, "value": "x"}), "key"),
    closed("ir.default", "create", lambda r: call({"field_id": r.field, "json_value": f'"{r.mark}"'}), "json_value"),
    closed("ir.mail_server", "create", lambda r: call({"name": r.mark, "smtp_host": "evil"})),
    closed("ir.model.access", "create", lambda r: call({"name": r.mark, "model_id": 1})),
    closed("ir.rule", "create", lambda r: call({"name": r.mark, "model_id": 1})),
    closed("mail.template", "create", lambda r: call({"name": r.mark})),
    closed("ir.actions.actions", "create", lambda r: call({"name": r.mark, "type": "x"})),
    closed("ir.actions.report", "create", lambda r: call({"name": r.mark, "model": "res.partner", "report_name": "x"})),
    closed("ir.asset", "create", lambda r: call({"name": r.mark, "bundle": "lictor.none", "path": "/x.js"})),
    closed("ir.attachment", "create", lambda r: call({"name": r.mark, "raw": "x"})),
    closed("ir.model.data", "create", lambda r: call({"name": r.mark, "model": "res.partner", "module": "x"})),
    closed("ir.ui.view", "create", lambda r: call({"name": r.mark, "model": "res.partner", "arch": "<form/>"})),
    closed("mail.alias", "create", lambda r: call({"alias_name": r.mark, "alias_model_id": 1}), "alias_name"),
    closed("res.groups", "create", lambda r: call({"name": r.mark})),
    closed("res.users", "write", lambda r: call([r.user], {"name": r.mark})),
    *(
        Hole("is closed", "fields_get", lambda r: call(), answers("'type'"), "method_denied", {}, {}, (model,), model)
        for model in UNREADABLE
    ),
]

# Odoo takes a bare 0 for no record, and then `web_save` makes one.
MADE = [
    Hole(
        "of 0",
        "web_save",
        lambda r: call(0, {"name": r.mark}, {}),
        PARTNER_MADE,
        "permission_denied",
        given={"create": False},
        switch={"create": True},
    ),
]

HOLES = SPECIFICATIONS + PATHS + CONDITIONS + BYPASSES + CROSSING + COMMANDS + COLUMNS + MAPPED + NEVER + CLOSED + MADE
