"""Settings: only what was changed is sent, what is wrong is said at the field, and what is dangerous before it is saved."""

from playwright.sync_api import expect

from support.gate import Gate

from .browser import PHONE, screenshot
from .conftest import Open

WRITES = {"PATCH /api/v1/settings"}

# Playwright does not tell what a request of `fetch` with a `Request` carries.
KEEP_PATCHES = """() => {
    const send = window.fetch;
    window.patches = [];
    window.fetch = async (request, ...rest) => {
        if (request.method === "PATCH") window.patches.push(await request.clone().json());
        return send(request, ...rest);
    };
}"""


def test_a_change_is_looked_at_and_only_it_is_sent(gate: Gate, signed_in: Open) -> None:
    before = gate.api("GET", "settings")
    watched = signed_in(path="/settings?section=limits")
    page = watched.page
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    page.get_by_label("Calls a minute").fill("0")
    watched.look()
    save.click()
    field = page.get_by_label("Calls a minute")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(page.get_by_text("Give a number from 1 to")).to_be_visible()
    watched.look("an error at its field")
    field.fill("50")
    page.evaluate(KEEP_PATCHES)
    save.click()
    expect(page.get_by_text("The settings are saved.")).to_be_visible()
    assert page.evaluate("window.patches") == [{"rate_limit": {"per_minute": 50}}]
    expect(page.get_by_text("In force at 1 of 1 gate")).to_be_visible()
    assert gate.api("GET", "settings") == before | {"rate_limit": before["rate_limit"] | {"per_minute": 50}}
    gate.api("PATCH", "settings", {"rate_limit": before["rate_limit"]})


def test_what_opens_something_is_said_and_must_be_meant(gate: Gate, signed_in: Open) -> None:
    watched = signed_in(path="/settings")
    page = watched.page
    save = page.get_by_role("button", name="Save")
    page.get_by_role("checkbox", name="permissions").check()
    page.get_by_role("link", name="Audit", exact=True).last.click()
    page.get_by_label("Keep audit records, in days").fill("30")
    expect(page.get_by_text("A stage in shadow refuses nothing")).to_be_visible()
    expect(page.get_by_text("Older audit records are deleted for ever")).to_be_visible()
    expect(save).to_be_disabled()
    page.get_by_label("I have read this and mean it").check()
    expect(save).to_be_enabled()
    watched.look("dangerous changes")
    screenshot(page, "settings")
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("link", name="Gates", exact=True).first.click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    page.get_by_role("button", name="Give up the changes").click()
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    assert gate.api("GET", "settings")["shadow"] == []


def test_two_who_change_the_settings_lose_nothing(gate: Gate, signed_in: Open) -> None:
    before = gate.api("GET", "settings")["sessions"]
    watched = signed_in(path="/settings?section=limits")
    page = watched.page
    page.get_by_label("Keep ended sessions, in days").fill("60")
    gate.api("PATCH", "settings", {"sessions": {"timeout_seconds": 1200}})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Somebody else has changed this meanwhile")).to_be_visible()
    watched.look("a conflict")
    page.get_by_role("button", name="Load what it is now").click()
    expect(page.get_by_label("Silence that ends a session, in seconds")).to_have_value("1200")
    expect(page.get_by_label("Keep ended sessions, in days")).to_have_value("60")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings are saved.")).to_be_visible()
    assert gate.api("GET", "settings")["sessions"] == before | {"timeout_seconds": 1200, "retention_days": 60}
    gate.api("PATCH", "settings", {"sessions": before})


def test_every_section_has_a_control_for_each_setting(gate: Gate, signed_in: Open) -> None:
    def leaves(value: object) -> int:
        return sum(map(leaves, value.values())) if isinstance(value, dict) and value else 1

    watched = signed_in(path="/settings", viewport=PHONE)
    page = watched.page
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    names = page.get_by_role("navigation", name="Sections of the settings").get_by_role("link").all_inner_texts()
    fields = 0
    for name in names:
        page.get_by_role("navigation", name="Sections of the settings").get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("link", name=name, exact=True).last).to_have_attribute("aria-current", "page")
        watched.look(name, themes=("dark",))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        fields += page.locator("[data-setting]").count()
    # A rule's own severity is not in the answer while there is none.
    assert fields >= leaves(gate.api("GET", "settings"))
