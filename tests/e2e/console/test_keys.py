"""Keys: looked at as an auditor does, made, changed, regenerated, rotated, revoked, deleted, and several at once."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from support.gate import Gate, eventually

from .browser import screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/keys",
    "PATCH /api/v1/keys/{id}",
    "POST /api/v1/keys/{id}/regenerate",
    "POST /api/v1/keys/{id}/rotate",
    "POST /api/v1/keys/{id}/revoke",
    "DELETE /api/v1/keys/{id}",
}


def stored(page: Page) -> str:
    """The secret that a dialog shows once. Neither Esc nor a click outside takes it away."""
    dialog = page.get_by_role("dialog", name="The key")
    secret = dialog.locator("code").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.mouse.click(5, 5)
    expect(dialog.locator("code")).to_have_text(secret)
    dialog.get_by_role("button", name="I have stored it").click()
    return secret


def test_a_key_is_made_and_lives_through_everything(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/keys")
    page = watched.page
    user = agent["user"]
    row = page.get_by_role("row", name=re.compile("the contacts agent"))
    expect(row).to_contain_text("active")
    expect(row).to_contain_text("contacts")
    watched.look("the list")
    screenshot(page, "keys")

    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog", name="A new key")
    dialog.get_by_label("Name").fill("the story's key")
    dialog.get_by_label("User").select_option(user["id"])
    dialog.get_by_label("Profiles").fill("no-such-profile")
    dialog.get_by_label("Profiles").press("Enter")
    watched.look("the form")
    dialog.get_by_role("button", name="Create").click()
    # The service's word stands at the field, and what was filled in is kept.
    expect(dialog.get_by_label("Profiles")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Name")).to_have_value("the story's key")
    watched.look("a wrong field")
    dialog.get_by_role("button", name="Remove no-such-profile").click()
    dialog.get_by_label("Profiles").fill("contacts")
    dialog.get_by_label("Profiles").press("Enter")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog", name="The key")).to_be_visible()
    watched.look("the key")
    first = stored(page)
    expect(page.get_by_role("heading", name="the story's key", level=1)).to_be_visible()
    gate.in_force()
    assert gate.agent(user, first).refusal("res.partner", "search_count", []) is None
    watched.look("its page")
    screenshot(page, "key-facts")

    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Change the key")
    dialog.get_by_text("Narrower than its profiles").click()
    dialog.get_by_label("Calls a minute").fill("7")
    dialog.get_by_label("Addresses").fill("127.0.0.1")
    dialog.get_by_label("Addresses").press("Enter")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("In force at 1 of 1 gate")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text=re.compile(r"^127\.0\.0\.1$"))).to_be_visible()

    page.get_by_role("button", name="Regenerate").click()
    page.get_by_role("dialog", name="Regenerate the key?").get_by_role("button", name="Regenerate").click()
    second = stored(page)
    gate.in_force()
    assert gate.agent(user, first).refusal("res.partner", "search_count", []) == "invalid_key"
    assert gate.agent(user, second).refusal("res.partner", "search_count", []) is None

    page.get_by_role("button", name="Rotate").click()
    page.get_by_role("dialog", name="Rotate the key?").get_by_role("button", name="Rotate").click()
    third = stored(page)
    # The page is the new key's, which says what it replaces; both work.
    expect(page.get_by_text("Replaces")).to_be_visible()
    gate.in_force()
    for secret in (second, third):
        assert gate.agent(user, secret).refusal("res.partner", "search_count", []) is None

    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("inactive", exact=True)).to_be_visible()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("active", exact=True)).to_be_visible()

    page.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog", name="Revoke the key?")
    expect(dialog.get_by_role("button", name="Revoke")).to_be_disabled()
    dialog.get_by_label("Type the story's key to go on").fill("the story's key")
    watched.look("the confirmation")
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("revoked", exact=True)).to_be_visible()
    gate.in_force()
    assert gate.agent(user, third).refusal("res.partner", "search_count", []) == "invalid_key"
    watched.look("a revoked key")

    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete the key?")
    dialog.get_by_label("Type the story's key to go on").fill("the story's key")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Keys", level=1)).to_be_visible()


def test_a_manager_makes_a_key_for_a_user_by_its_name(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in("manager", path="/keys?new=1")
    page = watched.page
    dialog = page.get_by_role("dialog", name="A new key")
    dialog.get_by_label("Name").fill("the manager's key")
    dialog.get_by_label("User").select_option(label=f"{agent['user']['name']} (user may be an administrator)")
    watched.look("the form")
    dialog.get_by_role("button", name="Create").click()
    stored(page)
    expect(page.get_by_role("heading", name="the manager's key", level=1)).to_be_visible()
    watched.look("its page")


def test_a_keys_page_has_its_calls_sessions_and_alerts(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    call = gate.agent(agent["user"], agent["key"]["key"])
    assert call.refusal("res.partner", "unlink", [1]) == "permission_denied"
    key_id = agent["key"]["id"]
    eventually(lambda: gate.audit(key_id=key_id, method="unlink"))
    watched = signed_in(path=f"/keys/{key_id}?tab=calls")
    page = watched.page
    expect(page.get_by_text("res.partner.unlink").first).to_be_visible()
    watched.look("its calls")
    page.get_by_role("link", name="May do and did").click()
    row = page.get_by_role("row", name=re.compile("res.partner delete"))
    expect(row).to_contain_text("no")
    watched.look("what it may and did")
    screenshot(page, "key")
    page.get_by_role("link", name="Sessions").last.click()
    expect(page.get_by_role("button", name="Terminate").first).to_be_visible()
    watched.look("its sessions")
    page.get_by_role("link", name="Alerts").last.click()
    expect(page.get_by_text("Nothing has reached a threshold.").or_(page.get_by_role("table", name="Alerts"))).to_be_visible()
    watched.look("its alerts")


def test_a_list_says_whether_it_is_empty_or_filtered_and_what_has_failed(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/keys?unused_for_days=365")
    page = watched.page
    expect(page.get_by_text("Nothing with these filters")).to_be_visible()
    watched.look()
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.get_by_role("link", name="the contacts agent")).to_be_visible()
    assert "unused_for_days" not in page.url
    page.go_back()
    expect(page.get_by_text("Nothing with these filters")).to_be_visible()

    problem = '{"status": 503, "code": "database_unavailable", "title": "The database is not available", "detail": "Try again."}'
    page.route("**/api/v1/keys?*", lambda route: route.fulfill(status=503, content_type="application/problem+json", body=problem))
    page.goto("/keys")
    expect(page.get_by_role("alert").filter(has_text="The database is not available")).to_be_visible()
    watched.look("a failure")
    page.unroute("**/api/v1/keys?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="the contacts agent")).to_be_visible()
