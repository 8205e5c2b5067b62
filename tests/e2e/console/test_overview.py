"""The overview: how it stands, and the way from each number to its calls."""

from typing import Any

from playwright.sync_api import expect

from support.gate import Gate, eventually

from .browser import screenshot
from .conftest import Open


def test_it_shows_calls_refusals_gates_and_keys_that_end_soon(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    call = gate.agent(agent["user"], agent["key"]["key"])
    call("res.partner", "search_count", [])
    assert call.refusal("res.partner", "unlink", [1]) == "permission_denied"
    key_id = agent["key"]["id"]
    eventually(lambda: gate.audit(key_id=key_id, method="unlink"))
    soon = gate.api("POST", "keys", {"name": "ends soon", "user_id": agent["user"]["id"], "expires_at": "2099-01-01T00:00:00Z"})
    watched = signed_in()
    page = watched.page
    expect(page.get_by_role("figure")).to_contain_text("refused")
    expect(page.get_by_role("figure").locator("canvas")).to_be_visible()
    models = page.locator("section", has_text="Models with the most calls")
    expect(models.get_by_role("link", name="res.partner")).to_be_visible()
    expect(page.locator("section", has_text="Keys with the most calls").get_by_role("link", name="the contacts agent")).to_be_visible()
    expect(page.locator("section", has_text="Gates").get_by_text("connected")).to_be_visible()
    expect(page.get_by_text("None ends soon.")).to_be_visible()
    watched.look()
    screenshot(page, "overview")
    screenshot(page, "overview-dark", scheme="dark")
    page.locator("section", has_text="Why calls were refused").get_by_role("link", name="no permission").click()
    expect(page.get_by_role("heading", name="Audit", level=1)).to_be_visible()
    expect(page.get_by_text("res.partner.unlink").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="30 days").click()
    expect(page.get_by_role("figure").locator("canvas")).to_be_visible()
    assert "span=30d" in page.url
    gate.api("DELETE", f"keys/{soon['id']}")


def test_the_lowest_role_sees_what_it_may(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in("user")
    page = watched.page
    expect(page.get_by_role("figure").locator("canvas")).to_be_visible()
    expect(page.get_by_role("heading", name="Open alerts")).to_be_visible()
    expect(page.get_by_role("heading", name="Gates")).to_have_count(0)
    watched.look()
