"""One call as the clients of each road write it, and what became of it."""

import http.client
import json
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from support.gate import Gate, fault

ALL = ["/xmlrpc/2/mcp", "/xmlrpc/2/object", "/xmlrpc/object", "/jsonrpc", "/json/2"]
# JSON-2 names its arguments: these are the names of those that the tests give by position.
NAMES = {
    "read": ["ids", "fields"],
    "search_read": ["domain", "fields"],
    "search_count": ["domain"],
    "create": ["vals_list"],
    "write": ["ids", "vals"],
    "unlink": ["ids"],
    "web_read": ["ids", "specification"],
    "search": ["domain"],
    "action_done": ["ids"],
    "message_post": ["ids"],
    "_compute": ["ids"],
    "web_save": ["ids", "vals", "specification"],
    "context_get": [],
}
JSON = {"Content-Type": "application/json"}


class Answer:
    """`reason` is the gate's refusal, `error` Odoo's exception or fault, else `value` is the result."""

    def __init__(self, status: int, headers: http.client.HTTPMessage, value: Any = None, error: Any = None) -> None:
        self.status = status
        self.headers = headers
        self.value = value
        self.error = error
        message = error or ""
        self.reason = message.split(":")[0] if "(decision " in message else None

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self.value!r}, {self.error!r})"


class Roads:
    """A user's calls over any road."""

    def __init__(self, gate: Gate, user: dict[str, Any], key: str) -> None:
        self.gate = gate
        self.user = user
        self.key = key
        self.database = user["upstream"]["database"]
        self.uid = user["upstream"]["uid"]

    def call(self, road: str, model: str, method: str, *args: Any, **kwargs: Any) -> Answer:
        return self.by(road)(model, method, args, kwargs)

    def by(self, road: str) -> Callable[..., Answer]:
        if road == "/json/2":
            return self.json2
        if road == "/jsonrpc":
            return self.jsonrpc
        return lambda *call: self.xmlrpc(road, *call)

    def xmlrpc(self, road: str, model: str, method: str, args: Any, kwargs: Any) -> Answer:
        params = (self.database, self.uid, self.key, model, method, list(args), kwargs)
        answer, body = self.gate.send(xmlrpc.client.dumps(params, "execute_kw", allow_none=True).encode(), road)
        try:
            [value], _ = xmlrpc.client.loads(body)
        except xmlrpc.client.Fault:
            return Answer(answer.status, answer.headers, error=fault(body).faultString)
        return Answer(answer.status, answer.headers, value)

    def jsonrpc(self, model: str, method: str, args: Any, kwargs: Any) -> Answer:
        return self.service("object", "execute_kw", self.database, self.uid, self.key, model, method, list(args), kwargs)

    def service(self, service: str, method: str, *args: Any) -> Answer:
        params = {"service": service, "method": method, "args": args}
        request = {"jsonrpc": "2.0", "method": "call", "params": params, "id": "call-\u00e9-1"}
        answer, body = self.gate.send(json.dumps(request).encode(), "/jsonrpc", JSON)
        document = json.loads(body)
        assert answer.status == 200 and document["jsonrpc"] == "2.0" and document["id"] == "call-\u00e9-1", document
        if error := document.get("error"):
            assert error["data"].keys() == {"name", "message", "arguments", "context", "debug"}
            return Answer(answer.status, answer.headers, error=error["data"]["message"])
        return Answer(answer.status, answer.headers, document.get("result"))

    def json2(self, model: str, method: str, args: Any, kwargs: Any) -> Answer:
        arguments = {**dict(zip(NAMES[method], args, strict=False)), **kwargs}
        return self.post(f"/json/2/{model}/{method}", json.dumps(arguments).encode())

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        sent = {**JSON, "Authorization": f"Bearer {self.key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer, body = self.gate.send(body, path, sent)
        document = json.loads(body)
        if answer.status == 200:
            return Answer(answer.status, answer.headers, document)
        assert document.keys() == {"name", "message", "arguments", "context", "debug"}
        return Answer(answer.status, answer.headers, error=document["message"])
