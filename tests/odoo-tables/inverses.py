"""Reads the source of a method that is a field's inverse: does it write anything but fields of the record itself?"""

import ast

# Methods of records, texts, lists and dates that write nothing. `sudo` writes nothing either, but is worth a look.
HARMLESS = set(
    "_ _compute_price _compute_quantity _convert _read_group add append astimezone browse clear combine "
    "compare count date decode difference discard encode ensure_one exists extend filtered "
    "filtered_domain find format from_string get group grouped has_group id_or_xmlid index "
    "invalidate_recordset is_inbound is_invoice is_protected is_zero isoformat items join keys localize lower "
    "mapped match now pop ref replace round rounding search search_count search_fetch setdefault sorted split "
    "startswith strftime strip time to_string today total_seconds union upper values with_company "
    "with_context with_prefetch".split()
)


def reached(source: str) -> set[str]:
    """Code that reaches beside `record.field = value`, as text; empty if all stays with the record."""
    # In a block, as it stands in a class.
    tree = ast.parse(f"if True:\n{source}" if source[0].isspace() else source)
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    # A decorator is no part of what it does.
    function.decorator_list = []
    records = own_names(function)
    found = set()
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {
                ast.unparse(target)
                for target in targets
                if isinstance(target, ast.Attribute) and not is_own(target.value, records)
            }
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr not in HARMLESS:
            name = node.func.attr
            own_write = name in ("write", "update") and is_own(node.func.value, records)
            # A super call is the same field's inverse in another module, which is read too.
            of_super = isinstance(node.func.value, ast.Call) and getattr(node.func.value.func, "id", "") == "super"
            if not own_write and not of_super:
                found.add(ast.unparse(node.func))
    return found


def own_names(function: ast.AST) -> set[str]:
    """`self`, and the names of loops over it."""
    names = {"self"}
    for node in ast.walk(function):
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name) and is_own(node.iter, names):
            names.add(node.target.id)
    return names


def is_own(node: ast.AST, records: set[str]) -> bool:
    """`self`, a record of it, or a choice among them."""
    if isinstance(node, ast.Name):
        return node.id in records
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        choices = ("filtered", "sorted", "with_context", "with_company", "filtered_domain")
        return node.func.attr in choices and is_own(node.func.value, records)
    return False
