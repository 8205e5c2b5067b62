"""A program that is told of alerts. It checks signatures as docs/admin/webhooks.md says, with the code that stands there."""

import http.server
import json
import re
import ssl
from collections.abc import Callable
from typing import Any

from support.gate import ROOT
from support.local_server import LocalServer


def documented_check() -> Callable[[str, str, bytes], bool]:
    """`verified(secret, header, body)`, from the page on webhooks."""
    page = (ROOT / "docs/admin/webhooks.md").read_text()
    [code] = re.findall(r"```python\n(.*?def verified.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    check: Callable[[str, str, bytes], bool] = names["verified"]
    return check


class Webhook(LocalServer):
    """`with Webhook() as webhook:` takes requests; `heard` are their headers and bodies, `statuses` the next answers."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(webhook.statuses.pop(0) if webhook.statuses else 204)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler, tls)
        self.url += "/alerts"

    def body(self, index: int) -> Any:
        return json.loads(self.heard[index][1])
