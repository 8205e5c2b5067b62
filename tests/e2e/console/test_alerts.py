"""Alerts: found, looked at, commented on, resolved and opened again."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from support.gate import Gate, eventually

from .browser import screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/alerts/{id}/comments",
    "POST /api/v1/alerts/{id}/resolve",
    "POST /api/v1/alerts/{id}/reopen",
}


@pytest.fixture
def alert(gate: Gate, agent: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One of the first refusal, on a key of its own."""
    denied = {"types": {"permission_denied": {"threshold": {"count": 1, "minutes": 10}}}}
    before = gate.api("GET", "settings")["alerts"]["types"]["permission_denied"]
    gate.api("PATCH", "settings", {"alerts": denied})
    key = gate.key(agent["user"], name="the curious agent", profiles=["contacts"])
    assert gate.agent(agent["user"], key["key"]).refusal("res.users", "search_count", []) == "permission_denied"
    found = eventually(lambda: gate.api("GET", f"alerts?key_id={key['id']}")["items"])
    yield found[0]
    gate.api("PATCH", "settings", {"alerts": {"types": {"permission_denied": before}}})


def test_an_alert_is_dealt_with(gate: Gate, alert: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/alerts")
    page = watched.page
    row = page.get_by_role("row", name="the curious agent")
    expect(row).to_contain_text("open")
    watched.look()
    screenshot(page, "alerts")
    page.get_by_label("Severity").select_option("critical")
    expect(page.get_by_text("Nothing with these filters")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()

    row.get_by_role("link", name="Permission denied").click()
    expect(page.get_by_role("heading", name="Permission denied", level=1)).to_be_visible()
    comment = page.get_by_role("button", name="Comment")
    expect(comment).to_be_disabled()
    page.get_by_label("Comment", exact=True).fill("asked its owner")
    comment.click()
    timeline = page.get_by_role("list").filter(has_text="opened")
    expect(timeline).to_contain_text("asked its owner")
    watched.look("an open alert")

    page.get_by_role("button", name="Resolve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("a profile was too narrow")
    watched.look("the note")
    dialog.get_by_role("button", name="Resolve").click()
    expect(timeline).to_contain_text("a profile was too narrow")
    page.get_by_role("button", name="Open again").click()
    expect(page.get_by_text("The alert is open again.")).to_be_visible()
    screenshot(page, "alert")
    history = gate.api("GET", f"alerts/{alert['id']}")["history"]
    assert [entry["action"] for entry in history] == ["opened", "commented", "resolved", "reopened"]
    page.get_by_role("link", name="Calls in the audit log").click()
    expect(page.get_by_role("heading", name="Audit", level=1)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="res.users").first).to_be_visible()


def test_who_may_only_look_sees_what_happened_and_no_button(alert: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in("user", f"/alerts/{alert['id']}")
    page = watched.page
    expect(page.get_by_text("Only an administrator resolves alerts")).to_be_visible()
    assert page.get_by_role("button", name="Resolve").count() + page.get_by_role("button", name="Comment").count() == 0
    watched.look()
