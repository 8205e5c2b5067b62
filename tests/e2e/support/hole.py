"""What a row of holes.py is made of: records of its own, a call, how one sees what it reached, what opens it."""

import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import Any

from parts.odoo import Odoo

NUMBERS = itertools.count()


class Records:
    """Fresh records for one call of a row, and what became of them, read at Odoo without a gate."""

    def __init__(self, odoo: Odoo) -> None:
        self.odoo = odoo
        self.mark = f"mark-{next(NUMBERS)}-"
        self.mail = f"{self.mark}@example.com"
        self.new_mail = f"new-{self.mark}@example.com"

    @functools.cached_property
    def partner(self) -> int:
        return self.odoo.call("res.partner", "create", {"name": "Hole", "email": self.mail})

    @functools.cached_property
    def tag(self) -> int:
        return self.odoo.call("res.partner.category", "create", {"name": f"tag {self.mark}"})

    @property
    def tag_name(self) -> str:
        return self.read("res.partner.category", self.tag, "name")

    @functools.cached_property
    def tagged(self) -> int:
        """A partner with the tag."""
        return self.odoo.call("res.partner", "create", {"name": "Hole", "category_id": [[6, 0, [self.tag]]]})

    @functools.cached_property
    def bank(self) -> int:
        """A bank account of somebody else."""
        return self.odoo.call(
            "res.partner.bank", "create", {"acc_number": f"other {self.mark}", "partner_id": self.admin}
        )

    @functools.cached_property
    def own_bank(self) -> int:
        """A bank account of the partner."""
        values = {"acc_number": f"own {self.mark}", "partner_id": self.partner}
        return self.odoo.call("res.partner.bank", "create", values)

    @functools.cached_property
    def child(self) -> int:
        """A contact of the partner."""
        return self.odoo.call("res.partner", "create", {"name": "Child", "parent_id": self.partner})

    @property
    def partner_below_admin(self) -> int:
        """The partner, as a contact of the administrator's."""
        self.odoo.call("res.partner", "write", [self.partner], {"parent_id": self.admin})
        return self.partner

    @functools.cached_property
    def company(self) -> int:
        return self.odoo.call("res.company", "create", {"name": f"company {self.mark}"})

    @functools.cached_property
    def pair(self) -> list[int]:
        """Two partners whose addresses are in the other order."""
        mails = (f"{letter}-{self.mail}" for letter in "za")
        return [self.odoo.call("res.partner", "create", {"name": "Hole", "email": mail}) for mail in mails]

    @functools.cached_property
    def invited(self) -> int:
        """A partner with a credential."""
        return self.odoo.call("res.partner", "create", {"name": "Hole", "signup_type": self.mark})

    @functools.cached_property
    def managed(self) -> int:
        """A partner with a salesperson."""
        return self.odoo.call("res.partner", "create", {"name": "Hole", "user_id": self.odoo.admin.uid})

    @functools.cached_property
    def admin(self) -> int:
        """The partner of the user whose login is `admin`."""
        return self.odoo.record("base.partner_admin")

    @functools.cached_property
    def activity(self) -> int:
        todo = "mail.mail_activity_data_todo"
        return self.odoo.call("res.partner", "activity_schedule", [self.partner], todo, summary=self.mark)

    @property
    def busy(self) -> int:
        """A partner with an activity."""
        assert self.activity
        return self.partner

    @functools.cached_property
    def followed(self) -> int:
        """A partner with another as its follower."""
        self.odoo.call("res.partner", "message_subscribe", [self.partner], [self.odoo.record("base.main_partner")])
        return self.partner

    @functools.cached_property
    def plan(self) -> int:
        template = {"summary": self.mark, "activity_type_id": self.odoo.record("mail.mail_activity_data_todo")}
        values = {"name": "Hole", "res_model": "res.partner", "template_ids": [[0, 0, template]]}
        return self.odoo.call("mail.activity.plan", "create", values)

    @functools.cached_property
    def sequence(self) -> int:
        return self.odoo.call("ir.sequence", "create", {"name": "Hole", "code": self.mark})

    @property
    def sequence_code(self) -> str:
        return self.read("ir.sequence", self.sequence, "code")

    @functools.cached_property
    def bank_xml_id(self) -> str:
        """An external id of the bank account."""
        values = {"module": "lictor", "name": self.mark, "model": "res.partner.bank", "res_id": self.bank}
        self.odoo.call("ir.model.data", "create", values)
        return f"lictor.{self.mark}"

    @functools.cached_property
    def user(self) -> int:
        values = {"name": "Hole", "login": self.mail}
        return self.odoo.call("res.users", "create", values, context={"no_reset_password": True})

    @functools.cached_property
    def field(self) -> int:
        """The definition of a field."""
        return self.odoo.record("base.field_res_partner__ref")

    @functools.cached_property
    def attachment(self) -> int:
        return self.odoo.call("ir.attachment", "create", {"name": "Hole", "raw": "x"})

    def count(self, model: str, *conditions: list[Any]) -> int:
        return self.odoo.call(model, "search_count", list(conditions))

    def read(self, model: str, record: int, field: str) -> Any:
        return self.odoo.call(model, "read", [record], [field])[0][field]


