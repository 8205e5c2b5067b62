"""From `cargo xtask up` to a working agent in five minutes. Run by name, with nothing beside it: it is timed."""

import time
from pathlib import Path

from parts.odoo import Odoo
from support.gate import Gate

from .conftest import Open
from .test_first_run import somebody, to_a_working_agent

MOST_SECONDS = 300
# Somebody who has never seen it reads before each click, and looks for what to fill in; the browser of the test does not.
SECONDS_A_CLICK = 5
SECONDS_A_FIELD = 12


def test_from_the_command_to_a_working_agent(odoo: Odoo, opened: Open, tmp_path: Path) -> None:
    user = somebody(odoo)
    began = time.monotonic()
    with Gate(odoo.url, tmp_path / "state") as gate:
        page = to_a_working_agent(gate, odoo, user, opened(gate))
        took = time.monotonic() - began
        clicks, fields = page.evaluate("[window.clicks, window.fields]")
        person = clicks * SECONDS_A_CLICK + fields * SECONDS_A_FIELD
        print(f"{took:.0f} s for the programs, {person} s for a person with {clicks} clicks and {fields} fields")
        assert took + person < MOST_SECONDS
