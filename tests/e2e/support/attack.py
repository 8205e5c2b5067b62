"""A process that sends requests as fast as they are answered, a thread and a connection each, until it is ended, or for ten
minutes should nobody end it. They come as JSON on its standard input: path, headers, body in base64."""

import base64
import contextlib
import http.client
import json
import sys
import threading
import time

END = time.monotonic() + 600


def attack(port: int, path: str, headers: dict[str, str], body: bytes) -> None:
    while time.monotonic() < END:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        # A gate may close the connection of one whose body is too long.
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            while time.monotonic() < END:
                connection.request("POST", path, body, headers)
                connection.getresponse().read()


for path, headers, body in json.load(sys.stdin):
    threading.Thread(target=attack, args=(int(sys.argv[1]), path, headers, base64.b64decode(body))).start()
