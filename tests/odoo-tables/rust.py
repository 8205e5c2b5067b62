"""Writes the tables as Rust: one file a kind, rows sorted, a reason in front of the rows that it holds for."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tables import ALTOGETHER, WRITING, Tables

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "policy/src/odoo/tables"
# Types of rows.
NAME, FIELD = "&str", "(&str, &str)"


def files(facts: dict[str, Any], tables: Tables) -> dict[Path, str]:
    """The text of each file."""
    odoo = f"Odoo {facts['version']}, {len(facts['modules'])} modules"
    made = f"Written by `cargo xtask odoo-tables write` of {odoo}; not by hand."
    texts = {
        "closed": closed(tables),
        "closed_fields": (
            "Fields of other models that delegate to a closed model, or pass its values on: closed with it.\n"
            "Computed of `_inherits` and `related`. A stored copy of a closed model's value is the record's own.",
            [table("ROWS", "(&str, &str, Closed)", triples(tables.closed_fields, "Closed::{}".format))],
        ),
        "context": context(facts, tables),
        "credentials": (
            "Fields of which the value opens something by itself: a page, a till, an account.\n"
            "By hand, and what is related to them; the program finds others by their names and their code.",
            [table("ROWS", FIELD, pairs(tables.credentials))],
        ),
        "delegations": (
            "References whose fields a model has as its own: the model, the field, the other model.",
            [table("ROWS", "(&str, &str, &str)", triples(tables.delegations, quoted))],
        ),
        "evaluated": (
            "Fields of which Odoo evaluates the text: code, templates, domains, values.\n"
            "By hand, after all calls in Odoo's source that evaluate; and what models render with `mail.render.mixin`.",
            [table("ROWS", FIELD, pairs(tables.evaluated))],
        ),
        "grants": (
            "Fields with which somebody gets rights in Odoo.\n"
            "By hand, after all methods in Odoo's source that write the groups of users. Passwords, and access rules of Odoo\n"
            "that go by a field, such as a portal user's documents by `parent_id`, are known by hand alone.",
            [table("ROWS", FIELD, pairs(tables.grants))],
        ),
        "html": (
            "HTML that Odoo stores as it comes: always, or when a user of `base.group_sanitize_override` writes it.",
            [table("ROWS", "(&str, &str, Html)", triples(tables.html, "Html::{}".format))],
        ),
        "inverses": (
            "Fields of which Odoo writes the value somewhere else too; last, the reference that leads there, if it is one.\n"
            "By hand, after the source of all inverses. The side effects of `write` and `create` are not among them.",
            [table("ROWS", "(&str, &str, &str)", triples(tables.inverses, quoted))],
        ),
        "methods": methods(tables),
        "names": names(tables),
        "names_that_tell": (
            "Models of which a name alone tells what only some may know.",
            [table("ROWS", NAME, single(tables.names_that_tell))],
        ),
        "reference_data": (
            "Models whose records may be read on a path without a permission of their own.",
            [table("ROWS", NAME, single(tables.reference_data))],
        ),
        "released": (
            "References of lines that are emptied when the line is taken out of an x2many field: they do not cascade, so the\n"
            "line is written and not deleted. The line's model and its reference, `relation` and `relation_field` in Odoo.",
            [table("ROWS", FIELD, pairs(tables.released))],
        ),
        "states": (
            "Fields that a method of Odoo ought to change; `*` stands for every model.",
            [table("ROWS", FIELD, pairs(tables.states)), table("FREE", FIELD, pairs(tables.free_states))],
        ),
    }
    return {FOLDER / f"{name}.rs": formatted(file(head, made, parts)) for name, (head, parts) in texts.items()}


def closed(tables: Tables) -> tuple[str, list[str]]:
    altogether, writing = (
        {model: why for model, (found, why) in tables.closed.items() if found == how} for how in (ALTOGETHER, WRITING)
    )
    return (
        "Closed models: no permission opens them, unless configuration names them one by one.\nBy hand.",
        [
            table("ALTOGETHER", NAME, single(altogether), "Open to nothing."),
            table("WRITING", NAME, single(writing), "May be read with a permission; nobody changes them through a gate."),
        ],
    )


def context(facts: dict[str, Any], tables: Tables) -> tuple[str, list[str]]:
    said = {
        "open": "Open in every call.",
        "open_prefixes": "Open in every call, whatever follows.",
        "left_out": "Of web clients; left out of what is forwarded.",
        "left_out_prefixes": "Left out, whatever follows.",
        "left_out_suffixes": "Left out, whatever stands in front.",
    }
    keys = {kind: dict.fromkeys(tables.context[kind], "") for kind in said}
    parts = [table(kind.upper(), NAME, single(keys[kind]), text) for kind, text in said.items()]
    modules = {key: facts["context"][key] for key in tables.context["read"]}
    readers = {key: f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}" for key, names in modules.items()}
    parts.append(table("READ", NAME, single(readers), "All others that Odoo's code and templates read, with the modules that do."))
    return "Keys of the context.\nThose of `READ` were found by syntax tree; `default_*` is left out there.", parts


def methods(tables: Tables) -> tuple[str, list[str]]:
    def listed(names: list[str]) -> str:
        return f"&[{', '.join(map(quoted, names))}]"

    rows = [("", f"({quoted(model)}, {listed(of)}, {listed(own)})") for model, (of, own) in sorted(tables.methods.items())]
    head = "Public methods by model: the model, those that it is made of, and the methods that it adds to theirs."
    every = table("OF_ALL", NAME, single(dict.fromkeys(tables.methods_of_all, "")), "Of every model.")
    return head, [every, table("ROWS", "(&str, &[&str], &[&str])", rows)]


def names(tables: Tables) -> tuple[str, list[str]]:
    plain = {model: "" for model, (fields, why) in tables.names.items() if fields == ["name"] and why == "`_rec_name`"}
    rows = [
        (why, f"({quoted(model)}, &[{', '.join(map(quoted, sorted(fields)))}])")
        for model, (fields, why) in sorted(tables.names.items())
        if model not in plain
    ]
    head = (
        "The fields that a search by name looks into, for models that are no wizards.\n"
        "A field that is a relation looks into the names of its model."
    )
    return head, [
        table("ROWS", "(&str, &[&str])", rows, "Other fields than `name` alone."),
        table("PLAIN", NAME, single(plain), "`name` alone."),
    ]


def file(head: str, made: str, parts: list[str]) -> str:
    lines = [f"//! {line}".rstrip() for line in [*head.splitlines(), "", made]]
    uses = [f"use crate::odoo::tables::{kind};" for kind in ("Closed", "Html") if any(f"{kind}::" in part for part in parts)]
    return "\n".join([*lines, "", *uses, *([""] if uses else []), *parts])


def table(name: str, row: str, rows: Iterable[tuple[str, str]], doc: str = "") -> str:
    lines = [f"/// {doc}"] if doc else []
    lines.append(f"pub(super) const {name}: &[{row}] = &[")
    said = ""
    for why, text in rows:
        if why != said:
            lines.append(f"    // {why}")
            said = why
        lines.append(f"    {text},")
    return "\n".join([*lines, "];", ""])


def single(rows: dict[str, str]) -> Iterable[tuple[str, str]]:
    return [(why, quoted(name)) for name, why in sorted(rows.items())]


def pairs(rows: dict[tuple[str, str], str]) -> Iterable[tuple[str, str]]:
    return [(why, f"({quoted(model)}, {quoted(name)})") for (model, name), why in sorted(rows.items())]


def triples(rows: dict[tuple[str, str], tuple[str, str]], last: Any) -> Iterable[tuple[str, str]]:
    return [(why, f"({quoted(model)}, {quoted(name)}, {last(value)})") for (model, name), (value, why) in sorted(rows.items())]


def quoted(text: str) -> str:
    return f'"{text}"'


def formatted(text: str) -> str:
    command = ["rustfmt", "--edition", "2024", "--config-path", str(ROOT), "--emit", "stdout"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
