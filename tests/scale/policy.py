"""Many keys, profiles and permissions: the REST API, and how long a change takes to be in force."""

import http.client
import json
import threading
import time
import urllib.request
import xmlrpc.client
from typing import NamedTuple

from scale.figures import show, times
from scale.site import Site, envoy

PERMISSION = {"read": True, "write": True, "groups": ["base.group_user"], "nested_writes": ["line_ids"]}
ROUNDS = 50
CHANGES = 20
KEY_ORDERS = ["created_at", "name", "user", "profiles", "expires_at", "last_used_at"]
WAIT_SECONDS = 30
SCHEMA_SECONDS = 600


class Size(NamedTuple):
    """How much there is of each thing; `groups` are sets of groups."""

    keys: int
    permissions: int
    profiles: int
    models: int
    groups: int


def measure(site: Site, size: Size) -> None:
    began = time.monotonic()
    user, made = _fill(site, size)
    took = time.monotonic() - began
    print(f"  {size.keys} keys and {size.permissions} permissions in {size.profiles} profiles made in {took:.0f} s")
    _wait_for_schema(site, size)
    _rest(site, user["id"], made)
    _poll(site, made)
    with envoy(site) as (port, admin_port):
        _decision(site, user, port)
        print(f"  a worker takes a policy, of two that share the cores with all else: {load_us(admin_port)}")
    with envoy(site, workers=1) as (_, admin_port):
        for number in range(CHANGES):
            site.api.json("PUT", "permissions/res.users", {"read": number % 2 == 0})
            time.sleep(1)  # No test: each change is to find everybody at rest.
        print(f"  a worker takes a policy, alone and without calls: {load_us(admin_port)}")


def _new_key(user_id: str, number: int) -> dict[str, object]:
    return {
        "name": f"agent {number}",
        "user_id": user_id,
        "scopes": ["read", "write"],
        "models": ["res.partner", "sale.order"],
        "ip_allow_list": ["10.0.0.0/8"] if number % 2 else [],
        "rate_limit_per_minute": 600,
    }


