"""An upstream that keeps what the gate forwards: what Odoo was sent, Odoo itself cannot show."""

import contextlib
import http.server
import json
import ssl
import threading
import xmlrpc.client
from email.message import Message
from typing import Any

from support.local_server import LocalServer, through_envoy

UID = 7
HELD = "res.held"
# The control plane's questions about a user: it is in one group, and no administrator.
ABOUT_USERS: dict[str, Any] = {
    "res.users": [{"id": UID, "all_group_ids": [1]}],
    "res.groups": {"1": "base.group_user"},
    "res.users.apikeys": [],
}


class Echo(LocalServer):
    """`with Echo() as echo:` answers every call with its own arguments; `echo.requests` are what the gate forwarded.
    Calls of the model `HELD` are answered when `echo.release` is set."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[tuple[str, Message, bytes]] = []
        # What `fields_get` answers of each model, if anything.
        self.fields: dict[str, Any] = {}
        self.release = threading.Event()
        requests, release, fields = self.requests, self.release, self.fields

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.keep(body)
                if self.path == "/jsonrpc" and (asked := json.loads(body)["params"]["args"])[3] in ABOUT_USERS:
                    return self.answer("application/json", json.dumps({"result": ABOUT_USERS[asked[3]]}).encode())
                if self.path == "/jsonrpc" and fields and asked[4] in ("fields_get", "has_access"):
                    result: Any = fields if asked[4] == "fields_get" else True
                    return self.answer("application/json", json.dumps({"result": result}).encode())
                params, method = xmlrpc.client.loads(body, use_datetime=True)
                if params[3:4] == (HELD,):
                    release.wait()
                answer: Any = UID if method == "authenticate" else params[5:]
                document = xmlrpc.client.dumps((answer,), methodresponse=True, allow_none=True)
                # Python leaves a carriage return bare, and its reader then makes a line feed of it.
                self.answer("text/xml", document.replace("\r", "&#13;").encode())

            def keep(self, body: bytes) -> None:
                if through_envoy(self.headers):
                    requests.append((self.path, self.headers, body))

            def answer(self, media: str, document: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def do_GET(self) -> None:
                self.keep(b"")
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def handle(self) -> None:
                with contextlib.suppress(ssl.SSLError):  # A client that does not trust this server goes away.
                    super().handle()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler, tls)

    def __exit__(self, *_: object) -> None:
        self.release.set()
        super().__exit__()


def call(key: str, *args: Any) -> bytes:
    """A call of a method that answers its arguments."""
    return xmlrpc.client.dumps(("odoo", UID, key, "res.partner", "echo", list(args)), "execute_kw").encode()
