"""One browser and one gate for the stories, which make what they need under names of their own."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from parts.odoo import Odoo
from support.gate import Gate

from .browser import Watched, chromium

PASSWORD = "a long enough password"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def make_account(gate: Gate, role: str) -> str:
    """The name of a new account that can sign in."""
    made = gate.api("POST", "accounts", {"name": f"the {role}", "role": role})
    gate.api("PUT", f"accounts/{made['id']}/password", {"password": PASSWORD})
    return made["name"]


@pytest.fixture(scope="session")
def accounts(gate: Gate) -> dict[str, str]:
    """An account for each role, by it."""
    return {role: make_account(gate, role) for role in ("user", "manager", "admin")}


Open = Callable[..., Watched]


@pytest.fixture(scope="module", autouse=True)
def written(request: pytest.FixtureRequest) -> Iterator[set[tuple[str, str]]]:
    """What the stories of a file change: each request of its `WRITES`, as test_every_write.py believes."""
    seen: set[tuple[str, str]] = set()
    yield seen
    whole = not request.config.option.keyword and not any("::" in argument for argument in request.config.args)
    if whole and not request.session.testsfailed:
        said: set[str] = getattr(request.module, "WRITES", set())
        missing = {write for write in said if not any(is_of(write, *one) for one in seen)}
        assert not missing, f"no story of this file sends {sorted(missing)}; they send {sorted(seen)}"


def is_of(write: str, method: str, path: str) -> bool:
    """Whether a request is of a route, such as `DELETE /api/v1/keys/{id}`."""
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(write))
    return re.fullmatch(pattern, f"{method} {path}") is not None


@pytest.fixture
def opened(browser: Browser, gate: Gate, written: set[tuple[str, str]]) -> Iterator[Open]:
    """Opens a window that nobody is signed in in. All that a story has opened must be clean at its end."""
    all_opened: list[Watched] = []

    def open_one(at: Gate = gate, **options: Any) -> Watched:
        watched = Watched(browser, at.up["api_url"], **options)
        all_opened.append(watched)
        return watched

    yield open_one
    for watched in all_opened:
        written |= watched.writes
        watched.close()


@pytest.fixture
def signed_in(opened: Open, accounts: dict[str, str]) -> Open:
    """Opens a window in which an account of this role has signed in."""

    def sign_in_as(role: str = "admin", path: str = "/", **options: Any) -> Watched:
        watched = opened(**options)
        watched.page.goto(path)
        fill_sign_in(watched.page, accounts[role])
        watched.page.locator("#content h1").wait_for()
        return watched

    return sign_in_as


def fill_sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Account").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture(scope="session")
def agent(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    """A user with a profile and a key of their own, which has made calls: allowed, refused, and one that failed."""
    user = gate.user(odoo.database, odoo.admin.login, odoo.admin.password)
    gate.api("POST", "profiles", {"name": "contacts", "description": "Reads contacts."})
    gate.api("PUT", "profiles/contacts/permissions/res.partner", {"read": True})
    key = gate.key(user, name="the contacts agent", profiles=["contacts"])
    return {"user": user, "key": key, "profile": "contacts"}
