"""Users and their Odoo credentials, with the real Odoo: groups, two-factor authentication, API keys that end."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from parts.odoo import Odoo, User
from support.control_plane import ControlPlane
from support.gate import Problem

PASSWORD = "a-long-password"
TOTP_SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture(scope="module")
def lictor(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(odoo.url, tmp_path_factory.mktemp("lictor")) as lictor:
        yield lictor


def save(lictor: ControlPlane, odoo: Odoo, user: User, secret: str) -> Any:
    upstream = {"database": odoo.database, "login": user.login, "secret": secret}
    return lictor.api("POST", "users", {"name": user.login, "upstream": upstream})


def refusal(lictor: ControlPlane, odoo: Odoo, user: User, secret: str) -> str:
    with pytest.raises(Problem) as problem:
        save(lictor, odoo, user, secret)
    assert problem.value.document["code"] == "upstream_credential_rejected"
    detail: str = problem.value.document["detail"]
    return detail


@pytest.mark.parametrize(
    ("login", "group", "implied"),
    [("inside", "base.group_user", "base.group_no_one"), ("outside", "base.group_portal", "base.group_portal")],
)
def test_a_users_groups_are_read_with_its_own_rights(lictor: ControlPlane, odoo: Odoo, login: str, group: str, implied: str) -> None:
    user = odoo.create_user(login, PASSWORD, groups=[group])
    saved = save(lictor, odoo, user, PASSWORD)
    assert saved["upstream"]["uid"] == user.uid
    assert {group, implied} <= set(saved["odoo_groups"])
    assert saved["upstream"]["ends_at"] is None


def test_groups_follow_odoo_when_a_user_is_checked(lictor: ControlPlane, odoo: Odoo) -> None:
    user = odoo.create_user("mover", PASSWORD)
    saved = save(lictor, odoo, user, odoo.create_api_key(user))
    assert "base.group_partner_manager" not in saved["odoo_groups"]
    odoo.call("res.users", "write", [user.uid], {"group_ids": [[4, odoo.record("base.group_partner_manager")]]})
    checked = lictor.api("POST", f"users/{saved['id']}/check")
    assert "base.group_partner_manager" in checked["odoo_groups"]


@pytest.mark.parametrize("group", ["base.group_system", "base.group_erp_manager", "mail.group_mail_template_editor"])
def test_an_administrator_of_odoo_is_taken_only_if_its_record_says_that_it_may_be_one(
    lictor: ControlPlane, odoo: Odoo, group: str
) -> None:
    user = odoo.create_user(f"boss of {group}", PASSWORD, groups=["base.group_user", group])
    with pytest.raises(Problem) as problem:
        save(lictor, odoo, user, PASSWORD)
    assert problem.value.document["code"] == "upstream_administrator"
    assert group in problem.value.document["detail"]
    upstream = {"database": odoo.database, "login": user.login, "secret": PASSWORD}
    saved = lictor.api("POST", "users", {"name": user.login, "upstream": upstream, "privileged": True})
    assert saved["privileged"] and saved["refused"] is None


def test_a_user_who_becomes_an_administrator_of_odoo_is_refused_until_it_is_none(lictor: ControlPlane, odoo: Odoo) -> None:
    user = odoo.create_user("climber", PASSWORD)
    saved = save(lictor, odoo, user, PASSWORD)
    for command, refused in [(4, "administrator"), (3, None)]:
        odoo.call("res.users", "write", [user.uid], {"group_ids": [[command, odoo.record("base.group_system")]]})
        assert lictor.api("POST", f"users/{saved['id']}/check")["refused"] == refused


def test_the_end_of_an_odoo_api_key_is_known(lictor: ControlPlane, odoo: Odoo) -> None:
    user = odoo.create_user("ending", PASSWORD)
    saved = save(lictor, odoo, user, odoo.create_api_key(user, days=30))
    ends_at = datetime.datetime.fromisoformat(saved["upstream"]["ends_at"])
    left = ends_at - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=28) < left < datetime.timedelta(days=31)
    # Soon enough for a warning.
    odoo.sql(f"UPDATE res_users_apikeys SET expiration_date = now() + interval '3 days' WHERE user_id = {user.uid}")
    lictor.api("POST", f"users/{saved['id']}/check")
    [alert] = [alert for alert in lictor.api("GET", "alerts")["items"] if alert["user_id"] == saved["id"]]
    assert alert["rules"] == ["credential_expiring"]


def test_an_api_key_that_has_ended_is_refused_and_said_to_have(lictor: ControlPlane, odoo: Odoo) -> None:
    user = odoo.create_user("ended", PASSWORD)
    key = odoo.create_api_key(user)
    saved = save(lictor, odoo, user, key)
    odoo.sql(f"UPDATE res_users_apikeys SET expiration_date = now() - interval '1 day' WHERE user_id = {user.uid}")
    assert "API key: it has expired" in refusal(lictor, odoo, user, key)
    assert lictor.api("POST", f"users/{saved['id']}/check")["upstream"]["rejected"]


def test_a_two_factor_user_is_told_to_use_an_api_key(lictor: ControlPlane, odoo: Odoo) -> None:
    user = odoo.create_user("careful", PASSWORD)
    key = odoo.create_api_key(user)
    odoo.sql(f"UPDATE res_users SET totp_secret = '{TOTP_SECRET}' WHERE id = {user.uid}")
    assert "two-factor" in refusal(lictor, odoo, user, PASSWORD)
    assert "two-factor" not in refusal(lictor, odoo, user, "wrong")
    assert save(lictor, odoo, user, key)["upstream"]["uid"] == user.uid
