"""A server between the command line and the control plane that lets somebody else edit just before an edit arrives."""

import http.client
import http.server
from collections.abc import Callable
from urllib.parse import urlsplit

from support.gate import CALL_SECONDS
from support.local_server import LocalServer


class Meanwhile(LocalServer):
    """`with Meanwhile(url, edit) as between:` passes everything on to `url`, and calls `edit` before each edit."""

    def __init__(self, url: str, edit: Callable[[], object]) -> None:
        host = urlsplit(url).netloc

        class Handler(http.server.BaseHTTPRequestHandler):
            def _edit(self) -> None:
                edit()
                self._pass()

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                connection = http.client.HTTPConnection(host, timeout=CALL_SECONDS)
                connection.request(self.command, self.path, body or None, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() in ("content-type", "etag"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_GET = do_POST = _pass
            do_PUT = do_PATCH = do_DELETE = _edit

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)
