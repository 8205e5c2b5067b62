"""A server between a gate and its control plane that spoils policies: a fault that the real control plane cannot show."""

import http.client
import http.server
import threading

from support.local_server import LocalServer

POLICY = "/gate/v1/policy"


class Meddler(LocalServer):
    """`with Meddler(port) as meddler:` passes everything on to the gates' listener on `port`; while `meddler.spoils` is set,
    policies that no filter can use; and while `meddler.cuts` is set, nothing in either direction."""

    def __init__(self, port: int) -> None:
        self.spoils, self.cuts = threading.Event(), threading.Event()
        spoils, cuts = self.spoils, self.cuts

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                if cuts.is_set():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request(self.command, self.path, body or None, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                if spoils.is_set() and self.path.startswith(POLICY) and answer.status == 200:
                    content = b'{"version": 2, "a_setting_of_tomorrow": true}'
                if cuts.is_set():
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_GET = do_POST = _pass

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)
