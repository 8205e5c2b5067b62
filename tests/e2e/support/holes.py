"""Calls on one model that read another, or a field that is closed, as found in Odoo 19: rows of test_holes.py.

Not in it, because Odoo 19 refuses them itself: dotted paths in `read`, in `read_group`'s groups, in orders, aggregates and
`having`; the operator `any!` in exactly this spelling. Nor `default_get` with `default_*` keys, which only repeats them, and
`web_save`'s `next_id`, which reads its own model; the gate refuses the second as a precaution, since modules override it. Nor `enrich_by_*`
and `autocomplete_by_*`: they call servers of Odoo's maker. No holes any more, as the gate knows the types of fields: the id of a
record by a path, a name of reference data, a name of the model's own records; they are in PASSES.
"""

from support.hole import (
    CREATOR,
    INVITED,
    LOGIN,
    MAIL,
    MARK,
    READ,
    SOME,
    Arguments,
    Hole,
    Permissions,
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

LOGINS = {"user_ids": {"fields": {"login": {}}}}
CREATORS = ["create_uid.login"]
ADMIN = [["login", "=", "admin"]]
TYPES = {"contact": "success"}
TAG = "res.partner.category"
TODO = "mail.mail_activity_data_todo"

# Fields of another model in a specification.
SPECIFICATIONS = [
    reads("of users", "web_read", lambda r: call([r.admin], LOGINS), LOGIN, path="user_ids.login"),
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
        path="create_uid.login",
    ),
]

PATHS = [
    reads("by a dot", "web_read_group", lambda r: call([], CREATORS), CREATOR),
    reads("by a dot", "formatted_read_group", lambda r: call([], CREATORS), CREATOR, path="create_uid.login"),
    reads("by a dot", "formatted_read_grouping_sets", lambda r: call([], [CREATORS]), CREATOR),
    reads(
        "by a dot", "read_progress_bar", lambda r: call([], CREATORS[0], {"field": "type", "colors": TYPES}), CREATOR
    ),
    reads(
        "by a dot in the bar",
        "read_progress_bar",
        lambda r: call([], "country_id", {"field": CREATORS[0], "colors": {"__system__": "success"}}),
        CREATOR,
    ),
    reads("by a slash", "export_data", lambda r: call([r.admin], ["user_ids/login"]), LOGIN, path="user_ids.login"),
]

# How many records a condition finds tells what the other model holds.
CONDITIONS = [
    reads(
        "by a dot",
        "search_count",
        lambda r: call([["user_ids.login", "=", "admin"]]),
        counted(1),
        path="user_ids.login",
    ),
    reads("by any", "search_count", lambda r: call([["user_ids", "any", ADMIN]]), counted(1), path="user_ids.login"),
    reads("by ANY", "search_count", lambda r: call([["user_ids", "ANY", ADMIN]]), counted(1)),
    reads("by any", "search", lambda r: call([["user_ids", "any", ADMIN]]), lambda r, found: found == [r.admin]),
    reads(
        "by Not Any", "search_count", lambda r: call([["id", "=", r.admin], ["user_ids", "Not Any", ADMIN]]), counted(0)
    ),
]

# A text that is compared with a relation is looked for in the names of the other model.
NAMES = [
    reads(
        "by a name",
        "search",
        lambda r: call([["user_ids", "=", "Mitchell Admin"]]),
        lambda r, found: found == [r.admin],
    ),
    reads(
        "by a part of a name",
        "search",
        lambda r: call([["user_ids", "ilike", "Mitchell"]]),
        lambda r, found: r.admin in (found or []),
    ),
    reads(
        "by a name in a list",
        "search",
        lambda r: call([["user_ids", "in", ["Mitchell Admin"]]]),
        lambda r, found: found == [r.admin],
    ),
    reads(
        "by display_name",
        "search",
        lambda r: call([["user_ids.display_name", "=", "Mitchell Admin"]]),
        lambda r, found: found == [r.admin],
    ),
    reads(
        "by child_of a name",
        "search",
        lambda r: call([["category_id", "child_of", r.tag_name], ["id", "=", r.tagged]]),
        lambda r, found: found == [r.tagged],
        of=TAG,
    ),
    reads(
        "by parent_of a name",
        "search",
        lambda r: call([["category_id", "parent_of", r.tag_name], ["id", "=", r.tagged]]),
        lambda r, found: found == [r.tagged],
        of=TAG,
    ),
]

