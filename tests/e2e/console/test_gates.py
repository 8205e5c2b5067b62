"""Gates: made with a token that is shown once, given another, refused, deleted; and which policy each runs."""


import pytest
from playwright.sync_api import expect

from support.gate import Gate

from .browser import PHONE, screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/gates",
    "PATCH /api/v1/gates/{id}",
    "POST /api/v1/gates/{id}/rotate",
    "POST /api/v1/gates/{id}/revoke",
    "DELETE /api/v1/gates/{id}",
}


def test_a_gate_from_its_first_token_to_its_end(gate: Gate, signed_in: Open) -> None:
    watched = signed_in(path="/gates")
    page = watched.page
    local = page.get_by_role("row", name="local")
    expect(local).to_contain_text("connected")
    expect(local).to_contain_text("newest")
    watched.look()
    screenshot(page, "gates")

    page.get_by_role("button", name="New gate").click()
    page.get_by_role("dialog").get_by_label("Name").fill("second")
    watched.look("the form")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    secret = page.get_by_role("dialog", name="The token of second")
    token = secret.locator("code").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.mouse.click(5, 5)
    expect(secret).to_be_visible()
    watched.look("the token")
    assert gate.api("GET", "gates")["items"][-1]["name"] == "second"
    secret.get_by_role("button", name="I have stored it").click()

    expect(page.get_by_role("heading", name="second", level=1)).to_be_visible()
    expect(page.get_by_text("never heard")).to_be_visible()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("spare")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="spare", level=1)).to_be_visible()

    page.get_by_role("button", name="Rotate the token").click()
    page.get_by_role("dialog").get_by_label("The old one stays good for").select_option("0")
    page.get_by_role("dialog").get_by_role("button", name="Rotate the token").click()
    secret = page.get_by_role("dialog", name="The token of spare")
    expect(secret.locator("code")).not_to_have_text(token)
    secret.get_by_role("button", name="I have stored it").click()

    page.get_by_role("button", name="Revoke the token").click()
    revoke = page.get_by_role("dialog").get_by_role("button", name="Revoke the token")
    expect(revoke).to_be_disabled()
    page.get_by_role("dialog").get_by_label("Type spare to go on").fill("spare")
    watched.look("the typed confirmation")
    revoke.click()
    expect(page.get_by_text("token revoked", exact=True)).to_be_visible()
    watched.look("a gate that is refused")

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_label("Type spare to go on").fill("spare")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Gates", level=1)).to_be_visible()
    expect(local).to_be_visible()
    assert [one["name"] for one in gate.api("GET", "gates")["items"]] == ["local"]


def test_gates_on_a_phone(signed_in: Open) -> None:
    watched = signed_in(path="/gates", viewport=PHONE)
    expect(watched.page.get_by_text("connected")).to_be_visible()
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watched.look()


@pytest.mark.parametrize("screen", ["gates", "jobs"])
def test_a_list_that_fails_is_asked_for_again(screen: str, signed_in: Open) -> None:
    watched = signed_in(path="/schema")
    page = watched.page
    expect(page.get_by_role("heading", name="Schema", level=1)).to_be_visible()
    page.route(f"**/api/v1/{screen}*", lambda route: route.abort())
    page.get_by_role("navigation", name="Screens").get_by_role("link", name=screen.title()).click()
    failure = page.get_by_role("alert").filter(has_text="Lictor does not answer")
    expect(failure).to_be_visible()
    watched.look("a list that failed")
    page.unroute(f"**/api/v1/{screen}*")
    failure.get_by_role("button", name="Try again").click()
    expect(failure).not_to_be_visible()
    expect(page.get_by_role("table")).to_be_visible()
