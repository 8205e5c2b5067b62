"""One POST over HTTP/2 with prior knowledge, made by hand: no client sends such bytes."""

import socket
from collections.abc import Sequence

import h2.config
import h2.connection
import h2.events

from support.gate import Gate


def http2(
    gate: Gate,
    pieces: list[bytes],
    trailers: list[tuple[str, str]] | None = None,
    path: bytes = b"/xmlrpc/2/mcp",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """The answer's body."""
    config = h2.config.H2Configuration(client_side=True, header_encoding=None, validate_outbound_headers=False)
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    head = [(b":method", b"POST"), (b":path", path), (b":scheme", b"http"), (b":authority", b"odoo"), (b"content-type", b"text/xml")]
    connection.send_headers(1, [*head, *headers])
    for piece in pieces:
        connection.send_data(1, piece)
    if trailers:
        connection.send_headers(1, trailers, end_stream=True)
    else:
        connection.end_stream(1)
    with socket.create_connection(("127.0.0.1", gate.port), timeout=30) as stream:
        stream.sendall(connection.data_to_send())
        body = b""
        while True:
            received = stream.recv(65536)
            assert received, "the connection ended before the answer"
            for event in connection.receive_data(received):
                assert not isinstance(event, h2.events.StreamReset), event
                if isinstance(event, h2.events.DataReceived):
                    body += event.data
                if isinstance(event, h2.events.StreamEnded):
                    return body
            stream.sendall(connection.data_to_send())
