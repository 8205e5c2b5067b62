"""Several keys at once: counted first, and done as it was counted."""

from typing import Any

from playwright.sync_api import expect

from support.gate import Gate

from .conftest import Open

WRITES = {"POST /api/v1/keys/bulk"}


def test_two_keys_are_revoked_after_a_look(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    made = [
        gate.api("POST", "keys", {"name": name, "user_id": agent["user"]["id"], "profiles": ["contacts"]})
        for name in ("first of two", "second of two")
    ]
    watched = signed_in("manager", "/keys")
    page = watched.page
    for key in made:
        page.get_by_role("checkbox", name=f"Select {key['name']}").check()
    bar = page.get_by_role("group", name="2 selected")
    bar.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog", name="Revoke 2 keys?")
    dialog.get_by_role("button", name="Look first").click()
    expect(dialog.get_by_text("Nothing has been done yet.")).to_be_visible()
    expect(dialog.get_by_role("row", name="first of two")).to_be_visible()
    watched.look("what would be done")
    assert all(gate.api("GET", f"keys/{key['id']}")["revoked_at"] is None for key in made)
    dialog.get_by_label("Type REVOKE to go on").fill("REVOKE")
    dialog.get_by_role("button", name="Revoke").click()
    expect(dialog.get_by_text("It was done:")).to_be_visible()
    watched.look("what was done")
    assert all(gate.api("GET", f"keys/{key['id']}")["revoked_at"] for key in made)
    dialog.get_by_role("button", name="Close").last.click()
    expect(bar).to_have_count(0)
