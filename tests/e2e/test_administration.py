"""The pages that docs/administration.md lists: the commands that stand there are run, in their order, as they stand there."""

import json
import os
import re
import shlex
import subprocess
import textwrap
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts.postgres import Postgres, binaries
from support.control_plane import ControlPlane, program
from support.echo import Echo
from support.gate import CALL_SECONDS, ROOT, eventually
from support.mailbox import Mailbox, smtp

INDEX = ROOT / "docs/administration.md"
# In the order of the index's tables, which is the one in which their commands are run.
LISTED = re.findall(r"^\| \[[^\]]+\]\((admin/[\w-]+\.md)\)", INDEX.read_text(), re.MULTILINE)
PAGES = [INDEX.parent / page for page in LISTED]
# How commands begin that are not run here, and why.
NOT_RUN = {
    "lictor serve --listen 0.0.0.0:8080": "with these options in test_tls.py",
    "curl -sS https://lictor.example:8080/api/openapi.json": "with every route of it in test_openapi.py",
    "lictor serve --public-url": "test_tls.py looks at the cookies of https",
    "curl -sS -c cookies": "the account has been deleted by then; sign_in.rs sends all three",
    "curl -sS -b cookies": "likewise",
    "export LICTOR_": "a provider is configured in test_provider.py",
    "lictor serve …": "likewise",
    "lictor emergency-revoke": "test_cli.py answers what it asks",
    "lictor test -f policy.yaml": "with cases of its own in test_policy_cases.py",
    "curl -sSN": "an answer without an end; audit_stream.rs reads it",
    "createuser": "the server of the tests has its user already",
}
# How those begin that are about PostgreSQL.
POSTGRESQL = ("createdb", "pg_dump", "pg_restore", "lictor restore --adopt")
# Whoever reads the pages puts these in by hand: the id that the answer of the command before shows.
SHOWN = {"accounts": "ID", "tokens": "TOKEN_ID", "webhooks": "WEBHOOK_ID"}


def commands() -> Iterator[tuple[str, str]]:
    """Each with the heading that it stands under."""
    text = "\n".join(page.read_text() for page in PAGES)
    heading = ""
    fenced = r"```(?:sh|console)\n(?P<fenced>.*?)```"
    indented = r"(?<=\n\n)(?P<indented>(?: {4,}\S[^\n]*\n)+)"
    listed = r"^\|[^|\n]+\| `(?P<listed>lictor [^`\n]+)` \|$"
    for found in re.finditer(rf"^#+ (?P<heading>[^\n]+)$|{fenced}|{indented}|{listed}", text, re.MULTILINE | re.DOTALL):
        heading = found["heading"] or heading
        block = found["fenced"] or found["indented"] or found["listed"] or ""
        yield from ((heading, command) for command in whole(textwrap.dedent(block)) if runs(command))


def whole(block: str) -> Iterator[str]:
    """The commands of a block, of as many lines as each takes."""
    command = ""
    for line in block.splitlines():
        command += line.removeprefix("$ ") + "\n"
        try:
            shlex.split(command)
        except ValueError:
            continue
        if not line.endswith("\\"):
            yield command.strip()
            command = ""
    assert not command, command


def runs(command: str) -> bool:
    """Not a comment and not another language."""
    return re.match(r"(curl|lictor|export|auth=|create(user|db)|pg_)", command) is not None


class Reader:
    """Somebody who has the pages in front of them, and a service."""

    def __init__(self, lictor: ControlPlane, **variables: str) -> None:
        self.lictor = lictor
        self.prelude: list[str] = []
        path = f"{Path(program()).parent}:{binaries()}:{os.environ['PATH']}"
        own = {"PATH": path, "HOME": str(lictor.folder), "LICTOR_URL": lictor.url, "LICTOR_TOKEN": lictor.token}
        self.variables = {**lictor.variables, **own, **variables}
        (lictor.folder / "backup").mkdir(exist_ok=True)

    def run(self, command: str) -> None:
        command = self.here(command)
        if command.startswith(("export", "auth=")):
            self.prelude.append(command)
            return
        # curl says nothing of a refusal by its status, unless it is told to.
        script = ["set -eu", 'curl() { command curl --fail-with-body "$@"; }', *self.prelude, command]
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self.lictor.folder, env=self.variables, capture_output=True, text=True, timeout=CALL_SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\nended with {done.returncode}: {done.stdout}{done.stderr}"
        self.note(command, done.stdout)

    def here(self, command: str) -> str:
        """The command with what is in another place on this machine."""
        for there, here in {
            r"https?://(lictor\.example(:8080|\.com)?|127\.0\.0\.1:8080)(?=[/ \n]|$)": self.lictor.url,
            "/var/lib/lictor/|/etc/lictor/(?=master)": f"{self.lictor.folder}/",
            "/etc/lictor/key": f"{self.lictor.folder}/lictor.key",
            "/backup/": f"{self.lictor.folder}/backup/",
            "AbCdEf12|fHk19fMe": self.variables.get("PREFIX", ""),
            # The stand-in describes every model alike.
            r"lictor permission (put|update) ": r"\g<0>--allow-unknown ",
        }.items():
            command = re.sub(there, here, command)
        return command

    def note(self, command: str, printed: str) -> None:
        """What the next commands need of the answer."""
        if "/sign-in" in command:
            self.variables["LICTOR_TOKEN"] = json.loads(printed)["token"]
        if "/sign-out" in command:
            self.variables["LICTOR_TOKEN"] = self.lictor.token
        if "key create" in command:
            self.variables["PREFIX"] = (self.lictor.folder / "ada.key").read_text()[4:12]
        for noun, name in SHOWN.items():
            if f'"$LICTOR/{noun}" ' in command:
                self.variables[name] = json.loads(printed)["id"]


