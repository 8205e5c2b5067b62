"""A host in front of a TCP server that vanishes: its connections stay open and silent, as after a power cut or behind a
firewall that has forgotten them. What is connected anew reaches the server again."""

import contextlib
import socket
import threading
from typing import Self


class Relay:
    """`with Relay(port) as relay:` passes everything on between `relay.port` and `port`, until `vanish()`."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._silent = threading.Event()
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for opened in [self._listener, *self._open]:
            # Else what waits for it goes on waiting.
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def vanish(self) -> int:
        """Nothing passes any more on the connections that there are. Says how many."""
        self._silent.set()
        self._silent = threading.Event()
        return len(self._open) // 2

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._open += [client, server]
                for source, target in [(client, server), (server, client)]:
                    threading.Thread(target=self._pass, args=(source, target, self._silent), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, silent: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while (piece := source.recv(65536)) and not silent.is_set():
                target.sendall(piece)
            if not silent.is_set():
                target.shutdown(socket.SHUT_WR)
