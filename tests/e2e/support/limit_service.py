"""A service of Envoy's rate-limit protocol (`envoy.service.ratelimit.v3`) that counts by the configuration which is shipped for
`envoyproxy/ratelimit`, as that does: each descriptor by the limit of its whole path."""

import socketserver
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import yaml

from support.local_server import LocalServer

METHOD = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
OK, OVER_LIMIT = 1, 2
LENGTH_DELIMITED = 2

Descriptor = tuple[tuple[str, str], ...]


class LimitService(LocalServer):
    """`with LimitService(file) as service:`; `service.asked` are the descriptors that came. Its windows end when a test says so."""

    def __init__(self, configuration: Path) -> None:
        document = yaml.safe_load(configuration.read_text())
        self._domain = document["domain"]
        self._descriptors = document["descriptors"]
        self._counts: Counter[Descriptor] = Counter()
        self._lock = threading.Lock()
        self.asked: list[Descriptor] = []
        self.is_silent = False
        service = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                service._serve(self.request)

        super().__init__(Handler)

    def next_window(self) -> None:
        with self._lock:
            self._counts.clear()
            self.asked.clear()

    def _serve(self, stream: Any) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        bodies: dict[int, bytes] = {}
        try:
            stream.sendall(connection.data_to_send())
            while received := stream.recv(65536):
                for event in connection.receive_data(received):
                    if isinstance(event, h2.events.RequestReceived):
                        assert dict(event.headers)[b":path"] == METHOD.encode(), event.headers
                        bodies[event.stream_id] = b""
                    elif isinstance(event, h2.events.DataReceived):
                        bodies[event.stream_id] += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamEnded) and not self.is_silent:
                        self._answer(connection, event.stream_id, bodies.pop(event.stream_id))
                stream.sendall(connection.data_to_send())
        except ConnectionError:
            pass  # Envoy has ended.

    def _answer(self, connection: h2.connection.H2Connection, stream_id: int, body: bytes) -> None:
        # A byte that says whether it is compressed, and four of the length.
        assert body[0] == 0 and int.from_bytes(body[1:5]) == len(body) - 5
        codes = self._decide(body[5:])
        statuses = b"".join(b"\x12" + _delimited(b"\x08" + bytes([code])) for code in codes)
        message = b"\x08" + bytes([max(codes, default=OK)]) + statuses
        connection.send_headers(stream_id, [(":status", "200"), ("content-type", "application/grpc")])
        connection.send_data(stream_id, b"\0" + len(message).to_bytes(4) + message)
        connection.send_headers(stream_id, [("grpc-status", "0")], end_stream=True)

    def _decide(self, message: bytes) -> list[int]:
        fields = list(_fields(message))
        assert [value.decode() for number, value in fields if number == 1] == [self._domain]
        descriptors = [_descriptor(value) for number, value in fields if number == 2]
        with self._lock:
            self.asked += descriptors
            return [self._count(descriptor) for descriptor in descriptors]

    def _count(self, descriptor: Descriptor) -> int:
        limit = self._limit(descriptor)
        if limit is None:
            return OK
        self._counts[descriptor] += 1
        return OVER_LIMIT if self._counts[descriptor] > limit else OK

    def _limit(self, descriptor: Descriptor) -> int | None:
        """Of the entry that has the last key, below those of the others; one that names the value goes before one that does not."""
        below, found = self._descriptors, {}
        for key, value in descriptor:
            by_value = {entry.get("value"): entry for entry in below if entry["key"] == key}
            found = by_value.get(value) or by_value.get(None) or {}
            below = found.get("descriptors", [])
        return found.get("rate_limit", {}).get("requests_per_unit")


def _descriptor(message: bytes) -> Descriptor:
    entries = [dict(_fields(value)) for number, value in _fields(message) if number == 1]
    return tuple((entry[1].decode(), entry[2].decode()) for entry in entries)


def _fields(message: bytes) -> Any:
    """The numbers and values of a message of protobuf's whose fields are all of the delimited kind."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        assert tag & 7 == LENGTH_DELIMITED, f"field {tag >> 3} is of another kind"
        length, at = _number(message, at)
        yield tag >> 3, message[at : at + length]
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _delimited(message: bytes) -> bytes:
    assert len(message) < 0x80
    return bytes([len(message)]) + message
