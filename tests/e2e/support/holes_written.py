"""Calls on one model that write another, or a field that is closed: rows of test_holes.py.

No holes any more, as the gate knows the types of fields: a link of tags that are there, by 4, 6, ids alone or none, which is a value of
the partner's own field; addresses in a partner to be made, by which nobody has rights yet. They are in PASSES.
"""

import json
from collections.abc import Callable
from typing import Any

from support.hole import (
    BANK_GONE,
    BANK_MADE,
    BANK_RENAMED,
    BANK_TAKEN,
    DEFINED,
    IS_CHILD,
    NEW_MAIL,
    PARTNER_MADE,
    READ,
    TAG_GONE,
    TAG_MADE,
    TAG_RENAMED,
    TAGGED,
    UNTAGGED,
    Hole,
    Permissions,
    Records,
    Shows,
    call,
    context,
    field,
    lists,
    made,
    malformed,
    passes,
    reads,
    writes,
)

TAG = "res.partner.category"
BANK = "res.partner.bank"
INCOMING = {"subject": "x", "email_from": "a@example.com"}
NAME_CREATE = {"name_create_enabled_fields": {"category_id": True}}
LOADS: Permissions = {"res.partner": {"methods": {"load": ["write", "create"]}}}


def mapped(method: str, *operations: str) -> Permissions:
    return {"res.partner": {"methods": {method: list(operations)}}}


def definition(records: Records) -> list[dict[str, Any]]:
    """A value of a properties field that changes the definition for all records."""
    return [{"name": "hole", "type": "char", "string": records.mark, "value": "x", "definition_changed": True}]


def tag(records: Records) -> dict[str, str]:
    return {"name": records.mark}


def tags(name: str, value: Callable[[Records], Any], shows: Shows, operation: str) -> Hole:
    """Written to the partner's tags."""
    return writes(
        name, "write", lambda r: call([r.partner], {"category_id": value(r)}), shows, "category_id", TAG, operation
    )


def makes_tag(name: str, method: str, arguments: Callable[[Records], Any], **more: Any) -> Hole:
    return writes(name, method, arguments, TAG_MADE, "category_id", TAG, "create", **more)


def no_command(name: str, value: Callable[[Records], Any], shows: Shows) -> Hole:
    """Taken for a command by Odoo, although its code is no integer."""
    given: Permissions = {TAG: {"create": True, "write": True}}
    return malformed(name, "write", lambda r: call([r.partner], {"category_id": value(r)}), shows, given=given)


def default(method: str, *args: Any) -> Hole:
    """A record with a tag that a key of the context makes."""
    return makes_tag("by a default", method, lambda r: call(*args, context={"default_category_id": [[0, 0, tag(r)]]}))


def bank(name: str, value: Callable[[Records], Any], shows: Shows, *operations: str, given: str = "") -> Hole:
    """Written to the partner's bank accounts, of which one with that operation only may be written already."""
    more = {"given": {BANK: {given: True}}} if given else {}
    return writes(
        name, "write", lambda r: call([r.partner], {"bank_ids": value(r)}), shows, "bank_ids", BANK, *operations, **more
    )


