"""A gate of this version at the control plane of the version before, as it is for a while where filters are upgraded first. `cargo
xtask upgrade` runs it, with a checkout of that version."""

import os
from pathlib import Path

from support.gate import Gate, eventually
from support.version_before import an_odoo, hears_of_changes, is_answered, lived, loads


def test_a_gate_of_this_version_goes_on_by_the_policy_of_before(tmp_path: Path) -> None:
    before, module = Path(os.environ["LICTOR_BEFORE"]), os.environ["LICTOR_FILTER"]
    with an_odoo() as echo, Gate(echo.url, tmp_path / "state", checkout=before) as gate:
        keys = lived(gate)
        assert gate.filter_module != module
        loads(gate, module)
        gate.in_force()
        assert is_answered(gate, keys["writer"], "mark")
        assert is_answered(gate, keys["reader"])
        assert not is_answered(gate, keys["reader"], "mark")
        assert not is_answered(gate, keys["revoked"])
        hears_of_changes(gate)
        # Each call has its record, those at the gate of before, too.
        ids = {key["name"]: key["id"] for key in gate.api("GET", "keys")["items"]}
        wanted = {"writer": 3, "reader": 4, "new": 1}
        eventually(lambda: {name: len(gate.audit(key_id=ids[name])) for name in wanted} == wanted)
        [told] = gate.api("GET", "gates")["items"]
        assert not told["policy_refused"]
