"""The REST API does what its description says, and nothing else: schemathesis makes requests of the description, right and
wrong ones, and holds every answer of a running service against it."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.control_plane import ControlPlane
from support.echo import Echo

# Of each operation and phase: a number, and not as many as some time allows, which on a busy machine is not all operations.
EXAMPLES = 6
# The same requests each time: whoever looks for more takes another.
SEED = 1
# A run that is stopped from outside has failed: schemathesis ends by itself.
PATIENCE_SECONDS = 1200
# What would take the token away that the run is made with. Their answers are held against the description in Rust, as
# all answers of the tests there are.
NOT_ASKED = ["post_sign_out", "delete_tokens_id", "delete_accounts_id", "patch_accounts_id"]
# And an answer without an end.
NOT_ASKED += ["get_audit_stream"]
CONFIG = """
[checks]
# A moment in the past, a model that Odoo would not have: rules that a schema does not tell.
positive_data_acceptance.enabled = false
# The state of the record is looked at before the body: wrong data may be answered so too.
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 406, 409, 412, 415, 422, 428, 429]
# The one header that must be there is If-Match.
missing_required_header.expected-statuses = [428]
"""


@pytest.fixture(scope="module")
def lictor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """With a record of each kind that administrators make."""
    with Echo() as echo, ControlPlane(echo.url, tmp_path_factory.mktemp("openapi")) as lictor:
        upstream = {"database": "odoo", "login": "agent", "secret": "secret"}
        user = lictor.api("POST", "users", {"name": "Ada", "email": "ada@example.com", "upstream": upstream})
        lictor.api("POST", "keys", {"name": "k", "user_id": user["id"], "scopes": ["read"]})
        lictor.api("PUT", "permissions/res.partner?unknown=allow", {"read": True, "methods": {"echo": ["read"]}})
        lictor.api("POST", "pauses", {"scope": "model", "id": "res.country", "reason": "why not"})
        lictor.api("POST", "gates", {"name": "g"})
        account = lictor.api("POST", "accounts", {"name": "Bo", "role": "user"})
        lictor.api("POST", "tokens", {"account_id": account["id"], "name": "t", "role": "user"})
        yield lictor


def test_every_answer_is_one_that_the_description_tells(lictor: ControlPlane, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{lictor.url}/api/openapi.json"]
    command += ["--header", f"Authorization: Bearer {lictor.token}", "--no-shrink"]
    command += ["--max-examples", str(EXAMPLES), "--seed", str(SEED)]
    command += ["--continue-on-failure", "--request-timeout", "30", "--output-truncate", "false"]
    command += [part for name in NOT_ASKED for part in ("--exclude-operation-id", name)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert run.returncode == 0, run.stdout[-20000:] + run.stderr
    asked = re.search(r"Tested: (\d+)", run.stdout)
    cases = re.search(r"(\d+) generated", run.stdout)
    assert asked and cases, run.stdout[-5000:]
    with urllib.request.urlopen(f"{lictor.url}/api/openapi.json", timeout=30) as answer:
        operations = sum(map(len, json.load(answer)["paths"].values()))
    # Schemathesis does not ask for the description that it has read.
    assert int(asked[1]) == operations - len(NOT_ASKED) - 1
    assert int(cases[1]) > 1000
    # The token lived to the end, so that it was not only asked who is not let in.
    assert lictor.api("GET", "me")["role"] == "admin"


def test_the_page_is_whole_without_any_other_host(lictor: ControlPlane) -> None:
    with urllib.request.urlopen(f"{lictor.url}/api/docs", timeout=30) as answer:
        page, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not re.search(r"(src|href)=.(https?:)?//", page)
    for text in ["POST /api/v1/keys/{id}/revoke", "For the role <code>manager</code> and above", "name_taken"]:
        assert text in page, text