# Commands, and what Odoo takes for them.
COMMANDS = [
    tags("by 0", lambda r: [[0, 0, tag(r)]], TAG_MADE, "create"),
    tags("by 0 with a virtual id", lambda r: [[0, "virtual_1", tag(r)]], TAG_MADE, "create"),
    tags("by 1", lambda r: [[1, r.tag, tag(r)]], TAG_RENAMED, "write"),
    tags("by 2", lambda r: [[2, r.tag]], TAG_GONE, "delete"),
    no_command("by false", lambda r: [[False, 0, tag(r)]], TAG_MADE),
    no_command("by 0.0", lambda r: [[0.0, 0, tag(r)]], TAG_MADE),
    no_command("by true", lambda r: [[True, r.tag, tag(r)]], TAG_RENAMED),
    makes_tag("by keyword", "write", lambda r: call([r.partner], vals={"category_id": [[0, 0, tag(r)]]})),
    makes_tag("by 0 alone", "create", lambda r: call({"name": "x", "category_id": [[0, 0, tag(r)]]})),
    makes_tag("by 0", "create", lambda r: call([{"name": "x"}, {"name": "y", "category_id": [[0, 0, tag(r)]]}])),
    makes_tag("by 0", "copy", lambda r: call([r.partner], {"category_id": [[0, 0, tag(r)]]})),
    makes_tag("by 0", "web_save", lambda r: call([r.partner], {"category_id": [[0, 0, tag(r)]]}, {})),
    makes_tag("by 0", "web_save_multi", lambda r: call([r.partner], [{"category_id": [[0, 0, tag(r)]]}], {})),
    makes_tag(
        "by 0 below",
        "write",
        lambda r: call([r.partner], {"child_ids": [[0, 0, {"name": "x", "category_id": [[0, 0, tag(r)]]}]]}),
    ),
    default("create", {"name": "x"}),
    default("name_create", "x"),
    default("web_save", [], {"name": "x"}, {}),
    # A closed model, which nothing but its exception opens.
    writes(
        "of a new user",
        "write",
        lambda r: call([r.partner], {"user_ids": [[0, 0, {"login": r.mail}]]}),
        made("res.users", "login"),
        "user_ids",
        "res.users",
        given={"res.partner": {"nested_writes": ["user_ids"]}},
        switches=({"res.users": {"create": True, "fields": {"write": {"also": ["login"]}}}},),
        exceptions=("res.users",),
    ),
]

# Lines that are nothing without their partner: taken out they are deleted, taken in they are another partner's no longer.
LINES = [
    bank("by 0", lambda r: [[0, 0, {"acc_number": r.mark}]], BANK_MADE, "create"),
    bank("by 1", lambda r: [[1, r.own_bank, {"acc_number": r.mark}]], BANK_RENAMED, "write"),
    bank("by 2", lambda r: [[2, r.own_bank]], BANK_GONE, "delete", given="write"),
    bank("by 3", lambda r: [[3, r.own_bank]], BANK_GONE, "delete", given="write"),
    bank("by 4", lambda r: [[4, r.bank]], BANK_TAKEN, "write", given="create"),
    bank("by 5", lambda r: r.own_bank and [[5]], BANK_GONE, "delete", given="write"),
    bank("by false", lambda r: bool(r.own_bank) and False, BANK_GONE, "delete", given="write"),
    bank("by null", lambda r: None if r.own_bank else 0, BANK_GONE, "delete", given="write"),
    bank("by 6 with none", lambda r: r.own_bank and [[6, 0, []]], BANK_GONE, "delete", given="write"),
    bank("by 6", lambda r: [[6, 0, [r.bank]]], BANK_TAKEN, "write", "delete", given="write"),
    bank("by ids alone", lambda r: [r.bank], BANK_TAKEN, "write", "delete", given="delete"),
]

# Definitions of properties, also as the text in which Odoo reads one.
DEFINITIONS = [
    malformed("by a definition", "write", lambda r: call([r.partner], {"properties": definition(r)}), DEFINED),
    malformed(
        "by a definition in text",
        "write",
        lambda r: call([r.partner], {"properties": json.dumps(definition(r))}),
        DEFINED,
    ),
    malformed("by a definition", "create", lambda r: call({"name": "x", "properties": definition(r)}), DEFINED),
    malformed(
        "by a definition in text",
        "load",
        lambda r: call(["name", "properties"], [["x", json.dumps(definition(r))]]),
        DEFINED,
        given=LOADS,
    ),
]

# The mail gateway's values: of what is in them, a mapping says nothing.
VALUES = [
    lists(
        "message_new",
        lambda r: call(INCOMING, {"category_id": [[0, 0, tag(r)]]}),
        TAG_MADE,
        "with values",
        given=mapped("message_new", "create"),
    ),
    lists(
        "message_update",
        lambda r: call([r.partner], INCOMING, {"category_id": [[0, 0, tag(r)]]}),
        TAG_MADE,
        "with values",
        given=mapped("message_update", "write"),
    ),
]

