"""What stands around every screen: the way in, what a role sees, the pause, the zone, the theme, the end of a session."""

from typing import Any

import pytest
from playwright.sync_api import expect

from support.gate import Gate

from .browser import PHONE, screenshot
from .conftest import PASSWORD, Open, fill_sign_in

WRITES = {
    "POST /api/v1/pauses",
    "DELETE /api/v1/pauses/{id}",
    "POST /api/v1/sign-in",
    "POST /api/v1/sign-out",
}

SCREENS = {
    "user": {"Overview", "Audit", "Profiles"},
    "manager": {"Overview", "Audit", "Keys", "Profiles"},
    "admin": {"Overview", "Audit", "Keys", "Profiles", "First run"},
}


def test_a_wrong_password_is_said_and_the_right_one_leads_to_where_one_wanted(opened: Open, accounts: dict[str, str]) -> None:
    watched = opened()
    page = watched.page
    page.goto("/profiles")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    watched.look()
    screenshot(page, "sign-in")
    fill_sign_in(page, accounts["admin"], "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Check the name and the password")
    watched.look()
    fill_sign_in(page, accounts["admin"])
    expect(page.get_by_role("heading", name="Profiles", level=1)).to_be_focused()
    assert page.title() == "Profiles · Lictor"
    # No script can read the session.
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name=accounts["admin"]).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("role", SCREENS)
def test_a_role_sees_its_screens_and_no_other(role: str, signed_in: Open) -> None:
    watched = signed_in(role)
    page = watched.page
    links = page.get_by_role("navigation", name="Screens").get_by_role("link")
    shown = set(links.all_inner_texts())
    assert SCREENS[role] <= shown
    assert not (SCREENS["admin"] - SCREENS[role]) & shown
    assert page.get_by_role("button", name="Calls pass").count() == (role == "admin")
    watched.look()
    if role == "user":
        page.goto("/keys")
        expect(page.get_by_role("heading", name="Not for your role", level=1)).to_be_visible()
        watched.look()


def test_a_pause_is_made_and_ended_from_any_screen(gate: Gate, agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/profiles")
    page = watched.page
    page.get_by_role("button", name="Calls pass").click()
    watched.look("the dialog")
    dialog = page.get_by_role("dialog", name="Pause")
    dialog.get_by_label("Stop").select_option("all")
    dialog.get_by_label("Reason").fill("the story of the pause")
    dialog.get_by_role("button", name="Pause now").click()
    expect(page.get_by_role("button", name="All calls paused")).to_be_visible()
    expect(page.get_by_text("In force at 1 of 1 gate")).to_be_visible()
    call = gate.agent(agent["user"], agent["key"]["key"])
    assert call.refusal("res.partner", "search_count", [])
    page.get_by_role("button", name="All calls paused").click()
    expect(dialog.get_by_text("the story of the pause")).to_be_visible()
    watched.look("a pause")
    dialog.get_by_role("button", name="End the pause").click()
    expect(page.get_by_role("button", name="Calls pass")).to_be_visible()
    gate.in_force()
    assert call.refusal("res.partner", "search_count", []) is None


def test_a_session_that_ends_keeps_what_was_filled_in(gate: Gate, accounts: dict[str, str], signed_in: Open) -> None:
    watched = signed_in(path="/profiles")
    page = watched.page
    page.get_by_role("button", name="New profile").first.click()
    page.get_by_label("Name").fill("kept")
    page.get_by_label("For whom it is").fill("a half-filled form")
    # Ends the sessions of the account; it can sign in again.
    own = next(one for one in gate.api("GET", "accounts?limit=500")["items"] if one["name"] == accounts["admin"])
    gate.api("PUT", f"accounts/{own['id']}/password", {"password": PASSWORD})
    page.get_by_role("button", name="Create").click()
    again = page.get_by_role("dialog", name="Your session has ended")
    expect(again).to_be_visible()
    page.keyboard.press("Escape")
    expect(again).to_be_visible()
    watched.look("the session's end")
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    # It was sent once, when somebody had signed in again.
    expect(page.get_by_role("heading", name="kept", level=1)).to_be_visible()
    assert gate.api("GET", "profiles/kept")["description"] == "a half-filled form"
    gate.api("DELETE", "profiles/kept")
    watched.look()


def test_times_say_their_zone_and_the_theme_is_there_before_anything_is_painted(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path=f"/keys/{agent['key']['id']}", color_scheme="light", timezone_id="Asia/Kolkata")
    page = watched.page
    expect(page.locator("dd time").first).to_contain_text("UTC")
    page.get_by_text("local +05:30").click()
    expect(page.locator("dd time").first).to_contain_text("+05:30")
    page.get_by_role("button", name="the admin").click()
    page.get_by_label("Theme").select_option("dark")
    # When the first element of the body comes, the theme stands.
    page.add_init_script(
        "new MutationObserver((_, seen) => { if (document.body) { window.themeAtFirst = document.documentElement.dataset.theme; "
        "seen.disconnect(); } }).observe(document, { childList: true, subtree: true });"
    )
    page.reload()
    expect(page.locator("dd time").first).to_contain_text("+05:30")
    assert page.evaluate("window.themeAtFirst") == "dark"
    watched.look()


def test_a_phone_has_all_of_it_in_a_drawer(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(viewport=PHONE)
    page = watched.page
    page.get_by_role("button", name="Menu").click()
    watched.look("the drawer")
    page.get_by_role("dialog", name="Menu").get_by_role("link", name="Keys").click()
    expect(page.get_by_role("heading", name="Keys", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="the contacts agent")).to_be_visible()
    # Nothing is wider than the screen.
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    watched.look()
    screenshot(page, "phone")


def test_it_works_without_a_mouse(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in(path="/keys")
    page = watched.page
    expect(page.get_by_role("link", name="the contacts agent")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "the contacts agent":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="the contacts agent", level=1)).to_be_focused()
    watched.look()


def test_an_address_that_leads_nowhere_says_so(signed_in: Open) -> None:
    watched = signed_in(path="/no-such-screen")
    expect(watched.page.get_by_role("heading", name="No such screen", level=1)).to_be_visible()
    watched.look()
