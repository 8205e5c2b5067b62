"""Profiles and permissions: the matrix, what changes before it is saved, two who edit at once, suggestions, templates."""

from typing import Any

from playwright.sync_api import expect

from support.gate import Gate, eventually

from .browser import screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/profiles",
    "PATCH /api/v1/profiles/{profile}",
    "DELETE /api/v1/profiles/{profile}",
    "PUT /api/v1/profiles/{profile}/permissions/{model}",
    "DELETE /api/v1/profiles/{profile}/permissions/{model}",
    "POST /api/v1/policy/diff",
}


def test_a_permission_is_opened_in_the_matrix_and_is_in_force(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    gate.in_force()
    watched = signed_in("manager", path="/profiles")
    page = watched.page
    watched.look("the list")
    page.get_by_role("link", name="contacts", exact=True).click()
    expect(page.get_by_role("checkbox", name="Read res.partner")).to_be_checked()
    watched.look("the matrix")
    page.get_by_role("checkbox", name="Write res.partner").check()
    page.get_by_role("button", name="Details of res.partner").click()
    page.get_by_label("Fields to write").select_option("only")
    names = page.get_by_label("Fields to write: only these")
    for name in ("comment", "phone"):
        names.fill(name)
        names.press("Enter")
    screenshot(page, "permissions")
    watched.look("the details")
    page.get_by_label("Add a model").fill("res.country")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("2 permissions changed, not saved")).to_be_visible()
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog", name="What changes")
    expect(dialog.get_by_role("row", name="write – ✓ loosens", exact=True)).to_be_visible()
    expect(dialog.get_by_text("loosens").first).to_be_visible()
    watched.look("what changes")
    screenshot(page, "diff")
    dialog.get_by_role("button", name="Save").click()
    # Of both: they are saved one after the other, and the first may be in force before the second is there.
    expect(page.get_by_text("changed, not saved")).to_have_count(0)
    expect(page.get_by_text("In force at 1 of 1 gate")).to_be_visible()
    saved = gate.api("GET", "profiles/contacts/permissions/res.partner")
    assert saved["write"] and saved["fields"]["write"] == {"only": ["comment", "phone"]}
    call = gate.agent(agent["user"], agent["key"]["key"])
    assert call.refusal("res.partner", "write", [1], {"comment": "x"}) is None
    assert call.refusal("res.partner", "write", [1], {"name": "x"}) == "field_denied"
    page.get_by_role("button", name="Remove res.country").click()
    page.get_by_role("button", name="Review and save").click()
    expect(page.get_by_role("dialog", name="What changes").get_by_text("tightens").first).to_be_visible()
    page.get_by_role("dialog", name="What changes").get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="res.country")).to_have_count(0)
    gate.api("PUT", "profiles/contacts/permissions/res.partner", {"read": True})


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/profiles/contacts")
    page = watched.page
    page.get_by_role("checkbox", name="Create res.partner").check()
    gate.api("PUT", "profiles/contacts/permissions/res.partner", {"read": True, "delete": True})
    page.get_by_role("button", name="Review and save").click()
    page.get_by_role("dialog", name="What changes").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="changed by somebody else meanwhile")).to_be_visible()
    watched.look()
    assert not gate.api("GET", "profiles/contacts/permissions/res.partner")["create"]
    gate.api("PUT", "profiles/contacts/permissions/res.partner", {"read": True})
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Discard").click()


def test_a_name_that_odoo_does_not_have_is_said(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/profiles/contacts?model=res.partner")
    page = watched.page
    calls = page.get_by_label("Calls", exact=True)
    calls.fill("action_confrim")
    calls.press("Enter")
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog", name="What changes")
    save = dialog.get_by_role("button", name="Save")
    expect(dialog.get_by_role("alert")).to_contain_text("action_confrim")
    expect(save).to_be_disabled()
    watched.look()
    dialog.get_by_label("Take names that Odoo does not have as they are").check()
    expect(dialog.get_by_role("row", name="action_confrim")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    expect(save).to_be_enabled()
    dialog.get_by_role("button", name="Cancel").click()
    # Leaving asks first.
    page.once("dialog", lambda asked: asked.dismiss())
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("1 permission changed, not saved")).to_be_visible()
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()


def test_a_profile_begins_with_a_template_and_is_deleted(gate: Gate, signed_in: Open) -> None:
    watched = signed_in("manager", path="/profiles")
    page = watched.page
    page.get_by_role("button", name="New profile").first.click()
    dialog = page.get_by_role("dialog", name="New profile")
    dialog.get_by_label("Begin with").select_option("n8n")
    watched.look()
    dialog.get_by_label("Name").fill("the-story")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="the-story", level=1)).to_be_visible()
    expect(page.get_by_role("checkbox", name="Read res.partner")).to_be_checked()
    page.get_by_role("button", name="Change the description").click()
    page.get_by_role("dialog").get_by_label("For whom it is").fill("for the story")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("for the story")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delete the profile?")
    permissions = gate.api("GET", "profiles/the-story/permissions?limit=500")["items"]
    expect(dialog.get_by_text(f"{len(permissions)} permissions go with it.")).to_be_visible()
    watched.look("what goes with it")
    dialog.get_by_label("Type the-story to go on").fill("the-story")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Profiles", level=1)).to_be_visible()
    assert "the-story" not in [profile["name"] for profile in gate.api("GET", "profiles?limit=500")["items"]]


def test_a_profile_is_suggested_of_what_a_key_did(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    call = gate.agent(agent["user"], agent["key"]["key"])
    call("res.partner", "search_read", [], fields=["name"], limit=1)
    assert call.refusal("res.partner", "unlink", [1]) == "permission_denied"
    key_id = agent["key"]["id"]
    eventually(lambda: gate.audit(key_id=key_id, method="unlink"))
    watched = signed_in("manager", path="/profiles/suggest")
    page = watched.page
    expect(page.get_by_text("Choose a key.")).to_be_visible()
    page.get_by_label("Key", exact=True).select_option(key_id)
    expect(page.get_by_text("deletes records")).to_be_visible()
    watched.look()
    screenshot(page, "suggestions")
    page.get_by_label("Name of the profile").fill("suggested")
    page.get_by_label("Give it to the key").uncheck()
    page.get_by_role("button", name="Make the profile").click()
    expect(page.get_by_role("heading", name="suggested", level=1)).to_be_visible()
    expect(page.get_by_role("checkbox", name="Delete res.partner")).to_be_checked()
    gate.api("DELETE", "profiles/suggested")


def test_the_lowest_role_reads_and_changes_nothing(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in("user", path="/profiles/contacts?model=res.partner")
    page = watched.page
    expect(page.get_by_role("checkbox", name="Read res.partner")).to_be_disabled()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    watched.look()
