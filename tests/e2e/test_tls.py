"""TLS of the listeners by configuration: who gets in, how a certificate is renewed, and what is said of wrong files."""

import contextlib
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import types
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from parts import process
from support import certificates
from support.certificates import Authority
from support.command_line import CommandLine
from support.control_plane import START_SECONDS, ControlPlane, program
from support.echo import UID, Echo
from support.gate import Gate, eventually
from support.production import Site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a certificate for the service, and one for a gate."""
    Authority("service", tmp_path / "ca.crt").issue(tmp_path / "server", ["127.0.0.1"])
    Authority("gates", tmp_path / "gates-ca.crt").issue(tmp_path / "gate")
    return tmp_path


def variables(folder: Path, gate_port: int | None = None) -> dict[str, str]:
    return {
        "LICTOR_TLS_CERTIFICATE": str(folder / "server.crt"),
        "LICTOR_TLS_KEY": str(folder / "server.key"),
        "LICTOR_GATE_CLIENT_CA": str(folder / "gates-ca.crt"),
        "LICTOR_GATE_LISTEN": f"127.0.0.1:{gate_port or process.free_port()}",
    }


def trust(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "ca.crt"))


@pytest.fixture
def lictor(folder: Path) -> Iterator[ControlPlane]:
    with Echo() as echo, ControlPlane(echo.url, folder, variables(folder), trust(folder)) as lictor:
        yield lictor


def gate_port(lictor: ControlPlane) -> int:
    return int(lictor.variables["LICTOR_GATE_LISTEN"].rsplit(":", 1)[1])


def handshake(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30), server_hostname="127.0.0.1")


def serial(port: int, context: ssl.SSLContext) -> str:
    with handshake(port, context) as connection:
        certificate = connection.getpeercert()
        assert certificate
        return str(certificate["serialNumber"])


def test_administrators_are_served_over_tls_1_2_and_1_3_and_not_without(lictor: ControlPlane, folder: Path) -> None:
    assert lictor.api("GET", "me")["role"] == "admin"
    for version, name in [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")]:
        context = trust(folder)
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2", "http/1.1"])
        with handshake(lictor.port, context) as connection:
            assert (connection.version(), connection.selected_alpn_protocol()) == (name, "http/1.1")
    old = trust(folder)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        handshake(lictor.port, old)
    command_line = CommandLine(program(), f"http://127.0.0.1:{lictor.port}", "lat_any", folder)
    assert "If it speaks TLS, write https." in command_line("key", "list", status=1).stderr
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", lictor.port, timeout=30)) as plain:
        plain.request("GET", "/healthz")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            plain.getresponse()


def test_a_browser_keeps_its_session_for_https_and_this_host(lictor: ControlPlane, folder: Path) -> None:
    account = lictor.api("POST", "accounts", {"name": "Bo", "role": "user"})["id"]
    lictor.api("PUT", f"accounts/{account}/password", {"password": "correct horse battery"})
    given = json.dumps({"name": "Bo", "password": "correct horse battery", "cookie": True})
    browser = http.client.HTTPSConnection("127.0.0.1", lictor.port, timeout=30, context=trust(folder))
    with contextlib.closing(browser):
        browser.request("POST", "/api/v1/sign-in", given, {"Content-Type": "application/json"})
        answer = browser.getresponse()
        pair, *said = str(answer.headers["Set-Cookie"]).split("; ")
        assert pair.startswith("__Host-lictor=lat_")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(said)
        signed_in = json.loads(answer.read())
        browser.request("GET", "/api/v1/me", headers={"Cookie": pair})
        me = json.loads(browser.getresponse().read())
        assert (me["account"]["name"], me["csrf_token"]) == ("Bo", signed_in["csrf_token"])


def test_a_renewed_certificate_is_taken_without_a_restart_and_half_a_renewal_is_not(
    lictor: ControlPlane, folder: Path
) -> None:
    first = serial(lictor.port, trust(folder))
    assert serial(gate_port(lictor), certificates.client(authority(folder), folder / "gate")) == first
    kept = http.client.HTTPSConnection("127.0.0.1", lictor.port, timeout=30, context=trust(folder))
    with contextlib.closing(kept):
        kept.request("GET", "/healthz")
        kept.getresponse().read()
        # A certificate whose key is not there yet.
        shutil.copy(folder / "server.key", folder / "old.key")
        Authority("service", folder / "ca.crt").issue(folder / "server", ["127.0.0.1"])
        shutil.copy(folder / "server.key", folder / "new.key")
        certificates.replace(folder / "server.key", (folder / "old.key").read_bytes())
        eventually(lambda: "the certificate stays as it is" in lictor.log.read_text())
        certificates.replace(folder / "server.key", (folder / "new.key").read_bytes())
        renewed = trust(folder)  # Of the new authority.
        eventually(lambda: serial(lictor.port, renewed) != first)
        kept.request("GET", "/healthz")
        assert kept.getresponse().status == 200, "an open connection stays"


def authority(folder: Path) -> Authority:
    return cast(Authority, types.SimpleNamespace(ca=folder / "ca.crt"))


def test_the_gates_listener_takes_only_clients_of_the_gates_authority(lictor: ControlPlane, folder: Path) -> None:
    def status(context: ssl.SSLContext) -> int:
        connection = http.client.HTTPSConnection("127.0.0.1", gate_port(lictor), timeout=30, context=context)
        with contextlib.closing(connection):
            connection.request("GET", "/gate/v1/policy")
            return connection.getresponse().status

    assert status(certificates.client(authority(folder), folder / "gate")) == 401, "it is let in, without a token"
    for stranger in [trust(folder), certificates.client(authority(folder), folder / "server")]:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            status(stranger)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("server.crt", "--tls-certificate {}: "),
        ("server.key", "--tls-key {}: "),
        ("gates-ca.crt", "--gate-client-ca {}: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named_at_the_start(folder: Path, broken: str, said: str) -> None:
    def refused() -> str:
        lictor = ControlPlane("http://127.0.0.1:1", folder, variables(folder))
        command = [program(), "serve"]
        run = subprocess.run(command, env=lictor.variables, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        assert run.returncode == 1, run.stdout
        [line] = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
        return line

    file = folder / broken
    beginning = f"error: {said.format(file)}"
    file.write_text("rubbish")
    assert refused().startswith(f"{beginning}there is no "), refused()
    file.unlink()
    assert refused() == f"{beginning}No such file or directory (os error 2)"


def test_a_key_that_does_not_go_with_the_certificate_is_named_at_the_start(folder: Path) -> None:
    shutil.copy(folder / "gate.key", folder / "server.key")
    lictor = ControlPlane("http://127.0.0.1:1", folder, variables(folder))
    run = subprocess.run(
        [program(), "serve"], env=lictor.variables, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    said = f"error: --tls-key {folder}/server.key: it does not go with --tls-certificate {folder}/server.crt"
    assert run.returncode == 1 and said in run.stderr, run.stderr


def test_a_gate_over_mutual_tls_decides_by_the_policy_that_it_gets(tmp_path: Path) -> None:
    """`envoy/production.yaml` toward `lictor serve`, with no other Envoy between."""
    (tmp_path / "site").mkdir()
    (tmp_path / "lictor").mkdir()
    with Echo() as echo, Gate(echo.url, tmp_path / "local") as local:
        site = Site(tmp_path / "site", local)
        site.control_plane_authority.issue(site.tls / "control-plane", ["control-plane.example", "127.0.0.1"])
        port = process.free_port()
        own = {
            "LICTOR_TLS_CERTIFICATE": str(site.tls / "control-plane.crt"),
            "LICTOR_TLS_KEY": str(site.tls / "control-plane.key"),
            "LICTOR_GATE_CLIENT_CA": str(site.tls / "gates-ca.crt"),
            "LICTOR_GATE_LISTEN": f"127.0.0.1:{port}",
        }
        context = certificates.client(site.control_plane_authority)
        with (
            ControlPlane(echo.url, tmp_path / "lictor", own, context) as lictor,
            Echo(certificates.server(site.tls / "odoo")) as odoo,
        ):
            lictor.api("PUT", "permissions/res.partner?unknown=allow", {"read": True, "methods": {"echo": ["read"]}})
            upstream = {"database": "odoo", "login": "agent", "secret": "secret"}
            user = lictor.api("POST", "users", {"name": "Ada", "upstream": upstream})
            key = lictor.api("POST", "keys", {"name": "k", "user_id": user["id"]})["key"]
            token = lictor.api("POST", "gates", {"name": "production"})["token"]
            certificates.replace(site.folder / "identity/gate-token", f"{token}\n".encode())
            with site.production("production", odoo.port, port) as envoy:
                eventually(lambda: envoy.proxy("/xmlrpc/2/common").authenticate("odoo", "agent", key, {}) == UID)
                [gate] = lictor.api("GET", "gates")["items"]
                assert gate["connected"]
