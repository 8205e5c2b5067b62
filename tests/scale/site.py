"""What is measured: a control plane as it is shipped, a stand-in for Odoo, and an Envoy with the filter."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from parts import process
from parts.postgres import Postgres
from support.control_plane import ControlPlane
from support.gate import ROOT

START_SECONDS = 60
CALL_SECONDS = 600


class Place(Protocol):
    """What a gate needs to know."""

    folder: Path
    gate_token: str
    gate_port: int
    odoo_port: int


class Site:
    """A running control plane with an administrator and the identity of a gate."""

    def __init__(self, lictor: ControlPlane, postgres: Postgres | None, odoo_port: int) -> None:
        self.lictor, self.postgres, self.odoo_port = lictor, postgres, odoo_port
        self.gate_port = int(lictor.variables["LICTOR_GATE_LISTEN"].rsplit(":", 1)[1])
        self.folder = lictor.folder
        self.api = self.administrator()
        self.gate_token = self.api.json("POST", "gates", {"name": "scale"})["token"]

    def administrator(self) -> "Client":
        """A connection of an administrator."""
        return Client(self.lictor.port, self.lictor.token, "/api/v1/")

    def gate(self) -> "Client":
        """A connection of the gate."""
        return Client(self.gate_port, self.gate_token, "/gate/v1/")

    def user(self, login: int = 0) -> dict[str, Any]:
        """A user of Odoo's login of that number."""
        upstream = {"database": "standin", "login": f"agent{login}", "secret": "agent"}
        return self.api.json("POST", "users", {"name": "agent", "upstream": upstream})

    def resident_kib(self) -> int:
        """What the control plane holds in memory."""
        status = Path(f"/proc/{self.lictor.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])

    def processor_seconds(self) -> dict[str, float]:
        """What the control plane has used so far, and what the database's server has."""
        used = {"lictor": _processor_seconds(self.lictor.process.pid)}
        if self.postgres:
            used["PostgreSQL"] = sum(map(_processor_seconds, self.postgres.processes()))
        return used


class Client:
    """A connection that stays open."""

    def __init__(self, port: int, token: str, base: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_SECONDS)
        self._base = base
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The answer's body; an error for a status from 400 on."""
        answer = self.open(method, path, body)
        return answer.read()

    def open(self, method: str, path: str, body: bytes | None = None) -> http.client.HTTPResponse:
        """The answer, to be read."""
        edits = {"If-Match": "*"} if method in ("PUT", "PATCH", "DELETE") else {}
        self._connection.request(method, self._base + path, body, self._headers | edits)
        answer = self._connection.getresponse()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {answer.read()[:500]!r}")
        return answer

    def json(self, method: str, path: str, body: object = None) -> Any:
        return json.loads(self.send(method, path, None if body is None else json.dumps(body).encode()) or b"null")


@contextlib.contextmanager
def site(database: str, models: int = 1, logins: int = 1) -> Iterator[Site]:
    """On `sqlite` or on `postgresql`, in a new database that outlives a power cut as an operator's does, before an Odoo of so many
    models and users."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lictor-scale-")))
        postgres = stack.enter_context(Postgres(durable=True)) if database == "postgresql" else None
        variables = {}
        if postgres:
            postgres.create_database("lictor")
            variables["LICTOR_DATABASE_URL"] = postgres.url("lictor")
        odoo_port = process.free_port()
        standin = [sys.executable, "-m", "scale.odoo", "--port", str(odoo_port)]
        standin += ["--models", str(models), "--logins", str(logins)]
        odoo = subprocess.Popen(standin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(process.stop, odoo, signal.SIGTERM, START_SECONDS)
        process.wait_until(lambda: answers(odoo_port, "/"), odoo, "the stand-in", folder / "none", START_SECONDS)
        lictor = stack.enter_context(ControlPlane(f"http://127.0.0.1:{odoo_port}", folder, variables))
        yield Site(lictor, postgres, odoo_port)


@contextlib.contextmanager
def envoy(site: Place, workers: int = 2) -> Iterator[tuple[int, int]]:
    """A gate: its port and that of its admin interface."""
    port, admin_port = process.free_port(), process.free_port()
    folder = site.folder
    (folder / "gate-token").write_text(site.gate_token)
    token = _rendered("gate-token.yaml", {"token": f'secret: {{ filename: "{folder}/gate-token" }}'})
    (folder / "gate-token.yaml").write_text(token)
    config = _rendered(
        "envoy.yaml",
        {
            "admin": _address(admin_port),
            "gate": _address(port),
            "filter": "",
            "filter-end": "",
            "wasm": f'local: {{ filename: "{os.environ["LICTOR_FILTER"]}" }}',
            "odoo": _address(site.odoo_port),
            "odoo-host": "",
            "odoo-tls": "",
            "gate-token": f'path_config_source: {{ path: "{folder}/gate-token.yaml" }}',
            "control-plane": _address(site.gate_port),
        },
    )
    (folder / "envoy.yaml").write_text(config)
    command = [os.environ["ENVOY"], "-c", str(folder / "envoy.yaml"), "--disable-hot-restart", "--concurrency", str(workers)]
    with (folder / "envoy.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        process.wait_until(lambda: answers(admin_port, "/ready"), server, "Envoy", folder / "envoy.log", START_SECONDS)
        yield port, admin_port
    finally:
        process.stop(server, signal.SIGTERM, START_SECONDS)


def _address(port: int) -> str:
    return f"socket_address: {{ address: 127.0.0.1, port_value: {port} }}"


def _rendered(file: str, replacements: dict[str, str]) -> str:
    """The shipped file with its marked lines replaced, as `cargo xtask up` does it."""

    def line(found: re.Match[str]) -> str:
        return found[1] + replacements[found[2]]

    return re.sub(r"^( *)[^\n`]*# xtask: ([\w-]+)$", line, (ROOT / "envoy" / file).read_text(), flags=re.MULTILINE)


def answers(port: int, path: str) -> bool:
    """Whether a server does, with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_SECONDS)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", path)
        return connection.getresponse().status == 200
    return False


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
