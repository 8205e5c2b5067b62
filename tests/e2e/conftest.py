"""One PostgreSQL, one Odoo and one gate serve all tests that leave them as they were."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts.odoo import APPLICATIONS, Odoo
from parts.postgres import Postgres
from support.gate import CLIENT_PERMISSIONS, Gate

# Run by name only: the Odoo that they need takes minutes to be made, or the version before is built, or something is timed, which
# wants an idle machine.
collect_ignore = [
    "console/test_five_minutes.py",
    "console/test_paint.py",
    "test_least_privilege.py",
    "test_schema_rules.py",
    "test_templates.py",
    "test_up.py",
    "test_upgrade_back.py",
]


@pytest.fixture(scope="session", autouse=True)
def servers_end_with_the_tests() -> None:
    """A terminated run must reach the ends of its `with` blocks. pytest would take a `SystemExit` for a test that failed, and
    go on with the next."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def odoo() -> Iterator[Odoo]:
    with Postgres() as postgres, Odoo(postgres) as odoo:
        yield odoo


@pytest.fixture(scope="session")
def applications() -> Iterator[Odoo]:
    """An Odoo with applications as companies have them."""
    with Postgres() as postgres, Odoo(postgres, modules=APPLICATIONS) as odoo:
        yield odoo


@pytest.fixture(scope="session")
def gate(odoo: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(odoo.url, tmp_path_factory.mktemp("gate")) as gate:
        gate.permit(CLIENT_PERMISSIONS)
        yield gate


@pytest.fixture
def own_gate(odoo: Odoo, tmp_path: Path) -> Iterator[Gate]:
    """A gate for one test, which may break it."""
    with Gate(odoo.url, tmp_path / "state") as gate:
        gate.permit(CLIENT_PERMISSIONS)
        yield gate


@pytest.fixture(scope="session")
def user(gate: Gate, odoo: Odoo) -> dict[str, Any]:
    """A user of the shared gate: Odoo's administrator, so that only the gate refuses."""
    return gate.user(odoo.database, odoo.admin.login, odoo.admin.password)
