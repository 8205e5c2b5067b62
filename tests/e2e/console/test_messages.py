"""Webhooks and the outbox: a webhook told of a test, a message sent again, and a mail that no server takes."""

from playwright.sync_api import expect

from support.gate import Gate, eventually
from support.webhook import Webhook

from .browser import screenshot
from .conftest import Open

WRITES = {
    "POST /api/v1/webhooks",
    "PATCH /api/v1/webhooks/{id}",
    "DELETE /api/v1/webhooks/{id}",
    "POST /api/v1/outbox/test",
    "POST /api/v1/outbox/{id}/resend",
}


def test_a_webhook_from_its_secret_to_its_end(gate: Gate, signed_in: Open) -> None:
    with Webhook() as receiver:
        watched = signed_in(path="/webhooks")
        page = watched.page
        expect(page.get_by_text("Nothing yet")).to_be_visible()
        watched.look("nothing yet")
        page.get_by_role("button", name="New webhook").first.click()
        dialog = page.get_by_role("dialog", name="New webhook")
        dialog.get_by_label("Name").fill("pager")
        dialog.get_by_label("Address").fill("ftp://example.com/")
        dialog.get_by_role("button", name="Create").click()
        expect(dialog.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
        watched.look("an error at its field")
        dialog.get_by_label("Address").fill(receiver.url)
        dialog.get_by_label("Alerts from this severity on").select_option("high")
        dialog.get_by_role("button", name="Create").click()
        secret = page.get_by_role("dialog", name="The secret of pager")
        expect(secret.locator("code")).not_to_be_empty()
        secret.get_by_role("button", name="I have stored it").click()

        row = page.get_by_role("row", name="pager")
        row.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("The receiver took the test.")).to_be_visible()
        assert len(receiver.heard) == 1
        receiver.statuses.append(400)
        row.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("alert").filter(has_text="The receiver")).to_be_visible()
        watched.look()
        screenshot(page, "webhooks")

        page.get_by_role("link", name="What was sent to webhooks stands in the outbox").click()
        expect(page.get_by_role("heading", name="Outbox", level=1)).to_be_visible()
        page.get_by_label("State").select_option("failed")
        failed = page.get_by_role("row").filter(has_text="pager")
        expect(failed).to_have_count(1)
        watched.look("what failed")
        failed.get_by_role("button", name="Send again").click()
        expect(page.get_by_text("It is being sent.")).to_be_visible()
        eventually(lambda: len(receiver.heard) == 3)
        expect(page.get_by_text("Nothing with these filters")).to_be_visible()

        page.get_by_role("button", name="Send a test").click()
        dialog = page.get_by_role("dialog", name="Send a test")
        dialog.get_by_label("To this mail address").fill("somebody@example.com")
        dialog.get_by_role("button", name="Send a test").click()
        expect(dialog.get_by_role("alert")).to_contain_text("No SMTP server is configured")
        watched.look("no mail server")
        dialog.get_by_role("button", name="Cancel").click()

        page.goto("/webhooks")
        row.get_by_role("button", name="Edit").click()
        dialog = page.get_by_role("dialog", name="Change the webhook")
        dialog.get_by_label("Name").fill("the pager")
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The webhook is changed.")).to_be_visible()
        row.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("The webhook is deleted.")).to_be_visible()
        assert gate.api("GET", "webhooks")["items"] == []
