"""A server in this process, on 127.0.0.1, gone when its `with` block ends: of HTTP, or of what its handler speaks."""

import http.server
import socketserver
import ssl
import threading
from email.message import Message
from typing import Self


def through_envoy(headers: Message) -> bool:
    """Whether the gate forwarded a request: the control plane asks the guarded Odoo directly, and whenever it likes."""
    return "x-request-id" in headers


class _Server(http.server.ThreadingHTTPServer):
    # As many as connect at once when this process is not given a processor for a moment; 5 by default.
    request_queue_size = 128


class LocalServer:
    """With a thread for each connection; `port` and `url` are where it listens."""

    def __init__(self, handler: type[socketserver.BaseRequestHandler], tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        if tls:
            # Only then the handshake waits for its connection's own thread.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
