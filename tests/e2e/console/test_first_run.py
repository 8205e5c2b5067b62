"""Somebody who has never seen it goes from what `cargo xtask up` prints, before their Odoo, to a working agent."""

import re
import subprocess
import sys
from typing import NamedTuple

from playwright.sync_api import Page, expect

from parts.odoo import Odoo, User
from support.gate import CALL_SECONDS, Gate

from .browser import Watched, screenshot
from .conftest import Open, fill_sign_in

# One click and one field of these are for a password that is wrong at first.
MOST_CLICKS = 6
MOST_FIELDS = 8
COUNT = """
addEventListener('click', event => { if (event.isTrusted && event.detail) window.clicks = (window.clicks ?? 0) + 1; }, true);
addEventListener('input', () => { window.fields = (window.fields ?? 0) + 1; }, true);
"""


class Printed(NamedTuple):
    """What somebody reads off the terminal."""

    console: str
    account: str
    password: str
    gate: str


def printed(gate: Gate) -> Printed:
    found = re.search(r"in a browser: open (\S+), and sign in as (\w+) with the password that this prints:\n\n(cat .+)\n", gate.greeting)
    address = re.search(r"gate \(for API clients\) +(\S+)\n", gate.greeting)
    assert found and address, gate.greeting
    console, account, command = found.groups()
    told = subprocess.run(["bash", "-e", "-c", command], check=True, capture_output=True, text=True, timeout=CALL_SECONDS)
    return Printed(console, account, told.stdout.strip(), address[1])


def somebody(odoo: Odoo) -> User:
    """A user of their Odoo, who is no administrator."""
    return odoo.create_user("agent", "the agent's own password", ("base.group_user", "base.group_partner_manager"))


def to_a_working_agent(gate: Gate, odoo: Odoo, user: User, watched: Watched) -> Page:
    """The whole way, each page looked at. The page has counted the clicks and the fields in `clicks` and `fields`."""
    told, page = printed(gate), watched.page
    page.add_init_script(COUNT)
    page.goto(told.console)
    fill_sign_in(page, told.account, told.password)
    expect(page.get_by_text("Nothing is set up yet")).to_be_visible()
    page.get_by_role("link", name="Begin").click()

    expect(page.get_by_role("heading", name="First run", level=1)).to_be_visible()
    watched.look("the user")
    page.get_by_label("Database").fill(odoo.database)
    page.get_by_label("Login").fill(user.login)
    secret = page.get_by_label("Password or API key")
    secret.fill("not the password")
    page.get_by_role("button", name="Connect").click()
    # Odoo was asked; its word stands at the field, and what was filled in is kept.
    expect(secret).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Login")).to_have_value(user.login)
    watched.look("a wrong password")
    secret.fill(user.password)
    page.get_by_role("button", name="Connect").click()

    expect(page.get_by_role("radio", name="mcp-server-odoo")).to_be_checked()
    watched.look("the profile")
    page.get_by_role("button", name="Take this").click()
    page.get_by_role("button", name="Make the key").click()

    expect(page.get_by_text("Waiting for the first call…")).to_be_visible()
    page.get_by_label("Address of the gate").fill(told.gate)
    page.get_by_label("Client", exact=True).select_option("python")
    watched.look("the client")
    screenshot(page, "first-run")
    gate.in_force()
    # As somebody who has copied it.
    script = page.locator("pre").inner_text()
    ran = subprocess.run([sys.executable, "-"], input=script, text=True, capture_output=True, timeout=CALL_SECONDS, check=False)
    assert ran.returncode == 0, ran.stderr
    expect(page.get_by_text("It was allowed. The agent works.")).to_be_visible()
    watched.look("the first call")
    return page


def test_from_nothing_to_a_working_agent(own_gate: Gate, odoo: Odoo, opened: Open) -> None:
    page = to_a_working_agent(own_gate, odoo, somebody(odoo), opened(own_gate))
    assert page.evaluate("window.clicks") <= MOST_CLICKS
    assert page.evaluate("window.fields") <= MOST_FIELDS

    # The address has what was made: the page goes on where it was, but for the key, which is not shown again.
    page.once("dialog", lambda asked: asked.accept())
    page.reload()
    expect(page.get_by_text("The key is not shown again.")).to_be_visible()
    page.get_by_role("link", name="To the overview").click()
    expect(page.get_by_role("link", name="first agent")).to_be_visible()
