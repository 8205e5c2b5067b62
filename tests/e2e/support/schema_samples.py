"""Rows of the tables in policy/src/odoo/tables/ and fields of a real Odoo, a few of each kind, drawn by a seed."""

import dataclasses
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from parts.odoo import Odoo

TABLES = Path(__file__).parents[3] / "policy/src/odoo/tables"
DRAWN = 4
RECORD = 1
# Whose fields Odoo tells to be a group's, and through which lines are written.
MODELS = (
    "account.move",
    "crm.lead",
    "hr.employee",
    "product.template",
    "project.project",
    "project.task",
    "purchase.order",
    "res.partner",
    "sale.order",
    "stock.picking",
)
COMMANDS = ([0, 0, {}], [1, RECORD, {}], [2, RECORD, 0], [3, RECORD, 0], [4, RECORD, 0], [5, 0, 0], [6, 0, [RECORD]])
# Of many2many fields the others are links, which the field itself opens.
COMMANDS_OF_LINKS = COMMANDS[:3]
READS = ("read", "search", "search by order", "formatted_read_group", "export_data")
# What a field of each kind is closed to.
METHODS = {
    "closed_fields": ("write", "create"),
    "credentials": (*READS, "write", "copy", "create"),
    "groups": (*READS, "write", "create"),
    "evaluated": ("write", "create"),
    "grants": ("write",),
    "inverses": ("write",),
    "states": ("write", "create"),
}
KINDS = (*METHODS, "context", "commands")


@dataclasses.dataclass(frozen=True)
class Sample:
    """A call, and why the gate refuses it."""

    model: str
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    reason: str


def rows(table: str, constant: str = "ROWS") -> list[list[str]]:
    """The texts of each row of a table; of one that is closed to reading too, a `Closed::Altogether` more."""
    text = (TABLES / f"{table}.rs").read_text()
    found = re.search(rf"const {constant}: .*?= &\[(.*?)\];", text, re.DOTALL)
    assert found, (table, constant)
    lines = [line for line in found[1].splitlines() if not line.strip().startswith("//")]
    return [["".join(text) for text in re.findall(r'"([^"]*)"|(Closed::Altogether)', line)] for line in lines if '"' in line]


def closed_models() -> set[str]:
    return {row[0] for constant in ("ALTOGETHER", "WRITING") for row in rows("closed", constant)}


class Samples:
    """Draws from what this Odoo has."""

    def __init__(self, odoo: Odoo, seed: int) -> None:
        self._odoo = odoo
        self._random = random.Random(seed)
        self._closed = closed_models()
        self._fields: dict[str, dict[str, Any]] = {}
        names = odoo.call("ir.model", "search_read", [["transient", "=", False], ["abstract", "=", False]], ["model"])
        self._models = {found["model"] for found in names} - self._closed
        self.kinds: dict[str, list[Sample]] = {}
        for kind, methods in METHODS.items():
            found = self._group_fields() if kind == "groups" else self._table(kind)
            self.kinds[kind] = list(self._of_fields(found, methods))
        self.kinds["context"] = list(self._of_context())
        self.kinds["commands"] = list(self._of_commands())

    def models(self) -> set[str]:
        return {sample.model for samples in self.kinds.values() for sample in samples}

    def fields(self, model: str) -> dict[str, Any]:
        if model not in self._fields:
            self._fields[model] = self._odoo.call(model, "fields_get")
        return self._fields[model]

    def _draw(self, found: Iterable[Any]) -> list[Any]:
        rows = list(found)
        return self._random.sample(rows, min(DRAWN, len(rows)))

    def _table(self, table: str) -> Iterator[tuple[str, str]]:
        free = {(model, field) for model, field in rows("states", "FREE")}
        for model, field, *_ in rows(table):
            # A row for every model is tried on those that have the field and are asked for anyhow.
            for named in MODELS if model == "*" else {model} & self._models:
                if field in self.fields(named) and (named, field) not in free:
                    yield named, field

    def _group_fields(self) -> Iterator[tuple[str, str]]:
        credentials = {(model, field) for model, field, *_ in rows("credentials")}
        for model in MODELS:
            for name, field in self.fields(model).items():
                groups = field.get("groups")
                if groups and "base.group_user" not in groups.split(",") and (model, name) not in credentials:
                    yield model, name

    def _of_fields(self, found: Iterable[tuple[str, str]], methods: tuple[str, ...]) -> Iterator[Sample]:
        for model, field in self._draw(found):
            to_many = self.fields(model)[field]["type"] in ("one2many", "many2many")
            value: Any = [] if to_many else False
            calls: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
                "read": (([RECORD], [field]), {}),
                "search": (([[field, "!=", False]],), {}),
                "search by order": (([],), {"order": f"{field} desc"}),
                "formatted_read_group": (([], [field]), {}),
                "export_data": (([RECORD], [field]), {}),
                "write": (([RECORD], {field: value}), {}),
                "copy": ((RECORD, {field: value}), {}),
                "create": (({field: value},), {}),
            }
            for method in methods:
                args, kwargs = calls[method]
                yield Sample(model, method.split()[0], args, kwargs, "field_denied")

    def _of_commands(self) -> Iterator[Sample]:
        permitted = self.models() | set(MODELS)

        def lines() -> Iterator[tuple[str, str, dict[str, Any]]]:
            for model in MODELS:
                for name, field in self.fields(model).items():
                    if field["type"] in ("one2many", "many2many") and field["relation"] in self._models - permitted:
                        yield model, name, field

        for model, name, field in self._draw(lines()):
            for command in COMMANDS if field["type"] == "one2many" else COMMANDS_OF_LINKS:
                values = {name: [command]}
                yield Sample(model, "write", ([RECORD], values), {}, "nested_write_denied")

    def _of_context(self) -> Iterator[Sample]:
        for [key] in self._draw(rows("context", "READ")):
            model = self._random.choice(MODELS)
            yield Sample(model, "search_count", ([],), {"context": {key: RECORD}}, "context_denied")
            yield Sample(model, "write", ([RECORD], {}), {"context": {key: RECORD}}, "context_denied")
