"""Facts about an Odoo: its registry and its source, and the file that keeps them."""

import hashlib
import json
import lzma
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import read_source
from parts import odoo
from parts.odoo_package import OdooPackage
from parts.postgres import Postgres

HERE = Path(__file__).resolve().parent
KEPT = HERE / "odoo-19.json.xz"


def kept() -> dict[str, Any]:
    return json.loads(lzma.decompress(KEPT.read_bytes()))


def keep(facts: dict[str, Any]) -> None:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    KEPT.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def digest(package: OdooPackage) -> str:
    """Of all that Odoo's registry is made of: the files in Python, by name and content."""
    whole = hashlib.sha256()
    for file in sorted(package.libraries.rglob("*.py")):
        whole.update(f"{file.relative_to(package.libraries)}\n".encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def read(package: OdooPackage) -> dict[str, Any]:
    """Loads every module of the package, which takes a minute."""
    dump = odoo.database_with(package, odoo.MODULES) / "database.dump"
    facts = {"version": package.version, "digest": digest(package), **registry(package, dump, "all")}
    root = package.libraries / "odoo"
    return facts | read_source.read([root / "addons", root], set(facts["modules"]))


def registry(package: OdooPackage, dump: Path, which: str) -> dict[str, Any]:
    database = "tables"
    with Postgres() as cluster, tempfile.TemporaryDirectory(prefix="lictor-odoo-") as scratch:
        folder = Path(scratch)
        cluster.restore(database, dump)
        odoo.start_command(package, cluster, [database], folder, {"log_level": "error"})
        output = folder / "registry.json"
        program = [package.python, HERE / "read_registry.py", folder / "odoo.conf", database, output, which]
        subprocess.run(program, env=odoo.environment(package), check=True)
        return json.loads(output.read_text())


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What a registry has more, less or otherwise than another; a line a module, a model or a field."""
    lines = differences("module", dict.fromkeys(before.get("modules", [])), dict.fromkeys(after["modules"]))
    old, new = before.get("models", {}), after["models"]
    lines += differences("model", dict.fromkeys(old), dict.fromkeys(new))
    for model in sorted(old.keys() & new.keys()):
        lines += differences(f"{model}:", old[model]["fields"], new[model]["fields"])
        lines += differences(f"{model}:", old[model] | {"fields": ""}, new[model] | {"fields": ""})
    return lines


def differences(what: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    lines = [f"{what} {name} is gone" for name in sorted(before.keys() - after.keys())]
    lines += [f"{what} {name} is new" for name in sorted(after.keys() - before.keys())]
    both = sorted(before.keys() & after.keys())
    return lines + [f"{what} {name} was {before[name]}, is {after[name]}" for name in both if before[name] != after[name]]
