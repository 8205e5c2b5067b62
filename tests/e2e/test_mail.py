"""Mail through a real SMTP server and webhooks through real HTTP: `lictor serve` as it is started by an operator."""

import datetime
import html
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import certificates
from support.control_plane import ControlPlane
from support.echo import Echo
from support.gate import Problem, eventually
from support.mailbox import FROM, PASSWORD, USER, Mailbox, Taken, smtp
from support.webhook import Webhook, documented_check

# A name as somebody would choose it who tries to break out of a mail.
NAME = "Ada <b>& Söhne</b> \"x\""
# The first retry comes after 5 s, the second after 15 s more.
RETRY_SECONDS = 120
# So long nobody else sends what a service had taken on.
LEASE_SECONDS = 60
ORDER = {"reason": "a laptop <was> stolen", "confirm": "REVOKE ALL KEYS"}


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> certificates.Authority:
    folder = tmp_path_factory.mktemp("certificates")
    authority = certificates.Authority("mail", folder / "ca.crt")
    authority.issue(folder / "server", ["127.0.0.1"])
    return authority


@pytest.fixture(scope="module")
def tls(authority: certificates.Authority) -> Any:
    return certificates.server(authority.ca.with_name("server"))


def signed_in(mailbox: Mailbox, authority: certificates.Authority, folder: Path, password: str = PASSWORD) -> dict[str, str]:
    file = folder / "smtp-password"
    file.write_text(f"{password}\n")
    return smtp(mailbox, "starttls", USER=USER, PASSWORD_FILE=str(file), CA_FILE=str(authority.ca))


def user_with_key(lictor: ControlPlane, **fields: str) -> dict[str, Any]:
    upstream = {"database": "odoo", "login": "agent", "secret": "secret"}
    made: dict[str, Any] = lictor.api("POST", "users", {"upstream": upstream, **fields})
    lictor.api("POST", "keys", {"name": "k", "user_id": made["id"]})
    return made


def newest(lictor: ControlPlane) -> dict[str, Any]:
    message: dict[str, Any] = lictor.api("GET", "outbox?limit=1")["items"][0]
    return message


def waits(lictor: ControlPlane, error: str) -> bool:
    """Whether the newest message failed so, and is tried again."""
    message = newest(lictor)
    assert message["state"] == "waiting" and error in (message["last_error"] or ""), message
    return True


def test_every_affected_user_and_the_alerts_recipients_get_mail_over_starttls_with_a_password(
    echo: Echo, authority: certificates.Authority, tls: Any, tmp_path: Path
) -> None:
    with Mailbox(starttls=tls, password=PASSWORD) as mailbox:
        variables = signed_in(mailbox, authority, tmp_path)
        with ControlPlane(echo.url, tmp_path, variables) as lictor:
            status = lictor.api("GET", "outbox/status")
            assert (status["smtp_configured"], status["smtp_server"]) == (True, f"127.0.0.1:{mailbox.port}")
            sent = lictor.api("POST", "outbox/test", {"mail": "ops@example.com"})
            assert sent["state"] == "sent", sent
            lictor.api("PATCH", "settings", {"alerts": {"recipients": ["ops@example.com"]}})
            user_with_key(lictor, name=NAME, email="ada@example.com")
            user_with_key(lictor, name="Nobody")
            report = lictor.api("POST", "emergency-revocation", ORDER)
            assert [told["email"] for told in report["notified"]] == ["ada@example.com"]
            assert [told["name"] for told in report["without_address"]] == ["Nobody"]
            eventually(lambda: len(mailbox.taken) == 3)
        log = lictor.log.read_text()
    assert all(taken.encrypted and taken.signed_in for taken in mailbox.taken)
    for taken in mailbox.taken:
        assert taken.mail["From"] == FROM and taken.mail["Auto-Submitted"] == "auto-generated"
        assert taken.mail.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in taken.mail.iter_parts()] == ["text/plain", "text/html"]
        assert taken.mail["Message-ID"].endswith("@example.com>") and "<script" not in taken.part("html")
    by_subject = {taken.mail["Subject"]: taken for taken in mailbox.taken}
    test = by_subject["[Lictor] a test"]
    assert test.to == ["ops@example.com"] and "Asked for by: admin" in test.part("plain")
    alert = by_subject["[Lictor] critical alert: emergency_revocation"]
    assert alert.to == ["ops@example.com"] and "All active keys were revoked." in alert.part("plain")
    told = by_subject["[Lictor] your API keys were revoked"]
    assert told.to == ["ada@example.com"]
    for part, shown in (("plain", lambda text: text), ("html", html.escape)):
        said = told.part(part).replace("&#39;", "&#x27;")
        assert shown(NAME) in said and shown(ORDER["reason"]) in said and "Ask your administrator for new keys." in said
    assert PASSWORD not in log


