"""The audit log: searched, linked to, live, exported; and why a call was refused, up to the change that allows it."""

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from support.gate import Gate, eventually

from .browser import screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/explain",
}


@pytest.fixture(scope="module")
def calls(gate: Gate, agent: dict[str, Any]) -> dict[str, Any]:
    """Calls of the agent: some allowed, one refused; the latter's record."""
    call, key_id = gate.agent(agent["user"], agent["key"]["key"]), agent["key"]["id"]
    # Stories of other files may have written as well.
    before = len(gate.audit(key_id=key_id, method="write"))
    for _ in range(3):
        call("res.partner", "search_count", [])
    assert call.refusal("res.partner", "write", [1], {"comment": "x"}) == "permission_denied"
    return eventually(lambda: gate.audit(key_id=key_id, method="write")[: -before or None])[0]


def turned_round(page: Page) -> None:
    """The oldest first and the newest first again; the address says which."""
    table = page.get_by_role("table", name="Audit")
    head, times = table.get_by_role("columnheader", name="Time"), table.locator("tbody time")
    expect(head).to_have_attribute("aria-sort", "descending")
    for sort, order, address in [("ascending", sorted, "sort=at"), ("descending", lambda all_: sorted(all_, reverse=True), "sort=-at")]:
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", sort)
        assert address in page.url
        expect(table).to_be_visible()
        eventually(lambda order=order: (shown := moments(times)) == order(shown) and len(set(shown)) > 1)


def moments(times: Locator) -> list[datetime]:
    return [datetime.fromisoformat(text) for text in times.evaluate_all("all => all.map(one => one.dateTime)")]


def test_what_is_looked_for_stands_in_the_address(agent: dict[str, Any], calls: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/audit")
    page = watched.page
    expect(page.get_by_label("Time", exact=True)).to_have_value("24h")
    expect(page.get_by_text("res.partner.search_count").first).to_be_visible()
    watched.look()
    screenshot(page, "audit")
    turned_round(page)
    page.get_by_label("Outcome").select_option("denied")
    page.get_by_label("Model").fill("res.partner")
    page.get_by_label("Model").press("Enter")
    expect(page.get_by_text("res.partner.search_count")).to_have_count(0)
    page.get_by_role("link", name="UTC").first.click()
    dialog = page.get_by_role("dialog", name="Call")
    expect(dialog.get_by_text(calls["decision_id"])).to_be_visible()
    watched.look("a row")
    address = page.url
    assert "outcome=denied" in address and "model=res.partner" in address and f"row={calls['decision_id']}" in address
    # Somebody else who follows the link sees the same.
    other = signed_in("manager", path=address.removeprefix(page.context.pages[0].url.split("/audit")[0]))
    expect(other.page.get_by_role("dialog", name="Call").get_by_text(calls["decision_id"])).to_be_visible()
    other.look()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.get_by_text("res.partner.search_count").first).to_be_visible()
    page.get_by_label("Time", exact=True).select_option("custom")
    expect(page.get_by_label("From (UTC)")).not_to_have_value("")


def test_why_a_call_was_refused_and_the_smallest_change_that_allows_it(
    gate: Gate, agent: dict[str, Any], calls: dict[str, Any], signed_in: Open
) -> None:
    watched = signed_in("manager", path="/audit")
    page = watched.page
    # As somebody pastes it: the refusal as a whole.
    page.get_by_label("Why was this refused?").fill(f"permission_denied: … (decision {calls['decision_id']})")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("the permission for res.partner would have to allow write")).to_be_visible()
    expect(page.get_by_text("With this change the call would be allowed.")).to_be_visible()
    watched.look()
    screenshot(page, "why")
    page.get_by_role("button", name="Apply the change").click()
    expect(page.get_by_text("With what is in force now this call would be allowed.")).to_be_visible()
    expect(page.get_by_text("In force at 1 of 1 gate")).to_be_visible()
    call = gate.agent(agent["user"], agent["key"]["key"])
    assert call.refusal("res.partner", "write", [1], {"comment": "x"}) is None
    gate.api("PUT", "profiles/contacts/permissions/res.partner", {"read": True})


def test_a_decision_that_is_not_there(signed_in: Open) -> None:
    watched = signed_in("user", path="/decisions/0000000000000000")
    expect(watched.page.get_by_text("No call with this decision id")).to_be_visible()
    watched.look()


def test_live_shows_what_comes_and_stays_put_while_somebody_reads(gate: Gate, agent: dict[str, Any], calls: Any, signed_in: Open) -> None:
    watched = signed_in(path="/audit?live=1")
    page = watched.page
    call = gate.agent(agent["user"], agent["key"]["key"])
    expect(page.get_by_text("New calls are shown as they come.")).to_be_visible()
    rows = page.get_by_role("table", name="Audit").locator("tbody tr")
    expect(rows.first).to_be_visible()
    before = rows.count()
    call("res.partner", "search_read", [], fields=["name"], limit=1)
    expect(rows.first).to_contain_text("res.partner.search_read")
    assert rows.count() > before
    # A row that is open is being read.
    rows.first.get_by_role("link", name="UTC").click()
    dialog = page.get_by_role("dialog", name="Call")
    expect(dialog).to_be_visible()
    call("res.partner", "search_count", [["id", "=", 1]])
    expect(page.get_by_role("button", name="Show 1 new call", include_hidden=True)).to_have_count(1)
    expect(rows.first).to_contain_text("res.partner.search_read")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show 1 new call").click()
    expect(rows.first).to_contain_text("res.partner.search_count")
    watched.look()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("New calls are shown as they come.")).to_have_count(0)


def test_the_export_has_exactly_what_is_shown(agent: dict[str, Any], calls: dict[str, Any], signed_in: Open) -> None:
    key_id = agent["key"]["id"]
    watched = signed_in("user", path=f"/audit?key_id={key_id}&outcome=denied&model=res.partner")
    page = watched.page
    rows = page.get_by_role("table", name="Audit").locator("tbody tr")
    expect(rows.first).to_be_visible()
    shown = rows.count()
    page.get_by_role("button", name="Export").click()
    watched.look()
    for name, read in (("CSV", lambda text: list(csv.DictReader(io.StringIO(text)))), ("JSON", json.loads)):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        records = read(download.value.path().read_text())
        assert len(records) == shown
        assert {record["key_id"] for record in records} == {key_id}
