"""Signing in at a provider of OpenID Connect: a real one, with a real service, by a browser's requests."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts import process
from support.control_plane import ControlPlane
from support.echo import Echo
from support.gate import ask, eventually
from support.provider import CLIENT_ID, CLIENT_SECRET, Answer, Browser, Provider

ROLES = "staff=user;key-managers=manager;cn=admins,o=example=admin"
ADMINS = "cn=admins,o=example"


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


class Site:
    """A service and its provider."""

    def __init__(self, echo: Echo, folder: Path) -> None:
        port = process.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.provider = Provider(folder, f"{self.url}/api/v1/oidc/callback")
        self.lictor = ControlPlane(
            echo.url,
            folder,
            {
                "LICTOR_LISTEN": f"127.0.0.1:{port}",
                "LICTOR_PUBLIC_URL": self.url,
                "LICTOR_OIDC_ISSUER": self.provider.issuer,
                "LICTOR_OIDC_CLIENT_ID": CLIENT_ID,
                "LICTOR_OIDC_CLIENT_SECRET": CLIENT_SECRET,
                "LICTOR_OIDC_SCOPES": "openid profile groups",
                "LICTOR_OIDC_ROLES": ROLES,
                "LICTOR_OIDC_LABEL": "Example’s accounts",
            },
        )
        self.lictor.port, self.lictor.url = port, self.url

    def begin(self, browser: Browser, return_to: str = "/") -> str:
        """The provider's page that the service sends a browser to."""
        answer = browser.get(f"{self.url}/api/v1/oidc/start?return_to={urllib.parse.quote(return_to)}")
        assert answer.status == 303, answer
        return answer.next()

    def back(self, browser: Browser, person: str) -> str:
        """The address at the service to which the provider sends a browser back."""
        return browser.at_the_provider(self.begin(browser), person)

    def sign_in(self, person: str) -> tuple[Browser, Answer]:
        browser = Browser()
        return browser, browser.get(self.back(browser, person))

    def me(self, browser: Browser) -> dict[str, Any] | None:
        answer = browser.get(f"{self.url}/api/v1/me")
        return json.loads(answer.text) if answer.status == 200 else None

    def log(self, query: str) -> list[dict[str, Any]]:
        return self.lictor.api("GET", f"admin-audit?{query}")["items"]


@pytest.fixture
def site(echo: Echo, tmp_path: Path) -> Iterator[Site]:
    site = Site(echo, tmp_path)
    with site.provider, site.lictor:
        yield site


def changed(url: str, **parameters: str) -> str:
    """A URL with other parameters."""
    parts = urllib.parse.urlsplit(url)
    query = {**dict(urllib.parse.parse_qsl(parts.query)), **parameters}
    return parts._replace(query=urllib.parse.urlencode(query)).geturl()


