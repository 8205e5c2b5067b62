"""Users and the Odoo credentials behind them: asked for, checked, set anew; two who edit the same one."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from parts.odoo import Odoo
from support.gate import Gate

from .browser import screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/users",
    "PATCH /api/v1/users/{id}",
    "POST /api/v1/users/{id}/check",
    "DELETE /api/v1/users/{id}",
}


def fill(page: Page, odoo: Odoo, name: str, login: str, secret: str) -> None:
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Odoo database").fill(odoo.database)
    form.get_by_label("Odoo login").fill(login)
    form.get_by_label("Password or API key of Odoo").fill(secret)


def refused_beside_the_field(dialog: Locator) -> None:
    """Odoo's word on a secret stands at the secret, once."""
    secret = dialog.get_by_label("Password or API key of Odoo")
    expect(secret).to_have_attribute("aria-invalid", "true")
    expect(secret).to_have_accessible_description(re.compile("Odoo knows no such login with this secret"))
    expect(dialog.get_by_role("alert")).to_have_count(1)


def test_a_user_from_a_wrong_secret_to_its_end(gate: Gate, odoo: Odoo, signed_in: Open) -> None:
    plain = odoo.create_user("console", "console-secret")
    watched = signed_in(path="/users")
    page = watched.page
    page.get_by_role("button", name="New user").first.click()
    dialog = page.get_by_role("dialog")
    fill(page, odoo, "Nadja", plain.login, "not the secret")
    watched.look("the form")
    dialog.get_by_role("button", name="Create").click()
    refused_beside_the_field(dialog)
    expect(dialog.get_by_label("Odoo login")).to_have_value(plain.login)
    dialog.get_by_label("Password or API key of Odoo").fill(plain.password)
    dialog.get_by_role("button", name="Create").click()

    expect(page.get_by_role("heading", name="Nadja", level=1)).to_be_visible()
    expect(page.get_by_text("base.group_user", exact=True)).to_be_visible()
    expect(page.get_by_text("works", exact=True)).to_be_visible()
    watched.look()
    screenshot(page, "user")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("Odoo takes the credential.")).to_be_visible()

    page.get_by_role("button", name="Set another secret").click()
    dialog.get_by_label("Password or API key of Odoo").fill("still not the secret")
    dialog.get_by_role("button", name="Set another secret").click()
    refused_beside_the_field(dialog)
    dialog.get_by_label("Password or API key of Odoo").fill(plain.password)
    dialog.get_by_role("button", name="Set another secret").click()
    expect(page.get_by_text("Odoo took the new secret.")).to_be_visible()

    page.get_by_role("button", name="Delete").click()
    dialog.get_by_label("Type Nadja to go on").fill("Nadja")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()
    assert "Nadja" not in {user["name"] for user in gate.api("GET", "users")["items"]}


def test_two_who_edit_the_same_user_lose_nothing(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    user = agent["user"]["id"]
    watched = signed_in(path=f"/users/{user}")
    page = watched.page
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mail address").fill("agents@example.com")
    gate.api("PATCH", f"users/{user}", {"groups": ["finance"]})
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Somebody else has changed this meanwhile")).to_be_visible()
    watched.look("a conflict")
    screenshot(page, "conflict")
    dialog.get_by_role("button", name="Load what it is now").click()
    expect(dialog.get_by_text("finance")).to_be_visible()
    expect(dialog.get_by_label("Mail address")).to_have_value("agents@example.com")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The user is changed.")).to_be_visible()
    now = gate.api("GET", f"users/{user}")
    assert (now["groups"], now["email"]) == (["finance"], "agents@example.com")
    gate.api("PATCH", f"users/{user}", {"groups": [], "email": None})


def test_users_are_for_administrators(signed_in: Open) -> None:
    watched = signed_in("manager", "/users")
    expect(watched.page.get_by_role("heading", name="Not for your role", level=1)).to_be_visible()
    watched.look()