# Odoo refuses `any!`, which steps over its own access rules, and then lowers the operator.
BYPASSES = [
    bypasses("ANY!", "search_count", lambda r: call([["user_ids", "ANY!", ADMIN]]), counted(1)),
    bypasses("Any!", "search", lambda r: call([["user_ids", "Any!", ADMIN]]), lambda r, found: found == [r.admin]),
    bypasses(
        "Not Any!", "search_count", lambda r: call([["id", "=", r.admin], ["user_ids", "Not Any!", ADMIN]]), counted(0)
    ),
    bypasses(
        "aNy! below", "search_count", lambda r: call([["parent_id", "any", [["user_ids", "aNy!", ADMIN]]]]), counted(0)
    ),
    bypasses("ANY!", "search_read", lambda r: call([["user_ids", "ANY!", ADMIN]], ["name"]), answers("Mitchell Admin")),
    bypasses("ANY!", "name_search", lambda r: call("", [["user_ids", "ANY!", ADMIN]]), answers("Mitchell Admin")),
    bypasses(
        "ANY!",
        "web_search_read",
        lambda r: call([["user_ids", "ANY!", ADMIN]], {"name": {}}),
        answers("Mitchell Admin"),
    ),
    bypasses(
        "ANY!",
        "formatted_read_group",
        lambda r: call([["user_ids", "ANY!", ADMIN]], ["name"]),
        answers("Mitchell Admin"),
    ),
]

# Methods that read other models whatever their arguments are.
CROSSING = [
    lists("get_view", lambda r: call(r.odoo.record("base.view_users_form"), "form"), answers("Users")),
    lists("get_views", lambda r: call([[r.odoo.record("base.view_users_form"), "form"]]), answers("Users")),
    lists("get_metadata", lambda r: call([r.admin]), answers("OdooBot")),
    lists("message_get_followers", lambda r: call([r.followed]), answers("YourCompany")),
    lists("activity_search", lambda r: call([r.busy], [TODO], None, [], False), lambda r, found: found == r.activity),
    lists("copy_data", lambda r: call([r.plan]), MARK, model="mail.activity.plan"),
    lists(
        "onchange",
        lambda r: call(
            [],
            {"parent_id": r.managed, "company_type": "person"},
            ["parent_id"],
            {"parent_id": {}, "user_id": {"fields": {"login": {}}}},
        ),
        LOGIN,
        switches=({"res.partner": {"calls": ["onchange"]}, "res.users": {"read": True}},),
    ),
]

# An address that a permission hides, in all the ways in which it could come out.
HIDDEN: Permissions = {"res.partner": {"fields": {"read": {"hide": ["email"]}}}}


def hidden(name: str, method: str, arguments: Arguments, shows: Shows) -> Hole:
    return field(name, method, arguments, shows, reading="email", given=HIDDEN)


FIELDS = [
    hidden("in a list", "read", lambda r: call([r.partner], ["email"]), MAIL),
    hidden("as a copy", "read", lambda r: call([r.partner], ["email_normalized"]), MAIL),
    hidden("as a copy of a copy", "read", lambda r: call([r.partner], ["email_formatted"]), MAIL),
    hidden("in a list", "search_read", lambda r: call([["id", "=", r.partner]], ["email"]), MAIL),
    hidden("in a specification", "web_read", lambda r: call([r.partner], {"email": {}}), MAIL),
    hidden("of a parent", "web_read", lambda r: call([r.child], {"parent_id": {"fields": {"email": {}}}}), MAIL),
    hidden("of a parent", "export_data", lambda r: call([r.child], ["parent_id/email"]), MAIL),
    hidden("in an export", "export_data", lambda r: call([r.partner], ["email"]), MAIL),
    hidden("as a group", "formatted_read_group", lambda r: call([["id", "=", r.partner]], ["email"]), MAIL),
    hidden(
        "as an aggregate",
        "formatted_read_group",
        lambda r: call([["id", "=", r.partner]], [], ["email:array_agg"]),
        MAIL,
    ),
    hidden(
        "by an order",
        "search",
        lambda r: call([["id", "in", r.pair]], order="email"),
        lambda r, found: found == r.pair[::-1],
    ),
    hidden(
        "by a condition", "search_count", lambda r: call([["email", "=", r.mail], ["id", "=", r.partner]]), counted(1)
    ),
    hidden(
        "by a name",
        "name_search",
        lambda r: call(r.mail, [["id", "=", r.partner]]),
        lambda r, found: found == [[r.partner, "Hole"]],
    ),
    hidden(
        "by a name",
        "search",
        lambda r: call([["display_name", "ilike", r.mail], ["id", "=", r.partner]]),
        lambda r, found: found == [r.partner],
    ),
    hidden(
        "by child_of",
        "search",
        lambda r: call([["id", "child_of", r.mail], ["id", "=", r.partner]]),
        lambda r, found: found == [r.partner],
    ),
    hidden(
        "by a parent's name",
        "search",
        lambda r: call([["parent_id", "ilike", r.mail], ["id", "=", r.child]]),
        lambda r, found: found == [r.child],
    ),
    # What is related to another model is read where that may be.
    field(
        "of a company's contact",
        "read",
        lambda r: call([1], ["website"]),
        answers("example.com"),
        reading="website",
        also=({"res.partner": READ},),
        model="res.company",
    ),
]

