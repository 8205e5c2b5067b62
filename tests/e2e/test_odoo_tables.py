"""The tables of what Odoo does not tell over its API, against the Odoo that is here: they were made of this one, name
everything that a judgement is wanted on, and are as the program writes them."""

import os
import subprocess
import sys

from support.gate import ROOT


def test_the_tables_are_of_this_odoo_and_up_to_date() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests/e2e")}
    program = [sys.executable, ROOT / "tests/odoo-tables", "check"]
    checked = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
