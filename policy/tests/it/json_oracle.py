"""Reads documents as Odoo does, with json.loads, and says for each whether it is the call that was decided.

One JSON object a line: `road` is `json2` or `jsonrpc`, `forwarded` and `original` are base64, `call` is what was decided
in tagged form: for JSON-2 the body, for JSON-RPC the parameters.
"""

import base64
import json
import math
import sys


def plain(tagged):
    """From tagged form to what Python's reader makes."""
    kind, value = tagged
    match kind:
        case "nil":
            return None
        case "int":
            return int(value)
        case "double":
            return float(value)
        case "array":
            return [plain(item) for item in value]
        case "struct":
            return {name: plain(item) for name, item in value}
        case _:
            return value


def same(left, right):
    """Equal, and of the same types: Python's 1 == True == 1.0 would hide a change, and so would 0.0 == -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return left == right


def loads(text):
    # As Odoo's server does: the bytes as text, what is not UTF-8 replaced.
    return json.loads(base64.b64decode(text).decode("utf-8", "replace"))


def with_context(kwargs):
    """An empty array, an empty string or null where the context stands means none."""
    kwargs = dict(kwargs)
    if "context" in kwargs and not kwargs["context"]:
        kwargs["context"] = {}
    return kwargs


def arguments(road, document):
    if road == "json2":
        body = with_context(document or {})
        if body.get("ids", 0) is None:
            del body["ids"]
        return body
    # Odoo looks at no other member of the document.
    params = document["params"]
    if (params["service"], params["method"]) not in (("object", "execute_kw"), ("object", "execute")):
        raise ValueError("another service or method")
    args = params["args"]
    if params["method"] == "execute":
        return [*args[:5], args[5:], {}]
    kwargs = args[6] if len(args) > 6 else None
    return [*args[:6], with_context(kwargs or {})]


def judge(case):
    call = plain(case["call"])
    road = case["road"]
    if not same(arguments(road, loads(case["forwarded"])), call):
        return "the forwarded document is another call"
    try:
        original = arguments(road, loads(case["original"]))
    except Exception as error:  # noqa: BLE001: whatever Python's reader refuses, the gate must refuse
        return f"Python does not read the original document: {error}"
    if road == "jsonrpc":
        if int(original[1]) != call[1]:
            return "Odoo reads another uid in the original document"
        # The gate puts the user's credential in the place of the client's.
        original, call = original[3:], call[3:]
    if not same(original, call):
        return f"Python reads another call in the original document: {original!r}"
    return "same"


for line in sys.stdin:
    print(judge(json.loads(line)), flush=True)
