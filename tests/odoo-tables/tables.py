"""Computes the tables from facts and seeds. A table is a dict of its rows, from a name to the reason why it is there."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ALTOGETHER, WRITING = "Altogether", "Writing"
OVERRIDABLE, NEVER = "ByGroup", "Never"


def seeds() -> dict[str, Any]:
    return tomllib.loads((HERE / "seeds.toml").read_text())


@dataclass
class Tables:
    """Rows by kind; the value of a row is what stands beside it, its reason last."""

    closed: dict[str, tuple[str, str]] = field(default_factory=dict)
    delegations: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    closed_fields: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    credentials: dict[tuple[str, str], str] = field(default_factory=dict)
    inverses: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    grants: dict[tuple[str, str], str] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    free_states: dict[tuple[str, str], str] = field(default_factory=dict)
    names_that_tell: dict[str, str] = field(default_factory=dict)
    reference_data: dict[str, str] = field(default_factory=dict)
    html: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    evaluated: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    released: dict[tuple[str, str], str] = field(default_factory=dict)
    context: dict[str, list[str]] = field(default_factory=dict)
    # Methods of every model; and what each model is made of, with the methods of its own.
    methods_of_all: list[str] = field(default_factory=list)
    methods: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    # Seeds of another version than the facts are of.
    of_other_versions: set[str] = field(default_factory=set)


class Registry:
    """The models of the facts, but for those that only others are made of."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.all = facts["models"]
        self.models = {name: model for name, model in self.all.items() if not model.get("abstract")}

    def fields(self) -> Any:
        """Every field of every model."""
        for model, facts in self.models.items():
            for name, found in facts["fields"].items():
                yield model, name, found

    def path(self, model: str, path: str) -> list[tuple[str, str]]:
        """The fields on a path, each with its model."""
        steps = []
        for name in path.split("."):
            steps.append((model, name))
            model = self.all[model]["fields"].get(name, {}).get("relation", "")
        return steps


def compute(facts: dict[str, Any]) -> Tables:
    given, registry, tables = seeds(), Registry(facts), Tables()
    closed(given, tables)
    delegations(registry, tables)
    by_hand(given, tables)
    inherited(registry, tables.credentials, lambda last: f"is {last}")
    inherited(registry, tables.grants, lambda last: f"writes {last}", written=True)
    inherited(registry, tables.inverses, lambda last: ("", f"writes {last}"), written=True)
    closed_fields(registry, tables)
    html(registry, tables)
    evaluated(given, registry, tables)
    names(given, registry, tables)
    released(registry, tables)
    context(given, facts, tables)
    methods(registry, tables)
    return tables


def methods(registry: Registry, tables: Tables) -> None:
    tables.methods_of_all = registry.all["base"]["methods"]
    for model, facts in registry.all.items():
        mixins = [name for name in facts.get("mixins", []) if registry.all.get(name, {}).get("methods")]
        if model != "base":
            tables.methods[model] = (mixins, facts.get("methods", []))


def closed(given: dict[str, Any], tables: Tables) -> None:
    for kind, how in (("closed", ALTOGETHER), ("closed_to_writing", WRITING)):
        for row in given[kind]:
            version = f"Odoo {row['odoo']}: " if "odoo" in row else ""
            for model in row["models"]:
                tables.closed[model] = (how, f"{version}{row['why']}")
                if "odoo" in row:
                    tables.of_other_versions.add(model)


def by_hand(given: dict[str, Any], tables: Tables) -> None:
    for kind in ("credentials", "grants", "states", "free_states"):
        for row in given[kind]:
            getattr(tables, kind).update({split(name): row["why"] for name in row["fields"]})
    for kind in ("names_that_tell", "reference_data"):
        for row in given[kind]:
            getattr(tables, kind).update({model: row["why"] for model in row["models"]})
    for row in given["inverses"]:
        tables.inverses.update({split(name): (row.get("through", ""), row["why"]) for name in row["fields"]})


def split(name: str) -> tuple[str, str]:
    model, _, found = name.rpartition(".")
    return model, found


def delegations(registry: Registry, tables: Tables) -> None:
    for model, facts in registry.models.items():
        for other, name in facts.get("inherits", {}).items():
            tables.delegations[model, name] = (other, "`_inherits`")


