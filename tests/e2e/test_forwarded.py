"""What the gate sends on: the decided call, the user's credential, and nothing else of the client's."""

import contextlib
import xmlrpc.client
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from support.echo import UID, Echo
from support.gate import Gate, eventually

VALUES: list[Any] = [
    None,
    True,
    0,
    -(2**31),
    2**31 - 1,
    0.1,
    -1.5e300,
    "",
    " white \t space \n",
    "carriage\rreturn",
    "<&>\"']]>",
    "äöü Ω 中文 \U0001f600 \ufffd",
    xmlrpc.client.Binary(bytes(range(256))),
    datetime(2024, 2, 29, 23, 59, 59),
    [],
    {},
    [[1, [2, [3, None]]], {"a b": {"<&>": [False]}}],
]


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def echo_gate(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(echo.url, tmp_path_factory.mktemp("echo")) as gate:
        # Lictor looks into the arguments of methods that it knows; this one takes all there are.
        gate.permit({"res.partner": {"read": True, "write": True, "methods": {"echo": ["read"]}, "context": ["value"]}})
        yield gate


@pytest.fixture(scope="module")
def user(echo_gate: Gate) -> dict[str, Any]:
    return echo_gate.user("odoo", "agent", "upstream-secret")


@pytest.fixture(scope="module")
def key(echo_gate: Gate, user: dict[str, Any]) -> str:
    return echo_gate.key(user)["key"]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: "bytes" if isinstance(value, xmlrpc.client.Binary) else repr(value))
def test_every_value_survives_the_way_there_and_back(echo_gate: Gate, user: Any, key: str, value: Any) -> None:
    # In the context, since arrays inside arguments could be writes to other models.
    call = ("odoo", UID, key, "res.partner", "echo", ["x"], {"context": {"value": value}})
    # Python's writer leaves a carriage return bare, which every XML reader takes for a line feed.
    body = xmlrpc.client.dumps(call, "execute_kw", allow_none=True).replace("\r", "&#13;").encode()
    _, document = echo_gate.send(body)
    (((args, kwargs),), _) = xmlrpc.client.loads(document, use_datetime=True)
    assert same(args, call[5]) and same(kwargs, call[6])


def same(left: Any, right: Any) -> bool:
    if isinstance(right, float | str | int | None):
        return type(left) is type(right) and left == right
    if isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in right)
    return bool(left == right)


def test_the_credential_is_swapped_and_nothing_else_of_the_client_goes_on(
    echo_gate: Gate, echo: Echo, user: Any, key: str
) -> None:
    body = xmlrpc.client.dumps(("odoo", UID, key, "res.partner", "echo", []), "execute_kw").encode()
    headers = {
        "Content-Type": "text/xml; charset=iso-8859-1",
        "Accept-Encoding": "gzip",
        "Authorization": "Bearer client-secret",
        "Cookie": "session_id=client-session",
        "X-Odoo-Database": "other",
        "X-Lictor-Guard": "passed",
        "X-Forwarded-Host": "evil.example",
        "Connection": "keep-alive, x-hop",
        "X-Hop": "hop",
        "User-Agent": "agent/1",
    }
    answer, _ = echo_gate.send(body, "/xmlrpc/2/mcp?session_id=x", headers)
    assert answer.status == 200
    path, sent, document = echo.requests[-1]
    params, method = xmlrpc.client.loads(document)
    assert (path, method) == ("/xmlrpc/2/object", "execute_kw")
    assert params == ("odoo", UID, "upstream-secret", "res.partner", "echo", [], {})
    for name in ("Accept-Encoding", "Authorization", "Cookie", "X-Odoo-Database", "X-Lictor-Guard", "X-Hop"):
        assert sent[name] is None, name
    assert "evil.example" not in str(sent) and key not in document.decode()
    assert (sent["Content-Type"], sent["Content-Length"]) == ("text/xml", str(len(document)))
    assert sent["User-Agent"] == "agent/1" and sent["X-Request-Id"]


# What stands in the configuration, and what in its place makes the test's own address an internal one, to which Envoy
# writes no external address; leaves what a client wrote; and has the filter not look at it.
INTERNAL = ("address_prefix: 255.255.255.255, prefix_len: 32", "address_prefix: 127.0.0.0, prefix_len: 8")
KEPT = ("                        - remove: x-envoy-external-address\n", "")
UNREAD = (',"external_address":true', "")
FORGED = "192.0.2.7"


@pytest.mark.parametrize(
    ("changes", "seen_by_odoo"),
    [([], "127.0.0.1"), ([INTERNAL], None), ([INTERNAL, KEPT, UNREAD], FORGED)],
    ids=["as shipped", "Envoy writes no address", "the header is not read"],
)
def test_no_client_chooses_the_address_that_is_seen(
    echo_gate: Gate, echo: Echo, user: Any, key: str, changes: list[tuple[str, str]], seen_by_odoo: str | None
) -> None:
    body = xmlrpc.client.dumps(("odoo", UID, key, "res.partner", "echo", []), "execute_kw").encode()
    agent = f"forger/{len(changes)}"
    forged = {name: FORGED for name in ("X-Envoy-External-Address", "X-Real-IP", "Forwarded")}
    if not changes:  # To Envoy it makes everybody external.
        forged["X-Forwarded-For"] = FORGED
    with reconfigured(echo_gate, changes):
        answer, _ = echo_gate.send(body, headers={**forged, "Content-Type": "text/xml", "User-Agent": agent})
        [row] = eventually(lambda: echo_gate.audit(user_agent=agent))
    assert answer.status == 200
    assert echo.requests[-1][1]["X-Envoy-External-Address"] == seen_by_odoo
    assert row["client_ip"] == "127.0.0.1"


@contextlib.contextmanager
def reconfigured(gate: Gate, changes: list[tuple[str, str]]) -> Iterator[None]:
    """With an Envoy whose configuration has other texts in the place of some."""
    if not changes:
        yield
        return
    config = gate.folder / "envoy.yaml"
    before = text = config.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with gate.without_envoy():
        config.write_text(text)
    try:
        yield
    finally:
        with gate.without_envoy():
            config.write_text(before)


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_bodies_of_any_size_and_framing_arrive_whole(
    echo_gate: Gate, echo: Echo, user: Any, key: str, chunked: bool
) -> None:
    for size in (10, 70_000, 1_500_000):
        call = ("odoo", UID, key, "res.partner", "echo", ["x<" * size])
        body = xmlrpc.client.dumps(call, "execute_kw").encode()
        headers = {"Content-Type": "text/xml"}
        pieces: Any = body
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
            pieces = (body[at : at + 60_000] for at in range(0, len(body), 60_000))
        answer, document = echo_gate.send(pieces, headers=headers)
        assert answer.status == 200
        ((args, _),), _ = xmlrpc.client.loads(document)
        assert args == ["x<" * size]
        assert echo.requests[-1][1]["Transfer-Encoding"] is None


def test_other_traffic_keeps_its_spelling_and_headers(echo_gate: Gate, echo: Echo) -> None:
    answer, _ = echo_gate.send(b"", "/web//a/../%41?x=/%2f", {"Cookie": "session_id=1"}, "GET")
    assert answer.status == 200
    path, sent, _ = echo.requests[-1]
    assert path == "/web//a/../%41?x=/%2f" and sent["Cookie"] == "session_id=1" and sent["X-Lictor-Guard"] is None
