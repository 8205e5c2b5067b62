"""Sessions: from where keys are used, and the end of one."""

from typing import Any

from playwright.sync_api import expect

from support.gate import Gate, eventually

from .browser import PHONE
from .conftest import Open

WRITES = {"POST /api/v1/sessions/{id}/terminate"}


def test_a_session_is_found_and_ended(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    key = gate.key(agent["user"], name="the wanderer", profiles=["contacts"])
    call = gate.agent(agent["user"], key["key"])
    assert call.refusal("res.partner", "search_count", []) is None
    eventually(lambda: gate.api("GET", f"sessions?key_id={key['id']}")["items"])
    watched = signed_in("manager", "/sessions")
    page = watched.page
    row = page.get_by_role("row", name="the wanderer")
    expect(row).to_contain_text("127.0.0.1")
    watched.look()
    page.get_by_label("Address").fill("192.0.2.1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing with these filters")).to_be_visible()
    watched.look("nothing found")
    page.get_by_role("button", name="Clear the filters").click()
    row.get_by_role("button", name="Terminate").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("refused from that address")
    watched.look("the question")
    dialog.get_by_role("button", name="Terminate").click()
    expect(row).to_contain_text("terminated")
    eventually(lambda: call.refusal("res.partner", "search_count", []) == "session_terminated")


def test_who_may_only_look_is_offered_no_end(signed_in: Open) -> None:
    watched = signed_in("user", "/sessions", viewport=PHONE)
    expect(watched.page.get_by_role("heading", name="Sessions", level=1)).to_be_visible()
    expect(watched.page.get_by_role("table")).to_be_visible()
    expect(watched.page.get_by_role("button", name="Terminate")).to_have_count(0)
    watched.look()
