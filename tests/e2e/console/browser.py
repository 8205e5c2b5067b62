"""The browser of the stories, and what must hold on whatever they see: for everybody to use, and nothing from elsewhere."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

from support.gate import ROOT

AXE = ROOT / "console/node_modules/axe-core/axe.min.js"
# Those that keep somebody from doing what others do.
GRAVE = {"serious", "critical"}
# The root of a container may open no sandbox of its own.
ARGUMENTS = ["--no-sandbox"] if os.geteuid() == 0 else []
SET_THEME = "theme => { const { dataset } = document.documentElement; if (theme) dataset.theme = theme; else delete dataset.theme; }"
WAIT_MILLISECONDS = 30_000
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1360, "height": 900}
# Of the pictures: each is to be small.
PICTURE = {"width": 1280, "height": 860}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium")
    assert program, "the stories need Debian's package chromium"
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A window of its own, whose requests and complaints are kept: `close` fails over each that may not be."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        context = browser.new_context(**{"base_url": origin, "viewport": DESK, "locale": "en-GB", **options})
        self.page = page = context.new_page()
        self.origin = origin
        self.complaints: list[str] = []
        self.seen = 0
        # The method and the path of each request that has changed something.
        self.writes: set[tuple[str, str]] = set()
        page.set_default_timeout(WAIT_MILLISECONDS)
        page.on("request", self._requested)
        page.on("response", self._answered)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def look(self, name: str = "", *, themes: tuple[str, ...] = ("light", "dark")) -> None:
        """Checks what is shown with axe, in both themes; with a name, for the message of a failure."""
        self.seen += 1
        chosen = self.page.evaluate("document.documentElement.dataset.theme ?? ''")
        for theme in themes:
            self.page.evaluate(SET_THEME, theme)
            # By the debugger, which the page's policy does not bind.
            self.page.evaluate(AXE.read_text())
            found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
            grave = [_said(violation) for violation in found["violations"] if violation["impact"] in GRAVE]
            assert not grave, f"{name or self.page.url}, {theme}:\n" + "\n".join(grave)
        self.page.evaluate(SET_THEME, chosen)

    def close(self) -> None:
        self.page.context.close()
        assert not self.complaints, "\n".join(self.complaints)
        assert self.seen, "the story has looked at nothing: call look()"

    def _requested(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and f"{url.scheme}://{url.netloc}" != self.origin:
            self.complaints.append(f"a request to another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.ok and response.request.method not in ("GET", "HEAD"):
            self.writes.add((response.request.method, urlsplit(response.url).path))

    def _said(self, message: ConsoleMessage) -> None:
        # An answer that is a problem is said by the browser as well; the story sees what the console makes of it.
        is_answer = message.text.startswith("Failed to load resource")
        if "Content Security Policy" in message.text or (message.type == "error" and not is_answer):
            self.complaints.append(f"{message.type}: {message.text}")


def _said(violation: dict[str, Any]) -> str:
    places = "; ".join(f"{node['target']} {node['html'][:160]} {node['failureSummary'][:300]}" for node in violation["nodes"][:3])
    return f"{violation['impact']} {violation['id']}: {' '.join(places.split())}"


def screenshot(page: Page, name: str, *, scheme: Literal["light", "dark"] = "light") -> None:
    """Writes a picture for the documentation, if `LICTOR_SCREENSHOTS` names a folder; in the system's theme."""
    folder = os.environ.get("LICTOR_SCREENSHOTS")
    if folder:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        before = page.viewport_size or DESK
        page.set_viewport_size(PICTURE if before == DESK else before)
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")
        page.set_viewport_size(before)
        page.emulate_media(color_scheme="light")
