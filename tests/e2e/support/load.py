"""Many calls at once, over connections that stay open: what a busy agent does to a gate."""

import concurrent.futures
import http.client
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """When a call was sent and answered (monotonic seconds), and the gate's reason (`ok` for none, `lost` for no answer)."""

    sent: float
    answered: float
    reason: str
    number: int


def reason(document: bytes) -> str:
    """The gate's reason in an answer, found without parsing it: the answers are many."""
    if b"<fault>" not in document:
        return "ok"
    if b"(decision " not in document:
        return "odoo"
    return document.split(b"<string>", 1)[1].split(b":", 1)[0].decode()


def body(identity: tuple[str, int, str], model: str, method: str, *args: object) -> bytes:
    return xmlrpc.client.dumps((*identity, model, method, list(args)), "execute_kw").encode()


def login(key: str) -> bytes:
    """A call of `/xmlrpc/2/common` that is allowed, recorded, and answered by the gate itself."""
    return xmlrpc.client.dumps(("odoo", "agent", key, {}), "authenticate").encode()


SECURED = "/xmlrpc/2/mcp"


def run(
    port: int, clients: int, make: Callable[[int], bytes], until: Callable[[int], bool], path: str = SECURED
) -> list[Answer]:
    """`clients` threads send `make(n)` for n = 0, 1, … until `until(n)` or until their connection is lost."""
    numbers = iter(range(10**9))

    def client(index: int) -> list[Answer]:
        return list(calls(port, numbers, make, until, f"agent/{index}", path))

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return [answer for answers in pool.map(client, range(clients)) for answer in answers]


def calls(
    port: int, numbers: Iterator[int], make: Callable[[int], bytes], until: Callable[[int], bool], agent: str, path: str = SECURED
) -> Iterator[Answer]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    headers = {"Content-Type": "text/xml", "User-Agent": agent}
    try:
        for number in numbers:
            if until(number):
                return
            sent = time.monotonic()
            try:
                connection.request("POST", path, make(number), headers)
                document = connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                yield Answer(sent, time.monotonic(), "lost", number)
                return
            yield Answer(sent, time.monotonic(), reason(document), number)
    finally:
        connection.close()
