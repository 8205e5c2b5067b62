"""`cargo xtask odoo-tables`: the tables in policy/src/odoo/tables, made of Odoo's registry, of its source and of seeds; and a schema
of that Odoo, for the tests of policy.

- `check` compares the tables and the schema with what is kept about Odoo, and the package that is here with the one that it was read from;
- `write` writes the tables and the schema;
- `read` reads the registry and the source of the package that is here, keeps them, and says what changed; one minute;
- `install` makes a database with every module, and says how its registry differs; an hour or more.
"""

import argparse
import sys
from typing import Any

import facts
import install
import judge
import rust
import schema
import tables
from parts import odoo_package
from parts.cache import PartError, progress


def main() -> list[str]:
    parser = argparse.ArgumentParser(prog="cargo xtask odoo-tables", description=__doc__)
    parser.add_argument("what", choices=["check", "write", "read", "install"])
    what = parser.parse_args().what
    package = odoo_package.fetched()
    kept = facts.kept() if facts.KEPT.exists() else {}
    if what == "read":
        found = facts.read(package)
        for line in facts.changes(kept, found):
            progress(line)
        facts.keep(found)
        return []
    if what == "install":
        dump = install.installed(package, kept["modules"]) / "database.dump"
        return facts.changes(kept, facts.registry(package, dump, "installed"))
    computed = tables.compute(kept)
    texts = rust.files(kept, computed) | {schema.FILE: schema.text(kept, computed)}
    if what == "write":
        for path, text in texts.items():
            path.write_text(text)
        return judge.complaints(kept, computed)
    return [*pinned(package, kept), *judge.complaints(kept, computed), *stale(texts)]


def pinned(package: odoo_package.OdooPackage, kept: dict[str, Any]) -> list[str]:
    if facts.digest(package) == kept["digest"]:
        return []
    return [
        f"the tables were made of Odoo {kept['version']}, and this is {package.version} with other code: "
        "run `cargo xtask odoo-tables read`, then `cargo xtask odoo-tables write`, and look at what it names"
    ]


def stale(texts: dict[Any, str]) -> list[str]:
    return [
        f"{path.relative_to(rust.ROOT)} is out of date: run `cargo xtask odoo-tables write`"
        for path, text in texts.items()
        if not path.exists() or path.read_text() != text
    ]


if __name__ == "__main__":
    try:
        problems = main()
    except PartError as error:
        problems = [str(error)]
    sys.exit("\n".join(problems) if problems else 0)
