"""Odoo's web client as far as the tests need it: a session with a cookie, and calls in it.

Odoo gives out API keys only to such a session: its XML-RPC hides the HTTP request from the model, and the check of
identity before a key is made asks for one.
"""

import http.cookiejar
import json
import urllib.request
from typing import Any

SECONDS = 120


class WebError(RuntimeError):
    """Odoo answered a call of the web client with an error; its `name` is the class of the exception in Odoo."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class WebSession:
    """A logged-in web client; `login` takes a password, never an API key."""

    def __init__(self, url: str, database: str, login: str, password: str) -> None:
        self._url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        # The machine's proxy settings are not for a server on the loopback.
        self._opener = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
        self._post("/web/session/authenticate", {"db": database, "login": login, "password": password})

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Calls a method as the web client does."""
        return self._post("/web/dataset/call_kw", {"model": model, "method": method, "args": args, "kwargs": kwargs})

    def _post(self, path: str, params: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self._url + path,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=SECONDS) as response:
            answer = json.load(response)
        if error := answer.get("error"):
            raise WebError(error["data"]["name"], error["data"]["message"])
        return answer["result"]
