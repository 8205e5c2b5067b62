"""A gate as an operator has it: `cargo xtask up` before a given Odoo, with everything real."""

import contextlib
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml

from parts import process

T = TypeVar("T")
ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "control-plane/templates"
# Where Envoy runs the filter: `wasm` or `native`.
HOST = os.environ.get("LICTOR_HOST", "wasm")
# A first start builds everything.
START_SECONDS = 1200
CALL_SECONDS = 60
# What is waited for takes milliseconds; on a machine that is busy with something else, now and then many seconds.
WAIT_SECONDS = 60.0
# Odoo describes a hundred models to each set of groups: with many modules on a busy machine that takes a minute.
SCHEMA_SECONDS = 300.0


def template(name: str) -> dict[str, Any]:
    """The permissions of a template."""
    return yaml.safe_load((TEMPLATES / f"{name}.yaml").read_text())["permissions"]


# Enough for any client to look round, and for work with contacts.
CLIENT_PERMISSIONS = template("n8n") | template("odoo-mcp") | template("mcp-server-odoo")


def eventually(attempt: Callable[[], T], seconds: float = WAIT_SECONDS) -> T:
    """The first true value of `attempt()`; fails with its last one or its last error when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            outcome: Any = attempt()
            if outcome:
                return outcome
        except (OSError, AssertionError, Problem, http.client.HTTPException, xmlrpc.client.Error) as error:
            outcome = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s; last: {outcome!r}")
        time.sleep(0.005)


class Problem(Exception):
    """A problem document of the control plane."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(f"{status} {document}")
        self.status = status
        self.document = document


def ask(
    base: str,
    token: str,
    method: str,
    path: str,
    body: object = None,
    *,
    trust: ssl.SSLContext | None = None,
    patient: bool = True,
) -> Any:
    """A call of the REST API; `Problem` for an error. `patient` asks again, as it is told to, when the database has no time:
    that is so now and then on a machine that is busy with something else."""
    request = urllib.request.Request(f"{base}/api/v1/{path}", method=method)
    request.add_header("Authorization", f"Bearer {token}")
    if method in ("PUT", "PATCH", "DELETE"):
        # No test that edits so is about two who edit at once.
        request.add_header("If-Match", "*")
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, data, timeout=CALL_SECONDS, context=trust) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                problem = Problem(error.code, json.loads(error.read()))
            if not patient or problem.document["code"] != "database_unavailable" or time.monotonic() > deadline:
                raise problem from None
            time.sleep(int(error.headers["Retry-After"]))


