"""Starts the real parts, uses each once and prints how long everything took: `python3 -m parts.selfcheck` in `tests/e2e`."""

import sys
import time
import xmlrpc.client

from parts import odoo_package
from parts.cache import PartError
from parts.odoo import Odoo, User
from parts.postgres import Postgres


class Stopwatch:
    """Prints each step with the seconds since the one before it."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self, step: str) -> None:
        now = time.monotonic()
        print(f"{now - self._last:7.2f} s  {step}", flush=True)
        self._last = now


def check() -> None:
    watch = Stopwatch()
    package = odoo_package.fetched()
    watch.lap(f"Odoo {package.version} and its Python are there")
    with Postgres() as postgres:
        watch.lap(f"PostgreSQL accepts connections on port {postgres.port}")
        with Odoo(postgres) as odoo:
            watch.lap(f"Odoo answers on {odoo.url}; admin has uid {odoo.admin.uid}")
            partners = odoo.call("res.partner", "search", [])
            watch.lap(f"admin finds {len(partners)} partners")
            _uses_a_key(odoo)
            watch.lap("a new user reads with an API key, and is refused with a wrong one")
        watch.lap("Odoo has stopped")
    watch.lap("PostgreSQL has stopped")


def _uses_a_key(odoo: Odoo) -> None:
    user = odoo.create_user("agent", "a-long-password")
    key = odoo.create_api_key(user)
    if odoo.authenticate(user.login, key) != user.uid:
        raise PartError("a new API key does not authenticate")
    odoo.call_as(User(user.uid, user.login, key), "res.partner", "search", [], limit=1)
    try:
        odoo.call_as(User(user.uid, user.login, "wrong"), "res.partner", "search", [], limit=1)
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != 3:
            raise
    else:
        raise PartError("Odoo took a wrong API key")


if __name__ == "__main__":
    try:
        check()
    except PartError as error:
        sys.exit(f"error: {error}")