def test_a_mail_waits_for_a_server_that_is_down_and_is_delivered_once(echo: Echo, tmp_path: Path) -> None:
    mailbox = Mailbox()
    with ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:
        user_with_key(lictor, name="Ada", email="ada@example.com")
        lictor.api("POST", "emergency-revocation", ORDER)
        eventually(lambda: waits(lictor, "could not connect"))
        with mailbox:
            eventually(lambda: newest(lictor)["state"] == "sent", seconds=RETRY_SECONDS)
            assert newest(lictor)["last_error"] is None
        [taken] = mailbox.taken
        assert taken.to == ["ada@example.com"]


def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_sent_again_by_hand(echo: Echo, tmp_path: Path) -> None:
    with Mailbox() as mailbox, ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:
        user_with_key(lictor, name="Ada", email="ada@example.com")
        mailbox.replies = ["451 greylisted, come back", "554 no spam here"]
        lictor.api("POST", "emergency-revocation", ORDER)
        eventually(lambda: waits(lictor, "451"))
        message = eventually(lambda: newest(lictor) if newest(lictor)["state"] == "failed" else None, seconds=RETRY_SECONDS)
        assert message["attempts"] == 2 and "554" in message["last_error"] and mailbox.taken == []
        lictor.api("POST", f"outbox/{message['id']}/resend")
        eventually(lambda: newest(lictor)["state"] == "sent")
        assert len(mailbox.taken) == 1


def test_a_wrong_password_shows_and_the_mail_comes_when_it_is_right(
    echo: Echo, authority: certificates.Authority, tls: Any, tmp_path: Path
) -> None:
    with Mailbox(starttls=tls, password=PASSWORD) as mailbox:
        variables = signed_in(mailbox, authority, tmp_path, "wrong SMTP password")
        with ControlPlane(echo.url, tmp_path, variables) as lictor:
            user_with_key(lictor, name="Ada", email="ada@example.com")
            lictor.api("POST", "emergency-revocation", ORDER)
            eventually(lambda: waits(lictor, "the SMTP server refused --smtp-user and its password: it answered 535"))
            tried = mailbox.tried
            eventually(lambda: mailbox.tried > tried, seconds=RETRY_SECONDS)
        assert mailbox.taken == [] and "wrong SMTP" not in lictor.log.read_text()
        with ControlPlane(echo.url, tmp_path, signed_in(mailbox, authority, tmp_path)) as lictor:
            eventually(lambda: newest(lictor)["state"] == "sent", seconds=RETRY_SECONDS)
        assert len(mailbox.taken) == 1


def test_nothing_is_sent_to_a_server_that_is_not_the_right_one(
    echo: Echo, authority: certificates.Authority, tls: Any, tmp_path: Path
) -> None:
    other = certificates.Authority("other", tmp_path / "other.crt")
    with Mailbox(implicit=tls) as implicit, Mailbox() as open_one:
        trusting = {"CA_FILE": str(authority.ca)}
        for mailbox, mode, files, state, error in (
            (implicit, "implicit", trusting, "sent", ""),
            (implicit, "implicit", {"CA_FILE": str(other.ca)}, "failed", "certificate"),
            (implicit, "implicit", {}, "failed", "certificate"),
            (open_one, "starttls", trusting, "failed", "STARTTLS"),
        ):
            with ControlPlane(echo.url, tmp_path, smtp(mailbox, mode, **files)) as lictor:
                message = lictor.api("POST", "outbox/test", {"mail": "ops@example.com"})
                assert message["state"] == state and error in (message["last_error"] or ""), message
        assert (len(implicit.taken), len(open_one.taken)) == (1, 0)


def test_without_a_server_mail_waits_until_there_is_one(echo: Echo, tmp_path: Path) -> None:
    with ControlPlane(echo.url, tmp_path) as lictor:
        user_with_key(lictor, name="Ada", email="ada@example.com")
        report = lictor.api("POST", "emergency-revocation", ORDER)
        assert report["smtp_configured"] is False
        status = lictor.api("GET", "outbox/status")
        assert (status["smtp_configured"], status["waiting"]) == (False, 1)
        with pytest.raises(Problem) as refused:
            lictor.api("POST", "outbox/test", {"mail": "ops@example.com"})
        assert refused.value.document["code"] == "mail_not_configured"
    with Mailbox() as mailbox, ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:
        eventually(lambda: len(mailbox.taken) == 1)
        eventually(lambda: lictor.api("GET", "outbox/status")["waiting"] == 0)


