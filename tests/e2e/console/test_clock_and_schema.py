"""Jobs, Odoo's schema, and the administrators' log of what was done to them."""

from typing import Any

from playwright.sync_api import expect

from support.gate import Gate

from .browser import PHONE, screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/jobs/{name}/run",
    "PATCH /api/v1/jobs/{name}",
    "POST /api/v1/schema/refresh",
}


def test_a_job_is_run_and_moved_and_the_log_has_before_and_after(gate: Gate, signed_in: Open) -> None:
    watched = signed_in(path="/jobs")
    page = watched.page
    row = page.get_by_role("row", name="session_cleanup")
    row.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("session_cleanup has run.")).to_be_visible()
    expect(row).to_contain_text("succeeded")
    watched.look()
    screenshot(page, "jobs")
    row.get_by_role("button", name="Change when").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Five fields, in UTC").fill("at dawn")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Five fields, in UTC")).to_have_attribute("aria-invalid", "true")
    watched.look("an error at its field")
    dialog.get_by_label("Five fields, in UTC").fill("*/20 * * * *")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("*/20 * * * *")

    page.get_by_role("navigation", name="Screens").get_by_role("link", name="Administrators’ log").click()
    expect(page.get_by_role("heading", name="Administrators’ log", level=1)).to_be_visible()
    page.get_by_label("To what (id)").fill("session_cleanup")
    page.keyboard.press("Enter")
    record = page.get_by_role("row").filter(has_text="the admin").first
    expect(record).to_contain_text("session_cleanup")
    watched.look("the log")
    record.get_by_role("button", name="field").click()
    dialog = page.get_by_role("dialog")
    cron = dialog.get_by_role("row", name="cron")
    expect(cron).to_contain_text("*/15 * * * *")
    expect(cron).to_contain_text("*/20 * * * *")
    watched.look("before and after")
    screenshot(page, "administrators-log")
    page.reload()
    expect(cron).to_contain_text("*/20 * * * *")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    gate.api("PATCH", "jobs/session_cleanup", {"cron": "*/15 * * * *"})


def test_what_is_known_of_odoo_is_read_again_and_looked_at(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in("manager", "/schema")
    page = watched.page
    expect(page.get_by_role("link", name="res.partner", exact=True)).to_be_visible()
    page.get_by_role("button", name="Ask Odoo now").click()
    expect(page.get_by_text("It is read.").or_(page.get_by_text("It is being read"))).to_be_visible()
    watched.look()
    screenshot(page, "schema")
    page.get_by_role("link", name="What changed").click()
    expect(page.get_by_role("row").filter(has_text="res.partner").first).to_contain_text("new, with")
    watched.look("what changed")
    page.get_by_role("link", name="res.partner", exact=True).first.click()
    expect(page.get_by_role("heading", name="res.partner", level=1)).to_be_visible()
    page.get_by_label("Find a field").fill("country")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="country_id many2one")).to_contain_text("res.country")
    expect(page.get_by_role("row", name="phone")).to_have_count(0)
    watched.look("a model")


def test_who_may_only_look_does_not_ask_odoo(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in("user", "/schema", viewport=PHONE)
    page = watched.page
    expect(page.get_by_text("All of it was read")).to_be_visible()
    expect(page.get_by_role("button", name="Ask Odoo now")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watched.look()
