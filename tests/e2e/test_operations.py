"""The operations table against what a running Odoo 19 says of its own methods."""

import json
import os
import re
import subprocess
import urllib.request
from typing import Any

import pytest

from parts import odoo_package
from parts.odoo import Odoo
from support.gate import CALL_SECONDS, ROOT

# The page is made from the table, and `cargo xtask tidy` compares them.
PAGE = (ROOT / "docs/operations.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| [a-z,; ]+ \| (.*) \|$", re.MULTILINE)
TABLE = {method: re.findall(r"`(\w+)`", arguments) for method, arguments in ROW.findall(PAGE.split("\n## ")[0])}
# Parameters that only older versions have.
OLDER = {"search": {"count"}}


@pytest.fixture(scope="module")
def documentation(odoo: Odoo) -> Any:
    """A page of the documentation that Odoo makes of itself."""
    key = odoo.create_api_key(odoo.admin)

    def page(name: str) -> Any:
        headers = {"Authorization": f"Bearer {key}", "X-Odoo-Database": odoo.database}
        request = urllib.request.Request(f"{odoo.url}/doc-bearer/{name}.json", headers=headers)
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
            return json.load(answer)

    return page


def test_every_method_of_every_model_is_judged(documentation: Any) -> None:
    methods = {model["model"]: set(model["methods"]) for model in documentation("index")["models"]}
    of_all = set.intersection(*methods.values())
    of_threads = set.intersection(*(names for names in methods.values() if "message_post" in names))
    assert len(of_all) > 40 and "message_subscribe" in of_threads
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert (of_all | of_threads) - named == set()


def test_operators_are_those_of_odoo() -> None:
    package = odoo_package.fetched()
    script = "import json; from odoo.orm.domains import CONDITION_OPERATORS as all; print(json.dumps(sorted(all)))"
    printed = subprocess.run(
        [package.python, "-c", script], env={**os.environ, "PYTHONPATH": str(package.libraries)}, capture_output=True, check=True
    )
    item = PAGE.split("are those of Odoo: ")[1].split("They are compared")[0]
    ours = set(re.findall(r"`([^`]+)`", item))
    assert "not ilike" in ours and set(json.loads(printed.stdout)) - ours == {"any!", "not any!"}
    assert ours <= set(json.loads(printed.stdout))


def test_parameters_stand_where_odoo_has_them(documentation: Any) -> None:
    compared = 0
    for method, described in documentation("res.partner")["methods"].items():
        if method not in TABLE:
            continue
        parameters = described["parameters"]
        rest = {name for name, parameter in parameters.items() if parameter.get("kind") == "VAR_KEYWORD"}
        names = [name for name in parameters if name not in rest]
        ours = TABLE[method]
        assert ours[: len(names)] == names, method
        assert rest or set(ours[len(names) :]) <= OLDER.get(method, set()), method
        compared += 1
    assert compared > 40
