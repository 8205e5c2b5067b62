"""The command line: every noun, its forms, its statuses."""

import contextlib
import csv
import io
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.certificates import Authority
from support.command_line import CommandLine
from support.control_plane import ControlPlane, program
from support.echo import Echo
from support.gate import CALL_SECONDS, Gate, eventually

DONE, FAILED, USAGE, NOT_FOUND, REFUSED, CONFLICT, INVALID = range(7)
ODOO_SECRET = "odoo-secret-that-nobody-prints"
MANY = 510


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Echo() as echo, Gate(echo.url, tmp_path_factory.mktemp("cli")) as gate:
        yield gate


@pytest.fixture(scope="module")
def lictor(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    lictor = CommandLine.of(gate, tmp_path_factory.mktemp("work"))
    user = ("--email", "ada@example.com", "--groups", "sales", "--database", "odoo", "--login", "ada")
    lictor("user", "create", "--name", "Ada", *user, "--secret-env", "ADA", ADA=ODOO_SECRET)
    yield lictor
    printed = "\n".join(lictor.printed)
    assert ODOO_SECRET not in printed and gate.up["admin_token"] not in printed


def made(lictor: CommandLine, *restrictions: object) -> str:
    """The plain text of a new key."""
    return lictor("key", "create", "--user", "ada@example.com", "--name", "k", *restrictions).stdout.strip()


def prefix(key: str) -> str:
    return key[4:12]


def test_a_new_key_alone_is_on_standard_output(lictor: CommandLine, gate: Gate) -> None:
    run = lictor("key", "create", "--user", "Ada", "--name", "alone", "--models", "res.partner")
    assert re.fullmatch(r"lct_[0-9A-Za-z]{46}\n", run.stdout)
    assert "res.partner" in run.stderr and run.stdout.strip() not in run.stderr
    eventually(lambda: gate.authenticate("odoo", "ada", run.stdout.strip()))
    document = lictor.json("key", "create", "--user", "Ada", "--name", "document")
    assert document["key"].startswith("lct_") and document["name"] == "document"


def test_keys_are_restricted_regenerated_revoked_and_deleted(lictor: CommandLine) -> None:
    key = made(lictor, "--scopes", "read,write", "--ips", "10.0.0.0/8", "--expires-at", "2090-01-31")
    shown = lictor.json("key", "show", prefix(key))
    assert (shown["scopes"], shown["ip_allow_list"]) == (["read", "write"], ["10.0.0.0/8"])
    assert shown["expires_at"] == "2090-01-31T00:00:00Z"
    lictor("key", "update", prefix(key), "--ips", "any", "--rate-limit", "7", "--expires-at", "never")
    after = lictor.json("key", "show", shown["id"])
    assert (after["ip_allow_list"], after["rate_limit_per_minute"], after["expires_at"]) == ([], 7, None)
    assert after["scopes"] == ["read", "write"]
    again = lictor("key", "regenerate", prefix(key), "--yes").stdout.strip()
    assert prefix(again) != prefix(key)
    lictor("key", "show", prefix(key), status=NOT_FOUND)
    assert lictor.json("key", "revoke", prefix(again), "--yes")["active"] is False
    lictor("key", "update", prefix(again), "--active", "true", status=CONFLICT)
    lictor("key", "delete", prefix(again), "--yes")
    lictor("key", "show", prefix(again), status=NOT_FOUND)


def test_a_key_is_rotated_and_the_old_one_ends(lictor: CommandLine) -> None:
    key = made(lictor, "--scopes", "read")
    after = lictor("key", "rotate", prefix(key), "--overlap", "0").stdout.strip()
    assert lictor.json("key", "show", prefix(after))["scopes"] == ["read"]
    old = lictor.json("key", "show", prefix(key))
    assert old["rotated_to"] and old["expires_at"], "good until now"


def test_what_cannot_be_taken_back_asks_at_a_terminal_and_refuses_elsewhere(lictor: CommandLine) -> None:
    key = prefix(made(lictor))
    assert "--yes" in lictor("key", "delete", key, status=USAGE).stderr
    terminal = lictor.at_a_terminal("key", "delete", key)
    terminal.asks("[y/N]")
    terminal.answer("n")
    assert terminal.ends() == REFUSED
    lictor("key", "show", key)
    terminal = lictor.at_a_terminal("key", "delete", key)
    terminal.asks("[y/N]")
    terminal.answer("y")
    assert terminal.ends() == DONE
    lictor("key", "show", key, status=NOT_FOUND)


def test_a_whole_key_on_the_command_line_is_not_taken_and_not_repeated(lictor: CommandLine) -> None:
    key = made(lictor)
    run = lictor("key", "show", key, status=USAGE)
    assert key not in run.stdout + run.stderr


def test_permissions(lictor: CommandLine) -> None:
    lictor("permission", "put", "crm.lead", "--read", "--groups", "sales", "--method", "action_set_won=write,read")
    shown = lictor.json("permission", "show", "crm.lead")
    assert (shown["read"], shown["write"], shown["methods"]) == (True, False, {"action_set_won": ["read", "write"]})
    assert "crm.lead" in lictor("permission", "list").stdout
    lictor("permission", "delete", "crm.lead", "--yes")
    lictor("permission", "show", "crm.lead", status=NOT_FOUND)


def test_a_list_goes_over_pages_and_says_when_there_is_more(lictor: CommandLine, gate: Gate) -> None:
    gate.permit({f"x.m{number:03}": {"read": True} for number in range(MANY)})
    try:
        page = lictor.json("permission", "list", "--limit", MANY - 5)
        assert len(page["items"]) == MANY - 5 and page["next_cursor"]
        run = lictor("permission", "list", "--limit", MANY - 5)
        assert len(run.stdout.splitlines()) == MANY - 4 and f"more than these {MANY - 5}" in run.stderr
        run = lictor("permission", "list", "--limit", MANY + 100)
        assert "more" not in run.stderr and f"x.m{MANY - 1:03}" in run.stdout
    finally:
        for number in range(MANY):
            gate.api("DELETE", f"permissions/x.m{number:03}")


def test_users_settings_gates_accounts_and_tokens(lictor: CommandLine, gate: Gate) -> None:
    bob = ("user", "create", "--name", "Bob", "--database", "odoo", "--login", "bob", "--secret-file", "bob")
    (lictor.folder / "bob").write_text(f"{ODOO_SECRET}\n")
    assert lictor.json(*bob)["upstream"]["uid"] == 7
    assert lictor.json("user", "update", "Bob", "--groups", "a,b")["groups"] == ["a", "b"]
    assert lictor.json("user", "check", "Bob")["upstream"]["rejected"] is False
    lictor("user", "delete", "Bob", "--yes")
    assert "There is no user 'Bob'" in lictor("user", "show", "Bob", status=NOT_FOUND).stderr

    lictor("settings", "set", "sessions.limit=4", "ip_allow_list=[127.0.0.0/8]")
    settings = lictor.json("settings", "show")
    assert (settings["sessions"]["limit"], settings["ip_allow_list"]) == (4, ["127.0.0.0/8"])
    lictor("settings", "set", "sessions.limit=0", "ip_allow_list=[]")

    token = lictor("gate", "create", "second").stdout.strip()
    assert token and lictor("gate", "rotate", "second", "--yes").stdout.strip() != token
    assert lictor.json("gate", "revoke", "second", "--yes")["revoked_at"]
    lictor("gate", "delete", "second", "--yes")
    assert [item["connected"] for item in lictor.json("gate", "list")["items"]] == [True]

    lictor("account", "create", "carl", "--role", "manager")
    token = lictor("token", "create", "--account", "carl", "--name", "t", "--role", "user").stdout.strip()
    (lictor.folder / "token").write_text(f"{token}\n")
    assert lictor.json("permission", "list", "--token-file", "token")["items"] is not None
    assert "manager or above" in lictor("key", "list", "--token-file", "token", status=REFUSED).stderr
    [record] = [item for item in lictor.json("token", "list")["items"] if item["name"] == "t"]
    lictor("token", "delete", record["id"], "--yes")
    lictor("permission", "list", "--token-file", "token", status=REFUSED)
    assert lictor.json("account", "update", "carl", "--role", "user")["role"] == "user"
    lictor("account", "password", "carl", "--password-env", "CARL", CARL="a password that nobody prints")
    assert lictor.json("account", "show", "carl")["has_password"] is True
    lictor("account", "password", "carl", "--none")
    assert lictor.json("account", "show", "carl")["has_password"] is False
    lictor("account", "delete", "carl", "--yes")
    done = lictor.json("admin-audit", "--limit", 1)["items"]
    assert [entry["action"] for entry in done] == ["account.delete"]


def test_a_pause_stops_calls_until_it_is_removed(lictor: CommandLine, gate: Gate) -> None:
    gate.permit({"res.partner": {"read": True}})
    key = lictor.json("key", "create", "--user", "Ada", "--name", "paused")
    agent = gate.agent({"upstream": {"database": "odoo", "uid": 7}}, key["key"])
    eventually(lambda: agent.refusal("res.partner", "search_count", []) is None)
    pause = lictor.json("pause", "add", "user", "ada@example.com", "--reason", "holiday")
    eventually(lambda: agent.refusal("res.partner", "search_count", []) is not None)
    assert "holiday" in lictor("pause", "list").stdout
    lictor("pause", "remove", pause["id"])
    eventually(lambda: agent.refusal("res.partner", "search_count", []) is None)
    lictor("pause", "add", "model", "--reason", "x", status=USAGE)

    [session] = eventually(lambda: lictor.json("session", "list", "--key", key["prefix"])["items"])
    assert session["client_ip"] in lictor("session", "list").stdout
    assert lictor.json("session", "terminate", session["id"])["state"] == "terminated"


def test_explain_shows_check_by_check(lictor: CommandLine) -> None:
    lictor("permission", "put", "res.partner", "--read")
    key = prefix(made(lictor, "--scopes", "read"))
    question = ("explain", "--key", key, "--ip", "192.0.2.7", "--model", "res.partner", "--method")
    run = lictor(*question, "unlink")
    assert re.search(r"^ *scope +refused +scope_denied ", run.stdout, re.MULTILINE) and "denied" in run.stderr
    checks = lictor.json(*question, "read")
    assert checks["outcome"] == "allowed" and checks["checks"][0] == {"stage": "key", "outcome": "passed"}
    assert lictor.json(*question, "write", "--args", '[[1], {"name": "x"}]')["reason"] == "scope_denied"


def test_the_audit_log_is_listed_and_exported(lictor: CommandLine, gate: Gate) -> None:
    lictor("permission", "put", "res.partner", "--read")
    key = lictor.json("key", "create", "--user", "Ada", "--name", "audited")
    agent = gate.agent({"upstream": {"database": "odoo", "uid": 7}}, key["key"])
    eventually(lambda: agent.refusal("res.partner", "search_count", []) is None)
    assert agent.refusal("res.partner", "unlink", [1]) == "permission_denied"
    mine = ("--key", key["prefix"], "--model", "res.partner")
    denied = (*mine, "--outcome", "denied")
    eventually(lambda: lictor.json("audit", "list", *denied)["items"])
    assert "permission_denied" in lictor("audit", "list", *denied).stdout

    rows = list(csv.DictReader(io.StringIO(lictor("audit", "export", *mine).stdout)))
    assert {row["method"] for row in rows} == {"search_count", "unlink"}
    lictor("audit", "export", "--format", "json", *denied, "--out", "audit.json")
    [row] = json.loads((lictor.folder / "audit.json").read_text())
    assert row["reason"] == "permission_denied"
    lictor("audit", "export", "--out", "audit.json", status=CONFLICT)
    assert lictor.json("audit", "export", "--format", "json", "--from", "2090-01-01") == []
    assert "from" in lictor("audit", "export", "--from", "yesterday", status=INVALID).stderr


def test_failures_are_one_sentence_with_a_status(lictor: CommandLine, tmp_path: Path) -> None:
    assert "LICTOR_TOKEN" in lictor("key", "list", status=USAGE, LICTOR_TOKEN="").stderr
    assert "LICTOR_TOKEN" in lictor("key", "list", status=REFUSED, LICTOR_TOKEN="wrong").stderr
    assert "is not there" in lictor("key", "list", status=FAILED, LICTOR_URL="http://127.0.0.1:1").stderr
    assert "no connection by TLS" in lictor("key", "list", status=FAILED, LICTOR_URL=https(lictor)).stderr
    assert "nofile" in lictor("key", "list", "--token-file", "nofile", status=FAILED).stderr
    wrong = lictor("settings", "set", "rate_limit.per_minute=0", status=INVALID)
    assert "rate_limit.per_minute: Give a number" in wrong.stderr
    lictor("key", "unknown", status=USAGE)
    lictor("key", "list", "--token", "x", status=USAGE)
    for run in lictor.printed:
        assert "panicked" not in run


def https(lictor: CommandLine) -> str:
    return lictor.environment["LICTOR_URL"].replace("http://", "https://")


class SecureControlPlane(ControlPlane):
    """It is asked by nobody but the command line."""

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), CALL_SECONDS):
            return True
        return False


