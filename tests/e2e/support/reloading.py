"""A gate that Envoy configures anew while it serves."""

import json
import os
import urllib.request
from typing import Any

import yaml

from support.gate import HOST, Gate


class Reloading:
    """A gate whose listener Envoy reads from a file of its own, as it does from a control plane of Envoys."""

    def __init__(self, gate: Gate, drain_seconds: int = 1) -> None:
        self.gate = gate
        self.file = gate.folder / "listeners.yaml"
        config = yaml.safe_load((gate.folder / "envoy.yaml").read_text())
        [self.listener] = config["static_resources"].pop("listeners")
        config["dynamic_resources"] = {
            "lds_config": {"resource_api_version": "V3", "path_config_source": {"path": str(self.file)}}
        }
        self.reload(0)
        # For as long what was configured before is kept; ten minutes, if nothing is said.
        with gate.without_envoy("--drain-time-s", str(drain_seconds)):
            (gate.folder / "envoy.yaml").write_text(yaml.safe_dump(config))

    def reload(self, number: int) -> None:
        """Has Envoy read another configuration of the filter."""
        own = self._filter()
        configuration = own["filter_config"] if HOST == "native" else own["config"]["configuration"]
        configuration["value"] = json.dumps(json.loads(configuration["value"]) | {"require": number % 2 == 1})
        self._give()

    def load(self, module: str) -> None:
        """Has Envoy take another file of the filter in wasm."""
        self._filter()["config"]["vm_config"]["code"]["local"]["filename"] = module
        self._give()

    def _filter(self) -> dict[str, Any]:
        return self.listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0]["typed_config"]

    def _give(self) -> None:
        kind = "type.googleapis.com/envoy.config.listener.v3.Listener"
        document = {"resources": [{"@type": kind, **self.listener}]}
        other = self.file.with_suffix(".new")
        other.write_text(yaml.safe_dump(document))
        os.replace(other, self.file)

    def taken(self) -> int:
        """At least how many times Envoy has taken what it was given: it may count one time twice."""
        in_place, modified = ("listener_manager.listener_" + how for how in ("in_place_updated", "modified"))
        return self.statistic(in_place) + self.statistic(modified)

    def statistic(self, name: str) -> int:
        with urllib.request.urlopen(f"{self.gate.up['envoy_admin_url']}/stats?filter=^{name}$") as stats:
            return int(stats.read().decode().rpartition(": ")[2] or 0)

    def ask(self, path: str) -> None:
        urllib.request.urlopen(f"{self.gate.up['envoy_admin_url']}{path}", b"").close()