def test_a_webhook_is_told_once_it_answers_and_its_signature_is_right(
    echo: Echo, authority: certificates.Authority, tls: Any, tmp_path: Path
) -> None:
    check = documented_check()
    trusted = {"SSL_CERT_FILE": str(authority.ca)}
    with Webhook(tls) as webhook, ControlPlane(echo.url, tmp_path, trusted) as lictor:
        made = lictor.api("POST", "webhooks", {"name": "chat", "url": webhook.url, "from_severity": "high"})
        secret = made["secret"]
        assert lictor.api("POST", "outbox/test", {"webhook": made["id"]})["state"] == "sent"
        webhook.statuses = [503]
        lictor.api("POST", "emergency-revocation", ORDER)
        eventually(lambda: waits(lictor, "it answered 503"))
        eventually(lambda: newest(lictor)["state"] == "sent", seconds=RETRY_SECONDS)
        assert [webhook.body(index)["kind"] for index in range(3)] == ["test", "alert_opened", "alert_opened"]
        assert len(webhook.heard) == 3 and webhook.heard[1][1] == webhook.heard[2][1]
        assert webhook.heard[1][0]["x-lictor-event"] == webhook.heard[2][0]["x-lictor-event"] == webhook.body(1)["id"]
        assert webhook.body(1)["data"]["severity"] == "critical"
        for headers, body in webhook.heard:
            signature = headers["x-lictor-signature"]
            assert check(secret, signature, body)
            old = signature.replace("t=", "t=1")
            for wrong in ((f"{secret}x", signature, body), (secret, signature, body + b" "), (secret, old, body), (secret, "", body)):
                assert not check(*wrong)
            assert abs(time.time() - int(signature.split(",")[0].removeprefix("t="))) < RETRY_SECONDS * 2
        assert secret not in lictor.log.read_text()


def test_bad_mail_configuration_ends_the_start_with_what_to_do(echo: Echo, tmp_path: Path) -> None:
    for variables, advice in (
        ({"HOST": "127.0.0.1"}, "--smtp-from"),
        ({"HOST": "127.0.0.1", "FROM": "nobody"}, "lictor@example.com"),
        ({"HOST": "127.0.0.1", "FROM": FROM, "USER": "u"}, "--smtp-password-file"),
        ({"HOST": "127.0.0.1", "FROM": FROM, "USER": "u", "PASSWORD": "p", "TLS": "none"}, "starttls or implicit"),
        ({"HOST": "127.0.0.1", "FROM": FROM, "CA_FILE": "/nowhere"}, "--smtp-ca-file"),
    ):
        given = {f"LICTOR_SMTP_{name}": value for name, value in variables.items()}
        with pytest.raises(Exception, match="ended with status") as ended, ControlPlane(echo.url, tmp_path, given):
            pass
        assert advice in str(ended.value), ended.value


def test_a_service_that_is_killed_while_it_sends_sends_the_same_mail_again(echo: Echo, tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        mailbox.hold.clear()
        with ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:
            user_with_key(lictor, name="Ada", email="ada@example.com")
            lictor.api("POST", "emergency-revocation", ORDER)
            eventually(lambda: len(mailbox.taken) == 1)
            lictor.process.kill()
        mailbox.hold.set()
        with ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:
            eventually(lambda: newest(lictor)["state"] == "sent", seconds=LEASE_SECONDS + RETRY_SECONDS)
    first, second = mailbox.taken
    assert first.mail["Message-ID"] == second.mail["Message-ID"]


def expiring_key(lictor: ControlPlane, user: dict[str, Any]) -> dict[str, Any]:
    """A key that is due for rotation in a few seconds: half its life before its end."""
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20)
    made: dict[str, Any] = lictor.api("POST", "keys", {"name": "k", "user_id": user["id"], "expires_at": end.isoformat()})
    return made


def rotated(lictor: ControlPlane, mailbox: Mailbox, user: dict[str, Any]) -> Taken:
    """The mail that comes of a key's rotation. There are others: a key that lives for 20 s is soon replaced again."""
    key = expiring_key(lictor, user)

    def about(taken: Taken) -> bool:
        return key["prefix"] in taken.part("plain") or key["id"] in taken.part("plain")

    def attempt() -> Taken | None:
        lictor.api("POST", "jobs/key_rotation/run")
        return next(filter(about, mailbox.taken), None)

    found = eventually(attempt, seconds=RETRY_SECONDS)
    assert found
    return found


