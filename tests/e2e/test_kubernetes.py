"""`deploy/kubernetes`: schemas, what every pod is denied, and the gate's pod as Kubernetes would start and end it."""

import contextlib
import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from clients import install
from parts import process
from parts.cache import PartError
from parts.postgres import Postgres
from support import certificates, conformance, kubernetes
from support.echo import Echo
from support.gate import ROOT, Gate, eventually
from support.production import Production, Site, local_gate

HERE = Path(__file__).parent
FOLDERS = kubernetes.names()
# The oldest that its makers still look after, and the newest that the package knows.
VERSIONS = ["1.35", "1.37"]
# Kinds of Kubernetes itself; the others come with a CRD.
BUILT_IN = {"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "policy/v1"}
# The package of the schemas is of a version of Envoy Gateway before 1.10, and there is no newer one: when there is, this
# fails, and `extension_backends` can go.
NEWER_THAN_THE_SCHEMA = ["EnvoyExtensionPolicy lictor-gate: no such field: /spec/backends"]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with local_gate(tmp_path_factory.mktemp("local")) as gate:
        yield gate


@pytest.fixture(scope="module")
def key(gate: Gate) -> str:
    return gate.key(gate.user("odoo", "agent", "secret"))["key"]


def complaints(resources: list[dict[str, Any]]) -> list[str]:
    """What the schemas find wrong, unknown fields included."""
    found = []
    python = install.python("kubernetes-validate")
    built_in = [resource for resource in resources if resource["apiVersion"] in BUILT_IN]
    document = yaml.safe_dump_all(built_in)
    for version in VERSIONS:
        command = [str(python), "-m", "kubernetes_validate", "--kubernetes-version", version, "--strict", "-"]
        answer = subprocess.run(command, input=document, capture_output=True, text=True, check=False)
        assert answer.stdout.count("passed for") + answer.stdout.count("ERROR") == len(built_in), answer.stdout
        found += [line for line in answer.stdout.splitlines() if not line.startswith("INFO")]
    node, modules = install.node_modules("crds", HERE)
    command = [node, str(HERE / "crds/check.mjs"), str(modules)]
    custom = [resource for resource in resources if resource["apiVersion"] not in BUILT_IN]
    answer = subprocess.run(command, input=json.dumps(custom), capture_output=True, text=True, check=True)
    return found + json.loads(answer.stdout)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_resources_are_what_their_schemas_ask_for(folder: str) -> None:
    expected = NEWER_THAN_THE_SCHEMA if folder == "envoy-gateway" else []
    assert complaints(kubernetes.composed(folder)) == expected


def extension_backends(policy: dict[str, Any]) -> list[str]:
    """The field `backends` by hand, as Envoy Gateway's documentation and its type `ExtensionBackend` have it."""
    backends = policy["spec"]["backends"]
    aliases = [backend.get("name", "") for backend in backends]
    found = [f"not an alias: {alias}" for alias in aliases if not re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", alias)]
    found += ["an alias twice"] if len(set(aliases)) < len(aliases) else []
    found += ["more than 16"] if len(backends) > 16 else []
    # `backendSettings` can be there too; ours has none, and this knows none.
    found += [f"no such field: {name}" for backend in backends for name in backend.keys() - {"name", "backendRef"}]
    # A reference is of the kind that an external processor has, which the schemas know.
    processors = [{"backendRefs": [backend["backendRef"]]} for backend in backends if "backendRef" in backend]
    found += ["no backendRef"] if len(processors) < len(backends) else []
    spec = {"targetRefs": policy["spec"]["targetRefs"], "extProc": processors}
    return found + complaints([{**policy, "spec": spec}])


def test_the_backends_are_what_envoy_gateway_asks_for() -> None:
    policy = kubernetes.the("EnvoyExtensionPolicy", "lictor-gate", kubernetes.composed("envoy-gateway"))
    [backend] = policy["spec"]["backends"]
    reference = backend["backendRef"]

    def found(*backends: dict[str, Any]) -> list[str]:
        return extension_backends({**policy, "spec": {**policy["spec"], "backends": list(backends)}})

    assert found(backend) == []
    assert found(backend, backend) == ["an alias twice"]
    assert found({"name": "Control_Plane", "backendRef": reference}) == ["not an alias: Control_Plane"]
    assert found({**backend, "backendRefs": [reference]}) == ["no such field: backendRefs"]
    [unknown] = found({**backend, "backendRef": {**reference, "ports": [1]}})
    assert unknown.endswith("no such field: /spec/extProc/0/backendRefs/0/ports")
    [wrong] = found({**backend, "backendRef": {**reference, "port": 70000}})
    assert "port" in wrong


def test_the_schemas_find_what_is_wrong() -> None:
    resources = kubernetes.composed("istio")
    unknown, wrong, older = copy.deepcopy(resources), copy.deepcopy(resources), copy.deepcopy(resources)
    kubernetes.the("EnvoyFilter", "lictor-gate", unknown)["spec"]["workloadSelectors"] = {}
    kubernetes.the("EnvoyFilter", "lictor-gate", wrong)["spec"]["configPatches"][0]["applyTo"] = "HTTP_FILTERS"
    kubernetes.the("Deployment", "control-plane", older)["spec"]["replica"] = 2
    assert complaints(unknown) == ["EnvoyFilter lictor-gate: no such field: /spec/workloadSelectors"]
    [complaint] = complaints(wrong)
    assert "applyTo" in complaint
    assert len([line for line in complaints(older) if "'replica' was unexpected" in line]) == len(VERSIONS)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl here")
@pytest.mark.parametrize("folder", FOLDERS)
def test_kustomize_makes_the_same_of_a_folder(folder: str) -> None:
    made = subprocess.run(["kubectl", "kustomize", kubernetes.FOLDER / folder], capture_output=True, text=True, check=True)
    theirs = kubernetes.without_digests(list(yaml.safe_load_all(made.stdout)))
    assert sorted(theirs, key=kubernetes.identity) == sorted(kubernetes.composed(folder), key=kubernetes.identity)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_pod_may_more_than_it_needs(folder: str) -> None:
    resources = kubernetes.composed(folder)
    assert not [resource for resource in resources if resource["kind"] == "Secret"]
    for name, pod in kubernetes.pods(resources).items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod.get("initContainers", []) + pod["containers"]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            for variable in container.get("env", []):
                told = "value" in variable and not variable["name"].endswith("_FILE")
                assert not (told and re.search("PASSWORD|DATABASE_URL|SECRET|TOKEN|KEY$", variable["name"])) or (
                    variable["value"].startswith("/")
                ), variable["name"]


@pytest.mark.parametrize(
    ("folders", "scheme", "port"),
    # In Istio's mesh the sidecars make the TLS.
    [(["control-plane", "gate"], "https", 8443), (["envoy-gateway"], "https", 8443), (["istio"], "http", 8069)],
)
def test_the_gate_and_the_control_plane_reach_odoo_at_one_address(folders: list[str], scheme: str, port: int) -> None:
    resources = [resource for folder in folders for resource in kubernetes.composed(folder)]
    url = kubernetes.the("ConfigMap", "control-plane", resources)["data"]["LICTOR_ODOO_URL"]
    assert url == f"{scheme}://odoo.odoo.svc.cluster.local:{port}"
    assert set(ways_to_odoo(resources)) == {("odoo.odoo.svc.cluster.local", port)}


def ways_to_odoo(resources: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Where gates send to, however they are told."""
    for resource in resources:
        match resource:
            case {"kind": "ConfigMap", "data": {"ODOO_HOST": host, "ODOO_PORT": port}}:
                yield host, int(port)
            case {"kind": "HTTPRoute", "spec": {"rules": rules}}:
                for service in [service for rule in rules for service in rule["backendRefs"]]:
                    yield f"{service['name']}.{service['namespace']}.svc.cluster.local", service["port"]
            case {"kind": "VirtualService", "spec": {"http": rules}}:
                for to in [way["destination"] for rule in rules for way in rule["route"]]:
                    if to["host"] != "nowhere.lictor.internal":
                        yield to["host"], to["port"]["number"]


@pytest.mark.parametrize("folder", ["gate", "istio", "envoy-gateway"])
def test_odoo_takes_nothing_but_from_the_gate_and_the_control_plane(folder: str) -> None:
    resources = kubernetes.composed(folder)
    policy = kubernetes.the("NetworkPolicy", "odoo-behind-lictor", resources)
    assert (policy["metadata"]["namespace"], policy["spec"]["policyTypes"]) == ("odoo", ["Ingress"])
    [rule] = policy["spec"]["ingress"]
    assert rule.keys() == {"from"}
    allowed = [(s["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], s["podSelector"]) for s in rule["from"]]
    if folder == "gate":
        either = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["lictor-gate", "control-plane"]}]}
        assert allowed == [("lictor", either)]
        return
    gates = {"istio": "lictor", "envoy-gateway": "envoy-gateway-system"}[folder]
    its_label, the_control_planes = ({"matchLabels": labels} for labels in ({"lictor": "gate"}, {"app": "control-plane"}))
    assert allowed == [(gates, its_label), ("lictor", the_control_planes)]


def test_envoy_gateway_may_send_from_the_route_to_odoo_and_knows_its_certificate() -> None:
    resources = kubernetes.composed("envoy-gateway")
    route = kubernetes.the("HTTPRoute", "odoo", resources)
    [service] = [service for rule in route["spec"]["rules"][:1] for service in rule["backendRefs"]]
    grant = kubernetes.the("ReferenceGrant", "lictor-gate", resources)
    assert grant["metadata"]["namespace"] == service["namespace"]
    assert grant["spec"] == {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": route["metadata"]["namespace"]}],
        "to": [{"group": "", "kind": "Service", "name": service["name"]}],
    }
    tls = kubernetes.the("BackendTLSPolicy", "odoo", resources)
    # A policy is for services of its own namespace only.
    assert tls["metadata"]["namespace"] == service["namespace"]
    assert tls["spec"]["targetRefs"] == [{"group": "", "kind": "Service", "name": service["name"]}]


def test_the_certificate_of_istios_gateway_is_in_its_pod_so_that_its_account_may_read_no_secret() -> None:
    resources = kubernetes.composed("istio")
    assert not [resource for resource in resources if resource["kind"] in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")]
    pod = kubernetes.pods(resources)["lictor-gate"]
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    [proxy] = pod["containers"]
    folders = {mount["mountPath"]: secrets[mount["name"]] for mount in proxy["volumeMounts"] if mount["name"] in secrets}
    [server] = kubernetes.the("Gateway", "lictor-gate", resources)["spec"]["servers"]
    files = [Path(server["tls"][name]) for name in ("serverCertificate", "privateKey")]
    assert [(folders[str(file.parent)], file.name) for file in files] == [("odoo-example-tls", "tls.crt"), ("odoo-example-tls", "tls.key")]
    assert "credentialName" not in server["tls"]


def test_the_control_plane_has_two_replicas_of_which_one_always_serves() -> None:
    resources = kubernetes.composed("control-plane")
    deployment = kubernetes.the("Deployment", "control-plane", resources)["spec"]
    budget = kubernetes.the("PodDisruptionBudget", "control-plane", resources)["spec"]
    assert (deployment["replicas"], deployment["strategy"]["rollingUpdate"]["maxUnavailable"], budget["minAvailable"]) == (2, 0, 1)
    assert budget["selector"] == deployment["selector"]
    closed = kubernetes.the("NetworkPolicy", "closed", resources)["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("folder", ["control-plane", "istio", "envoy-gateway"])
def test_the_control_plane_knows_each_variable_that_it_is_given(folder: str, gate: Gate) -> None:
    resources = kubernetes.composed(folder)
    [container] = kubernetes.pods(resources)["control-plane"]["containers"]
    given = {variable["name"] for variable in container["env"]}
    given |= kubernetes.the("ConfigMap", "control-plane", resources)["data"].keys()
    program = os.readlink(f"/proc/{gate.up['pids']['control_plane']}/exe")
    text = subprocess.run([program, *container["args"], "--help"], capture_output=True, text=True, check=True).stdout
    # These two are OpenSSL's, and read by the library for TLS.
    assert given - {"SSL_CERT_FILE", "SSL_CERT_DIR"} <= set(re.findall(r"\[env: (\w+)", text))
    assert ("LICTOR_TLS_KEY" in given) is (folder != "istio")


def test_the_control_plane_has_the_file_that_its_databases_url_names() -> None:
    [pod] = kubernetes.pods(kubernetes.composed("control-plane")).values()
    [path] = set(re.findall(r"sslrootcert=([^`]+)`", (ROOT / "docs/operate/kubernetes.md").read_text()))
    [mount] = [m for m in pod["containers"][0]["volumeMounts"] if m["mountPath"] == str(Path(path).parent)]
    [volume] = [volume for volume in pod["volumes"] if volume["name"] == mount["name"]]
    assert volume["secret"]["secretName"] == "lictor-database"
    assert [item["path"] for item in volume["secret"]["items"]] == [Path(path).name], "and not the URL"


def test_postgresql_takes_no_connection_without_tls(tmp_path: Path) -> None:
    resources = kubernetes.composed("postgresql")
    [container] = kubernetes.pods(resources)["postgresql"]["containers"]
    settings = dict(argument.removeprefix("-c").split("=", 1) for argument in container["args"])
    authority = certificates.Authority("database", tmp_path / "ca.crt")
    authority.issue(tmp_path / "tls", [Postgres.host])
    files = {name: (tmp_path / name).read_text() for name in ("tls.crt", "tls.key")}
    files |= kubernetes.the("ConfigMap", "postgresql-hba", resources)["data"]
    with Postgres() as postgres:
        postgres.create_database("lictor")
        data = Path(postgres.sql("SHOW data_directory"))
        for setting, value in settings.items():
            own = data / f"of-the-pod-{Path(value).name}"
            if value.startswith("/"):
                own.write_text(files[Path(value).name])
                own.chmod(0o600)
                os.chown(own, data.stat().st_uid, data.stat().st_gid)
            postgres.sql(f"ALTER SYSTEM SET {setting} = '{own if value.startswith('/') else value}'")
        with postgres.stopped():
            pass
        asked = f"postgresql://{postgres.host}/lictor?sslmode="
        assert postgres.run("psql", "-XAtc", "SELECT 1", f"{asked}verify-full&sslrootcert={authority.ca}") == "1\n"
        with pytest.raises(PartError, match="no encryption"):
            postgres.run("psql", "-XAtc", "SELECT 1", f"{asked}disable")


# The gate's pod, with a folder for what is mounted.


@pytest.fixture(scope="module")
def site(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("site"), gate)
    site.odoo_authority.issue(site.tls / "odoo", ["localhost"])
    site.control_plane_authority.issue(site.tls / "control-plane", ["localhost"])
    return site


@pytest.fixture(scope="module")
def envoy(site: Site, gate: Gate) -> Iterator[Production]:
    """Envoy with what the init container writes, and an Odoo behind TLS."""
    with contextlib.ExitStack() as stack:
        odoo = stack.enter_context(Echo(certificates.server(site.tls / "odoo")))
        control_plane = stack.enter_context(site.control_plane())
        (site.folder / "production.yaml").write_text(site.fill_in("production.yaml", {}))
        ports = {"ODOO_PORT": str(odoo.port), "CONTROL_PLANE_PORT": str(control_plane)}
        script(site, "fill-in.sh", {"ODOO_HOST": "localhost", "CONTROL_PLANE_HOST": "localhost", **ports})
        port, metrics_port = process.free_port(), process.free_port()
        text = (site.folder / "envoy.yaml").read_text()
        for shipped, own in ((8443, port), (9902, metrics_port)):
            text = text.replace(f"address: 0.0.0.0, port_value: {shipped}", f"address: 127.0.0.1, port_value: {own}")
        name = "admin"  # The socket's, as the scripts have it.
        yield stack.enter_context(Production(site, name, text, port, metrics_port))


def script(site: Site, name: str, variables: dict[str, str]) -> None:
    """Runs a script of the gate's pod with the folder in the place of /etc/lictor and /run/lictor."""
    text = kubernetes.the("ConfigMap", "lictor-gate-scripts", kubernetes.composed("gate"))["data"][name]
    text = re.sub(r"/(etc|run)/lictor/", f"{site.folder}/", text)
    subprocess.run(["/bin/sh", "-c", text], env={"PATH": os.environ["PATH"], **variables}, check=True, timeout=120)


def test_only_names_and_ports_are_filled_in(site: Site, envoy: Production) -> None:
    before = (site.folder / "production.yaml").read_text().splitlines()
    after = (site.folder / "envoy.yaml").read_text().splitlines()
    changed = [(old.strip(), new.strip()) for old, new in zip(before, after, strict=True) if old != new]
    assert all(".example" in old and "localhost" in new for old, new in changed)
    assert len(changed) == 6, "for Odoo and the control plane: SNI, name and address"


def test_the_gate_conforms(envoy: Production, key: str, site: Site) -> None:
    site.clients_trust.issue(site.tls / "server", ["odoo.example"])
    nobody = f"127.0.0.1:{process.free_port()}"
    options = ("--ca", str(site.clients_trust.ca), "--unreachable", nobody)
    eventually(lambda: conformance.run(f"https://127.0.0.1:{envoy.port}", key, *options).returncode == 0)
    conformance.passes(f"https://127.0.0.1:{envoy.port}", key, *options)


def test_a_gate_that_does_not_conform_is_found(envoy: Production, gate: Gate, key: str, site: Site) -> None:
    reached = f"127.0.0.1:{envoy.port}"
    answer = conformance.run(f"https://{reached}", key, "--ca", str(site.clients_trust.ca), "--unreachable", reached)
    assert answer.returncode == 1
    assert [line for line in answer.stdout.splitlines() if not line.endswith(": ok")] == [
        f"Odoo is not reached but through the gate: FAILED: {reached} was reached from here"
    ]
    # Odoo itself, without a gate: it asks nobody for a key, and so every key is right.
    with Echo() as odoo:
        answer = conformance.run(odoo.url, key)
    assert "guard header: FAILED: it was answered" in answer.stdout and answer.returncode == 1


def test_every_probe_is_answered() -> None:
    [container] = kubernetes.pods(kubernetes.composed("gate"))["lictor-gate"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    shipped = (ROOT / "envoy/production.yaml").read_text()
    assert all(f"address: 0.0.0.0, port_value: {port} " in shipped for port in ports.values())
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "metrics"}


# The last: the Envoy of the others ends with it.
def test_the_pod_drains_before_it_ends(envoy: Production, site: Site) -> None:
    script(site, "drain.sh", {"NOTICE_SECONDS": "0"})
    assert envoy.metrics("/ready")[0] == 503
    with pytest.raises(ConnectionRefusedError):
        envoy.send("/web/login")
    assert envoy.statistic("http.lictor_gate.downstream_rq_active") == 0
