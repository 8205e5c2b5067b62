"""An emergency: how many keys it is, the typed order, and where it is in force. On a gate of its own, whose keys all end."""

from playwright.sync_api import expect

from parts.odoo import Odoo
from support.gate import Gate

from .browser import screenshot
from .conftest import PASSWORD, Open, fill_sign_in, make_account

WRITES = {"POST /api/v1/emergency-revocation"}


def test_all_keys_are_revoked_and_it_is_seen_where(own_gate: Gate, odoo: Odoo, opened: Open) -> None:
    user = own_gate.user(odoo.database, odoo.admin.login, odoo.admin.password)
    key = own_gate.key(user, name="lost")
    own_gate.key(user, name="perhaps lost")
    watched = opened(at=own_gate)
    page = watched.page
    page.goto("/emergency")
    fill_sign_in(page, make_account(own_gate, "admin"), PASSWORD)
    expect(page.get_by_text("2 active keys")).to_be_visible()
    expect(page.get_by_text("1 of 1 gate connected")).to_be_visible()
    watched.look()
    screenshot(page, "emergency")

    page.get_by_role("button", name="Revoke all keys…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 active keys")
    order = dialog.get_by_role("button", name="Revoke all keys")
    dialog.get_by_label("Type REVOKE ALL KEYS to go on").fill("REVOKE ALL KEYS")
    expect(order).to_be_disabled()
    dialog.get_by_label("Reason").fill("a laptop was stolen")
    dialog.get_by_label("Type REVOKE ALL KEYS to go on").fill("revoke all keys")
    expect(order).to_be_disabled()
    dialog.get_by_label("Type REVOKE ALL KEYS to go on").fill("REVOKE ALL KEYS")
    watched.look("the order")
    order.click()

    expect(page.get_by_text("2 keys are revoked.")).to_be_visible()
    expect(page.get_by_text("There is no active key.")).to_be_visible()
    expect(page.get_by_text("a laptop was stolen")).to_be_visible()
    row = page.get_by_role("row", name="local")
    expect(row.get_by_text("yes", exact=True)).to_be_visible()
    expect(row.get_by_role("time")).to_be_visible()
    watched.look("what was done")
    assert own_gate.agent(user, key["key"]).refusal("res.partner", "search_count", []) == "invalid_key"
    page.reload()
    expect(row.get_by_text("yes", exact=True)).to_be_visible()
    expect(page.get_by_text("a laptop was stolen")).to_be_visible()
