"""A real provider of OpenID Connect, npm's `oidc-provider`, and a browser that signs in at it."""

import http.cookiejar
import json
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from clients import install
from parts import process
from support.gate import CALL_SECONDS

CLIENT_ID, CLIENT_SECRET = "lictor", "right client secret / &="
START_SECONDS = 60


class Provider:
    """`with Provider(folder, redirect_uri) as provider:`; `people` may change while it runs."""

    def __init__(self, folder: Path, redirect_uri: str) -> None:
        self.port = process.free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._redirect_uri = redirect_uri
        self._people, self._log = folder / "people.json", folder / "provider.log"

    def knows(self, **people: list[str]) -> None:
        """The groups of each, whose name is theirs with a capital."""
        known = {sub: {"preferred_username": sub.capitalize(), "groups": groups} for sub, groups in people.items()}
        self._people.write_text(json.dumps(known))

    def __enter__(self) -> Self:
        self.knows()
        self.start()
        return self

    def start(self) -> None:
        node, modules = install.node_modules("oidc-provider")
        script = [node, str(install.HERE / "oidc_provider.mjs"), str(modules), str(self.port)]
        with self._log.open("ab") as log:
            arguments = [*script, CLIENT_ID, CLIENT_SECRET, self._redirect_uri, str(self._people)]
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log)
        process.wait_until(self._answers, self._process, "oidc-provider", self._log, START_SECONDS)

    def stop(self) -> None:
        process.stop(self._process, signal.SIGTERM, CALL_SECONDS)

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=CALL_SECONDS):
                return True
        except OSError:
            return False


@dataclass
class Answer:
    """Of a page."""

    url: str
    status: int
    location: str | None
    text: str

    def next(self) -> str:
        """Where it sends the browser."""
        assert self.location, self
        return urllib.parse.urljoin(self.url, self.location)


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Browser:
    """Keeps cookies, and goes on only when it is told to."""

    def __init__(self) -> None:
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(_Stays, urllib.request.HTTPCookieProcessor(self.cookies))

    def cookie(self, name: str) -> str | None:
        return next((cookie.value for cookie in self.cookies if cookie.name == name), None)

    def get(self, url: str) -> Answer:
        return self._open(urllib.request.Request(url))

    def post(self, url: str, **fields: str) -> Answer:
        return self._open(urllib.request.Request(url, urllib.parse.urlencode(fields).encode()))

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            answer = self._opener.open(request, timeout=CALL_SECONDS)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Answer(request.full_url, answer.status, answer.headers["Location"], answer.read().decode())

    def at_the_provider(self, url: str, person: str) -> str:
        """Signs in on the pages that the provider has at `url`: the address to which it sends the browser back."""
        page = self.get(url).next()
        assert "/interaction/" in page, page
        self.get(page)
        resumed = self.post(page, prompt="login", login=person, password="any").next()
        return self.get(resumed).next()
