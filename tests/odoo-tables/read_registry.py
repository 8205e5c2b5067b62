"""Run by Odoo's own Python, on a database that has `base`: loads every module into a registry and writes what it knows as JSON.

Models and fields are made of Python classes, so no module has to be installed for them to be known; its code has to load.
Arguments: Odoo's configuration file, the database, the file to write, and `all`, or `installed` for what is installed there.
"""

import inspect
import json
import re
import sys
from typing import Any
from unittest.mock import MagicMock

from inverses import reached
from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.loading import load_openerp_module
from odoo.modules.module import get_modules
from odoo.modules.module_graph import ModuleGraph
from odoo.modules.registry import Registry
from odoo.orm.models import BaseModel
from odoo.tools import config

# Models that exist for Odoo's own tests, with fields of every kind.
TESTS = "test_"
# Methods that search by name; a model that has its own looks where no attribute tells.
SEARCHES = ("_rec_names_search", "_search_display_name", "_name_search", "name_search")
# Packages that few modules name, and no field is made of: their names are enough.
STAND_INS = ("ldap", "ldap.filter", "google", "google.auth", "google.auth.transport.requests", "google.oauth2")
# In the code of a computed field: the value may hold a secret that stands in another one.
SECRETS = re.compile(
    "access_token|access_url|hmac|invite_token|password|portal_url|secret|share_url|sign_token|start_url|uuid"
)
SANITISING = ("sanitize", "sanitize_tags", "sanitize_attributes", "sanitize_form")


def main() -> None:
    configuration, database, file, which = sys.argv[1:]
    sys.modules |= {name: MagicMock() for name in STAND_INS}
    config.parse_config(["--config", configuration])
    registry = Registry(database)
    registry.ready = False
    with registry.cursor() as cursor:
        loaded, left_out = load(registry, cursor) if which == "all" else (sorted(registry._init_modules), {})
        environment = Environment(cursor, SUPERUSER_ID, {})
        models = {name: model(registry, registry[name], environment[name]) for name in sorted(registry.models)}
        cursor.rollback()
    with open(file, "w") as output:
        json.dump({"modules": loaded, "left_out": left_out, "models": models}, output)


def load(registry: Registry, cursor: Any) -> tuple[list[str], dict[str, str]]:
    """The modules that were loaded, and those that were not, each with the reason."""
    names = set(get_modules())
    left_out = {name: "made for Odoo's own tests" for name in names if name.startswith(TESTS)}
    cursor.execute("UPDATE ir_module_module SET state = 'installed' WHERE state != 'uninstallable'")
    graph = ModuleGraph(cursor, mode="load")
    graph.extend(["base", *sorted(names - left_out.keys() - {"base"})])
    for name in names - left_out.keys():
        if name not in graph:
            left_out[name] = "Odoo calls it not installable, or a module that it depends on"
    loaded = []
    for package in graph:
        name = package.name
        if missing := [other.name for other in package.depends if other.name in left_out]:
            left_out[name] = f"depends on {missing[0]}"
            continue
        try:
            load_openerp_module(name)
        except Exception as error:
            left_out[name] = f"does not load: {error}"
            continue
        if name not in registry._init_modules:
            registry.load(package)
            registry._init_modules.add(name)
        loaded.append(name)
    registry._setup_models__(cursor)
    return sorted(loaded), dict(sorted(left_out.items()))


def model(registry: Registry, cls: Any, records: Any) -> dict[str, Any]:
    """Attributes that are as they usually are do not stand there."""
    facts = {
        "abstract": cls._abstract,
        "transient": cls._transient,
        "inherits": dict(cls._inherits),
        "rec_name": cls._rec_name,
        "names_search": list(records._rec_names_search or []),
        "searches": [
            f"{module(where)}: {name}" for name in SEARCHES for where in definitions(cls, name) if has_code(where, name)
        ],
        "mixins": sorted({base._name for base in cls.mro() if getattr(base, "_name", None)} - {cls._name, "base"}),
        "methods": sorted({name for base in cls.mro() if is_of(base, cls) for name in public_methods(base)}),
        "fields": {name: field(registry, cls, found) for name, found in sorted(cls._fields.items())},
    }
    return {name: value for name, value in facts.items() if value or name == "fields"}


def is_of(base: Any, cls: Any) -> bool:
    """Whether a class defines a part of the model itself, and not of what it is made of; Odoo's own class is of `base`."""
    name = "base" if base is BaseModel else getattr(base, "_name", None)
    return name == cls._name and base is not cls


def public_methods(base: Any) -> list[str]:
    """Those that Odoo lets clients call: see `get_public_method` of `odoo/service/model.py`."""
    functions = {name: getattr(found, "__func__", found) for name, found in vars(base).items()}
    return [
        name
        for name, found in functions.items()
        if inspect.isfunction(found) and not name.startswith("_") and not getattr(found, "_api_private", False)
    ]


def field(registry: Registry, cls: Any, found: Any) -> dict[str, Any]:
    facts = {
        "type": found.type,
        "relation": found.comodel_name,
        "inverse_name": getattr(found, "inverse_name", None) if found.type == "one2many" else None,
        "ondelete": getattr(found, "ondelete", None) if found.type in ("many2one", "many2one_reference") else None,
        "related": found.related,
        "inherited": found.inherited,
        "unstored": not found.store,
        "readonly": found.readonly,
        "required": found.required,
        "computed": bool(found.compute) and not found.related,
        "writes_through": bool(found.related and found.inverse),
        "depends": [] if found.related else list(registry.field_depends.get(found, ())),
        "groups": found.groups,
    }
    if found.type == "html":
        facts["lets_through"] = [name for name in SANITISING if not getattr(found, name)]
        facts["overridable"] = found.sanitize_overridable
    if found.inverse and not found.related:
        facts |= inverse(cls, found.inverse)
    if found.compute and not found.related and found.type in ("char", "html", "json", "text"):
        sources = " ".join(filter(None, map(source, functions(cls, found.compute))))
        facts["mentions"] = sorted(set(SECRETS.findall(sources)))
    if engine := getattr(found, "render_engine", None):
        facts["rendered"] = engine
    return {name: value for name, value in facts.items() if value}


def inverse(cls: Any, method: Any) -> dict[str, Any]:
    """Its inverse's name and what that reaches beside the record's own fields, in all modules that define it."""
    found = set()
    for function in functions(cls, method):
        text = source(function)
        found |= reached(text) if text else {"its source cannot be had"}
    return {"inverse": method if isinstance(method, str) else method.__name__, "reaches": sorted(found)}


def functions(cls: Any, method: Any) -> list[Any]:
    return [vars(base)[method] for base in definitions(cls, method)] if isinstance(method, str) else [method]


def source(function: Any) -> str | None:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return None


def definitions(cls: Any, method: str) -> list[Any]:
    """The classes of modules that define the method, but for the one of every model."""
    bases = [base for base in cls.mro() if method in vars(base) and base.__module__.startswith("odoo.addons.")]
    return [base for base in bases if base._name != "base"]


def has_code(cls: Any, name: str) -> bool:
    """A list of names is an attribute; code is a method or a property."""
    return callable(vars(cls)[name]) or isinstance(vars(cls)[name], (property, classmethod))


def module(cls: Any) -> str:
    return cls.__module__.removeprefix("odoo.addons.").split(".")[0]


main()