Shows = Callable[[Records, Any], Any]
Arguments = Callable[[Records], tuple[tuple[Any, ...], dict[str, Any]]]


Permissions = dict[str, dict[str, Any]]

WIDE = {"read": True, "write": True, "create": True, "delete": True}
READ = {"read": True}


@dataclasses.dataclass(frozen=True)
class Hole:
    """A call, how one sees what it reached, why the gate refuses it, and what then lets it through.

    `given` and `switches` are permissions by their models, added to one that allows all four operations on the hole's own model.
    """

    name: str
    method: str
    arguments: Arguments
    shows: Shows
    # Why the gate refuses it; empty if it passes.
    reason: str
    # In force from the start.
    given: Permissions = dataclasses.field(default_factory=dict)
    # Each opens the hole by itself; without one, nothing does.
    switches: tuple[Permissions, ...] = ()
    # Of the never-list, in force with each switch.
    exceptions: tuple[str, ...] = ()
    model: str = "res.partner"

    def permissions(self, switch: Permissions | None = None) -> Permissions:
        """All that are in force, with a switch or without."""
        together: Permissions = {self.model: WIDE}
        for more in (self.given, switch or {}):
            for model, permission in more.items():
                together[model] = together.get(model, {}) | permission
        return together

    def models(self) -> set[str]:
        """All models that a permission of the row names."""
        return {model for switch in ({}, *self.switches) for model in self.permissions(switch)}