def inherited(registry: Registry, rows: dict[Any, Any], row: Callable[[str], Any], *, written: bool = False) -> None:
    """Adds the fields that pass on one that is there; if it is `written`, those only through which Odoo writes it."""
    found = True
    while found:
        found = {}
        for model, name, field in registry.fields():
            if "related" in field and (model, name) not in rows and (field.get("writes_through") or not written):
                last = registry.path(model, field["related"])[-1]
                if last in rows:
                    found[model, name] = row(".".join(last))
        rows |= found


def closed_fields(registry: Registry, tables: Tables) -> None:
    """Fields through which a closed model can be reached from one that is not."""
    for (model, name), (other, _) in tables.delegations.items():
        if other in tables.closed and model not in tables.closed:
            tables.closed_fields[model, name] = (tables.closed[other][0], f"delegates to {other}")
    for model, name, field in registry.fields():
        if "related" not in field or model in tables.closed:
            continue
        steps = resolved(registry, model, field["related"])
        passed = [other for other, _ in steps[1:] if tables.closed.get(other, ("",))[0] == ALTOGETHER]
        last, _ = steps[-1]
        # A stored one is the record's own.
        if passed and field.get("unstored"):
            tables.closed_fields[model, name] = (ALTOGETHER, f"is {field['related']}, of {passed[0]}")
        elif field.get("writes_through") and last in tables.closed:
            tables.closed_fields[model, name] = (WRITING, f"is {field['related']}, of {last}")


def resolved(registry: Registry, model: str, path: str) -> list[tuple[str, str]]:
    """The fields on a path; one at its end that is related itself is followed."""
    steps = registry.path(model, path)
    last, name = steps[-1]
    related = registry.all[last]["fields"].get(name, {}).get("related")
    return steps + resolved(registry, last, related)[1:] if related else steps


def html(registry: Registry, tables: Tables) -> None:
    for model, name, field in registry.fields():
        if field["type"] != "html" or model in tables.closed:
            continue
        if "sanitize" in field.get("lets_through", ()):
            tables.html[model, name] = (NEVER, "`sanitize` is off")
        elif field.get("overridable"):
            tables.html[model, name] = (OVERRIDABLE, "`sanitize_overridable`")


def evaluated(given: dict[str, Any], registry: Registry, tables: Tables) -> None:
    for row in given["evaluated"]:
        tables.evaluated |= {split(name): row["why"] for name in row["fields"]}
    rendered = given["rendered"]
    for model, name, field in registry.fields():
        mixes = rendered["mixin"] in registry.models[model].get("mixins", ())
        if "rendered" in field or mixes and name in rendered["fields"]:
            tables.evaluated.setdefault((model, name), rendered["why"])
    inherited(registry, tables.evaluated, lambda last: f"writes {last}", written=True)


def names(given: dict[str, Any], registry: Registry, tables: Tables) -> None:
    own = {model: (fields, row["why"]) for row in given["names"] for model, fields in row["fields"].items()}
    for model, facts in registry.models.items():
        fields = facts.get("names_search") or [facts[key] for key in ("rec_name",) if key in facts]
        if model in own and own[model][0]:
            tables.names[model] = own[model]
        elif fields and not facts.get("transient"):
            reason = "`_rec_names_search`" if "names_search" in facts else "`_rec_name`"
            tables.names[model] = (fields, own.get(model, ("", reason))[1])


def released(registry: Registry, tables: Tables) -> None:
    """References that an x2many field of the other model empties, where it does not delete."""
    for _, _, field in registry.fields():
        if field["type"] == "one2many" and "inverse_name" in field:
            place = field["relation"], field["inverse_name"]
            reference = registry.all.get(place[0], {"fields": {}})["fields"].get(place[1], {})
            if reference.get("ondelete") != "cascade":
                tables.released[place] = f"`ondelete`: {reference.get('ondelete', 'none')}"


def context(given: dict[str, Any], facts: dict[str, Any], tables: Tables) -> None:
    tables.context = dict(given["context"])
    prefixes = ("default_", *tables.context["open_prefixes"], *tables.context["left_out_prefixes"])
    tables.context["read"] = [
        key
        for key in facts["context"]
        if key.isidentifier()
        and key not in (*tables.context["open"], *tables.context["left_out"])
        and not key.startswith(prefixes)
        and not key.endswith(tuple(tables.context["left_out_suffixes"]))
    ]