def prepare(lictor: ControlPlane, heading: str, command: str) -> dict[str, str]:
    """Makes what the command is about, and answers what the reader would put in."""
    if heading == "Handling an alert":
        [alert] = lictor.api("GET", "alerts?type=emergency_revocation")["items"]
        if alert["state"] == "resolved" and "reopen" not in command:
            lictor.api("POST", f"alerts/{alert['id']}/reopen")
        return {"ID": alert["id"]}
    if "schema" in command:
        lictor.api("PUT", "permissions/res.partner", {"read": True})
        lictor.api("POST", "schema/refresh")
        eventually(lambda: lictor.api("GET", "schema/res.partner"))
    if "/resend" in command:
        return {"ID": lictor.api("GET", "outbox?state=failed")["items"][0]["id"]}
    return {}


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


def test_every_command_of_the_pages_does_what_it_says(echo: Echo, tmp_path: Path) -> None:
    echo.fields.update(name={"type": "char", "store": True})
    with Mailbox() as mailbox, ControlPlane(echo.url, tmp_path, smtp(mailbox)) as lictor:
        alert_that_a_message_failed(lictor)
        upstream = {"database": "odoo", "login": "agent", "secret": "secret"}
        user = lictor.api("POST", "users", {"name": "Bo", "email": "bo@example.com", "upstream": upstream})
        key = lictor.api("POST", "keys", {"name": "k", "user_id": user["id"]})
        record_a_refusal(lictor, key)
        (tmp_path / ".lictor-token").write_text(lictor.token)
        shown = {"KEY_ID": key["id"], "PREFIX": key["prefix"], "USER_ID": user["id"]}
        reader = Reader(lictor, **shown, ADA_ODOO_API_KEY="secret")
        ran = 0
        for heading, command in commands():
            if command.startswith((*NOT_RUN, *POSTGRESQL)):
                continue
            if "restore" in command:  # "end the service first"
                lictor.stop()
            reader.variables |= prepare(lictor, heading, command)
            reader.run(command)
            if "restore" in command:
                lictor.start()
            ran += 1
        assert ran > 60 and mailbox.taken
        print(f"\n{ran} commands of the pages ran")


def test_postgresql_is_backed_up_and_put_back_as_the_pages_say(echo: Echo, tmp_path: Path) -> None:
    with Postgres() as postgres:
        server = {"PGHOST": postgres.host, "PGPORT": str(postgres.port), "PGUSER": postgres.role, "PGPASSWORD": postgres.password}
        create, dump, *put_back = [command for _, command in commands() if command.startswith(POSTGRESQL)]
        assert len(put_back) == 2
        lictor = ControlPlane(echo.url, tmp_path, {"LICTOR_DATABASE_URL": postgres.url("lictor")})
        reader = Reader(lictor, **server)
        reader.run(create)
        with lictor:
            lictor.api("PUT", "permissions/res.partner", {"read": True})
            reader.run(dump)
            lictor.api("DELETE", "permissions/res.partner")
        postgres.drop_database("lictor")
        for command in [create, *put_back]:
            reader.run(command)
        with lictor:
            assert [item["model"] for item in lictor.api("GET", "permissions")["items"]] == ["res.partner"]


def test_the_index_lists_every_page_once() -> None:
    assert sorted(PAGES) == sorted((INDEX.parent / "admin").iterdir())


def test_what_is_not_run_stands_on_the_pages() -> None:
    for beginning in (*NOT_RUN, *POSTGRESQL):
        assert any(command.startswith(beginning) for _, command in commands()), beginning


def record_a_refusal(lictor: ControlPlane, key: dict[str, Any]) -> None:
    """As a gate does."""
    token = lictor.api("POST", "gates", {"name": "g"})["token"]
    event = {
        "sequence": 0, "at": 1_790_000_000_000_000, "decision_id": "d", "client_ip": "192.0.2.1", "road": "/xmlrpc/2/mcp",
        "outcome": "denied", "reason": "permission_denied", "key_id": key["id"], "gate_us": 1, "odoo_us": 0,
        "request_bytes": 1, "response_bytes": 1,
    }  # fmt: skip
    url = f"http://{lictor.variables['LICTOR_GATE_LISTEN']}/gate/v1/events"
    batch = json.dumps({"version": 2, "boot": "b", "events": [event]}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "x-lictor-wire": "2"}
    with urllib.request.urlopen(urllib.request.Request(url, batch, headers), timeout=CALL_SECONDS) as answer:
        assert answer.status == 200


def alert_that_a_message_failed(lictor: ControlPlane) -> None:
    """An alert, and a message to a webhook that nobody serves."""
    lictor.api("POST", "emergency-revocation", {"reason": "a test", "confirm": "REVOKE ALL KEYS"})
    webhook = lictor.api("POST", "webhooks", {"name": "nobody", "url": "http://127.0.0.1:1/", "from_severity": "critical"})
    failed = lictor.api("POST", "outbox/test", {"webhook": webhook["id"]})
    assert failed["state"] == "failed", failed
