#!/usr/bin/env python3
"""Whether a gate in a cluster serves and refuses calls as it should, however they arrive.

Needs Python 3.9 or later and nothing else. The key is in the environment, as `LICTOR_KEY`; it needs to be allowed the one
call that is made, which counts records:

    LICTOR_KEY=… python3 conformance.py https://odoo.example --database erp --login ada

Writes a line a check, and ends with 1 if one has failed. One call is made with a wrong key, which the audit log shows.
"""

import argparse
import contextlib
import http.client
import os
import socket
import ssl
import struct
import sys
import time
import urllib.parse
import xmlrpc.client
from typing import Callable, Dict, Iterator, List, Optional, Tuple

SECONDS = 30
# Between two pieces of a body, so that they arrive as two.
PAUSE_SECONDS = 0.2
ROAD, LOGIN_ROAD = "/xmlrpc/2/mcp", "/xmlrpc/2/common"
# More than Envoy holds of a body unless it is told to: 1 MiB.
BIG = 2 << 20
FORGED = {"x-lictor-guard": "passed"}
Check = Callable[["Gate"], None]


class Failure(Exception):
    """A check has found something else than it should."""


class Gate:
    def __init__(self, options: argparse.Namespace, key: str) -> None:
        url = urllib.parse.urlsplit(options.url)
        self.secure = url.scheme == "https"
        self.name = url.netloc
        self.host = url.hostname or ""
        self.address = (self.host, url.port or (443 if self.secure else 80))
        if options.connect:
            host, _, port = options.connect.rpartition(":")
            self.address = (host, int(port))
        self.ca, self.options, self.key, self.uid = options.ca, options, key, 0

    @contextlib.contextmanager
    def connection(self, protocol: str = "http/1.1") -> Iterator[socket.socket]:
        with socket.create_connection(self.address, SECONDS) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self.secure:
                yield plain
                return
            context = ssl.create_default_context(cafile=self.ca)
            context.set_alpn_protocols([protocol])
            with context.wrap_socket(plain, server_hostname=self.host) as encrypted:
                if protocol == "h2" and encrypted.selected_alpn_protocol() != "h2":
                    raise Failure("no HTTP/2 was agreed on")
                yield encrypted

    def call(self, key: Optional[str] = None, padding: int = 0) -> bytes:
        """The body of the one call, with white space in it that means nothing."""
        options = self.options
        arguments = (options.database, self.uid, key or self.key, options.model, options.method, [[]])
        document = xmlrpc.client.dumps(arguments, "execute_kw").encode()
        return document.replace(b"<params>", b"<params>" + b"\n" * padding, 1)

    def login(self) -> bytes:
        arguments = (self.options.database, self.options.login, self.key, {})
        return xmlrpc.client.dumps(arguments, "authenticate").encode()

    def send(
        self, pieces: List[bytes], road: str = ROAD, headers: Optional[Dict[str, str]] = None, trailer: Optional[bytes] = None
    ) -> Tuple[http.client.HTTPResponse, bytes]:
        """Over HTTP/1.1; with a `trailer`, even an empty one, the body is chunked."""
        with self.connection() as own:
            request = http.client.HTTPConnection(self.host, timeout=SECONDS)
            request.sock = own
            request.putrequest("POST", road, skip_host=True)
            length = {"Content-Length": str(sum(map(len, pieces)))} if trailer is None else {"Transfer-Encoding": "chunked"}
            for name, value in {"Host": self.name, "Content-Type": "text/xml", **length, **(headers or {})}.items():
                request.putheader(name, value)
            request.endheaders()
            for number, piece in enumerate(pieces):
                if number:
                    time.sleep(PAUSE_SECONDS)
                request.send(piece if trailer is None else b"%x\r\n%s\r\n" % (len(piece), piece))
            if trailer is not None:
                request.send(b"0\r\n" + trailer + b"\r\n")
            answer = request.getresponse()
            return answer, answer.read()


def value(answer: Tuple[http.client.HTTPResponse, bytes]) -> object:
    """What Odoo has answered; everything else is a failure."""
    response, body = answer
    missing = response.headers.get("x-lictor")
    if response.status != 200:
        raise Failure(f"status {response.status}" + (f", x-lictor: {missing}" if missing else ""))
    return parsed(body)


def parsed(body: bytes) -> object:
    try:
        return xmlrpc.client.loads(body)[0][0]
    except xmlrpc.client.Fault as fault:
        raise Failure(f"it was refused: {fault.faultString.strip().splitlines()[-1]}") from None


