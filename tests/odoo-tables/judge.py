"""Names what an Odoo has that is neither in a table nor waved through, and rows that fit nothing that it has."""

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tables import ALTOGETHER, Registry, Tables, split

WAVED = Path(__file__).resolve().parent / "waved.toml"
# Types whose values hold no secret by themselves.
PLAIN = {"boolean", "date", "datetime", "float", "integer", "many2many", "many2one", "monetary", "one2many", "selection"}


def complaints(facts: dict[str, Any], tables: Tables) -> list[str]:
    registry = Registry(facts)
    waved = tomllib.loads(WAVED.read_text())
    found = {
        "credentials": set(credentials(registry, tables, waved["kinds"]["credentials"])),
        "models": set(models(registry, tables, waved["kinds"]["models"])),
        "inverses": set(inverses(registry, tables)),
        "evaluated": set(facts["evaluated"]),
        "granting": set(facts["granting"]),
        "searches": set(searches(registry, tables)),
    }
    problems = []
    for kind, names in found.items():
        patterns = [pattern for row in waved.get(kind, []) for pattern in row["names"]]
        waved_through = {(name, pattern) for name in names for pattern in patterns if fits(kind, name, pattern)}
        for name in sorted(names - {name for name, _ in waved_through}):
            problems.append(f"{kind}: {name} is in no table and not waved through{where(facts, kind, name)}")
        for pattern in sorted(set(patterns) - {pattern for _, pattern in waved_through}):
            problems.append(f"{kind}: {pattern} is waved through, and there is nothing to wave through")
    return problems + sorted(missing(registry, tables))


def fits(kind: str, name: str, pattern: str) -> bool:
    """A piece of code has brackets of its own, so it is no pattern."""
    return name == pattern if kind == "evaluated" else fnmatchcase(name, pattern)


def where(facts: dict[str, Any], kind: str, name: str) -> str:
    if kind in ("evaluated", "granting"):
        return f": {', '.join(facts[kind][name])}"
    if kind == "inverses":
        model, field = split(name)
        return f": {', '.join(facts['models'][model]['fields'][field]['reaches'])}"
    return ""


def credentials(registry: Registry, tables: Tables, kinds: list[str]) -> Any:
    for model, name, field in registry.fields():
        looks = any(fnmatchcase(name, kind) for kind in kinds) or field.get("mentions")
        listed = (model, name) in tables.credentials or is_closed(model, tables)
        if looks and field["type"] not in PLAIN and not listed:
            yield f"{model}.{name}"


def is_closed(model: str, tables: Tables) -> bool:
    return tables.closed.get(model, ("",))[0] == ALTOGETHER


def models(registry: Registry, tables: Tables, kinds: list[str]) -> Any:
    for model in registry.models:
        if any(fnmatchcase(model, kind) for kind in kinds) and model not in tables.closed:
            yield model


def inverses(registry: Registry, tables: Tables) -> Any:
    for model, name, field in registry.fields():
        if field.get("reaches") and model not in tables.closed and not listed(model, name, tables.inverses):
            yield f"{model}.{name}"


def listed(model: str, name: str, rows: Any) -> bool:
    return (model, name) in rows or ("*", name) in rows


def searches(registry: Registry, tables: Tables) -> Any:
    """Models with code that searches by name, which nobody has read."""
    for model, facts in registry.models.items():
        if facts.get("searches") and tables.names.get(model, ("", ""))[1] in ("", "`_rec_names_search`", "`_rec_name`"):
            yield model


def missing(registry: Registry, tables: Tables) -> Any:
    """Rows of models and fields that are not there."""
    for rows in (tables.closed, tables.names_that_tell, tables.reference_data):
        for model in rows:
            if model not in registry.all and model not in tables.of_other_versions:
                yield f"models: {model} is in a table, and not in this Odoo"
    fields = {(model, name) for model, name, _ in registry.fields()}
    names = {name for _, name in fields}
    for rows in (tables.credentials, tables.inverses, tables.grants, tables.states, tables.free_states, tables.evaluated):
        for model, name in rows:
            if (model, name) not in fields and not (model == "*" and name in names):
                yield f"fields: {model}.{name} is in a table, and not in this Odoo"