class Gate:
    """`with Gate(odoo_url, folder) as gate:` builds what is needed, starts it, and stops it at the end.

    Without an Odoo it is before the stand-in. `options` are more options of `cargo xtask up`. `checkout` may be one of a version
    before, which has its own parts then.
    """

    def __init__(
        self,
        odoo_url: str | None,
        folder: Path,
        *,
        workers: int = 2,
        database_url: str | None = None,
        options: Sequence[str] = (),
        checkout: Path = ROOT,
    ) -> None:
        self.folder = folder
        self.odoo_url = odoo_url
        self.workers = workers
        self.database_url = database_url
        self.options = options
        self.checkout = checkout
        self.greeting = ""
        self.port = process.free_port()
        self.up: dict[str, Any] = {}
        self._restarted: subprocess.Popen | None = None
        self._restarted_envoy: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        xtask = os.environ.get("LICTOR_XTASK") if self.checkout == ROOT else None
        command = [xtask] if xtask else ["cargo", "xtask"]
        options = {
            **({"--odoo": self.odoo_url} if self.odoo_url else {}),
            "--state": self.folder,
            "--gate-port": self.port,
            "--api-port": process.free_port(),
            "--concurrency": self.workers,
            # The one that all versions have needs no name.
            **({"--host": HOST} if HOST != "wasm" else {}),
            **({"--database-url": self.database_url} if self.database_url else {}),
        }
        arguments = [str(part) for option in options.items() for part in option]
        command_line = [*command, "up", "--detach", *arguments, *self.options]
        started = subprocess.run(
            command_line, cwd=self.checkout, check=True, timeout=START_SECONDS, stdout=subprocess.PIPE, text=True
        )
        self.greeting = started.stdout
        print(self.greeting)
        self._down = [*command, "down", "--state", str(self.folder)]
        self.up = json.loads((self.folder / "up.json").read_text())
        return self

    def __exit__(self, *_: object) -> None:
        for restarted in (self._restarted_envoy, self._restarted):  # `down` stops only what `up` started.
            if restarted:
                process.stop(restarted, signal.SIGTERM, START_SECONDS)
        subprocess.run(self._down, cwd=self.checkout, check=True, timeout=START_SECONDS)

    # The control plane.

    def api(self, method: str, path: str, body: object = None, *, patient: bool = True) -> Any:
        """A call of the REST API as administrator: see `ask`."""
        return ask(self.up["api_url"], self.up["admin_token"], method, path, body, patient=patient)

    def permit(self, permissions: dict[str, dict[str, Any]]) -> None:
        for model, permission in permissions.items():
            self.api("PUT", f"permissions/{model}?unknown=allow", permission)

    def user(self, database: str, login: str, secret: str) -> dict[str, Any]:
        """A user, who may be an administrator of Odoo: most tests are not about that."""
        upstream = {"database": database, "login": login, "secret": secret}
        return self.api("POST", "users", {"name": f"agent for {login}", "upstream": upstream, "privileged": True})

    def key(self, user: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
        """A new key, in force when this returns, and used for one login."""
        made = self.api("POST", "keys", {"name": "test", "user_id": user["id"], **restrictions})
        self.in_force()
        upstream = user["upstream"]
        assert self.authenticate(upstream["database"], upstream["login"], made["key"])
        return made

    def in_force(self) -> None:
        """Returns when all that was changed at the control plane is in force at the gate, with what it needs to know of Odoo.

        The gate says what it has when it asks for the next policy; all its workers decide by it then.
        """
        eventually(lambda: not self.api("GET", "schema?limit=1")["reading"], SCHEMA_SECONDS)
        self.policy_in_force()

    def policy_in_force(self) -> None:
        """The same, whatever is known of Odoo."""
        eventually(lambda: 'lictor_gate_lag_revisions{gate="local"} 0\n' in self.metrics())

    def metrics(self) -> str:
        """The control plane's page for Prometheus."""
        with urllib.request.urlopen(f"{self.up['api_url']}/metrics", timeout=CALL_SECONDS) as page:
            return page.read().decode()

    def audit(self, **filters: Any) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return self.api("GET", f"audit?limit=500&{query}")["items"]

    @contextlib.contextmanager
    def without_control_plane(self) -> Iterator[None]:
        """Kills the control plane, and starts it again at the end, as it was started before."""
        start = self._kill("control_plane", self._restarted)
        try:
            yield
        finally:
            self._restarted = start("control-plane.log")
            log = self.folder / "control-plane.log"
            process.wait_until(self._api_answers, self._restarted, "the control plane", log, WAIT_SECONDS)

    def _api_answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self.api("GET", "settings"))
        return False

    # The gate.

    @contextlib.contextmanager
    def without_envoy(self, *options: str) -> Iterator[None]:
        """Kills Envoy, and starts it again at the end, with the configuration that is in the folder then, and more options."""
        start = self._kill("envoy", self._restarted_envoy)
        try:
            yield
        finally:
            self._restarted_envoy = start("envoy.log", options)
            eventually(self._has_policy)

    def _has_policy(self) -> bool:
        _, answer = self.send(b"<methodCall/>")
        return b"<fault>" in answer and b"policy_unavailable" not in answer

    def _kill(self, name: str, child: subprocess.Popen | None) -> Callable[..., subprocess.Popen]:
        """Kills a server; what is returned starts it again as it was started before, and takes the name of its log, and more
        options."""
        pid = self.up["pids"][name]
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")[:-1]
        program = os.readlink(f"/proc/{pid}/exe")
        os.kill(pid, signal.SIGKILL)
        if child:
            child.wait()
        eventually(lambda: process.has_ended(pid))

        def start(log_name: str, options: Sequence[str] = ()) -> subprocess.Popen:
            variables = dict(entry.split(b"=", 1) for entry in environment)
            with (self.folder / log_name).open("ab") as log:
                again = subprocess.Popen([program, *arguments[1:], *options], env=variables, stdout=log, stderr=log)
            self.up["pids"][name] = again.pid
            return again

        return start

    @property
    def envoy_program(self) -> str:
        return os.readlink(f"/proc/{self.up['pids']['envoy']}/exe")

    @property
    def filter_module(self) -> str:
        """The file that Envoy has loaded."""
        [module] = re.findall(r'local: \{ filename: "(.*)" \}', (self.folder / "envoy.yaml").read_text())
        return module

    def proxy(self, path: str) -> xmlrpc.client.ServerProxy:
        return xmlrpc.client.ServerProxy(f"{self.up['gate_url']}{path}", allow_none=True)

    def authenticate(self, database: str, login: str, password: str) -> Any:
        return self.proxy("/xmlrpc/2/common").authenticate(database, login, password, {})

    def agent(self, user: dict[str, Any], key: str, road: str = "/xmlrpc/2/mcp") -> "Agent":
        return Agent(self, user, key, road)

    def send(
        self, body: bytes | Iterator[bytes], path: str = "/xmlrpc/2/mcp", headers: dict[str, str] | None = None, method: str = "POST"
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CALL_SECONDS)
        with contextlib.closing(connection):
            headers = headers or {"Content-Type": "text/xml"}
            # A gate that has heard enough answers and closes while the client still sends.
            with contextlib.suppress(BrokenPipeError):
                connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
            answer = connection.getresponse()
            return answer, answer.read()


class Agent:
    """An API client with a key: Python's own `xmlrpc.client`, as Odoo's documentation uses it."""

    def __init__(self, gate: Gate, user: dict[str, Any], key: str, road: str) -> None:
        self.identity = (user["upstream"]["database"], user["upstream"]["uid"], key)
        self.proxy = gate.proxy(road)

    def __call__(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return self.proxy.execute_kw(*self.identity, model, method, args, kwargs)

    def refusal(self, model: str, method: str, *args: Any, **kwargs: Any) -> str | None:
        """The reason why the gate refuses the call; `None` if it passes. Odoo's own faults are no refusals."""
        try:
            self(model, method, *args, **kwargs)
        except xmlrpc.client.Fault as fault:
            if "(decision " not in fault.faultString:
                raise
            return fault.faultString.split(":")[0]
        return None


def plain_user(gate: Gate, name: str, upstream: dict[str, Any]) -> dict[str, Any]:
    """A user who is no administrator of Odoo. An Odoo with many modules may take too long over its first call."""
    return eventually(lambda: gate.api("POST", "users", {"name": name, "upstream": upstream}), SCHEMA_SECONDS)


def fault(body: bytes) -> xmlrpc.client.Fault:
    """The fault in an answer."""
    try:
        value = xmlrpc.client.loads(body)
    except xmlrpc.client.Fault as found:
        return found
    raise AssertionError(f"no fault but {value}")