# Columns of a mapped `load`.
COLUMNS = [
    writes(
        "by a slash",
        "load",
        lambda r: call(["name", "bank_ids/acc_number"], [["x", r.mark]]),
        BANK_MADE,
        "bank_ids",
        BANK,
        "write",
        "create",
        given=LOADS,
    ),
    writes(
        "by .id",
        "load",
        lambda r: call(["name", "bank_ids.id"], [["x", str(r.bank)]]),
        BANK_TAKEN,
        "bank_ids",
        BANK,
        "write",
        given=LOADS,
    ),
    writes(
        "by :id",
        "load",
        lambda r: call(["name", "bank_ids:id"], [["x", r.bank_xml_id]]),
        BANK_TAKEN,
        "bank_ids",
        BANK,
        "write",
        given=LOADS,
    ),
    reads(
        "by a name",
        "load",
        lambda r: call([".id", "category_id"], [[str(r.partner), r.tag_name]]),
        TAGGED,
        of=TAG,
        given=LOADS,
    ),
    context(
        "by a name that is made",
        "load",
        lambda r: call(["name", "category_id"], [["x", r.mark]], context=NAME_CREATE),
        TAG_MADE,
        "name_create_enabled_fields",
        given={**LOADS, TAG: READ},
    ),
    field(
        "of an address",
        "load",
        lambda r: call([".id", "email"], [[str(r.partner), r.new_mail]]),
        NEW_MAIL,
        writing="email",
        given=LOADS,
    ),
]

# Fields by which somebody gets rights: who has a user's address can have its password set anew, and a contact sees what its parent does.
GRANTS = [
    field("of an address", "write", lambda r: call([r.partner], {"email": r.new_mail}), NEW_MAIL, writing="email"),
    field(
        "of an address", "web_save", lambda r: call([r.partner], {"email": r.new_mail}, {}), NEW_MAIL, writing="email"
    ),
    field(
        "of an address",
        "web_save_multi",
        lambda r: call([r.partner], [{"email": r.new_mail}], {}),
        NEW_MAIL,
        writing="email",
    ),
    field(
        "of a contact's address",
        "write",
        lambda r: call([r.admin], {"child_ids": [[1, r.partner_below_admin, {"email": r.new_mail}]]}),
        NEW_MAIL,
        writing="email",
    ),
    field("of a parent", "write", lambda r: call([r.partner], {"parent_id": r.admin}), IS_CHILD, writing="parent_id"),
]

# What is a value of another model's record, and is written there.
RELATED = [
    field(
        "of a company's contact",
        "write",
        lambda r: call([r.company], {"website": f"http://{r.mark}"}),
        lambda r, _: r.mark in str(r.read("res.company", r.company, "website")),
        writing="website",
        model="res.company",
    ),
]

# Values of the partner's own fields.
PASSES = [
    passes("a link by 4", "write", lambda r: call([r.partner], {"category_id": [[4, r.tag]]}), TAGGED),
    passes("a link by 6", "write", lambda r: call([r.partner], {"category_id": [[6, 0, [r.tag]]]}), TAGGED),
    passes("a link by ids alone", "write", lambda r: call([r.partner], {"category_id": [r.tag]}), TAGGED),
    passes("no link by 3", "write", lambda r: call([r.tagged], {"category_id": [[3, r.tag]]}), UNTAGGED),
    passes("no link by 5", "write", lambda r: call([r.tagged], {"category_id": [[5]]}), UNTAGGED),
    passes("no link by false", "write", lambda r: call([r.tagged], {"category_id": False}), UNTAGGED),
    passes(
        "a link in a column",
        "load",
        lambda r: call([".id", "category_id/.id"], [[str(r.partner), str(r.tag)]]),
        TAGGED,
        given=LOADS,
    ),
    passes(
        "a contact of its own",
        "write",
        lambda r: call([r.partner], {"child_ids": [[0, 0, {"name": r.mark}]]}),
        PARTNER_MADE,
    ),
    passes(
        "an address to begin with",
        "create",
        lambda r: call({"name": "x", "email": r.new_mail}),
        made("res.partner", "email"),
    ),
    passes("a parent to begin with", "create", lambda r: call({"name": r.mark, "parent_id": r.partner}), PARTNER_MADE),
    passes(
        "a default",
        "name_create",
        lambda r: call("x", context={"default_email": r.new_mail}),
        made("res.partner", "email"),
    ),
    passes(
        "an address in a copy", "copy", lambda r: call([r.tagged], {"email": r.new_mail}), made("res.partner", "email")
    ),
]

HOLES = COMMANDS + LINES + DEFINITIONS + VALUES + COLUMNS + GRANTS + RELATED