def test_tls_trusts_the_authority_in_the_file(tmp_path: Path) -> None:
    Authority("ours", tmp_path / "ca.crt").issue(tmp_path / "server", ["127.0.0.1"])
    Authority("theirs", tmp_path / "other.crt")
    files = {"LICTOR_TLS_CERTIFICATE": f"{tmp_path}/server.crt", "LICTOR_TLS_KEY": f"{tmp_path}/server.key"}
    with Echo() as echo, SecureControlPlane(echo.url, tmp_path, files) as service:
        lictor = CommandLine(program(), service.url.replace("http", "https"), service.token, tmp_path)
        assert lictor.json("permission", "list", "--ca-file", "ca.crt")["items"] == []
        for trusted in ((), ("--ca-file", "other.crt")):
            run = lictor("permission", "list", *trusted, status=FAILED)
            assert "no connection by TLS" in run.stderr and "--ca-file" in run.stderr
        assert "no certificate" in lictor("key", "list", "--ca-file", "token", status=FAILED).stderr


def test_completions_complete_in_bash(lictor: CommandLine) -> None:
    script = (
        'source <("$0" completions bash); COMP_WORDS=(lictor emer); COMP_CWORD=1; _lictor lictor emer lictor;'
        'echo "${COMPREPLY[@]}"; COMP_WORDS=(lictor key re); COMP_CWORD=2; _lictor lictor re key; echo "${COMPREPLY[@]}"'
    )
    run = subprocess.run(["bash", "-c", script, lictor.program], capture_output=True, text=True, check=True)
    first, second = run.stdout.splitlines()
    assert first == "emergency-revoke" and {"regenerate", "revoke"} <= set(second.split())
    for shell in ("zsh", "fish"):
        assert "emergency-revoke" in lictor("completions", shell).stdout


