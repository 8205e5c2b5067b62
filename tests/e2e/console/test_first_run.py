"""Somebody who has never seen it goes from a fresh gate before their Odoo to a working agent."""

import subprocess
import sys
import time

from playwright.sync_api import expect

from parts.odoo import Odoo
from support.gate import Gate

from .browser import screenshot
from .conftest import Open, fill_sign_in, make_account

# Beside what is typed and chosen.
MOST_CLICKS = 8
MOST_SECONDS = 300
COUNT_CLICKS = "addEventListener('click', event => { if (event.isTrusted && event.detail) window.clicks = (window.clicks ?? 0) + 1; }, true)"


def test_from_nothing_to_a_working_agent(own_gate: Gate, odoo: Odoo, opened: Open) -> None:
    gate = own_gate
    name = make_account(gate, "admin")
    watched = opened(gate)
    page = watched.page
    page.add_init_script(COUNT_CLICKS)
    began = time.monotonic()
    page.goto("/")
    fill_sign_in(page, name)
    expect(page.get_by_text("Nothing is set up yet")).to_be_visible()
    page.get_by_role("link", name="Begin").click()

    expect(page.get_by_role("heading", name="First run", level=1)).to_be_visible()
    watched.look("the user")
    page.get_by_label("Database").fill(odoo.database)
    page.get_by_label("Login").fill(odoo.admin.login)
    page.get_by_label("Password or API key").fill("not the password")
    page.get_by_role("button", name="Connect").click()
    # Odoo was asked, and what was filled in is kept.
    expect(page.locator("form").get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Login")).to_have_value(odoo.admin.login)
    watched.look("a wrong password")
    page.get_by_label("Password or API key").fill(odoo.admin.password)
    page.get_by_label("It may be an administrator of Odoo").check()
    page.get_by_role("button", name="Connect").click()

    expect(page.get_by_role("radio", name="mcp-server-odoo")).to_be_checked()
    watched.look("the profile")
    page.get_by_role("button", name="Take this").click()
    page.get_by_role("button", name="Make the key").click()

    expect(page.get_by_text("Waiting for the first call…")).to_be_visible()
    page.get_by_label("Address of the gate").fill(gate.up["gate_url"])
    page.get_by_label("Client", exact=True).select_option("python")
    watched.look("the client")
    screenshot(page, "first-run")
    gate.in_force()
    # As somebody who has copied it.
    script = page.locator("pre").inner_text()
    ran = subprocess.run([sys.executable, "-"], input=script, text=True, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    expect(page.get_by_text("It was allowed. The agent works.")).to_be_visible()
    watched.look("the first call")
    assert time.monotonic() - began < MOST_SECONDS
    assert page.evaluate("window.clicks") <= MOST_CLICKS

    # The address has what was made: the page goes on where it was, but for the key, which is not shown again.
    page.once("dialog", lambda asked: asked.accept())
    page.reload()
    expect(page.get_by_text("The key is not shown again.")).to_be_visible()
    page.get_by_role("link", name="To the overview").click()
    expect(page.get_by_role("link", name="first agent")).to_be_visible()