def test_a_rotated_key_comes_by_mail_or_by_a_link_and_is_kept_nowhere_else(echo: Echo, tmp_path: Path) -> None:
    with Mailbox() as mailbox, ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:
        alerts = {"recipients": ["ops@example.com"], "mail_from_severity": "critical"}
        rotation = {"enabled": True, "delivery": "email", "public_url": lictor.url}
        lictor.api("PATCH", "settings", {"alerts": alerts, "rotation": rotation})
        user = user_with_key(lictor, name="Ada", email="ada@example.com")

        taken = rotated(lictor, mailbox, user)
        [key] = re.findall(r"New key: +(lct_\w{46})\n", taken.part("plain"))
        assert taken.to == ["ada@example.com"] and taken.part("html").count(key) == 1
        assert key[4:12] in {record["prefix"] for record in lictor.api("GET", "keys")["items"]}

        lictor.api("PATCH", "settings", {"rotation": {"delivery": "link"}})
        taken = rotated(lictor, mailbox, user)
        [link] = re.findall(rf"({lictor.url}/\S+)\n", taken.part("plain"))
        assert taken.part("html").count(html.escape(link)) == 1
        with urllib.request.urlopen(link, b"") as page:
            [linked] = re.findall(r"lct_\w{46}", page.read().decode())
        with pytest.raises(urllib.error.HTTPError, match="410"):
            urllib.request.urlopen(link, b"")

        silent = user_with_key(lictor, name="Bo")
        taken = rotated(lictor, mailbox, silent)
        assert taken.to == ["ops@example.com"] and "Bo" in taken.part("plain")
        assert "no mail address" in taken.part("html")

        # The mail is there before that is noted.
        eventually(lambda: lictor.api("GET", "outbox?state=sent&kind=rotation_failed")["items"])
        messages = lictor.api("GET", "outbox?state=sent")["items"]
        assert {message["kind"] for message in messages} == {"rotation_failed", "key_link", "key_rotated"}
        for message in messages:
            if message["kind"] == "rotation_failed":
                continue
            with pytest.raises(Problem) as refused:
                lictor.api("POST", f"outbox/{message['id']}/resend")
            assert refused.value.document["code"] == "not_sendable"
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"key_rotated" in kept
        for secret in (key, link.rsplit("/", 1)[1], linked):
            assert secret.encode() not in kept


def test_administrators_are_mailed_the_keys_that_end_soon_and_once(echo: Echo, tmp_path: Path) -> None:
    with Mailbox() as mailbox, ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:

        def review() -> dict[str, int]:
            job: dict[str, Any] = lictor.api("POST", "jobs/key_review/run")
            assert job["last_outcome"] == "succeeded", job
            report: dict[str, int] = job["last_report"]
            return report

        ada = user_with_key(lictor, name=NAME, email="ada@example.com")
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=10)
        agent = {"name": "agent <1>", "user_id": ada["id"], "expires_at": end.isoformat()}
        key = lictor.api("POST", "keys", agent)
        assert review() == {"ending": 1, "unused": 0, "mails": 0}, "nobody is to be told"
        lictor.api("PATCH", "settings", {"alerts": {"recipients": ["ops@example.com", "sec@example.com"]}})
        assert [review()["mails"] for _ in range(2)] == [2, 0]
        eventually(lambda: len(mailbox.taken) == 2)
        assert sorted(taken.to[0] for taken in mailbox.taken) == ["ops@example.com", "sec@example.com"]
        for taken in mailbox.taken:
            assert taken.mail["Subject"] == "[Lictor] keys that need a look"
            named = f"'agent <1>' (lct_{key['prefix']}…) of {NAME}: ends {end:%Y-%m-%d}"
            assert f"Ends soon: {named}" in taken.part("plain")
            assert html.escape(named) in taken.part("html").replace("&#39;", "&#x27;")
            assert not any(key["key"] in taken.part(part) for part in ("plain", "html"))
        listed = lictor.api("GET", "keys?ends_within_days=30")["items"]
        assert [found["id"] for found in listed] == [key["id"]]
        assert lictor.api("GET", "keys?unused_for_days=90")["items"] == []

        lictor.api("PATCH", "settings", {"keys": {"longest_lifetime_days": 9}})
        with pytest.raises(Problem) as refused:
            lictor.api("POST", "keys", agent)
        assert (refused.value.document["code"], refused.value.document["field"]) == ("invalid_field", "expires_at")
