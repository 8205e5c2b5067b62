"""Reads all modules' source by syntax tree: keys of the context that are read, texts of fields that are evaluated, and methods
that put users into groups or take them out."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Reading methods of a context; `in` and `[…]` read too.
READS = {"get", "pop", "setdefault"}
# Names under which a context goes on: `context = self.env.context`, `ctx = dict(self._context)`.
CONTEXTS = {"context", "_context", "ctx", "new_context", "clean_context"}
# What runs or reads the text that it is given.
EVALUATE = {"safe_eval", "literal_eval", "test_python_expr", "render_inline_template"}
# What renders a field whose name it is given, or a text.
RENDER = {"_render_field", "_render_template", "_render_template_qweb"}
# Fields by which users are in groups, and methods that change groups.
GROUPS = {"all_group_ids", "group_ids", "implied_ids"}
CHANGE_GROUPS = {"_apply_group", "_remove_group"}
# Templates on the server read the context too.
IN_TEMPLATES = re.compile(r"""\b(?:env\.)?_?context(?:\.get\(|\[)\s*(?:'|"|&quot;)(\w+)""")


def read(addons: list[Path], modules: set[str]) -> dict[str, Any]:
    context: dict[str, set[str]] = defaultdict(set)
    evaluated: dict[str, set[str]] = defaultdict(set)
    granting: dict[str, set[str]] = defaultdict(set)
    for file, place in files(addons, modules, ".py"):
        tree = ast.parse(file.read_bytes(), str(file))
        module = place.split("/")[0]
        for key in context_keys(tree):
            context[key].add(module)
        for found in evaluations(tree):
            evaluated[found].add(place)
        for method in grants(tree):
            granting[f"{module}: {method}"].add(place)
    for file, place in files(addons, modules, ".xml"):
        for key in IN_TEMPLATES.findall(file.read_text(errors="replace")):
            context[key].add(place.split("/")[0])
    return {"context": ordered(context), "evaluated": ordered(evaluated), "granting": ordered(granting)}


def files(addons: list[Path], modules: set[str], suffix: str) -> Iterator[tuple[Path, str]]:
    """Files and their places, but for those of tests, of the browser and of modules that are left out."""
    for folder in addons:
        for file in sorted(folder.rglob(f"*{suffix}")):
            place = file.relative_to(folder)
            inner = place.parts[0] in modules or folder.name == "odoo" and place.parts[0] != "addons"
            if inner and not {"tests", "static", "upgrade_code", "populate"} & set(place.parts):
                yield file, str(place)


def ordered(found: dict[str, set[str]]) -> dict[str, list[str]]:
    return {name: sorted(found[name]) for name in sorted(found)}


def context_keys(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name in READS and node.args and is_context(node.func.value):
                yield from texts(node.args[0])
            elif name == "depends_context":
                for argument in node.args:
                    yield from texts(argument)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_context(node.value):
            yield from texts(node.slice)
        elif isinstance(node, ast.Compare) and any(is_context(other) for other in node.comparators):
            yield from texts(node.left)


def is_context(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        return any(is_context(value) for value in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("dict", "frozendict"):
        return any(is_context(argument) for argument in node.args)
    if isinstance(node, ast.Attribute):
        return node.attr in CONTEXTS
    return isinstance(node, ast.Name) and node.id in CONTEXTS


def texts(node: ast.AST) -> Iterator[str]:
    """A constant, a choice between constants, or the beginning of a name that is made."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
        yield "".join(str(part) for part in parts)


def evaluations(tree: ast.AST) -> Iterator[str]:
    """Such as `safe_eval(rule.domain_force)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        # A constant text is the module's own, but to `_render_field` it is a field's name.
        if name in EVALUATE | RENDER and not isinstance(first, ast.Constant) or name == "_render_field":
            yield f"{name}({ast.unparse(first)})"


def grants(tree: ast.AST) -> Iterator[str]:
    """Methods that write the groups of users, or the users of groups."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(grants_here(node) for node in ast.walk(function)):
            yield function.name


def grants_here(node: ast.AST) -> bool:
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Attribute) and is_membership(target.attr, target.value) for target in targets)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr not in ("create", "update", "write"):
        return node.func.attr in CHANGE_GROUPS
    dicts = [part for argument in node.args for part in ast.walk(argument) if isinstance(part, ast.Dict)]
    keys = [key.value for found in dicts for key in found.keys if isinstance(key, ast.Constant)]
    return any(is_membership(str(key), node.func.value) for key in keys)


def is_membership(field: str, on: ast.AST) -> bool:
    """`user.group_ids`, or `user_ids` of what is called a group."""
    return field in GROUPS or field in ("user_ids", "all_user_ids") and "group" in ast.unparse(on)