def test_a_reader_that_goes_away_is_no_failure(lictor: CommandLine) -> None:
    script = 'set -o pipefail; "$0" completions bash | head -n 1 > /dev/null'
    subprocess.run(["bash", "-c", script, lictor.program], check=True)


def test_emergency_revocation_wants_a_reason_and_the_typed_words(lictor: CommandLine, gate: Gate) -> None:
    key = made(lictor)
    lictor("emergency-revoke", "--reason", "drill", status=USAGE)
    lictor("emergency-revoke", "--reason", "drill", "--confirm", "revoke all keys", status=REFUSED)
    assert lictor.json("key", "show", prefix(key))["active"] is True
    terminal = lictor.at_a_terminal("emergency-revoke")
    terminal.asks("Why?")
    terminal.answer("drill")
    terminal.asks("REVOKE ALL KEYS")
    terminal.answer("REVOKE ALL KEYS")
    assert terminal.ends() == DONE, terminal.text
    assert "keys would be revoked" in terminal.text and "keys are revoked" in terminal.text
    assert lictor.json("key", "show", prefix(key))["revoked_at"]
    report = lictor.json("emergency-revoke", "--reason", "again", "--confirm", "REVOKE ALL KEYS")
    assert report["revoked"] == 0


def test_alerts_are_listed_commented_resolved_and_reopened(lictor: CommandLine) -> None:
    # There is one by now: of the revocation above.
    [alert] = lictor.json("alert", "list", "--type", "emergency_revocation", "--state", "open")["items"]
    assert "critical" in lictor("alert", "list", "--severity", "critical").stdout
    commented = lictor.json("alert", "comment", alert["id"], "It was a drill.")
    assert [entry["text"] for entry in commented["comments"]] == ["It was a drill."]
    assert lictor.json("alert", "resolve", alert["id"], "--note", "Drill over.")["state"] == "resolved"
    lictor("alert", "resolve", alert["id"], "--note", "again", status=CONFLICT)
    shown = lictor("alert", "show", alert["id"]).stdout
    assert re.search(r"resolved +Drill over\.", shown) and "It was a drill." in shown
    assert lictor.json("alert", "reopen", alert["id"])["state"] == "open"
    lictor("alert", "show", "nonsense", status=NOT_FOUND)


