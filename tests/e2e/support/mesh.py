"""What a mesh's control plane makes of our resources: the Envoy configuration that it would send to the gate.

Neither Istio nor Envoy Gateway runs here. The frame below is the part of their output that our patches touch, and the
patches are applied as their sources do it.
"""

import copy
import json
from typing import Any

import yaml

from support import kubernetes

HCM = "envoy.filters.network.http_connection_manager"
HCM_TYPE = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
HEADER_MUTATION_TYPE = (
    "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
)
CONNECTION_LIMIT_TYPE = "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit"
# Namespace and name of the Gateway, and what Envoy Gateway calls all that comes from its policy.
GATEWAY = "lictor/lictor-gate"
OF_THE_GATE = f"envoyextensionpolicy/{GATEWAY}"
ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
}


FILTER_CHAIN = "type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig"
# Two places for the filters of an EnvoyExtensionPolicy. They are off until a virtual host or a route fills them.
LISTENERS_FILTERS, ROUTES_FILTERS = (f"envoy.filters.http.filter_chain.eep.{of}" for of in ("listener", "route"))


def the(kind: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The specification of the only resource of this kind."""
    [resource] = [resource for resource in found if resource["kind"] == kind]
    return resource["spec"]


def merge(old: Any, new: Any) -> Any:
    """Protobuf's: lists grow, messages are merged, the rest is replaced, and what is `Any` in a map too."""
    if isinstance(old, dict) and isinstance(new, dict):
        whole = {"typed_extension_protocol_options": lambda _, value: value}
        return {**old, **{k: whole.get(k, merge)(old[k], v) if k in old else v for k, v in new.items()}}
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    return new


def frame(route_configuration: dict[str, Any], clusters: list[str]) -> dict[str, Any]:
    """A gateway as both make it: one listener, and path normalisation."""
    manager = {
        "@type": HCM_TYPE,
        "stat_prefix": "gateway",
        "route_config": route_configuration,
        "normalize_path": True,
        "use_remote_address": True,
        "http_filters": [ROUTER],
    }
    listener = {
        "name": "gateway",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 443}},
        "filter_chains": [{"filters": [{"name": HCM, "typed_config": manager}]}],
    }
    stats = {"stats_tags": [{"tag_name": "cluster_name", "regex": r"^cluster\.((.+?)\.)"}]}
    static = {"listeners": [listener], "clusters": [{"name": name, "type": "STATIC"} for name in clusters]}
    return {"node": {"id": "gate", "cluster": "gate"}, "stats_config": stats, "static_resources": static}


