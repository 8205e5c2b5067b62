"""The attacks that alerts are tried on, as somebody carries them out against a gate: see `record_streams.py`."""

import concurrent.futures
import contextlib
import http.client
import itertools
import random
import string
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from support import load
from support.echo import UID
from support.gate import CALL_SECONDS, Gate
from support.keys import plain_key

# A thief calls with what is at hand.
CLIENT = "python-requests/2.32.3"
CONNECTIONS = 4
# What would be worth most, and how it would be had.
MODELS = """account.move account.payment hr.contract hr.employee ir.attachment ir.config_parameter ir.cron mail.message
    res.partner.bank res.users sale.order stock.picking""".split()
METHODS: dict[str, list[Any]] = {
    "search_read": [[]],
    "fields_get": [],
    "create": [{"name": "x"}],
    "write": [[1], {"name": "x"}],
    "unlink": [[1]],
    "sudo": [[1]],
    "_write": [[1], {"name": "x"}],
}
READABLE = """account.account account.analytic.account account.bank.statement account.journal account.move account.move.line
    account.payment account.payment.term account.tax calendar.event crm.lead crm.stage crm.team hr.attendance hr.contract
    hr.department hr.employee hr.expense hr.job hr.leave mail.activity mrp.bom mrp.production product.category
    product.pricelist product.product product.supplierinfo product.template project.project project.task purchase.order
    purchase.order.line res.bank res.company res.country res.currency res.partner res.partner.bank sale.order
    sale.order.line stock.location stock.lot stock.picking stock.quant uom.uom""".split()

# A request: its path, its headers and its body.
Request = tuple[str, dict[str, str], bytes]


class Stage:
    """A gate with a user whose keys are stolen, and the ways of whoever has one."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.user = gate.user("odoo", "agent", "secret")

    def key(self, **restrictions: Any) -> str:
        """A new key, in force, with which nobody has called yet."""
        made = self.gate.api("POST", "keys", {"name": "agent", "user_id": self.user["id"], **restrictions})
        self.gate.in_force()
        key: str = made["key"]
        return key

    def in_turn(self, requests: Iterable[Request], address: str, pause: float = 0) -> None:
        """Sends one request after the other over one connection from the address."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.gate.port, timeout=CALL_SECONDS, source_address=(address, 0)
        )
        with contextlib.closing(connection):
            for path, headers, body in requests:
                connection.request("POST", path, body, {"User-Agent": CLIENT, **headers})
                connection.getresponse().read()
                time.sleep(pause)

    def flood(self, make: Callable[[int], Request], address: str, seconds: float) -> None:
        """Sends `make(0)`, `make(1)`, … as fast as they are answered, over a few connections, for so long."""
        end = time.monotonic() + seconds
        numbers = itertools.count()

        def requests() -> Iterator[Request]:
            while time.monotonic() < end:
                yield make(next(numbers))

        self.at_once([lambda: self.in_turn(requests(), address)] * CONNECTIONS)

    def at_once(self, parts: list[Callable[[], None]]) -> None:
        """Does all parts at the same time, and fails if one fails."""
        with concurrent.futures.ThreadPoolExecutor(len(parts)) as pool:
            for part in [pool.submit(part) for part in parts]:
                part.result()


def xml(body: bytes, path: str = load.SECURED) -> Request:
    return path, {"Content-Type": "text/xml"}, body


def call(key: str, model: str, method: str, *args: object, database: str = "odoo", uid: int = UID) -> Request:
    return xml(load.body((database, uid, key), model, method, *args))


def fast_scan_with_a_stolen_key(stage: Stage) -> None:
    """A stolen key is tried on twelve models with seven methods, again and again for 25 s, as fast as the gate answers."""
    key = stage.key()
    calls = [call(key, model, method, *args) for model in MODELS for method, args in METHODS.items()]
    stage.flood(lambda number: calls[number % len(calls)], "127.0.0.11", seconds=25)


def probing_with_a_stolen_key(stage: Stage) -> None:
    """A stolen key is tried with other identities, broken bodies, closed methods and models, by hand: a call every two
    seconds."""
    key = stage.key()
    path, headers, whole = call(key, "res.partner", "read", [1])
    calls = [
        call(key, "res.users", "read", [1], ["password"]),
        call(key, "res.partner", "read", [1], uid=1),
        call(key, "res.partner", "read", [1], uid=2),
        call(key, "res.partner", "read", [1], database="production"),
        call(key, "res.partner", "read", "1 OR 1=1"),
        call(key, "res.partner", "read", [1], ["name"], "_classic_read", "and one more"),
        call(key, "res.partner", "_login"),
        call(key, "res.users", "_check_credentials", "admin"),
        call(key, "ir.cron", "method_direct_trigger", [1]),
        call(key, "ir.actions.server", "create", {"state": "code", "code": "env.cr.commit()"}),
        call(key, "ir.config_parameter", "get_param", "database.secret"),
        call(key, "res.partner", "search", [["user_ids.password", "like", "a%"]]),
        call(key, "res.partner", "write", [1], {"user_ids": [[1, 2, {"password": "x"}]]}),
        call(key, "res.partner", "search_read", "; DROP TABLE res_users"),
        (path, headers, whole[:-20]),
        call(key, "res.groups", "write", [1], {"user_ids": [[4, 2]]}),
    ]
    stage.in_turn(calls, "127.0.0.12", pause=2)


