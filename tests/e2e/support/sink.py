"""An upstream that keeps every byte that the gate forwards, of requests that never end too."""

import http.server
import threading
import xmlrpc.client
from typing import Any

from support.echo import UID
from support.local_server import LocalServer, through_envoy


def answer(body: bytes) -> bytes:
    try:
        params, method = xmlrpc.client.loads(body)
    except Exception:  # Whatever Python's reader says of what is no call.
        return b""
    value: Any = UID if method == "authenticate" else params[5:]
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()


class Sink(LocalServer):
    """`with Sink() as sink:` answers logins with a uid, calls with their arguments, and all else with an empty page;
    `sink.arrived()` is what came, request by request."""

    def __init__(self) -> None:
        self._requests: list[bytearray] = []
        self._open = 0
        self._changed = threading.Condition()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self) -> None:
                request = bytearray(f"{self.requestline}\n{self.headers}".encode("latin-1", "replace"))
                with sink._changed:
                    if through_envoy(self.headers):
                        sink._requests.append(request)
                    sink._open += 1
                try:
                    body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                    request += body
                finally:
                    with sink._changed:
                        sink._open -= 1
                        sink._changed.notify_all()
                page = answer(body)
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = do_DELETE = take

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(Handler)

    def arrived(self) -> list[bytes]:
        """Waits for what is on its way, and forgets what it returns."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._open, 30), "a request did not end"
            arrived = [bytes(request) for request in self._requests]
            self._requests.clear()
        return arrived