def _fill(site: Site, size: Size) -> tuple[dict, list[dict]]:
    names = ["default", *(f"profile-{number}" for number in range(1, size.profiles))]
    for name in names[1:]:
        site.api.json("POST", "profiles", {"name": name, "description": "one of many"})
    for number in range(size.permissions):
        # Each profile has permissions for models that follow each other, and all together for all.
        model = (number % size.profiles + number // size.profiles) % size.models
        place = f"profiles/{names[number % size.profiles]}/permissions/model.{model}"
        site.api.json("PUT", f"{place}?unknown=allow", PERMISSION)
    users = [site.user(number % size.groups) for number in range(20)]

    def key(number: int) -> dict[str, object]:
        return _new_key(users[number % len(users)]["id"], number) | {"profiles": [names[number % size.profiles]]}

    made = [site.api.json("POST", "keys?unknown=allow", key(number)) for number in range(size.keys)]
    return users[0], made


def _wait_for_schema(site: Site, size: Size) -> None:
    """Until Odoo has told of every model to each set of groups."""
    deadline = time.monotonic() + SCHEMA_SECONDS
    while True:
        known = site.api.json("GET", "schema?limit=500")
        found = sum(entry["model"].startswith("model.") for entry in known["items"])
        if found >= size.models and len(known["source"]) >= size.groups and not known["reading"]:
            return print(f"  the fields of {found} models are known, as Odoo tells them to {len(known['source'])} sets of groups")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{found} models are known after {SCHEMA_SECONDS} s: {known['problem']}")
        time.sleep(0.5)


def _rest(site: Site, user_id: str, made: list[dict]) -> None:
    api = site.api
    show("keys: the first page of 50", times(ROUNDS, lambda _: api.send("GET", "keys")))
    show("keys: a page of 500", times(ROUNDS, lambda _: api.send("GET", "keys?limit=500")))
    cursor = api.json("GET", "keys?limit=500")["next_cursor"]
    show("keys: the page after that", times(ROUNDS, lambda _: api.send("GET", f"keys?limit=500&cursor={cursor}")))
    for order in KEY_ORDERS:
        show(f"keys: a page of 50 by {order}", times(ROUNDS, lambda _, order=order: api.send("GET", f"keys?sort={order}&order=desc")))
    show("keys of a user", times(ROUNDS, lambda _: api.send("GET", f"keys?user_id={user_id}")))
    show("the key with a prefix", times(ROUNDS, lambda n: api.send("GET", f"keys?prefix={made[n * 7]['prefix']}")))
    show("one key", times(ROUNDS, lambda n: api.send("GET", f"keys/{made[n * 5]['id']}")))
    show("permissions: a page of 500", times(ROUNDS, lambda _: api.send("GET", "permissions?limit=500")))
    show("a key is made", times(ROUNDS, lambda n: made.append(api.json("POST", "keys", _new_key(user_id, n)))))
    show("a key is changed", times(ROUNDS, lambda n: api.json("PATCH", f"keys/{made[n]['id']}", {"name": f"n{n}"})))
    show("a key is revoked", times(ROUNDS, lambda _: api.json("POST", f"keys/{made.pop()['id']}/revoke", {})))
    change = dict(PERMISSION, delete=True)
    place = "permissions/model.0?unknown=allow"
    show("a permission is changed", times(ROUNDS, lambda n: api.json("PUT", place, change | {"read": n % 2 == 0})))


def _poll(site: Site, made: list[dict]) -> None:
    """A change, from its request until a gate that waits for it has the whole policy."""
    gate = site.gate()
    policy = gate.send("GET", "policy")
    taken = []
    for number in range(CHANGES):
        limit = 1000 + number
        has = threading.Event()
        arrived: list[float] = []

        def wait(sign: bytes = b'"rate_limit_per_minute":%d' % limit, arrived: list[float] = arrived) -> None:
            nonlocal policy
            while sign not in policy:
                known = json.loads(policy)
                has.set()
                policy = gate.send("GET", f"policy?epoch={known['epoch']}&since={known['revision']}") or policy
            arrived.append(time.perf_counter())

        waiting = threading.Thread(target=wait)
        waiting.start()
        has.wait()
        time.sleep(0.3)  # No test: the publisher is to rest and the poll to be held, as on most days.
        began = time.perf_counter()
        site.api.json("PATCH", f"keys/{made[number]['id']}", {"rate_limit_per_minute": limit})
        waiting.join()
        taken.append((arrived[0] - began) * 1000)
    show("a change reaches a gate's long poll", taken)
    print(f"  the policy has {len(policy)} bytes of JSON")


def _decision(site: Site, user: dict, port: int) -> None:
    """A change, from its request until Envoy decides by it."""
    key = site.api.json("POST", "keys", {"name": "caller", "user_id": user["id"]})["key"]
    upstream = user["upstream"]
    call = (upstream["database"], upstream["uid"], key, "res.users", "search_count", [[]])
    body = xmlrpc.client.dumps(call, "execute_kw").encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)

    def is_refused() -> bool:
        connection.request("POST", "/xmlrpc/2/mcp", body, {"Content-Type": "text/xml"})
        return b"permission_denied" in connection.getresponse().read()

    def change(number: int) -> None:
        site.api.json("PUT", "permissions/res.users", {"read": number % 2 == 0})
        deadline = time.monotonic() + WAIT_SECONDS
        while is_refused() == (number % 2 == 0):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the change is not in force after {WAIT_SECONDS} s")

    change(0)
    show("a change is in force at an Envoy", times(CHANGES, lambda number: change(number + 1)))


def load_us(admin_port: int) -> str:
    """What Envoy's workers have measured: how many microseconds took how many policies."""
    url = f"http://127.0.0.1:{admin_port}/stats?filter=policy_load_us&histogram_buckets=detailed"
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        time.sleep(6)  # No test: Envoy gathers histograms every five seconds.
        with urllib.request.urlopen(url) as answer:
            found = answer.read().decode()
        if "totals=" in found:
            return found.split("totals=")[1].splitlines()[0]
        if time.monotonic() > deadline:
            raise RuntimeError(f"Envoy does not say how long a worker takes: {found}")
