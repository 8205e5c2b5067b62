"""From the version before to this one: its database is migrated with all that it holds, and its gate goes on by the policy of this
version's control plane. How the other way round is tried, says `cargo xtask upgrade`."""

import hashlib
import lzma
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.command_line import CommandLine
from support.gate import HOST, Gate, eventually
from support.reloading import Reloading
from support.version_before import ENGINES, FIXTURES, LIMIT, Before, an_odoo, hears_of_changes, is_answered, loads, told_by

VERSIONS = ("0.1.0", "0.2.0")
# That whose gates speak this version's wire format.
SAME_WIRE = "0.2.0"
# What goes on while this version runs.
GOES_ON = {"last_used_at", "checked_at"}
# What a gate reports of itself: it is another one now.
REPORTED = {"connected", "filters_lost", "last_seen_at", "pending_events", "missing_events", "revision", "wire_version"}
# Gone since, as the changelog says.
GONE = {"cross_model_reads"}


def lost(before: Any, now: Any, otherwise: set[str], name: str) -> list[str]:
    """What was told and is told no longer, or otherwise; there may be more."""
    if isinstance(before, dict) and isinstance(now, dict):
        fields = [field for field in before if field not in otherwise]
        return [one for field in fields for one in lost(before[field], now.get(field), otherwise, f"{name}.{field}")]
    return [] if before == now else [f"{name}: {before} is {now}"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_before_keeps_its_keys_its_records_and_their_chain(version: str, engine: str, tmp_path: Path) -> None:
    before = Before(version, engine)
    left = before.left()
    with an_odoo() as echo, before.upgraded(echo.url, tmp_path / "state") as gate:
        for noun, told in left["told"].items():
            now = told_by(gate, noun)
            if isinstance(told, list):
                identity = "model" if noun == "permissions" else "id"
                told, now = ({one[identity]: one for one in items} for items in (told, now))
            assert not lost(told, now, GOES_ON | GONE | (REPORTED if noun == "gates" else set()), noun)
        head = tmp_path / "head.json"
        head.write_text(left["head"])
        database = gate.database_url or f"sqlite://{gate.folder}/database/lictor.db"
        lictor = CommandLine.of(gate, tmp_path)
        storage = {"LICTOR_DATABASE_URL": database, "LICTOR_MASTER_KEY_FILE": str(gate.folder / "master-key")}

        def verdict() -> dict[str, Any]:
            return lictor.json("audit", "verify", "--head", head, **storage)

        first = verdict()
        assert first["intact"] and first["heads_confirmed"] == 1 and first["rows"] >= len(left["told"]["audit"])
        keys_are_as_they_were(gate, left["keys"])
        eventually(lambda: verdict()["rows"] > first["rows"])
        assert verdict()["intact"]


def keys_are_as_they_were(gate: Gate, keys: dict[str, str]) -> None:
    """Each key may what it might, and no more."""
    gate.in_force()
    assert is_answered(gate, keys["writer"], "mark")
    assert is_answered(gate, keys["reader"])
    assert not is_answered(gate, keys["reader"], "mark")
    assert not is_answered(gate, keys["elsewhere"])
    assert not is_answered(gate, keys["revoked"])
    assert [is_answered(gate, keys["limited"]) for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]


@pytest.fixture
def gate_of_before(tmp_path: Path) -> Iterator[Gate]:
    """The filter of the version before, at this version's control plane with the database of before."""
    if HOST != "wasm":
        pytest.skip("a module is of one version of Envoy and is loaded with it; the filter of before is kept in wasm")
    before = Before(SAME_WIRE, "sqlite")
    module = tmp_path / "filter.wasm"
    with an_odoo() as echo, before.upgraded(echo.url, tmp_path / "state") as gate:
        (tmp_path / "filter-of-now.wasm").symlink_to(gate.filter_module)
        module.write_bytes(lzma.decompress((before.folder / "filter.wasm.xz").read_bytes()))
        loads(gate, str(module))
        yield gate


def test_a_gate_of_before_goes_on_by_the_policy_of_this_version(gate_of_before: Gate) -> None:
    gate = gate_of_before
    left = Before(SAME_WIRE, "sqlite").left()
    keys_are_as_they_were(gate, left["keys"])
    # A change reaches it: what is made in this version, and what is taken away.
    made = hears_of_changes(gate)
    # Each call has its record, also one that is recorded ahead.
    ids = {key["name"]: key["id"] for key in left["told"]["keys"]} | {"new": made["id"]}
    since = Counter(writer=1, reader=2, elsewhere=1, limited=LIMIT + 1, new=1)
    before = Counter(row["key_id"] for row in left["told"]["audit"])
    wanted = {ids[name]: before[ids[name]] + calls for name, calls in since.items()}
    eventually(lambda: {id: len(gate.audit(key_id=id)) for id in wanted} == wanted)
    [told] = gate.api("GET", "gates")["items"]
    assert not told["policy_refused"]


def test_the_filter_takes_the_place_of_the_one_of_before_while_envoy_runs(gate_of_before: Gate, tmp_path: Path) -> None:
    gate, key = gate_of_before, Before(SAME_WIRE, "sqlite").left()["keys"]["reader"]
    # The one of before stays, with its lease, and both share data.
    reloading = Reloading(gate, drain_seconds=600)
    gate.api("PATCH", "settings", {"enforcement": "require"})
    gate.in_force()
    assert is_answered(gate, key) and not is_answered(gate, "Odoo's own password")
    reloading.load(str(tmp_path / "filter-of-now.wasm"))
    eventually(lambda: reloading.taken() >= 1)
    eventually(lambda: is_answered(gate, key) and not is_answered(gate, "Odoo's own password"))
    gate.in_force()


def test_the_filter_of_before_is_that_of_the_list() -> None:
    module = lzma.decompress((FIXTURES / SAME_WIRE / "filter.wasm.xz").read_bytes())
    assert hashlib.sha256(module).hexdigest() in (FIXTURES / "README.md").read_text()
