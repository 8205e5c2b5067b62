"""Accounts, their passwords and tokens, and one's own password."""

from playwright.sync_api import expect

from support.gate import Gate, Problem, ask

from .browser import screenshot
from .conftest import PASSWORD, Open, fill_sign_in

WRITES = {
    "POST /api/v1/accounts",
    "PATCH /api/v1/accounts/{id}",
    "DELETE /api/v1/accounts/{id}",
    "PUT /api/v1/accounts/{id}/password",
    "DELETE /api/v1/accounts/{id}/password",
    "POST /api/v1/tokens",
    "DELETE /api/v1/tokens/{id}",
    "PUT /api/v1/me/password",
    "POST /api/v1/sign-in",
}
ANOTHER = "another long password"


def test_an_account_from_its_first_password_to_its_end(gate: Gate, signed_in: Open, opened: Open) -> None:
    watched = signed_in(path="/accounts")
    page = watched.page
    page.get_by_role("button", name="New account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Olga")
    dialog.get_by_label("Role").select_option("manager")
    watched.look("the form")
    dialog.get_by_role("button", name="Create").click()
    row = page.get_by_role("row", name="Olga")
    expect(row).to_contain_text("tokens only")
    watched.look()
    screenshot(page, "accounts")

    row.get_by_role("button", name="Set a password").click()
    dialog.get_by_label("New password").fill(PASSWORD)
    dialog.get_by_role("button", name="Set a password").click()
    expect(row).to_contain_text("by password")

    # Olga changes it herself.
    other = opened()
    other.page.goto("/")
    fill_sign_in(other.page, "Olga")
    other.page.get_by_role("button", name="Olga").click()
    other.page.get_by_role("button", name="Change the password").click()
    form = other.page.get_by_role("dialog", name="Change the password")
    form.get_by_label("Present password").fill("not the password")
    form.get_by_label("New password").fill(ANOTHER)
    form.get_by_role("button", name="Change the password").click()
    expect(form.get_by_role("alert")).to_be_visible()
    other.look("a wrong present password")
    form.get_by_label("Present password").fill(PASSWORD)
    form.get_by_role("button", name="Change the password").click()
    expect(other.page.get_by_text("The password is changed.")).to_be_visible()

    row.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Role").select_option("user")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The account is changed.")).to_be_visible()
    row.get_by_role("button", name="Take the password away").click()
    dialog.get_by_role("button", name="Take the password away").click()
    expect(row).to_contain_text("tokens only")
    row.get_by_role("button", name="Delete").click()
    dialog.get_by_label("Type Olga to go on").fill("Olga")
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert "Olga" not in {account["name"] for account in gate.api("GET", "accounts")["items"]}


def test_a_token_is_shown_once_and_ended(gate: Gate, signed_in: Open) -> None:
    watched = signed_in(path="/accounts?tab=tokens")
    page = watched.page
    expect(page.get_by_text("this session")).to_be_visible()
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New token")
    dialog.get_by_label("Account").select_option(label="the admin (admin)")
    dialog.get_by_label("Used for").fill("the nightly report")
    dialog.get_by_label("Ends").select_option(label="30 days")
    watched.look("the form")
    dialog.get_by_role("button", name="Create").click()
    secret = page.get_by_role("dialog", name="The token the nightly report")
    token = secret.locator("code").inner_text()
    assert ask(gate.up["api_url"], token, "GET", "me")["role"] == "user"
    secret.get_by_role("button", name="I have stored it").click()
    row = page.get_by_role("row", name="the nightly report")
    expect(row).to_contain_text("in 29 d")
    watched.look()
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    try:
        ask(gate.up["api_url"], token, "GET", "me")
    except Problem as problem:
        assert problem.status == 401
    else:
        raise AssertionError("the token still works")
