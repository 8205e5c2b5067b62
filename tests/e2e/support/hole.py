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

    @functools.cached_property
    def partner(self) -> int:
        return self.odoo.call("res.partner", "create", {"name": "Hole", "email": self.mail})

    @functools.cached_property
    def tag(self) -> int:
        return self.odoo.call("res.partner.category", "create", {"name": f"tag {self.mark}"})

    @functools.cached_property
    def tagged(self) -> int:
        """A partner with the tag."""
        return self.odoo.call("res.partner", "create", {"name": "Hole", "category_id": [[6, 0, [self.tag]]]})

    @functools.cached_property
    def bank(self) -> int:
        """A bank account of somebody else."""
        return self.odoo.call("res.partner.bank", "create", {"acc_number": f"other {self.mark}", "partner_id": self.admin})

    @functools.cached_property
    def admin(self) -> int:
        """The partner of the user whose login is `admin`."""
        return self.odoo.record("base.partner_admin")

    @functools.cached_property
    def activity(self) -> int:
        todo = "mail.mail_activity_data_todo"
        return self.odoo.call("res.partner", "activity_schedule", [self.partner], todo, summary=self.mark)

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


@dataclasses.dataclass(frozen=True)
class Hole:
    """A call, how one sees what it reached, why the gate refuses it, and what then lets it through."""

    name: str
    method: str
    arguments: Arguments
    shows: Shows
    reason: str
    # What the permission has beside all four operations, from the start and when the hole is to be open; `None`: never.
    given: dict[str, Any] = dataclasses.field(default_factory=dict)
    switch: dict[str, Any] | None = None
    exceptions: tuple[str, ...] = ()
    model: str = "res.partner"


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
FOLLOWED: Shows = lambda records, _: records.count("mail.followers", ["res_model", "=", "res.partner"], ["res_id", "=", records.partner], ["partner_id", "=", records.odoo.record("base.main_partner")])
DEFINED = made("properties.base.definition", "properties_definition")
BANK_TAKEN: Shows = lambda records, _: records.read("res.partner.bank", records.bank, "partner_id")[0] != records.admin
SIGNUP_PREPARED: Shows = lambda records, _: records.read("res.partner", records.partner, "signup_type")
TOKEN_MADE: Shows = lambda records, _: records.read("ir.attachment", records.attachment, "access_token")
SEQUENCE_MOVED: Shows = lambda records, _: records.read("ir.sequence", records.sequence, "number_next_actual") == 2


# Rows. `reads` and `writes` reach other models by a method that is open; `maps` and `never` are methods that are not.


def reads(name: str, method: str, arguments: Arguments, shows: Shows, **more: Any) -> Hole:
    return Hole(name, method, arguments, shows, "cross_model_denied", switch={"cross_model_reads": True}, **more)


def bypasses(name: str, method: str, arguments: Arguments, shows: Shows) -> Hole:
    """A condition that nothing opens."""
    given = {"cross_model_reads": True}
    return Hole(f"by {name}", method, arguments, shows, "malformed_request", given)


def writes(name: str, method: str, arguments: Arguments, shows: Shows, field: str = "category_id", **more: Any) -> Hole:
    return Hole(name, method, arguments, shows, "nested_write_denied", switch={"nested_writes": [field]}, **more)


def maps(method: str, arguments: Arguments, shows: Shows, **more: Any) -> Hole:
    mapping = {"methods": {method: ["write", "create"]}}
    return Hole("is not mapped", method, arguments, shows, "method_denied", switch=mapping, **more)


def never(method: str, arguments: Arguments, shows: Shows, model: str = "res.partner") -> Hole:
    """Mapped, even as a mere read, and refused all the same."""
    mapping = {"methods": {method: ["read"]}}
    exceptions = (f"{model}.{method}",)
    return Hole("is never open", method, arguments, shows, "method_denied", mapping, {}, exceptions, model)


def closed(model: str, method: str, arguments: Arguments, name: str = "name") -> Hole:
    """A record made in a model of the never-list, found by its name."""
    return Hole("is closed", method, arguments, made(model, name), "method_denied", {}, {}, (model,), model)