# Part of a link with which a customer becomes a user. Its record is made before the call that looks for it.
CREDENTIALS = [
    credential("is read", "read", lambda r: call([r.invited], ["signup_type"]), MARK),
    credential("is read", "web_read", lambda r: call([r.invited], {"signup_type": {}}), MARK),
    credential("is exported", "export_data", lambda r: call([r.invited], ["signup_type"]), MARK),
    credential(
        "is read as a group", "formatted_read_group", lambda r: call([["id", "=", r.invited]], ["signup_type"]), MARK
    ),
    credential(
        "is searched",
        "search",
        lambda r: call([["id", "=", r.invited], ["signup_type", "=", r.mark]]),
        lambda r, found: found == [r.invited],
    ),
    credential("is written", "write", lambda r: call([r.partner], {"signup_type": r.mark}), INVITED),
    credential("is written", "create", lambda r: call({"name": "x", "signup_type": r.mark}), INVITED),
    credential("is written", "web_save", lambda r: call([], {"name": "x", "signup_type": r.mark}, {}), INVITED),
    credential("is written in a copy", "copy", lambda r: call([r.partner], {"signup_type": r.mark}), INVITED),
    credential(
        "is a default", "create", lambda r: call({"name": "x"}, context={"default_signup_type": r.mark}), INVITED
    ),
    credential(
        "is written by 0",
        "write",
        lambda r: call([r.partner], {"child_ids": [[0, 0, {"name": "x", "signup_type": r.mark}]]}),
        INVITED,
    ),
    credential(
        "is written by 1",
        "write",
        lambda r: call([r.partner], {"child_ids": [[1, r.child, {"signup_type": r.mark}]]}),
        INVITED,
    ),
]

# Keys of the context that say what a name shows.
CONTEXTS = [
    context(
        "of addresses",
        "read",
        lambda r: call([1], ["partner_id"], context={"show_address": 1}),
        answers("Brisbane"),
        "show_address",
        model="res.company",
    ),
    context(
        "of hidden addresses",
        "read",
        lambda r: call([r.partner], ["display_name"], context={"show_email": 1}),
        MAIL,
        "show_email",
        given=HIDDEN,
    ),
    context(
        "of a specification",
        "web_read",
        lambda r: call([r.child], {"parent_id": {"fields": {"display_name": {}}, "context": {"show_email": 1}}}),
        MAIL,
        "show_email",
    ),
]

# What reads no other model although it looks so, and what is left out of an answer instead of refused.
PASSES = [
    passes("an id by a path", "export_data", lambda r: call([r.admin], ["user_ids.id"]), answers("[['2']]")),
    passes(
        "an external id by a path",
        "export_data",
        lambda r: call([r.admin], ["user_ids:id"]),
        answers("base.user_admin"),
    ),
    passes(
        "an id in a condition",
        "search",
        lambda r: call([["user_ids.id", "=", r.odoo.admin.uid]]),
        lambda r, found: found == [r.admin],
    ),
    passes(
        "a part of a date",
        "search_count",
        lambda r: call([["create_date.month_number", ">", 0]]),
        lambda r, found: found > 0,
    ),
    passes(
        "a name of its own",
        "search",
        lambda r: call([["parent_id", "ilike", r.mail], ["id", "=", r.child]]),
        lambda r, found: found == [r.child],
    ),
    passes(
        "a name of its own",
        "search",
        lambda r: call([["id", "child_of", r.mail], ["id", "=", r.partner]]),
        lambda r, found: found == [r.partner],
    ),
    passes(
        "a name of reference data", "search_count", lambda r: call([["company_id", "child_of", "YourCompany"]]), SOME
    ),
    passes("a path into reference data", "search_count", lambda r: call([["country_id.code", "=", "US"]]), SOME),
    passes(
        "an order by another model",
        "search",
        lambda r: call([["id", "in", r.pair]], order="user_id, id"),
        lambda r, found: found == r.pair,
    ),
    passes(
        "a key of web clients",
        "search_count",
        lambda r: call([["id", "=", r.admin]], context={"params": {"x": 1}}),
        counted(1),
    ),
    passes(
        "a list that names no field",
        "read",
        lambda r: call([r.partner]),
        lambda r, answer: "name" in answer[0] and r.mail not in repr(answer),
        given=HIDDEN,
    ),
    passes(
        "a list that names no field",
        "search_read",
        lambda r: call([["id", "=", r.invited]], []),
        lambda r, answer: "name" in answer[0] and r.mark not in repr(answer),
    ),
]

HOLES = SPECIFICATIONS + PATHS + CONDITIONS + NAMES + BYPASSES + CROSSING + FIELDS + CREDENTIALS + CONTEXTS