def fuzzing(stage: Stage) -> None:
    """Broken calls with a stolen key for 30 s, as fast as the gate answers: two of three have values of wrong types, of the
    third some bytes were exchanged."""
    key = stage.key()
    wrong: list[Any] = ["x", {}, "", [["1"]], [[[]]], [{}], [1.5], [-1], [True], "%00", {"a": []}, 0]
    dice = random.Random(0)  # noqa: S311

    def make(number: int) -> Request:
        path, headers, body = call(key, "res.partner", "read", wrong[number % len(wrong)], [0])
        if number % 3 == 0:
            broken = bytearray(body)
            for _ in range(3):
                broken[dice.randrange(len(broken))] = dice.randrange(256)
            body = bytes(broken)
        return path, headers, body

    stage.flood(make, "127.0.0.13", seconds=30)


def hammering(stage: Stage) -> None:
    """A key that may call twenty times a minute goes on at full speed for 30 s although its rate limit is reached."""
    read = call(stage.key(rate_limit_per_minute=20), "res.partner", "read", [1])
    stage.flood(lambda _: read, "127.0.0.14", seconds=30)


def guessed_keys(stage: Stage) -> None:
    """Keys are guessed from one address for two minutes, as fast as the gate answers, each with a right checksum."""
    dice = random.Random(1)  # noqa: S311

    def make(_: int) -> Request:
        return call(plain_key("".join(dice.choices(string.ascii_letters + string.digits, k=40))), "res.partner", "read", [1])

    stage.flood(make, "127.0.0.15", seconds=125)


def guessed_secret(stage: Stage) -> None:
    """Somebody knows the beginning of a key and guesses at the rest, from five addresses in turn, twelve times each."""
    beginning = stage.key()[4:12]
    for attempt in range(12):
        for address in range(5):
            guess = plain_key(f"{beginning}{attempt:016}{address:016}")
            stage.in_turn([call(guess, "res.partner", "read", [1])], f"127.0.0.{20 + address}")


def junk(stage: Stage) -> None:
    """Junk from one address for 65 s: bodies that are no call, passwords in the place of keys, and keys that are none."""
    requests = [
        xml(b""),
        xml(b"\x16\x03\x01\x02\x00\x01\x00\x01"),
        xml(b"<html><body>hello</body></html>"),
        xml(b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><methodCall>&y;</methodCall>'),
        xml(b'{"jsonrpc": "2.0", "method": "initialize", "id": 1}'),
        call("admin", "res.users", "search_read", []),
        call("lct_admin", "res.users", "search_read", []),
        call("lct_" + "0" * 46, "res.users", "search_read", []),
        xml(load.login("lct_test"), "/xmlrpc/2/common"),
    ]
    stage.flood(lambda number: requests[number % len(requests)], "127.0.0.16", seconds=65)


def closed_roads(stage: Stage) -> None:
    """Calls on roads that are closed to keys, with a stolen one, and from another address calls without one on the road that
    needs it, one a second."""
    key = stage.key()
    stage.gate.api("PATCH", "settings", {"enforcement": "block"})
    stage.gate.in_force()
    _, headers, body = call(key, "res.partner", "read", [1])
    bearer = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    roads: list[Request] = [
        ("/xmlrpc/2/object", headers, body),
        ("/xmlrpc/object", headers, body),
        ("/json/2/res.partner/read", bearer, b'{"ids": [1]}'),
    ]
    with_the_key = [roads[number % len(roads)] for number in range(12)]
    without = [call("admin", "res.partner", "read", [1]) for _ in range(12)]
    stage.at_once([
        lambda: stage.in_turn(with_the_key, "127.0.0.17", pause=1),
        lambda: stage.in_turn(without, "127.0.0.18", pause=1),
    ])


def shared_key(stage: Stage) -> None:
    """One key is used from nine addresses at once, four calls each, a call every three seconds."""
    read = call(stage.key(), "res.partner", "read", [1])
    addresses = [f"127.0.0.{30 + number}" for number in range(9)]
    stage.at_once([lambda address=address: stage.in_turn([read] * 4, address, pause=3) for address in addresses])


def stolen_key_elsewhere(stage: Stage) -> None:
    """A stolen key is used from an address that is not on its list, eight times, a call every two seconds."""
    read = call(stage.key(ip_allow_list=["192.0.2.0/24"]), "res.partner", "read", [1])
    stage.in_turn([read] * 8, "127.0.0.19", pause=2)


def copied_out(stage: Stage) -> None:
    """One key reads whatever it may of forty-five models, one after the other as fast as they are answered."""
    stage.gate.permit({model: {"read": True} for model in READABLE})
    key = stage.key()
    stage.in_turn([call(key, model, "search_read", [], []) for model in READABLE], "127.0.0.41")


ATTACKS = [
    closed_roads,
    copied_out,
    fast_scan_with_a_stolen_key,
    fuzzing,
    guessed_keys,
    guessed_secret,
    hammering,
    junk,
    probing_with_a_stolen_key,
    shared_key,
    stolen_key_elsewhere,
]