def test_whoever_has_a_group_is_let_in_with_its_role_by_a_cookie(site: Site) -> None:
    site.provider.knows(ada=["staff", "key-managers", "elsewhere"])
    with urllib.request.urlopen(f"{site.url}/api/v1/sign-in") as answer:
        ways = json.load(answer)
    assert ways == {"password": True, "oidc": {"label": "Example’s accounts", "start": "/api/v1/oidc/start"}}
    browser = Browser()
    page = site.begin(browser, "/keys?state=active")
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query))
    assert asked["code_challenge_method"] == "S256"
    assert len({asked[name] for name in ("state", "nonce", "code_challenge")}) == 3
    answer = browser.get(browser.at_the_provider(page, "ada"))
    assert (answer.status, answer.location) == (303, "/keys?state=active")
    assert browser.cookie("lictor-provider") is None
    me = site.me(browser)
    assert me
    assert (me["account"]["name"], me["role"], me["account"]["of_provider"]) == ("Ada", "manager", True)
    account = me["account"]["id"]
    assert [entry["action"] for entry in site.log(f"object={account}")] == ["account.sign_in", "account.create"]
    # A change needs the CSRF token, and ends what the provider began.
    sign_out = urllib.request.Request(f"{site.url}/api/v1/sign-out", method="POST")
    sign_out.add_header("Cookie", f"lictor={browser.cookie('lictor')}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(sign_out)
    assert json.loads(refused.value.read())["code"] == "csrf"
    sign_out.add_header("X-CSRF-Token", me["csrf_token"])
    with urllib.request.urlopen(sign_out) as answered:
        assert answered.status == 204
    assert site.me(browser) is None


def test_the_role_is_that_of_the_groups_at_each_sign_in(site: Site) -> None:
    site.provider.knows(ada=["staff"])
    first, _ = site.sign_in("ada")
    me = site.me(first)
    assert me and me["role"] == "user"
    site.provider.knows(ada=["staff", ADMINS])
    second, _ = site.sign_in("ada")
    again = site.me(second)
    assert again and (again["role"], again["account"]["id"]) == ("admin", me["account"]["id"])
    [update] = site.log("action=account.update")
    assert (update["object"], update["difference"]) == (me["account"]["id"], {"role": ["user", "admin"]})
    site.provider.knows(ada=["staff"])
    site.sign_in("ada")
    lowered = site.me(second)
    assert lowered and lowered["role"] == "user", "also of the session that began with the greater role"


def test_without_a_group_nobody_is_let_in_and_whoever_was_is_out(site: Site) -> None:
    site.provider.knows(ada=["staff"], bo=["elsewhere"])
    ada, _ = site.sign_in("ada")
    account = (site.me(ada) or {})["account"]["id"]
    bo, answer = site.sign_in("bo")
    assert answer.status == 403 and "none of your groups" in answer.text
    assert site.me(bo) is None and bo.cookie("lictor") is None
    assert "Bo" not in [found["name"] for found in site.lictor.api("GET", "accounts")["items"]]
    [noted] = site.log("action=account.sign_in_refused")
    assert (noted["actor"], noted["object"]) == ("nobody", "unknown")
    site.provider.knows(ada=[])
    _, answer = site.sign_in("ada")
    assert answer.status == 403
    assert site.me(ada) is None
    assert site.log("action=account.sign_in_refused")[0]["object"] == account


def test_an_account_that_is_not_active_and_a_name_that_is_taken(site: Site) -> None:
    site.provider.knows(ada=["staff"])
    site.lictor.api("POST", "accounts", {"name": "Ada", "role": "admin"})
    browser, _ = site.sign_in("ada")
    me = site.me(browser)
    assert me and me["role"] == "user", "the other Ada's account is not theirs"
    assert me["account"]["name"] == f"Ada ({me['account']['id']})"
    site.lictor.api("PATCH", f"accounts/{me['account']['id']}", {"active": False})
    _, answer = site.sign_in("ada")
    assert answer.status == 403 and "not active" in answer.text


def test_the_last_administrator_whose_groups_say_less_is_told_on_a_page(site: Site) -> None:
    site.provider.knows(ada=[ADMINS])
    ada, _ = site.sign_in("ada")
    me = site.me(ada)
    assert me
    site.lictor.api("PUT", f"accounts/{me['account']['id']}/password", {"password": "correct horse battery"})
    site.lictor.api("DELETE", f"accounts/{site.lictor.api('GET', 'me')['account']['id']}")
    site.provider.knows(ada=["staff"])
    browser, answer = site.sign_in("ada")
    assert answer.status == 409 and answer.text.startswith("<!doctype html>"), answer
    assert "This is the last way in for an administrator. Make another admin account first" in answer.text
    assert browser.cookie("lictor") is None
    assert ask(site.url, "", "POST", "sign-in", {"name": "Ada", "password": "correct horse battery"})["role"] == "admin"


def test_an_answer_that_does_not_belong_to_this_browser_lets_nobody_in(site: Site) -> None:
    site.provider.knows(ada=["staff"])
    ada, other = Browser(), Browser()
    back = site.back(ada, "ada")
    # Another browser, and one that has begun something else.
    assert other.get(back).status == 400
    site.begin(other)
    assert other.get(back).status == 400
    # A state that nobody sent, and none.
    assert ada.get(changed(back, state="x")).status == 400
    assert site.me(ada) is None
    # The state was for one answer, whatever it was.
    assert ada.get(back).status == 400
    assert ada.get(f"{site.url}/api/v1/oidc/callback").status == 400


def test_a_code_is_good_once_and_for_who_asked_for_it(site: Site) -> None:
    site.provider.knows(ada=["staff"], bo=["staff"])
    browser = Browser()
    back = site.back(browser, "ada")
    kept = browser.cookie("lictor-provider")
    assert browser.get(back).status == 303

    def again(url: str, sealed: str | None) -> int:
        request = urllib.request.Request(url, headers={"Cookie": f"lictor-provider={sealed}"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert "Set-Cookie" not in refused.value.headers or "lictor=lat" not in str(refused.value.headers)
        return refused.value.code

    assert again(back, kept) == 400, "the provider knows that it was used"
    bo, eve = Browser(), Browser()
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(site.back(bo, "bo")).query))["code"]
    injected = changed(site.back(eve, "ada"), code=code)
    assert again(injected, eve.cookie("lictor-provider")) == 400, "the code was asked for with another verifier"


def test_an_id_token_for_another_request_is_refused(site: Site) -> None:
    site.provider.knows(ada=["staff"])
    browser = Browser()
    page = changed(site.begin(browser), nonce="of-another-request")
    answer = browser.get(browser.at_the_provider(page, "ada"))
    assert answer.status == 403 and "&#39;nonce&#39;" in answer.text
    assert site.me(browser) is None


def test_whoever_gives_up_at_the_provider_is_told(site: Site) -> None:
    browser = Browser()
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(site.begin(browser)).query))["state"]
    back = f"{site.url}/api/v1/oidc/callback?error=access_denied&error_description=no&state={state}"
    answer = browser.get(back)
    assert answer.status == 403 and "did not sign you in" in answer.text


def test_while_the_provider_is_away_passwords_and_tokens_let_in(site: Site) -> None:
    site.provider.knows(ada=["staff"])
    browser = Browser()
    back = site.back(browser, "ada")
    site.provider.stop()
    answer = browser.get(back)
    assert answer.status == 502 and "does not answer" in answer.text
    site.lictor.stop()
    site.lictor.start()
    assert Browser().get(f"{site.url}/api/v1/oidc/start").status == 502
    assert site.lictor.api("GET", "me")["role"] == "admin"
    account = site.lictor.api("POST", "accounts", {"name": "Bo", "role": "user"})["id"]
    site.lictor.api("PUT", f"accounts/{account}/password", {"password": "correct horse battery"})
    given = {"name": "Bo", "password": "correct horse battery"}
    assert ask(site.url, "", "POST", "sign-in", given)["role"] == "user"
    site.provider.start()
    eventually(lambda: Browser().get(f"{site.url}/api/v1/oidc/start").status == 303)


def test_a_wrong_secret_is_told_apart_from_a_wrong_code(site: Site) -> None:
    site.provider.knows(ada=["staff"])
    site.lictor.stop()
    site.lictor.variables["LICTOR_OIDC_CLIENT_SECRET"] = "wrong"
    site.lictor.start()
    _, answer = site.sign_in("ada")
    assert answer.status == 502 and "client id or its secret" in answer.text
