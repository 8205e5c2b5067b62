"""How much the first screen weighs. When it is painted is measured on an idle machine: test_paint.py."""

from typing import Any

from playwright.sync_api import expect

from .conftest import Open

MOST_BYTES = 300_000


def test_the_first_screen_is_light(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in()
    page = watched.page
    expect(page.get_by_role("figure").locator("canvas")).to_be_visible()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.reload()
    expect(page.get_by_role("figure").locator("canvas")).to_be_visible()
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint').length") == 1
    # As many as it takes at least: a session that heard nothing would find anything light.
    assert MOST_BYTES / 10 < sum(received) < MOST_BYTES
    watched.look()
