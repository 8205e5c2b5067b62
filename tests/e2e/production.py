"""`envoy/production.yaml` and `envoy/control-plane.yaml` as an operator has them: filled in, and run by real Envoys."""

import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import certificates
from certificates import Authority
from gate import ROOT, Gate, eventually

from parts import process

SHIPPED = ROOT / "envoy"
START_SECONDS = 30
# So few that a test can open them all.
CONNECTIONS = 40


class Site:
    """The folder that is /etc/lictor and /run/lictor, with certificates for everybody."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        self.folder = folder
        self.gate = gate
        self.tls = folder / "tls"
        self.tls.mkdir()
        self.envoy = os.readlink(f"/proc/{gate.up['pids']['envoy']}/exe")
        self.clients_trust = Authority("public", self.tls / "public-ca.crt")
        self.odoo_authority = Authority("odoo", self.tls / "odoo-ca.crt")
        self.control_plane_authority = Authority("control plane", self.tls / "control-plane-ca.crt")
        self.gates_authority = Authority("gates", self.tls / "gates-ca.crt")
        self.renew_server_certificate()
        self.odoo_authority.issue(self.tls / "odoo", ["odoo.example"])
        self.control_plane_authority.issue(self.tls / "control-plane", ["control-plane.example"])
        self.gates_authority.issue(self.tls / "gate")
        (folder / "identity").mkdir()
        token = gate.api("POST", "gates", {"name": "production"})["token"]
        (folder / "identity/gate-token").write_text(token + "\n")
        module = re.search(r'local: \{ filename: "(.*)" \}', (gate.folder / "envoy.yaml").read_text())
        assert module
        (folder / "filter.wasm").symlink_to(module[1])
        for name in ["gate-token", "server-certificate", "gate-certificate"]:
            (folder / f"{name}.yaml").write_text(self.fill_in(SHIPPED / f"{name}.yaml", {}))

    def renew_server_certificate(self) -> None:
        self.clients_trust.issue(self.tls / "server", ["gate.example", "127.0.0.1"])

    def fill_in(self, file: Path, changes: dict[str, str]) -> str:
        """Each of `changes` is made, once."""
        text = file.read_text()
        for old, new in changes.items():
            assert text.count(old) == 1, f"{file.name} has not one `{old}`"
            text = text.replace(old, new)
        return re.sub(r"/(etc|run)/lictor/", f"{self.folder}/", text)

    @contextlib.contextmanager
    def run(self, name: str, text: str) -> Iterator["Envoy"]:
        """An Envoy with this configuration, serving."""
        config = self.folder / f"{name}.yaml"
        config.write_text(text)
        # The access log is written out after 10 s otherwise.
        options = ["--disable-hot-restart", "--concurrency", "2", "--file-flush-interval-msec", "100"]
        with (self.folder / f"{name}.log").open("w") as log, (self.folder / f"{name}.access").open("w") as access:
            server = subprocess.Popen([self.envoy, "-c", config, *options], stdout=access, stderr=log)
        envoy = Envoy(self, name, server)
        try:
            process.wait_until(envoy.is_live, server, name, self.folder / f"{name}.log", START_SECONDS)
            yield envoy
        finally:
            process.stop(server, signal.SIGTERM, START_SECONDS)

    @contextlib.contextmanager
    def control_plane(self) -> Iterator[int]:
        """The port of mutual TLS before the control plane of `gate`."""
        listener = re.search(r"lictor_control_plane\n(?:.*\n)*?.*port_value: (\d+)", (self.gate.folder / "envoy.yaml").read_text().split("cluster_name: lictor_control_plane")[0] + "")
        port = process.free_port()
        changes = {
            "address: 0.0.0.0, port_value: 8444": f"address: 127.0.0.1, port_value: {port}",
            "port_value: 8081 }": f"port_value: {gate_listener(self.gate)} }}",
            "/run/lictor/control-plane-admin.sock": "/run/lictor/control-plane.sock",
            "/etc/lictor/server-certificate.yaml": "/etc/lictor/control-plane-certificate.yaml",
        }
        secret = (SHIPPED / "server-certificate.yaml", {"server.crt": "control-plane.crt", "server.key": "control-plane.key"})
        (self.folder / "control-plane-certificate.yaml").write_text(self.fill_in(*secret))
        with self.run("control-plane", self.fill_in(SHIPPED / "control-plane.yaml", changes)):
            yield port

    @contextlib.contextmanager
    def production(self, odoo_port: int, control_plane_port: int, name: str = "production", **more: str) -> Iterator["Envoy"]:
        """The gate; `more` are further changes, by their place in the text."""
        port, metrics_port = process.free_port(), process.free_port()
        changes = {
            "address: 0.0.0.0, port_value: 8443": f"address: 127.0.0.1, port_value: {port}",
            "address: 0.0.0.0, port_value: 9902": f"address: 127.0.0.1, port_value: {metrics_port}",
            "address: odoo.example, port_value: 443": f"address: 127.0.0.1, port_value: {odoo_port}",
            "address: control-plane.example, port_value: 8444": f"address: 127.0.0.1, port_value: {control_plane_port}",
            "max_active_downstream_connections: 10000": f"max_active_downstream_connections: {CONNECTIONS}",
        }
        text = self.fill_in(SHIPPED / "production.yaml", changes).replace("/admin.sock", f"/{name}.sock")
        for old, new in more.items():
            assert old in text
            text = text.replace(old, new)
        with self.run(name, text) as envoy:
            envoy.port, envoy.metrics_port = port, metrics_port
            yield envoy
