"""`deploy/kubernetes/istio` and `envoy-gateway`: the Envoy configuration that is in them, run."""

import contextlib
import copy
import http.client
import json
import secrets
import subprocess
import xmlrpc.client
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from parts import process
from support import conformance, mesh
from support.dropped_filter import module
from support.echo import UID, Echo
from support.gate import ROOT, Gate, eventually
from support.production import Envoy, gate_listener

MESHES = {"istio": mesh.istio, "envoy-gateway": mesh.envoy_gateway}
FORGED = {"x-lictor-guard": "passed"}
GUARD = {"name": "x-lictor-guard", "string_match": {"exact": "passed"}}


@pytest.fixture(params=MESHES)
def bootstrap(request: pytest.FixtureRequest) -> dict[str, Any]:
    make: Callable[[], dict[str, Any]] = MESHES[request.param]
    return make()


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as echo:
        yield echo


@pytest.fixture(scope="module")
def gate(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """For its programs and its control plane."""
    with Gate(echo.url, tmp_path_factory.mktemp("mesh")) as gate:
        gate.permit({"res.partner": {"read": True, "methods": {"echo": ["read"]}}})
        yield gate


@pytest.fixture(scope="module")
def key(gate: Gate) -> str:
    return gate.key(gate.user("odoo", "agent", "secret"))["key"]


def test_envoy_takes_what_the_patches_make(bootstrap: dict[str, Any], gate: Gate, tmp_path: Path) -> None:
    config = tmp_path / "bootstrap.json"
    config.write_text(filled_in(bootstrap, gate, tmp_path))
    command = [gate.envoy_program, "--mode", "validate", "--config-path", str(config)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_the_guard_holds(bootstrap: dict[str, Any], gate: Gate, echo: Echo, tmp_path: Path) -> None:
    with running(bootstrap, "with", gate, echo, tmp_path) as port:
        assert [get(port, headers) for headers in ({}, FORGED)] == [200, 200]
        assert all(headers["x-lictor-guard"] is None for _, headers, _ in echo.requests[-2:])
        assert echo.requests[-1][1]["x-forwarded-host"] == "odoo.example"
    before = len(echo.requests)
    (tmp_path / "filter.wasm").unlink()
    (tmp_path / "filter.wasm").write_bytes(module())
    with running(bootstrap, "without", gate, echo, tmp_path) as port:
        assert [get(port, headers) for headers in ({}, FORGED)] == [503, 503]
    assert len(echo.requests) == before


def test_a_guarded_call_is_served(bootstrap: dict[str, Any], gate: Gate, echo: Echo, key: str, tmp_path: Path) -> None:
    with running(bootstrap, "guarded", gate, echo, tmp_path) as port:
        answer = eventually(lambda: served(port, key, "echo", ["Łucja"]))
        assert answer[0] == ["Łucja"] and key.encode() not in echo.requests[-1][2]
        before = len(echo.requests)
        with pytest.raises(xmlrpc.client.Fault, match="permission_denied"):
            served(port, key, "unlink", [[1]])
        assert len(echo.requests) == before
        conformance.passes(f"http://127.0.0.1:{port}", key)


@contextlib.contextmanager
def running(bootstrap: dict[str, Any], name: str, gate: Gate, echo: Echo, folder: Path) -> Iterator[int]:
    """The port of an Envoy with this configuration, whose Odoo is `echo` and whose control plane is that of `gate`."""
    bootstrap = copy.deepcopy(bootstrap)
    port = process.free_port()
    bootstrap["admin"] = {"address": {"pipe": {"path": str(folder / f"{name}.sock")}}}
    bootstrap["static_resources"]["listeners"][0]["address"]["socket_address"]["port_value"] = port
    ports = {"odoo": echo.port, "control-plane": int(gate_listener(gate))}
    for cluster in bootstrap["static_resources"]["clusters"]:
        for server in [server for server in ports if server in cluster["name"]]:
            address = {"socket_address": {"address": "127.0.0.1", "port_value": ports[server]}}
            endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
            cluster["load_assignment"] = {"cluster_name": cluster["name"], "endpoints": endpoints}
    with Envoy(gate, folder, name, filled_in(bootstrap, gate, folder)):
        yield port


def filled_in(bootstrap: dict[str, Any], gate: Gate, folder: Path) -> str:
    """With the files that it names, in `folder`."""
    (folder / "gate-token.yaml").write_text((ROOT / "envoy/gate-token.yaml").read_text().replace("/etc/lictor", str(folder)))
    (folder / "identity").mkdir(exist_ok=True)
    token = gate.api("POST", "gates", {"name": secrets.token_hex(8)})["token"]
    (folder / "identity/gate-token").write_text(token + "\n")
    if not (folder / "filter.wasm").exists():
        (folder / "filter.wasm").symlink_to(gate.filter_module)
    return json.dumps(bootstrap).replace("/etc/lictor/", f"{folder}/")


def served(port: int, key: str, method: str, arguments: list[Any]) -> Any:
    """What Odoo answers to a call; a `Fault` if the gate refuses it."""
    body = xmlrpc.client.dumps(("odoo", UID, key, "res.partner", method, arguments), "execute_kw").encode()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", "/xmlrpc/2/mcp", body, {"Host": "odoo.example", "Content-Type": "text/xml"})
        return xmlrpc.client.loads(connection.getresponse().read())[0][0]


def get(port: int, headers: dict[str, str]) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/web/login", headers={"Host": "odoo.example", **headers})
        return connection.getresponse().status


def test_the_filter_and_the_guard_are_those_of_envoy_yaml(bootstrap: dict[str, Any]) -> None:
    manager, ours = mesh.manager(bootstrap), _envoy_yaml()
    assert manager["http_filters"][-1] == mesh.ROUTER
    assert _without_names(mesh.plugin(bootstrap)) == _without_names(ours["http_filters"][0]["typed_config"]["config"])
    for name in ("early_header_mutation_extensions", "internal_address_config", "use_remote_address"):
        assert manager[name] == ours[name], name
    [host] = manager["route_config"]["virtual_hosts"]
    assert host["request_body_buffer_limit"] == ours["route_config"]["virtual_hosts"][0]["request_body_buffer_limit"]
    assert all(tag in bootstrap["stats_config"]["stats_tags"] for tag in _shipped()["stats_config"]["stats_tags"])


def test_every_way_to_odoo_asks_for_the_guard(bootstrap: dict[str, Any]) -> None:
    [host] = mesh.manager(bootstrap)["route_config"]["virtual_hosts"]
    to_odoo = [route for route in host["routes"] if "nowhere" not in route["route"]["cluster"]]
    to_nowhere = host["routes"][len(to_odoo) :]
    assert [route["route"]["timeout"] for route in to_odoo] == ["0s", "900s"]
    for route in to_odoo:
        assert route["match"]["headers"] == [GUARD]
        assert route["request_headers_to_remove"] == ["x-lictor-guard"]
        assert "retry_policy" not in route["route"]
    # What comes last takes everything; a direct response would bring Envoy's own body limit back.
    assert to_nowhere[-1]["match"]["prefix"] == "/" and not to_nowhere[-1]["match"].get("headers")
    assert all("nowhere" in route["route"]["cluster"] for route in to_nowhere)


def test_the_token_is_injected_into_what_goes_to_the_control_plane(bootstrap: dict[str, Any]) -> None:
    options = "typed_extension_protocol_options"
    name = json.loads(mesh.plugin(bootstrap)["configuration"]["value"])["control_plane_cluster"]
    assert _cluster(bootstrap, name)[options] == _cluster(_shipped(), "lictor_control_plane")[options]


def _cluster(bootstrap: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [cluster for cluster in bootstrap["static_resources"]["clusters"] if cluster["name"] == name]
    return found


def _shipped() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "envoy/envoy.yaml").read_text())


def _envoy_yaml() -> dict[str, Any]:
    return _shipped()["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]


def _without_names(plugin: dict[str, Any]) -> dict[str, Any]:
    """The filter's configuration, but for the names of the cluster and of the memory, which in a mesh are the mesh's."""
    plugin = copy.deepcopy(plugin)
    plugin["configuration"]["value"] = {**json.loads(plugin["configuration"]["value"]), "control_plane_cluster": ""}
    plugin["vm_config"]["vm_id"] = ""
    # Envoy takes no failure policy beside one that is open.
    assert not plugin.pop("fail_open", False)
    return plugin
