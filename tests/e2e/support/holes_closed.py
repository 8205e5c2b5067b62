"""Methods that are not open, models that are closed, and what is taken for something else: rows of test_holes.py."""

from support.hole import (
    FOLLOWED,
    MAILED,
    PARTNER_MADE,
    SEQUENCE_MOVED,
    SIGNUP_PREPARED,
    TAG_RENAMED,
    TOKEN_MADE,
    Hole,
    Permissions,
    Records,
    answers,
    call,
    closed,
    lists,
    made,
    malformed,
    never,
)

TAG = "res.partner.category"
TODO = "mail.mail_activity_data_todo"
SOURCE = "mail.message_user_assigned"
INCOMING = {"subject": "x", "email_from": "a@example.com"}
LOADS: Permissions = {"res.partner": {"methods": {"load": ["write", "create"]}}}
NOTES: Permissions = {"res.partner": {"calls": ["message_post"]}}
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
    "mail.template.preview",
    "privacy.lookup.wizard",
    "res.config.settings",
    "res.device",
    "res.users.apikeys",
    "res.users.apikeys.description",
    "res.users.apikeys.show",
    "res.users.identitycheck",
]


def mail_from(records: Records) -> str:
    return f"From: a@example.com\nTo: b@example.com\nSubject: {records.mark}\nMessage-Id: <{records.mark}@x>\n\nbody"


# More than a write, or not on one model: an administrator decides.
LISTED = [
    lists("load", lambda r: call(["name"], [[r.mark]]), PARTNER_MADE, "is not mapped", switches=(LOADS,)),
    lists(
        "message_post",
        lambda r: call([r.partner], body=r.mark, outgoing_email_to="stranger@example.org"),
        MAILED,
        "mails",
        "message_post:mail",
        given=NOTES,
    ),
    lists("message_new", lambda r: call({**INCOMING, "subject": r.mark}), PARTNER_MADE),
    lists("message_update", lambda r: call([r.partner], INCOMING, {"name": r.mark}), PARTNER_MADE),
    lists("message_subscribe", lambda r: call([r.partner], [r.odoo.record("base.main_partner")]), FOLLOWED),
    lists("activity_schedule", lambda r: call([r.partner], TODO, summary=r.mark), made("mail.activity", "summary")),
    lists("update_field_translations", lambda r: call([r.tag], "name", {"en_US": r.mark}), TAG_RENAMED, model=TAG),
    lists("web_override_translations", lambda r: call([r.tag], {"name": r.mark}), TAG_RENAMED, model=TAG),
    lists(
        "create",
        lambda r: call({"name": f"{r.mark}.txt", "raw": "x", "res_model": "res.partner", "res_id": r.partner}),
        made("ir.attachment", "name"),
        "puts a file on a record",
        switches=({"res.partner": {"calls": ["attach"]}},),
        model="ir.attachment",
    ),
]

# Files that are put on no record, that everybody sees, or that browsers run.
FILES = [
    malformed(
        name,
        "create",
        lambda r, more=more: call(
            {"name": f"{r.mark}.txt", "raw": "x", "res_model": "res.partner", "res_id": r.partner} | more
        ),
        made("ir.attachment", "name"),
        given={"res.partner": {"calls": ["attach"]}},
        model="ir.attachment",
    )
    for name, more in {
        "of no record": {"res_model": False, "res_id": False},
        "of everybody": {"public": True},
        "at an address": {"url": "/web/lictor.txt"},
        "with a style": {"mimetype": "text/css"},
    }.items()
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
    never(
        "get_param", lambda r: call("database.secret"), lambda r, secret: isinstance(secret, str), "ir.config_parameter"
    ),
    never("set_param", lambda r: call(r.mark, "x"), made("ir.config_parameter", "key"), "ir.config_parameter"),
]

# Models of the never-list: those that are closed altogether, and those that may be read.
CLOSED = [
    closed(
        "ir.actions.server", "create", lambda r: call({"name": r.mark, "model_id": 1, "state": "code"}), also=("state",)
    ),
    closed("ir.config_parameter", "create", lambda r: call({"key": r.mark, "value": "x"}), "key"),
    closed(
        "ir.default",
        "create",
        lambda r: call({"field_id": r.field, "json_value": f'"{r.mark}"'}),
        "json_value",
        also=("field_id",),
    ),
    closed("ir.mail_server", "create", lambda r: call({"name": r.mark, "smtp_host": "evil"})),
    closed("ir.model.access", "create", lambda r: call({"name": r.mark, "model_id": 1})),
    closed("ir.rule", "create", lambda r: call({"name": r.mark, "model_id": 1})),
    closed("mail.template", "create", lambda r: call({"name": r.mark})),
    closed("ir.actions.actions", "create", lambda r: call({"name": r.mark, "type": "x"})),
    closed("ir.actions.report", "create", lambda r: call({"name": r.mark, "model": "res.partner", "report_name": "x"})),
    closed("ir.asset", "create", lambda r: call({"name": r.mark, "bundle": "lictor.none", "path": "/x.js"})),
    closed("ir.model.data", "create", lambda r: call({"name": r.mark, "model": "res.partner", "module": "x"})),
    closed("ir.ui.view", "create", lambda r: call({"name": r.mark, "model": "res.partner", "arch": "<form/>"})),
    closed("mail.alias", "create", lambda r: call({"alias_name": r.mark, "alias_model_id": 1}), "alias_name"),
    closed("mail.message", "create", lambda r: call({"subject": r.mark, "body": "x"}), "subject"),
    closed("res.groups", "create", lambda r: call({"name": r.mark})),
    closed("res.users", "write", lambda r: call([r.user], {"name": r.mark})),
    # It delegates to another closed model.
    Hole(
        "is closed",
        "create",
        lambda r: call({"name": r.mark, "model_id": 1, "state": "code"}),
        made("ir.cron", "cron_name"),
        "method_denied",
        {"ir.cron": {"fields": {"write": {"also": ["state"]}}}},
        ({},),
        ("ir.cron", "ir.actions.server"),
        "ir.cron",
    ),
    *(
        Hole(
            "is closed", "fields_get", lambda r: call(), answers("'type'"), "method_denied", {}, ({},), (model,), model
        )
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
        given={"res.partner": {"create": False}},
        switches=({"res.partner": {"create": True}},),
    ),
]

HOLES = LISTED + FILES + NEVER + CLOSED + MADE
