"""How much the first screen weighs, and when it is painted on a slow machine behind a slow line."""

from typing import Any

from playwright.sync_api import expect

from .conftest import Open

MOST_BYTES = 300_000
MOST_MILLISECONDS = 1000
# Lighthouse's line for desks, and its processor for phones: four times as slow.
LINE = {"offline": False, "latency": 40, "downloadThroughput": 10 * 1024 * 1024 / 8, "uploadThroughput": 1024 * 1024 / 8}
SLOWER = 4


def test_the_first_screen_is_light_and_soon_there(agent: dict[str, Any], signed_in: Open) -> None:
    watched = signed_in()
    page = watched.page
    expect(page.get_by_role("figure").locator("canvas")).to_be_visible()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.reload()
    expect(page.get_by_role("figure").locator("canvas")).to_be_visible()
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert sum(received) < MOST_BYTES
    assert painted < MOST_MILLISECONDS
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    watched.look()
