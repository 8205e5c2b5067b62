"""An upstream that keeps every byte that the gate forwards, of requests that never end too."""

import contextlib
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
    `sink.arrived()` is what came, request by request. A request that its client gives up, as Envoy does where the gate refuses a
    body of which a piece is forwarded, may come long after its refusal: `sink.cut_off` has those, in no order that means
    anything."""

    def __init__(self) -> None:
        self._requests: list[bytes] = []
        self.cut_off: list[bytes] = []
        self._open = 0
        self._changed = threading.Condition()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self) -> None:
                head = f"{self.requestline}\n{self.headers}".encode("latin-1", "replace")
                length = int(self.headers.get("Content-Length", "0"))
                with sink._changed:
                    sink._open += 1
                body = b""
                try:
                    with contextlib.suppress(ConnectionResetError):
                        while piece := self.rfile.read1(length - len(body)):
                            body += piece
                finally:
                    with sink._changed:
                        if through_envoy(self.headers):
                            (sink._requests if len(body) == length else sink.cut_off).append(head + body)
                        sink._open -= 1
                        sink._changed.notify_all()
                if len(body) < length:
                    self.close_connection = True
                    return
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
            arrived, self._requests = self._requests, []
        return arrived
