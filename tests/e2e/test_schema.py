"""What Lictor knows of the models of a real Odoo: read for what permissions name, by set of groups, and kept while Odoo is away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parts import process
from parts.odoo import Odoo, User
from support.command_line import CommandLine
from support.control_plane import ControlPlane, program
from support.gate import eventually

PASSWORD = "a-long-password"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lictor")


@pytest.fixture(scope="module")
def lictor(odoo: Odoo, folder: Path) -> Iterator[ControlPlane]:
    with ControlPlane(odoo.url, folder) as lictor:
        yield lictor


@pytest.fixture(scope="module")
def command_line(lictor: ControlPlane, folder: Path) -> CommandLine:
    return CommandLine(program(), lictor.url, lictor.token, folder)


def agent(lictor: ControlPlane, odoo: Odoo, user: User) -> None:
    """A key for a user of Odoo."""
    upstream = {"database": odoo.database, "login": user.login, "secret": PASSWORD}
    made = lictor.api("POST", "users", {"name": user.login, "upstream": upstream})
    # On a busy machine Odoo may take too long to say them.
    eventually(lambda: made["odoo_groups"] or lictor.api("POST", f"users/{made['id']}/check")["odoo_groups"])
    lictor.api("POST", "keys", {"name": user.login, "user_id": made["id"]})


def whole(lictor: ControlPlane) -> dict[str, Any]:
    """The schema, once it is read for all that is needed."""

    def read() -> dict[str, Any] | None:
        status = lictor.api("GET", "schema?limit=500")
        if "took longer" in (status["problem"] or ""):
            lictor.api("POST", "schema/refresh")
            return None
        return None if status["reading"] else status

    return eventually(read)


def fields(lictor: ControlPlane, model: str) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in lictor.api("GET", f"schema/{model}")["fields"]}


@pytest.fixture(scope="module")
def inside(odoo: Odoo) -> User:
    return odoo.create_user("inside", PASSWORD)


def test_it_is_read_at_the_first_permission(lictor: ControlPlane, odoo: Odoo, inside: User) -> None:
    agent(lictor, odoo, inside)
    assert whole(lictor)["items"] == []
    lictor.api("PUT", "permissions/res.partner", {"read": True})
    schema = whole(lictor)
    assert schema["problem"] is None and schema["age_seconds"] < 60
    models = {entry["model"] for entry in schema["items"]}
    # Reference data that partners lead to, directly and by way of each other.
    assert {"res.partner", "res.country", "res.country.state", "res.currency", "res.company"} <= models
    assert "res.users" not in models


def test_fields_are_shown_with_their_types(lictor: ControlPlane, command_line: CommandLine) -> None:
    known = fields(lictor, "res.partner")
    for name, kind, relation in [
        ("name", "plain", None),
        ("comment", "html", None),
        ("create_date", "date", None),
        ("country_id", "many2one", "res.country"),
        ("child_ids", "one2many", "res.partner"),
        ("category_id", "many2many", "res.partner.category"),
    ]:
        assert (known[name]["type"], known[name]["relation"]) == (kind, relation), name
    assert known["child_ids"]["relation_field"] == "parent_id"
    assert known["parent_name"]["related"] == "parent_id.name" and not known["parent_name"]["stored"]
    assert known["display_name"]["computed"] and known["display_name"]["readonly"]
    shown = command_line("schema", "show", "res.partner").stdout
    assert "country_id" in shown and "many2one" in shown and "res.country" in shown
    assert "res.partner" in command_line("schema", "list").stdout


def test_a_set_of_groups_sees_what_odoo_shows_to_it(lictor: ControlPlane, odoo: Odoo, inside: User) -> None:
    outside = odoo.create_user("outside", PASSWORD, groups=["base.group_portal"])
    agent(lictor, odoo, outside)
    eventually(lambda: len(whole(lictor)["source"]) == 2)
    sets = {("base.group_user" in entry["groups"]): entry["number"] for entry in whole(lictor)["source"]}
    seen = {}
    for is_inside, user in [(True, inside), (False, outside)]:
        known = fields(lictor, "res.partner").values()
        seen[is_inside] = {field["name"] for field in known if sets[is_inside] in field["seen_by"]}
        assert seen[is_inside] == odoo.call_as(user, "res.partner", "fields_get", [], ["type"]).keys()
    assert seen[False] < seen[True]
    hidden = seen[True] - seen[False]
    # Those that all internal users see, and no other user, are not restricted.
    assert not any(fields(lictor, "res.partner")[name]["restricted"] for name in hidden)


def test_a_new_field_is_found_and_told(lictor: ControlPlane, odoo: Odoo, command_line: CommandLine) -> None:
    [model] = odoo.call("ir.model", "search", [["model", "=", "res.partner"]])
    field = {"name": "x_score", "field_description": "Score", "model_id": model, "ttype": "integer", "state": "manual"}
    odoo.call("ir.model.fields", "create", field)
    before = whole(lictor)["version"]
    command_line("schema", "refresh")
    assert whole(lictor)["version"] == before + 1
    assert fields(lictor, "res.partner")["x_score"]["type"] == "plain"
    [change] = [change for change in lictor.api("GET", "schema/changes")["items"] if change["version"] == before + 1]
    assert (change["model"], change["change"]) == ("res.partner", "new fields: x_score")
    assert "x_score" in command_line("schema", "changes").stdout
    [record] = lictor.api("GET", f"admin-audit?action=schema.change&object={before + 1}")["items"]
    assert record["difference"] == {"res.partner": [None, "new fields: x_score"]}
    # Nothing new is no new version, and no new policy.
    command_line("schema", "refresh")
    assert whole(lictor)["version"] == before + 1


def test_a_model_that_odoo_does_not_have_is_absent(lictor: ControlPlane) -> None:
    lictor.api("PUT", "permissions/sale.order?unknown=allow", {"read": True})
    assert whole(lictor)["absent"] == ["sale.order"]


def test_what_was_known_stays_while_odoo_is_away(lictor: ControlPlane, odoo: Odoo, command_line: CommandLine) -> None:
    before, known = whole(lictor), fields(lictor, "res.partner")
    lictor.stop()
    lictor.variables["LICTOR_ODOO_URL"] = f"http://127.0.0.1:{process.free_port()}"
    lictor.start()
    command_line("schema", "refresh")
    away = whole(lictor)
    assert away["problem"] == "Odoo did not answer: the connection failed"
    assert (away["version"], away["items"], away["read_at"]) == (before["version"], before["items"], before["read_at"])
    assert away["tried_at"] > before["tried_at"] and away["age_seconds"] >= before["age_seconds"]
    assert fields(lictor, "res.partner") == known
    assert "the connection failed" in command_line("schema", "list").stderr
    lictor.stop()
    lictor.variables["LICTOR_ODOO_URL"] = odoo.url
    lictor.start()
    command_line("schema", "refresh")
    assert whole(lictor)["problem"] is None
