"""Forms that stock clients send, on each road to a real Odoo 19: the same answer as to the usual form; and the names of
what is wrong with a body."""

import json
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from parts.odoo import Odoo
from support.gate import Gate, fault
from support.roads import JSON, Roads

POSITIONAL = ["/xmlrpc/2/mcp", "/xmlrpc/2/object", "/xmlrpc/object", "/jsonrpc"]
ALL = [*POSITIONAL, "/json/2"]


@pytest.fixture(scope="module")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("forms")) as gate:
        gate.permit({"res.partner": {"read": True, "write": True, "create": True}})
        yield gate


@pytest.fixture(scope="module")
def roads(gate: Gate, odoo: Odoo) -> Roads:
    """With an API key of Odoo, the only credential that JSON-2 takes."""
    user = gate.user(odoo.database, odoo.admin.login, odoo.create_api_key(odoo.admin))
    return Roads(gate, user, gate.key(user)["key"])


@pytest.mark.parametrize("road", POSITIONAL)
def test_a_uid_is_read_as_text_of_its_digits(gate: Gate, roads: Roads, road: str) -> None:
    text = Roads(gate, roads.user, roads.key)
    text.uid = str(roads.uid)  # type: ignore[assignment]
    count = roads.call(road, "res.partner", "search_count", [])
    assert count.value > 0 and text.call(road, "res.partner", "search_count", []).value == count.value
    for uid in (f" {roads.uid}", f"{roads.uid}\n", f"+{roads.uid}", f"0_{roads.uid}", f"{roads.uid}.0", roads.uid + 0.9, True):
        text.uid = uid  # type: ignore[assignment]
        answer = text.call(road, "res.partner", "search_count", [])
        assert answer.error is not None, uid
        assert "uid has another shape than it must have: a whole number, or text of its digits alone" in answer.error, answer
    text.uid = f"1{roads.uid}"  # type: ignore[assignment]
    assert text.call(road, "res.partner", "search_count", []).reason == "identity_mismatch"


@pytest.mark.parametrize("road", ALL)
def test_an_empty_array_is_an_empty_struct_and_one_id_a_list(roads: Roads, road: str) -> None:
    read = roads.call(road, "res.partner", "read", [1], ["name"])
    assert roads.call(road, "res.partner", "read", 1, ["name"]).value == read.value != []
    assert roads.call(road, "res.partner", "read", [1], ["name"], context=[]).value == read.value
    if road in POSITIONAL:
        for kwargs in ([], None):
            assert roads.by(road)("res.partner", "read", [[1], ["name"]], kwargs).value == read.value
    else:
        # A method that needs no arguments.
        [array, struct] = [roads.post("/json/2/res.partner/fields_get", body).value for body in (b"[]", b"{}")]
        assert array == struct and "name" in struct


def call(roads: Roads, method: str, args: str, declaration: str = "<?xml version='1.0'?>") -> str:
    """A call whose arguments are XML."""
    head = (roads.database, roads.uid, roads.key, "res.partner", method)
    text = xmlrpc.client.dumps(head, "execute_kw").replace("<?xml version='1.0'?>", declaration, 1)
    params = f"<param><value><array><data>{args}</data></array></value></param></params>"
    return text.replace("</params>", params)


def send(gate: Gate, body: bytes) -> Any:
    _, document = gate.send(body)
    [value], _ = xmlrpc.client.loads(document)
    return value


