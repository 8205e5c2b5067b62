"""`envoy/production.yaml` and `envoy/control-plane.yaml` as an operator has them: filled in, and run by real Envoys."""

import contextlib
import http.client
import re
import signal
import socket
import ssl
import subprocess
import textwrap
import xmlrpc.client
from collections.abc import Iterator, Mapping
from pathlib import Path

from parts import process
from support import certificates
from support.certificates import Authority
from support.echo import Echo
from support.gate import HOST, ROOT, Gate

SHIPPED = ROOT / "envoy"
START_SECONDS = 120
# So few that a test can open them all.
CONNECTIONS = 40


@contextlib.contextmanager
def local_gate(folder: Path) -> Iterator[Gate]:
    """A gate for its programs and its control plane; its own Envoy stands aside."""
    with Echo() as odoo, Gate(odoo.url, folder) as gate:
        gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
        yield gate


class Site:
    """The folder that is /etc/lictor and /run/lictor, with certificates for everybody."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        self.folder = folder
        self.gate = gate
        self.tls = folder / "tls"
        self.tls.mkdir()
        self.clients_trust = Authority("authority of public", self.tls / "public-ca.crt")
        self.odoo_authority = Authority("authority of odoo", self.tls / "odoo-ca.crt")
        self.control_plane_authority = Authority("authority of control plane", self.tls / "control-plane-ca.crt")
        self.gates_authority = Authority("authority of gates", self.tls / "gates-ca.crt")
        self.renew_server_certificate()
        self.odoo_authority.issue(self.tls / "odoo", ["odoo.example"])
        self.control_plane_authority.issue(self.tls / "control-plane", ["control-plane.example"])
        self.gates_authority.issue(self.tls / "gate")
        (folder / "identity").mkdir()
        token = gate.api("POST", "gates", {"name": "production"})["token"]
        (folder / "identity/gate-token").write_text(token + "\n")
        (folder / ("liblictor_filter.so" if HOST == "native" else "filter.wasm")).symlink_to(gate.filter_module)
        for name in ["gate-token", "server-certificate", "gate-certificate"]:
            (folder / f"{name}.yaml").write_text(self.fill_in(f"{name}.yaml", {}))

    def renew_server_certificate(self) -> None:
        self.clients_trust.issue(self.tls / "server", ["gate.example", "127.0.0.1"])

    def fill_in(self, file: str, changes: Mapping[str, str]) -> str:
        """The shipped file for this folder; each of `changes` is made, once."""
        text = (SHIPPED / file).read_text()
        if HOST == "native" and file == "production.yaml":
            text = with_module(text)
        for old, new in changes.items():
            assert text.count(old) == 1, f"{file} has not one `{old}`"
            text = text.replace(old, new)
        return re.sub(r"/(etc|run)/lictor/", f"{self.folder}/", text)

    @contextlib.contextmanager
    def control_plane(self) -> Iterator[int]:
        """The port of mutual TLS before the control plane of `gate`."""
        names = {"server.crt": "control-plane.crt", "server.key": "control-plane.key"}
        (self.folder / "control-plane-certificate.yaml").write_text(self.fill_in("server-certificate.yaml", names))
        port = process.free_port()
        changes = {
            "address: 0.0.0.0, port_value: 8444": f"address: 127.0.0.1, port_value: {port}",
            "address: 127.0.0.1, port_value: 8081": f"address: 127.0.0.1, port_value: {gate_listener(self.gate)}",
            "/run/lictor/control-plane-admin.sock": "/run/lictor/control-plane.sock",
            "/etc/lictor/server-certificate.yaml": "/etc/lictor/control-plane-certificate.yaml",
        }
        with Envoy(self.gate, self.folder, "control-plane", self.fill_in("control-plane.yaml", changes)):
            yield port

    def production(
        self, name: str, odoo_port: int, control_plane_port: int, changes: Mapping[str, str] | None = None
    ) -> "Production":
        """The gate."""
        port, metrics_port = process.free_port(), process.free_port()
        own = {
            "address: 0.0.0.0, port_value: 8443": f"address: 127.0.0.1, port_value: {port}",
            "address: 0.0.0.0, port_value: 9902": f"address: 127.0.0.1, port_value: {metrics_port}",
            "address: odoo.example, port_value: 443": f"address: 127.0.0.1, port_value: {odoo_port}",
            "address: control-plane.example, port_value: 8444": f"address: 127.0.0.1, port_value: {control_plane_port}",
            "max_active_downstream_connections: 10000": f"max_active_downstream_connections: {CONNECTIONS}",
            **(changes or {}),
        }
        text = self.fill_in("production.yaml", own).replace("/admin.sock", f"/{name}.sock")
        return Production(self, name, text, port, metrics_port)


def with_module(production: str) -> str:
    """With the filter of `native.yaml` in the place of `lictor`, as docs/operate/hosts.md says."""
    [(begin, end, margin)] = [
        (found.start(), found.end(), found[1])
        for found in re.finditer(r"^( +)- name: lictor\n +typed_config:\n(?:\1 .*\n)+", production, re.MULTILINE)
    ]
    module = textwrap.indent((SHIPPED / "native.yaml").read_text(), margin)
    return production[:begin] + module + production[end:]


class Envoy:
    """`with Envoy(…) as envoy:` serves when the block begins; `config` says that `admin_socket` is its admin interface."""

    def __init__(self, gate: Gate, folder: Path, name: str, config: str) -> None:
        self.admin_socket = folder / f"{name}.sock"
        self.log, self.access_log = folder / f"{name}.log", folder / f"{name}.access"
        self._name, self._program = name, gate.envoy_program
        self._config = folder / f"{name}.yaml"
        self._config.write_text(config)

    def __enter__(self) -> "Envoy":
        # The access log is written out after 10 s otherwise.
        options = ["--disable-hot-restart", "--concurrency", "2", "--file-flush-interval-msec", "100"]
        command = [self._program, "-c", self._config, *options]
        with self.log.open("w") as log, self.access_log.open("w") as access:
            self._server = subprocess.Popen(command, stdout=access, stderr=log)
        process.wait_until(self._is_live, self._server, self._name, self.log, START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        process.stop(self._server, signal.SIGTERM, START_SECONDS)

    def admin(self, method: str, path: str) -> str:
        """What the admin interface answers."""
        connection = http.client.HTTPConnection("admin", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        with contextlib.closing(connection):
            connection.sock.connect(str(self.admin_socket))
            connection.request(method, path)
            return connection.getresponse().read().decode()

    def statistic(self, name: str) -> int:
        return int(self.admin("GET", f"/stats?filter=^{name}$").split(": ")[1])

    def _is_live(self) -> bool:
        try:
            return self.admin("GET", "/ready").strip() == "LIVE"
        except OSError:
            return False


class Production(Envoy):
    """`envoy/production.yaml`, and what clients, Prometheus and load balancers do with it."""

    def __init__(self, site: Site, name: str, config: str, port: int, metrics_port: int) -> None:
        super().__init__(site.gate, site.folder, name, config)
        self.port, self._site, self._metrics_port = port, site, metrics_port

    def trust(self) -> ssl.SSLContext:
        """A client's, who knows the authority of the gate's certificate."""
        return certificates.client(self._site.clients_trust)

    def proxy(self, road: str) -> xmlrpc.client.ServerProxy:
        url = f"https://127.0.0.1:{self.port}{road}"
        return xmlrpc.client.ServerProxy(url, allow_none=True, context=self.trust())

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.trust())

    def send(self, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> int:
        """The status of one request."""
        with contextlib.closing(self.connect()) as connection:
            connection.request("POST" if data else "GET", path, data, dict(headers or {}))
            return connection.getresponse().status

    def metrics(self, path: str, method: str = "GET") -> tuple[int, str]:
        """What the listener for Prometheus answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._metrics_port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


def gate_listener(gate: Gate) -> str:
    """The port where the control plane serves gates."""
    arguments = Path(f"/proc/{gate.up['pids']['control_plane']}/cmdline").read_text().split("\0")
    return arguments[arguments.index("--gate-listen") + 1].rsplit(":", 1)[1]