def manager(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """The connection manager of the gateway."""
    return network_filters(bootstrap)[-1]["typed_config"]


def plugin(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """The configuration of the filter, wherever it stands."""
    [host] = manager(bootstrap)["route_config"]["virtual_hosts"]
    if own := host.get("typed_per_filter_config"):
        [filter_] = own[LISTENERS_FILTERS]["filter_chain"]["filters"]
    else:
        filter_ = manager(bootstrap)["http_filters"][0]
    return filter_["typed_config"]["config"]


def network_filters(bootstrap: dict[str, Any]) -> list[dict[str, Any]]:
    return bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]


def istio() -> dict[str, Any]:
    """From `deploy/kubernetes/istio`."""
    found = kubernetes.composed("istio")
    clusters: set[str] = set()
    routes = [_istio_route(http, clusters) for http in the("VirtualService", found)["http"]]
    patches = the("EnvoyFilter", found)["configPatches"]
    control_plane = next(p["match"]["cluster"]["name"] for p in patches if p["applyTo"] == "CLUSTER")
    virtual_host = {"name": "odoo.example:443", "domains": ["odoo.example"], "routes": routes}
    bootstrap = frame({"virtual_hosts": [virtual_host]}, [*sorted(clusters), control_plane])
    for patch in patches:
        _istio_patch(bootstrap, patch)
    return bootstrap


def _istio_route(http: dict[str, Any], clusters: set[str]) -> dict[str, Any]:
    """One route of a VirtualService. Istio gives every one without `retries` a policy with two retries."""
    match = dict(http.get("match", [{}])[0])
    uri = match.get("uri", {"prefix": "/"})
    headers = [{"name": name, "string_match": value} for name, value in match.get("headers", {}).items()]
    [destination] = [part["destination"] for part in http["route"]]
    cluster = f"outbound|{destination['port']['number']}||{destination['host']}"
    clusters.add(cluster)
    action: dict[str, Any] = {"cluster": cluster, "timeout": http.get("timeout", "0s")}
    if http.get("retries", {}).get("attempts") != 0:
        action["retry_policy"] = {"retry_on": "connect-failure,refused-stream", "num_retries": 2}
    [path] = [{"path" if kind == "exact" else kind: value} for kind, value in uri.items()]
    changes = http.get("headers", {})
    return {
        "name": http["name"],
        "match": {**path, "headers": headers},
        "route": action,
        "request_headers_to_remove": changes.get("request", {}).get("remove", []),
        "request_headers_to_add": _istio_headers(changes.get("request", {})),
        "response_headers_to_add": _istio_headers(changes.get("response", {})),
    }


def _istio_headers(change: dict[str, Any]) -> list[dict[str, Any]]:
    overwrite = {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return [{"header": {"key": key, "value": value}, **overwrite} for key, value in change.get("set", {}).items()]


def _istio_patch(bootstrap: dict[str, Any], patch: dict[str, Any]) -> None:
    value = patch["patch"]["value"]
    operation = (patch["applyTo"], patch["patch"]["operation"])
    listener = bootstrap["static_resources"]["listeners"][0]
    network_filter = network_filters(bootstrap)[-1]
    virtual_host = manager(bootstrap)["route_config"]["virtual_hosts"][0]
    match operation:
        case ("NETWORK_FILTER", "MERGE"):
            network_filter.update(merge(network_filter, value))
        case ("NETWORK_FILTER", "INSERT_BEFORE"):
            network_filters(bootstrap).insert(0, value)
        case ("LISTENER", "MERGE"):
            listener.update(merge(listener, value))
        case ("HTTP_FILTER", "INSERT_FIRST"):
            manager(bootstrap)["http_filters"].insert(0, value)
        case ("VIRTUAL_HOST", "MERGE"):
            virtual_host.update(merge(virtual_host, value))
        case ("HTTP_ROUTE", "MERGE"):
            name = patch["match"]["routeConfiguration"]["vhost"]["route"]["name"]
            [route] = [route for route in virtual_host["routes"] if route["name"] == name]
            route.update(merge(route, value))
        case ("CLUSTER", "MERGE"):
            name = patch["match"]["cluster"]["name"]
            [cluster] = [c for c in bootstrap["static_resources"]["clusters"] if c["name"] == name]
            cluster.update(merge(cluster, value))
        case ("BOOTSTRAP", "MERGE"):
            bootstrap.update(merge(bootstrap, value))
        case _:
            raise AssertionError(f"the test does not know {operation}")


def envoy_gateway() -> dict[str, Any]:
    """From `deploy/kubernetes/envoy-gateway`."""
    found = kubernetes.composed("envoy-gateway")
    rules = the("HTTPRoute", found)["rules"]
    routes = [_gateway_route(rule, f"httproute/lictor/odoo/rule/{number}") for number, rule in enumerate(rules)]
    virtual_host = {"name": "odoo", "domains": ["odoo.example"], "routes": routes}
    bootstrap = frame({"virtual_hosts": [virtual_host]}, [route["route"]["cluster"] for route in routes])
    policy = the("ClientTrafficPolicy", found)
    _traffic_policy(bootstrap, policy)
    removed = policy["headers"]["earlyRequestHeaders"]["remove"]
    manager(bootstrap)["early_header_mutation_extensions"] = [
        {
            "name": "envoy.http.early_header_mutation.header_mutation",
            "typed_config": {
                "@type": HEADER_MUTATION_TYPE,
                "mutations": [{"remove": name} for name in removed],
            },
        }
    ]
    _extension_policy(bootstrap, the("EnvoyExtensionPolicy", found))
    for patch in the("EnvoyPatchPolicy", found)["jsonPatches"]:
        _gateway_patch(bootstrap, patch)
    return merge(bootstrap, yaml.safe_load(the("EnvoyProxy", found)["bootstrap"]["value"]))


def _traffic_policy(bootstrap: dict[str, Any], policy: dict[str, Any]) -> None:
    """The bounds of a ClientTrafficPolicy. Its limit of connections is a filter before the connection manager."""
    units = {"Ki": 1 << 10, "Mi": 1 << 20}
    size = lambda text: int(text[:-2]) * units[text[-2:]]  # noqa: E731
    connection, timeout, http2 = policy["connection"], policy["timeout"]["http"], policy["http2"]
    bootstrap["static_resources"]["listeners"][0]["per_connection_buffer_limit_bytes"] = size(connection["bufferLimit"])
    limit = {"@type": CONNECTION_LIMIT_TYPE, "stat_prefix": "gate", "max_connections": connection["connectionLimit"]["value"]}
    network_filters(bootstrap).insert(0, {"name": "envoy.filters.network.connection_limit", "typed_config": limit})
    manager(bootstrap).update(
        request_timeout=timeout["requestReceivedTimeout"],
        stream_idle_timeout=timeout["streamIdleTimeout"],
        common_http_protocol_options={"idle_timeout": timeout["idleTimeout"]},
        http2_protocol_options={
            "initial_stream_window_size": size(http2["initialStreamWindowSize"]),
            "initial_connection_window_size": size(http2["initialConnectionWindowSize"]),
            "max_concurrent_streams": http2["maxConcurrentStreams"],
        },
    )


def _extension_policy(bootstrap: dict[str, Any], policy: dict[str, Any]) -> None:
    """One for the whole Gateway: its filter is in the virtual host, and each of its backends is a cluster."""
    names = [f"{OF_THE_GATE}/backend/{backend['name']}/gateway/{GATEWAY}/0" for backend in policy["backends"]]
    bootstrap["static_resources"]["clusters"] += [{"name": name, "type": "STATIC"} for name in names]
    [wasm] = policy["wasm"]
    assert wasm["code"]["type"] == "Image"
    configuration = {
        "name": wasm["name"],
        "root_id": wasm["rootID"],
        "fail_open": wasm["failOpen"],
        "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": json.dumps(wasm["config"])},
        "vm_config": {
            "vm_id": f"{OF_THE_GATE}/wasm/0",
            "runtime": "envoy.wasm.runtime.v8",
            # Envoy Gateway fetches it, and Envoy from there.
            "code": {"local": {"filename": "/etc/lictor/filter.wasm"}},
        },
    }
    typed = {"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config": configuration}
    filters = [{"name": "envoy.filters.http.wasm/listener/0", "typed_config": typed}]
    [host] = manager(bootstrap)["route_config"]["virtual_hosts"]
    chain = {"@type": f"{FILTER_CHAIN}PerRoute", "filter_chain": {"filters": filters}}
    host["typed_per_filter_config"] = {LISTENERS_FILTERS: chain}
    places = [
        {"name": name, "disabled": True, "typed_config": {"@type": FILTER_CHAIN}}
        for name in (LISTENERS_FILTERS, ROUTES_FILTERS)
    ]
    manager(bootstrap)["http_filters"][:0] = places


def _gateway_route(rule: dict[str, Any], cluster: str) -> dict[str, Any]:
    [match] = rule["matches"]
    kind = {"Exact": "path", "PathPrefix": "prefix"}[match["path"]["type"]]
    headers = [{"name": header["name"], "string_match": {"exact": header["value"]}} for header in match["headers"]]
    [change] = [part["requestHeaderModifier"] for part in rule["filters"]]
    assert "retry" not in rule
    return {
        "name": cluster,
        "match": {kind: match["path"]["value"], "headers": headers},
        "route": {
            "cluster": cluster,
            "timeout": rule["timeouts"]["request"],
            "upgrade_configs": [{"upgrade_type": "websocket"}],
        },
        "request_headers_to_remove": change["remove"],
    }


def _gateway_patch(bootstrap: dict[str, Any], patch: dict[str, Any]) -> None:
    """`add` of RFC 6902, the only operation that we need."""
    assert patch["operation"]["op"] == "add"
    value = copy.deepcopy(patch["operation"]["value"])
    kind = patch["type"].rsplit(".", 1)[1]
    clusters = bootstrap["static_resources"]["clusters"]
    if patch["operation"]["path"] == "":
        assert (kind, value["name"]) == ("Cluster", patch["name"])
        clusters.append(value)
        return
    target: Any = {
        "Cluster": lambda: next(cluster for cluster in clusters if cluster["name"] == patch["name"]),
        "Listener": lambda: bootstrap["static_resources"]["listeners"][0],
        "RouteConfiguration": lambda: manager(bootstrap)["route_config"],
    }[kind]()
    *parents, last = patch["operation"]["path"].split("/")[1:]
    for name in parents:
        target = target[int(name) if isinstance(target, list) else name]
    if isinstance(target, list):
        target.insert(len(target) if last == "-" else int(last), value)
    else:
        target[last] = value