def test_jobs_are_listed_scheduled_and_run(lictor: CommandLine) -> None:
    assert "audit_cleanup" in lictor("job", "list").stdout
    assert lictor.json("job", "run", "audit_cleanup")["last_outcome"] == "succeeded"
    before = lictor.json("job", "show", "audit_cleanup")["cron"]
    assert lictor.json("job", "schedule", "audit_cleanup", "5 4 * * *")["cron"] == "5 4 * * *"
    lictor("job", "schedule", "audit_cleanup", "sometimes", status=INVALID)
    lictor("job", "schedule", "audit_cleanup", before)


def test_messages_and_webhooks(lictor: CommandLine) -> None:
    assert lictor.json("outbox", "status")["smtp_configured"] is False
    secret = lictor("webhook", "create", "pager", "http://127.0.0.1:1/x", "--from-severity", "high").stdout
    assert secret.strip() and secret not in lictor("webhook", "list").stdout
    assert lictor.json("webhook", "update", "pager", "--from-severity", "low")["from_severity"] == "low"
    message = lictor.json("outbox", "test", "--webhook", "pager")
    assert message["attempts"] == 1 and message["last_error"]
    assert message["id"] in lictor("outbox", "list", "--kind", "test").stdout
    assert lictor.json("outbox", "resend", message["id"])["state"] == "waiting"
    lictor("outbox", "test", status=USAGE)
    lictor("webhook", "delete", "pager", "--yes")
