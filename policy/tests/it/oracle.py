"""Reads documents as Odoo does, with xmlrpc.client.loads or json.loads, and says for each whether it is the call that was decided.

One JSON object a line: `road` is `xmlrpc`, `jsonrpc` or `json2`, `forwarded` and `original` are base64, `call` is what was
decided in tagged form: for JSON-2 the body, else the parameters. Of an original's parameters database and password are not
compared, as the gate replaces them, and the uid is what Odoo makes of it.
"""

import base64
import json
import sys
import xmlrpc.client
from datetime import datetime
from decimal import Decimal


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
        case "decimal":
            return Decimal(value)
        case "base64":
            return xmlrpc.client.Binary(base64.b64decode(value))
        case "datetime":
            return datetime.strptime(value, "%Y%m%dT%H:%M:%S")
        case "array":
            return [plain(item) for item in value]
        case "struct":
            return {name: plain(item) for name, item in value}
        case _:
            return value


def same(left, right):
    """Equal, and of the same types: Python's 1 == True == 1.0 would hide a change."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, float | Decimal):
        # 0.0 == -0.0, and 12.5 == 12.50.
        return repr(left) == repr(right)
    return left == right


def read(road, text):
    """The method and its parameters; for JSON-2 none and the body."""
    document = base64.b64decode(text)
    if road == "xmlrpc":
        params, method = xmlrpc.client.loads(document, use_datetime=True)
        return method, list(params)
    # As Odoo's server does: the bytes as text, what is not UTF-8 replaced.
    body = json.loads(document.decode("utf-8", "replace"))
    if road == "json2":
        return None, body
    # Odoo looks at no other member of the document.
    if body["params"]["service"] != "object":
        raise ValueError("another service")
    return body["params"]["method"], body["params"]["args"]


def with_context(kwargs):
    """An empty array, an empty text or nil where the context stands means none."""
    kwargs = dict(kwargs or {})
    if "context" in kwargs and kwargs["context"] in ([], "", None):
        kwargs["context"] = {}
    return kwargs


def arguments(method, given):
    """What Odoo makes of an original."""
    match method:
        case None:
            body = with_context(given)
            if body.get("ids", 0) is None:
                del body["ids"]
            return body
        case "execute_kw":
            return [*given[:6], with_context(given[6] if len(given) > 6 else None)]
        case "execute":
            return [*given[:5], given[5:], {}]
    raise ValueError("another method")


def judge(case):
    call = plain(case["call"])
    road = case["road"]
    method, forwarded = read(road, case["forwarded"])
    if method not in (None, "execute_kw") or not same(forwarded, call):
        return "the forwarded document is another call"
    try:
        original = arguments(*read(road, case["original"]))
    except Exception as error:  # noqa: BLE001: whatever Python's reader refuses, the gate must refuse
        return f"Python does not read the original document: {error}"
    if road != "json2":
        if int(original[1]) != call[1]:
            return "Python reads another uid in the original document"
        original, call = original[3:], call[3:]
    if not same(original, call):
        return f"Python reads another call in the original document: {original!r}"
    return "same"


for line in sys.stdin:
    print(judge(json.loads(line)), flush=True)
