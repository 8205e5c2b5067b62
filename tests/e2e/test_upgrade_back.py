"""A gate of this version at the control plane of the version before, as it is for a while where filters are upgraded first. `cargo
xtask upgrade` runs it, with a checkout of that version."""

import os
from pathlib import Path

from support.gate import Gate, eventually
from support.version_before import an_odoo, is_answered, lived


def test_a_gate_of_this_version_goes_on_by_the_policy_of_before(tmp_path: Path) -> None:
    before, module = Path(os.environ["LICTOR_BEFORE"]), os.environ["LICTOR_FILTER"]
    with an_odoo() as echo, Gate(echo.url, tmp_path / "state", checkout=before) as gate:
        keys = lived(gate)
        of_before = gate.filter_module
        with gate.without_envoy():
            configuration = gate.folder / "envoy.yaml"
            configuration.write_text(configuration.read_text().replace(of_before, module))
        assert gate.filter_module == module != of_before
        gate.in_force()
        assert is_answered(gate, keys["writer"], "mark")
        assert is_answered(gate, keys["reader"])
        assert not is_answered(gate, keys["reader"], "mark")
        assert not is_answered(gate, keys["revoked"])
        user = gate.api("GET", "users")["items"][0]
        made = gate.api("POST", "keys", {"name": "new", "user_id": user["id"]})
        gate.in_force()
        assert is_answered(gate, made["key"])
        gate.api("POST", f"keys/{made['id']}/revoke")
        gate.in_force()
        assert not is_answered(gate, made["key"])
        # Each call has its record, those at the gate of before, too.
        ids = {key["name"]: key["id"] for key in gate.api("GET", "keys")["items"]}
        wanted = {"writer": 3, "reader": 4, "new": 1}
        eventually(lambda: {name: len(gate.audit(key_id=ids[name])) for name in wanted} == wanted)
        [told] = gate.api("GET", "gates")["items"]
        assert not told["policy_refused"]