@pytest.mark.parametrize(
    "number",
    [
        "<ex:bigdecimal>12.50</ex:bigdecimal>",
        "<bigdecimal> 1250E-2\n</bigdecimal>",
        "<ex:float>12.5</ex:float>",
        "<double>\t12.5 </double>",
    ],
)
def test_numbers_of_java_arrive(gate: Gate, roads: Roads, number: str) -> None:
    latitude = f"<member><name>partner_latitude</name><value>{number}</value></member>"
    values = f"<value><struct><member><name>name</name><value>Java</value></member>{latitude}</struct></value>"
    partner = send(gate, call(roads, "create", values).encode())
    fields = "<value><array><data><value>partner_latitude</value></data></array></value>"
    for tag in ("ex:i2", "ex:biginteger", "i8"):
        ids = f"<value><array><data><value><{tag}> {partner} </{tag}></value></data></array></value>"
        [read] = send(gate, call(roads, "read", ids + fields).encode())
        assert read == {"id": partner, "partner_latitude": 12.5}


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "é€Š"), ("us-ascii", "e"), ("ISO-8859-1", "é"), ("ISO-8859-15", "é€Š"), ("windows-1252", "é€Š“”"), ("utf-8-sig", "é€Š")],
)
def test_encodings_arrive(gate: Gate, roads: Roads, encoding: str, name: str) -> None:
    declared = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>"
    values = f"<value><struct><member><name>name</name><value>{name}</value></member></struct></value>"
    partner = send(gate, call(roads, "create", values, declared).encode(encoding))
    assert roads.call("/xmlrpc/2/mcp", "res.partner", "read", [partner], ["name"]).value == [{"id": partner, "name": name}]


def test_what_is_wrong_with_a_body_has_its_name(gate: Gate, roads: Roads) -> None:
    for body, told in (
        (b'{"limit": NaN}', "it holds NaN or Infinity, which JSON does not have, at character 10 of the body"),
        (b'{"context": {"a": "\\ud800"}}', "a text holds half of a surrogate pair, at character 19 of the body"),
        (b'{"context": {"a": "\t"}}', "a text holds a control character, a tab or a line end for instance, that is not escaped"),
        (b" ", "it is empty"),
        (b'{"limit": 92233720368547758080}', "it holds a whole number that does not fit 64 bits, at character 10"),
        (b'{"limit": 1, "limit": 1}', "an object has two members of one name, at character 23"),
        (b"{} {}", "something follows the value, at character 3"),
        (b'{"domain": 1}', "domain must be a domain"),
        (b'{"filter": []}', "it has a keyword argument that search does not take; its arguments are domain, offset, limit, order, count"),
    ):
        answer = roads.post("/json/2/res.partner/search", body)
        assert answer.reason == "malformed_request" and told in answer.error, answer
    whole = call(roads, "search", "<value><array><data/></array></value>")
    for old, new, told in (
        ("<data/>", "<data><value><int>1.5</int></value></data>", "an integer must be decimal digits that fit 64 bits"),
        ("</methodCall>", "", "it ends before the document is complete"),
        ("<methodCall>", "<!DOCTYPE x><methodCall>", "it holds a document type"),
        ("<string>search</string>", "<nil/>", "method has another shape than it must have: text of 1 to 256 bytes"),
    ):
        assert whole.count(old) == 1
        _, document = gate.send(whole.replace(old, new).encode())
        assert told in fault(document).faultString


def test_what_is_not_read_is_named_with_what_is(gate: Gate, roads: Roads) -> None:
    body = call(roads, "search", "<value><array><data/></array></value>")
    encodings = "UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 or windows-1252"
    for headers, sent, told in (
        ({"Content-Encoding": "gzip"}, body, 'The Content-Encoding "gzip" is not read; send the body as it is.'),
        ({"Content-Type": "text/xml; charset=utf-16"}, body, f'The charset "utf-16" of the Content-Type is not read; send {encodings}.'),
        ({}, body.replace("?>", " encoding='koi8-r'?>"), f'The encoding "koi8-r" of the XML declaration is not read; send {encodings}.'),
    ):
        _, document = gate.send(sent.encode(), headers={"Content-Type": "text/xml", **headers})
        assert fault(document).faultString.startswith(f"unsupported_encoding: {told}")
    bearer = {"Authorization": f"Bearer {roads.key}"}
    answer, document = gate.send(b"a=1", "/json/2/res.partner/search", {"Content-Type": "text/plain", **bearer})
    assert answer.status == 415
    assert 'The Content-Type "text/plain" is not read here; send application/json.' in json.loads(document)["message"]
    limit = gate.api("GET", "settings")["body_limit_bytes"]
    told = f"too_large: Send a request of at most {limit} bytes, or have an administrator raise body_limit_bytes."
    for path, headers in (("/xmlrpc/2/mcp", {"Content-Type": "text/xml"}), ("/json/2/res.partner/search", {**JSON, **bearer})):
        _, document = gate.send(b" " * (limit + 1), path, headers)
        assert told.encode() in document
