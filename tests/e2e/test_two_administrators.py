"""Two administrators at once: no command of the command line undoes what somebody else has changed since it read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.control_plane import ControlPlane, program
from support.echo import Echo
from support.meanwhile import Meanwhile

CONFLICT = 5


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ControlPlane]:
    with Echo() as echo, ControlPlane(echo.url, tmp_path) as service:
        yield service


@pytest.fixture
def lictor(service: ControlPlane, tmp_path: Path) -> CommandLine:
    lictor = CommandLine(program(), service.url, service.token, tmp_path)
    user = ("--database", "odoo", "--login", "ada", "--secret-env", "ADA")
    lictor("user", "create", "--name", "Ada", *user, ADA="odoo-secret")
    return lictor


def test_no_command_undoes_what_somebody_else_has_changed_meanwhile(service: ControlPlane, lictor: CommandLine) -> None:
    key = lictor.json("key", "create", "--user", "Ada", "--name", "shared")["id"]
    user = lictor.json("user", "show", "Ada")["id"]
    account = lictor.json("account", "create", "both", "--role", "user")["id"]
    webhook = lictor.json("webhook", "create", "both", "https://hooks.example.com/")["id"]
    other = lictor.json("gate", "create", "both")["id"]
    service.api("PUT", "permissions/res.lang", {"read": True})
    password = {"PASSWORD": "correct horse battery"}
    edits = {
        ("PATCH", f"keys/{key}", '{"name": "%s"}'): [
            ("key", "update", key, "--models", "res.lang"),
            ("key", "delete", key, "--yes"),
        ],
        ("PATCH", f"users/{user}", '{"groups": ["%s"]}'): [
            ("user", "update", user, "--email", "a@example.com"),
            ("user", "delete", user, "--yes"),
        ],
        ("PATCH", f"accounts/{account}", '{"name": "%s"}'): [
            ("account", "update", account, "--role", "admin"),
            ("account", "password", account, "--password-env", "PASSWORD"),
            ("account", "password", account, "--none"),
            ("account", "delete", account, "--yes"),
        ],
        ("PATCH", f"webhooks/{webhook}", '{"name": "%s"}'): [
            ("webhook", "update", webhook, "--from-severity", "high"),
            ("webhook", "delete", webhook, "--yes"),
        ],
        ("PATCH", f"gates/{other}", '{"name": "%s"}'): [("gate", "delete", other, "--yes")],
        ("PATCH", "jobs/key_rotation", '{"cron": "%s 1 * * *"}'): [("job", "schedule", "key_rotation", "0 2 * * *")],
        ("PATCH", "settings", '{"snapshot_max_age_seconds": 3%s}'): [("settings", "set", "sessions.limit=3")],
        ("PUT", "permissions/res.lang", '{"context": ["key_%s"]}'): [
            ("permission", "put", "res.lang", "--read"),
            ("permission", "update", "res.lang", "--read"),
            ("permission", "delete", "res.lang", "--yes"),
        ],
    }
    service.api("POST", "profiles", {"name": "sales"})
    edits["PATCH", "profiles/sales", '{"description": "%s"}'] = [
        ("profile", "update", "sales", "--description", "new"),
        ("profile", "delete", "sales", "--yes"),
    ]
    numbers = iter(range(10, 60))
    for (method, path, body), commands in edits.items():
        edited: list[dict[str, object]] = []
        edit = lambda: edited.append(service.api(method, path, json.loads(body % next(numbers))))  # noqa: B023, E731
        with Meanwhile(service.url, edit) as between:
            for command in commands:
                told = lictor(*command, "--url", between.url, status=CONFLICT, **password).stderr
                assert "has changed" in told and "again" in told, told
                record = service.api("GET", path)
                assert {name: record[name] for name in edited[-1]} == edited[-1], command
    # One that is there by now is not replaced by a command that was to make it.
    with Meanwhile(service.url, lambda: service.api("PUT", "permissions/res.bank", {"write": True})) as between:
        lictor("permission", "put", "res.bank", "--read", "--url", between.url, status=CONFLICT)
    assert service.api("GET", "permissions/res.bank")["write"] is True
