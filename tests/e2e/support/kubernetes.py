"""The resources of a folder of `deploy/kubernetes`, put together as its kustomization.yaml says.

kustomize is not where these tests run. Of what it can do this knows what our folders use, and fails on anything else.
"""

import copy
import re
from pathlib import Path
from typing import Any

import yaml

from support.gate import ROOT

FOLDER = ROOT / "deploy/kubernetes"
KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator", "patches"}
# By which field Kubernetes knows two elements of a list for the same.
MERGE_KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}


def names() -> list[str]:
    """The folders that can be applied by themselves."""
    return sorted(file.parent.name for file in FOLDER.glob("*/kustomization.yaml"))


def composed(folder: str | Path) -> list[dict[str, Any]]:
    """Its resources; generated names are without the digest that kustomize appends."""
    home = FOLDER / folder
    kustomization = yaml.safe_load((home / "kustomization.yaml").read_text())
    assert kustomization.keys() <= KNOWN, f"the test does not know {kustomization.keys() - KNOWN}"
    resources: list[dict[str, Any]] = []
    for entry in kustomization.get("resources", []):
        path = (home / entry).resolve()
        resources += composed(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for entry in kustomization.get("configMapGenerator", []):
        made = _config_map(home, entry)
        if entry.get("behavior") == "merge":
            the("ConfigMap", entry["name"], resources)["data"] |= made["data"]
        else:
            resources.append(made)
    for patch in kustomization.get("patches", []):
        assert patch.keys() == {"path"}
        change = yaml.safe_load((home / patch["path"]).read_text())
        [position] = [number for number, resource in enumerate(resources) if identity(resource) == identity(change)]
        resources[position] = merged(resources[position], change)
    assert len({identity(resource) for resource in resources}) == len(resources), "one resource twice"
    return resources


def identity(resource: dict[str, Any]) -> tuple[str, str, str]:
    metadata = resource["metadata"]
    return resource["kind"], metadata.get("namespace", ""), metadata["name"]


def the(kind: str, name: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    [resource] = [r for r in resources if (r["kind"], r["metadata"]["name"]) == (kind, name)]
    return resource


def pods(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pods' specifications, by the name of what makes them."""
    found = {r["metadata"]["name"]: r["spec"]["template"]["spec"] for r in resources if "template" in r.get("spec", {})}
    proxies = [r for r in resources if r["kind"] == "EnvoyProxy"]
    return {**found, **{r["metadata"]["name"]: _of_envoy_gateway(r["spec"]) for r in proxies}}


def _of_envoy_gateway(proxy: dict[str, Any]) -> dict[str, Any]:
    """The pod that Envoy Gateway makes of an EnvoyProxy, as far as we say anything of it.

    By its source a container's security context is that of both containers, and its mounts are Envoy's alone.
    """
    deployment = proxy["provider"]["kubernetes"]["envoyDeployment"]
    containers = [
        {"name": "envoy", "image": "envoy", **deployment["container"]},
        {"name": "shutdown-manager", "image": "gateway", "securityContext": deployment["container"]["securityContext"]},
    ]
    pod = {"containers": containers, "volumes": deployment["pod"]["volumes"]}
    pod["securityContext"] = deployment["pod"]["securityContext"]
    assert deployment["patch"]["type"] == "StrategicMerge"
    return merged(pod, deployment["patch"]["value"]["spec"]["template"]["spec"])


def merged(old: Any, new: Any, field: str = "") -> Any:
    """Kubernetes' strategic merge, as far as our patches need it."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: merged(old.get(name), value, name) for name, value in new.items()}}
    if not isinstance(old, list) or field not in MERGE_KEYS:
        return new
    key, result = MERGE_KEYS[field], copy.deepcopy(old)
    for element in new:
        [position] = [number for number, other in enumerate(result) if other[key] == element[key]]
        if element.get("$patch") == "delete":
            del result[position]
        else:
            result[position] = merged(result[position], element)
    return result


def without_digests(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What kustomize has made, with the names as they stand in our files."""
    text = yaml.safe_dump_all(resources)
    generated = [r["metadata"]["name"] for r in resources if r["kind"] == "ConfigMap"]
    for name in generated:
        text = re.sub(rf"\b{name}\b", re.sub(r"-[0-9a-z]{10}$", "", name), text)
    return list(yaml.safe_load_all(text))


def _config_map(home: Path, entry: dict[str, Any]) -> dict[str, Any]:
    assert entry.keys() <= {"name", "namespace", "files", "literals", "behavior"}
    assert entry.get("behavior", "create") in ("create", "merge")
    data = dict(literal.split("=", 1) for literal in entry.get("literals", []))
    data |= {file: (home / file).read_text() for file in entry.get("files", [])}
    metadata = {"name": entry["name"], "namespace": entry["namespace"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
