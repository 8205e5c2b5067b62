"""Reads documents as Odoo does, with xmlrpc.client.loads, and says for each whether it is the call that was decided.

One JSON object a line: `forwarded` and `original` are base64, `call` the decided parameters in tagged form. Of the
original, database and password are not compared, as the gate replaces them, and the uid is what Odoo makes of it.
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


def loads(text):
    return xmlrpc.client.loads(base64.b64decode(text), use_datetime=True)


def judge(case):
    call = [plain(value) for value in case["call"]]
    params, method = loads(case["forwarded"])
    if method != "execute_kw" or not same(list(params), call):
        return "the forwarded document is another call"
    try:
        params, method = loads(case["original"])
    except Exception as error:  # noqa: BLE001: whatever Python's reader refuses, the gate must refuse
        return f"Python does not read the original document: {error}"
    if int(params[1]) != call[1]:
        return "Python reads another uid in the original document"
    rest = list(params[3:])
    if method == "execute":
        rest = [*rest[:2], rest[2:]]
    kwargs = rest[3] if len(rest) == 4 else {}
    kwargs = dict(kwargs or {})
    # An empty array, an empty text or nil where the context stands means none.
    if "context" in kwargs and kwargs["context"] in ([], "", None):
        kwargs["context"] = {}
    if not same([*rest[:3], kwargs], call[3:]):
        return "Python reads another call in the original document"
    return "same"


for line in sys.stdin:
    print(judge(json.loads(line)), flush=True)