def call(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, kwargs


# How one sees what a call reached.


def answers(text: str) -> Shows:
    return lambda _, answer: text in repr(answer)


def made(model: str, field: str) -> Shows:
    return lambda records, _: records.count(model, [field, "like", records.mark])


def counted(number: int) -> Shows:
    return lambda _, answer: answer == number


LOGIN = answers("'admin'")
CREATOR = answers("__system__")
MARK: Shows = lambda records, answer: records.mark in repr(answer)
SOME: Shows = lambda records, answer: answer and answer < records.count("res.partner")
PARTNER_MADE = made("res.partner", "name")
TAG_MADE = made("res.partner.category", "name")
TAG_RENAMED: Shows = lambda records, _: records.read("res.partner.category", records.tag, "name") == records.mark
TAG_GONE: Shows = lambda records, _: records.count("res.partner.category", ["id", "=", records.tag]) == 0
TAGGED: Shows = lambda records, _: records.read("res.partner", records.partner, "category_id") == [records.tag]
MAILED = made("mail.mail", "body_html")
FOLLOWED: Shows = lambda records, _: records.count(
    "mail.followers",
    ["res_model", "=", "res.partner"],
    ["res_id", "=", records.partner],
    ["partner_id", "=", records.odoo.record("base.main_partner")],
)
DEFINED = made("properties.base.definition", "properties_definition")
MAIL: Shows = lambda records, answer: records.mail in repr(answer)
NEW_MAIL: Shows = lambda records, _: records.read("res.partner", records.partner, "email") == records.new_mail
INVITED = made("res.partner", "signup_type")
UNTAGGED: Shows = lambda records, _: records.read("res.partner", records.tagged, "category_id") == []
IS_CHILD: Shows = lambda records, _: records.read("res.partner", records.partner, "parent_id")
BANK_GONE: Shows = lambda records, _: records.count("res.partner.bank", ["id", "=", records.own_bank]) == 0
BANK_MADE = made("res.partner.bank", "acc_number")
BANK_RENAMED: Shows = lambda records, _: (
    records.read("res.partner.bank", records.own_bank, "acc_number") == records.mark
)
BANK_TAKEN: Shows = lambda records, _: records.read("res.partner.bank", records.bank, "partner_id")[0] != records.admin
SIGNUP_PREPARED: Shows = lambda records, _: records.read("res.partner", records.partner, "signup_type")
TOKEN_MADE: Shows = lambda records, _: records.read("ir.attachment", records.attachment, "access_token")
SEQUENCE_MOVED: Shows = lambda records, _: records.read("ir.sequence", records.sequence, "number_next_actual") == 2


# Rows. Each function is a kind of hole, which has its reason and its switch.


def passes(name: str, method: str, arguments: Arguments, shows: Shows, **more: Any) -> Hole:
    """No hole: what a permission on the one model opens."""
    return Hole(name, method, arguments, shows, "", **more)


def reads(
    name: str,
    method: str,
    arguments: Arguments,
    shows: Shows,
    of: str = "res.users",
    path: str | None = None,
    **more: Any,
) -> Hole:
    """Another model is read, by a path or otherwise."""
    own = more.get("model", "res.partner")
    switches = ({of: READ}, {own: {"paths": [path]}}) if path else ({of: READ},)
    return Hole(name, method, arguments, shows, "cross_model_denied", switches=switches, **more)


def bypasses(name: str, method: str, arguments: Arguments, shows: Shows, **more: Any) -> Hole:
    """A condition that nothing opens."""
    return Hole(f"by {name}", method, arguments, shows, "malformed_request", **{"given": {"res.users": READ}, **more})


def malformed(name: str, method: str, arguments: Arguments, shows: Shows, **more: Any) -> Hole:
    """Values that nothing opens, as it cannot be told what Odoo makes of them."""
    return Hole(name, method, arguments, shows, "malformed_request", **more)


def field(
    name: str,
    method: str,
    arguments: Arguments,
    shows: Shows,
    reading: str = "",
    writing: str = "",
    also: tuple[Permissions, ...] = (),
    **more: Any,
) -> Hole:
    """A field that is closed by default, opened by its name, and perhaps by something else."""
    own = more.get("model", "res.partner")
    rules = {side: {"also": [name]} for side, name in (("read", reading), ("write", writing)) if name}
    switches = ({own: {"fields": rules}}, *also)
    return Hole(name, method, arguments, shows, "field_denied", **{"switches": switches, **more})


def credential(
    name: str,
    method: str,
    arguments: Arguments,
    shows: Shows,
    field: str = "signup_type",
    model: str = "res.partner",
    given: Permissions | None = None,
) -> Hole:
    """A field that nothing opens, not even its name."""
    named = {"fields": {"read": {"also": [field]}, "write": {"also": [field]}}}
    return Hole(name, method, arguments, shows, "field_denied", {model: named, **(given or {})}, model=model)


def context(name: str, method: str, arguments: Arguments, shows: Shows, *keys: str, **more: Any) -> Hole:
    """Keys of the context that change what a method does."""
    own = more.get("model", "res.partner")
    return Hole(name, method, arguments, shows, "context_denied", switches=({own: {"context": list(keys)}},), **more)


def writes(
    name: str, method: str, arguments: Arguments, shows: Shows, field: str, of: str, *operations: str, **more: Any
) -> Hole:
    """Records of another model are written through a field."""
    own = more.get("model", "res.partner")
    allowed = {of: dict.fromkeys(operations, True)}
    switches = (allowed, {own: {"nested_writes": [field]}})
    return Hole(name, method, arguments, shows, "nested_write_denied", **{"switches": switches, **more})


def lists(
    method: str, arguments: Arguments, shows: Shows, name: str = "is not listed", under: str = "", **more: Any
) -> Hole:
    """A method, or an argument, that a permission must list under `calls`."""
    own = more.get("model", "res.partner")
    listed = {own: {"calls": [under or method]}}
    return Hole(name, method, arguments, shows, "method_denied", **{"switches": (listed,), **more})


def never(method: str, arguments: Arguments, shows: Shows, model: str = "res.partner") -> Hole:
    """Mapped, even as a mere read, and refused all the same."""
    mapping = {model: {"methods": {method: ["read"]}}}
    exceptions = (f"{model}.{method}",)
    return Hole("is never open", method, arguments, shows, "method_denied", mapping, ({},), exceptions, model)


def closed(model: str, method: str, arguments: Arguments, name: str = "name", also: tuple[str, ...] = ()) -> Hole:
    """A record made in a model of the never-list, found by its name. `also` are fields that would be closed in any model."""
    switch = {model: {"fields": {"write": {"also": list(also)}}}} if also else {}
    return Hole("is closed", method, arguments, made(model, name), "method_denied", {}, (switch,), (model,), model)