def halves(body: bytes) -> List[bytes]:
    return [body[: len(body) // 2], body[len(body) // 2 :]]


def login(gate: Gate) -> None:
    """the key is known"""
    uid = value(gate.send([gate.login()], LOGIN_ROAD))
    if not isinstance(uid, int) or not uid:
        raise Failure("Odoo knows no such login")
    gate.uid = uid


def one_piece(gate: Gate) -> None:
    """a body in one piece"""
    value(gate.send([gate.call()]))


def two_pieces(gate: Gate) -> None:
    """a body in two pieces, with its length"""
    value(gate.send(halves(gate.call())))


def chunked(gate: Gate) -> None:
    """a body in two pieces, chunked"""
    value(gate.send(halves(gate.call()), trailer=b""))


def trailer(gate: Gate) -> None:
    """a trailer of HTTP/1.1"""
    value(gate.send(halves(gate.call()), trailer=b"x-trailer: 1\r\n"))


def trailer_of_http_2(gate: Gate) -> None:
    """a trailer of HTTP/2"""
    parsed(http_2(gate, halves(gate.call()), {"x-trailer": "1"}))


def big(gate: Gate) -> None:
    """a big body"""
    value(gate.send([gate.call(padding=BIG)]))


def big_chunked(gate: Gate) -> None:
    """a big body in two pieces, chunked"""
    value(gate.send(halves(gate.call(padding=BIG)), trailer=b""))


def wrong_key(gate: Gate) -> None:
    """a wrong key is refused by the gate, also under a forged guard header"""
    other = "a" if gate.key[-1] != "a" else "b"
    response, body = gate.send([gate.call(gate.key[:-1] + other)], headers=FORGED)
    if response.status != 200:
        raise Failure(f"status {response.status}")
    try:
        xmlrpc.client.loads(body)
    except xmlrpc.client.Fault as fault:
        if "(decision " in fault.faultString:
            return
        raise Failure("Odoo was asked") from None
    raise Failure("it was answered")


def other_traffic(gate: Gate) -> None:
    """what is no call passes, also under a forged guard header"""
    with gate.connection() as own:
        request = http.client.HTTPConnection(gate.host, timeout=SECONDS)
        request.sock = own
        request.request("GET", "/web/login", headers={"Host": gate.name, **FORGED})
        answer = request.getresponse()
        answer.read()
    if answer.headers.get("x-lictor") or answer.status >= 500:
        raise Failure(f"status {answer.status}, x-lictor: {answer.headers.get('x-lictor')}")


def no_way_around(gate: Gate) -> None:
    """Odoo is not reached but through the gate"""
    host, _, port = gate.options.unreachable.rpartition(":")
    with contextlib.suppress(OSError):
        socket.create_connection((host, int(port)), 5).close()
        raise Failure(f"{gate.options.unreachable} was reached from here")


CHECKS: List[Check] = [
    login,
    one_piece,
    two_pieces,
    chunked,
    trailer,
    trailer_of_http_2,
    big,
    big_chunked,
    wrong_key,
    other_traffic,
]


# HTTP/2, as much as one call needs: RFC 9113, and headers without compression.
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
STREAM = 1


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header_block(headers: Dict[str, str]) -> bytes:
    texts = [text.encode() for header in headers.items() for text in header]
    if any(len(text) > 126 for text in texts):
        raise Failure("a header is too long for this program")
    fields = zip(texts[::2], texts[1::2])
    return b"".join(b"\0" + bytes([len(n)]) + n + bytes([len(v)]) + v for n, v in fields)


def http_2(gate: Gate, pieces: List[bytes], trailers: Dict[str, str]) -> bytes:
    """The body of the answer."""
    if any(len(piece) > 16384 for piece in pieces):
        raise Failure("a piece is too long for this program")
    scheme = "https" if gate.secure else "http"
    pseudo = {":method": "POST", ":scheme": scheme, ":authority": gate.name, ":path": ROAD}
    with gate.connection("h2") as own:
        own.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
        own.sendall(frame(HEADERS, END_HEADERS, STREAM, header_block({**pseudo, "content-type": "text/xml"})))
        for piece in pieces:
            own.sendall(frame(DATA, 0, STREAM, piece))
            time.sleep(PAUSE_SECONDS)
        own.sendall(frame(HEADERS, END_HEADERS | END_STREAM, STREAM, header_block(trailers)))
        answer = own.makefile("rb")
        body = b""
        while True:
            head = answer.read(9)
            if len(head) < 9:
                raise Failure("the connection was closed")
            payload = answer.read(int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            if kind == SETTINGS and not flags & ACK:
                own.sendall(frame(SETTINGS, ACK, 0))
            elif kind in (RST_STREAM, GOAWAY):
                raise Failure("the stream was reset")
            elif kind == DATA:
                body += payload
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                return body


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", help="where clients reach the gate, such as https://odoo.example")
    parser.add_argument("--database", required=True, help="of Odoo, as the key's user has it")
    parser.add_argument("--login", required=True, help="of the key's user")
    parser.add_argument("--model", default="res.partner")
    parser.add_argument("--method", default="search_count", help="is called with an empty domain")
    parser.add_argument("--connect", metavar="HOST:PORT", help="go there, and still ask for the host of the URL")
    parser.add_argument("--ca", metavar="FILE", help="the authority of the gate's certificate, if not one of the system's")
    parser.add_argument("--unreachable", metavar="HOST:PORT", help="Odoo's own address, which must not be reached from here")
    options = parser.parse_args()
    key = os.environ.get("LICTOR_KEY", "").strip()
    if not key:
        parser.error("LICTOR_KEY is not in the environment")
    gate = Gate(options, key)
    failed = 0
    for check in [*CHECKS, *([no_way_around] if options.unreachable else [])]:
        try:
            check(gate)
            outcome = "ok"
        except (Failure, OSError, http.client.HTTPException, ValueError) as error:
            outcome, failed = f"FAILED: {error}", failed + 1
        print(f"{check.__doc__}: {outcome}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
