"""Makes a database in which every module is installed that can be, and keeps it in the cache as a dump.

Takes an hour or more. The tables need none of it: it shows that what `read` loads is what is installed, and gives
tests an Odoo with everything.
"""

import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from parts import cache, odoo, postgres
from parts.cache import PartError, progress
from parts.odoo_package import OdooPackage
from parts.postgres import Postgres

DATABASE = "everything"
LOADING = re.compile(r"Loading module (\w+) \(\d+/\d+\)")
REFUSED = re.compile(r"""Unable to install module "(\w+)\"""")
# The last line of a traceback; Odoo's own lines begin with a date.
REASON = re.compile(r"^(?:\w+\.)*[A-Z]\w*: .*", re.MULTILINE)


def installed(package: OdooPackage, modules: list[str]) -> Path:
    """The folder with `database.dump`, `filestore` and `left-out`, in which stand the modules that failed, and why."""
    name = f"odoo-everything-{cache.digest(package.fingerprint, postgres.major_version(), *modules)}"

    def build(folder: Path) -> None:
        with Postgres() as cluster, tempfile.TemporaryDirectory(prefix="lictor-odoo-") as scratch:
            cluster.create_database(DATABASE)
            command = odoo.start_command(package, cluster, [DATABASE], Path(scratch), {"http_enable": "False"})
            left_out = install(package, command, modules, Path(scratch) / "log", cluster)
            cluster.dump(DATABASE, folder / "database.dump")
            if (files := Path(scratch) / "data/filestore" / DATABASE).exists():
                shutil.copytree(files, folder / "filestore")
            (folder / "left-out").write_text("".join(f"{name}: {reason}\n" for name, reason in left_out.items()))

    return cache.built(name, build)


def install(
    package: OdooPackage, command: list[str], modules: list[str], log: Path, cluster: Postgres
) -> dict[str, str]:
    """Installs all together; what fails is left out, with all that depends on it, and the rest goes on."""
    wanted, left_out = set(modules), {}
    run(package, [*command, "--init", "base", "--stop-after-init"], log)
    while failed := run(package, [*command, "--init", ",".join(sorted(wanted)), "--stop-after-init"], log):
        module, reason = failed
        if module not in wanted:
            raise PartError(f"{module} failed, which was not asked for: {reason}")
        progress(f"leaving {module} out: {reason}")
        without = {module: reason} | {name: f"depends on {module}" for name in dependents(cluster, module)}
        left_out |= {name: why for name, why in without.items() if name in wanted}
        wanted -= without.keys()
    return left_out


def run(package: OdooPackage, command: list[str], log: Path) -> tuple[str, str] | None:
    """The module that failed and why; `None` if all went well."""
    began = time.monotonic()
    with log.open("wb") as output:
        ended = subprocess.run(command, env=odoo.environment(package), stdout=output, stderr=output, check=False)
    text = log.read_text(errors="replace")
    loaded = LOADING.findall(text)
    progress(f"{len(loaded)} modules in {time.monotonic() - began:.0f} s")
    if not ended.returncode:
        return None
    reasons = REASON.findall(text) or ["it says no reason"]
    named = REFUSED.findall(text)
    return (named or loaded or ["base"])[-1], reasons[-1][:200]


def dependents(cluster: Postgres, module: str) -> set[str]:
    """Of all modules that Odoo knows, those that cannot be without this one."""
    rows = cluster.sql(
        "WITH RECURSIVE needs(id, name) AS ("
        f"SELECT id, name FROM ir_module_module WHERE name = '{module}' UNION "
        "SELECT m.id, m.name FROM ir_module_module m JOIN ir_module_module_dependency d ON d.module_id = m.id "
        "JOIN needs n ON d.name = n.name) SELECT name FROM needs",
        DATABASE,
    )
    return set(rows.splitlines()) - {module}
