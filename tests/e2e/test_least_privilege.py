"""Jobs that people want agents to do, over Odoo's applications: from nothing to working, and no further.

Each is reached by following the refusals' messages alone, and by few commands; rounds and commands are counted as they happen.

Making the database takes Odoo minutes, so these tests run by name only: see CONTRIBUTING.md.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from parts.odoo import Odoo
from support.advice import follow
from support.command_line import CommandLine
from support.documents import Documents
from support.gate import Agent, Gate, plain_user
from support.stories import STORIES, Attempt, GaveUp, Story

MOST_ROUNDS = 2
MOST_COMMANDS = 3
INVALID = 6
OF = {story.name: story for story in STORIES}


class Administrator:
    """Types commands, and counts them."""

    def __init__(self, lictor: CommandLine) -> None:
        self.lictor = lictor
        self.commands = 0

    def __call__(self, *arguments: object) -> str:
        self.commands += 1
        return self.lictor(*arguments).stdout


@pytest.fixture(scope="module")
def gate(applications: Odoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(applications.url, tmp_path_factory.mktemp("least"), workers=1) as gate:
        # As where agents work already: the gate knows the models of documents, and names at once what a call does to their lines.
        gate.api("POST", "profiles", {"name": "analyst", "template": "read-only-analyst"})
        yield gate


@pytest.fixture(scope="module")
def lictor(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine.of(gate, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def user_of(gate: Gate, applications: Odoo) -> Callable[[Story], dict[str, Any]]:
    """The record of an Odoo user with the groups of a story; those of the same groups share one."""
    records: dict[tuple[str, ...], dict[str, Any]] = {}

    def record(story: Story) -> dict[str, Any]:
        if story.groups not in records:
            name = f"user{len(records)}"
            user = applications.create_user(name, f"{name}'s own password", ["base.group_user", *story.groups])
            upstream = {"database": applications.database, "login": user.login, "secret": user.password}
            records[story.groups] = plain_user(gate, name, upstream)
        return records[story.groups]

    return record


def attempt(story: Story, agent: Agent, odoo: Odoo) -> tuple[list[str], Documents, Any]:
    """One go: what was refused, the records that it was about, and the last answer."""
    go, records, answer = Attempt(agent), Documents(odoo), None
    with contextlib.suppress(GaveUp):
        answer = story.act(go, records)
    return go.refused, records, answer


def is_done_and_no_more(story: Story, agent: Agent, odoo: Odoo) -> None:
    refused, records, answer = attempt(story, agent, odoo)
    assert not refused and story.is_done(records, answer), (refused, answer)
    for model, method, arguments in story.beyond(records):
        assert agent.refusal(model, method, *arguments), (model, method, arguments)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_who_follows_the_messages_is_there_in_two_rounds(
    story: Story, gate: Gate, lictor: CommandLine, applications: Odoo, user_of: Callable[[Story], dict[str, Any]],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    user, profile = user_of(story), f"followed-{STORIES.index(story)}"
    lictor("profile", "create", profile)
    key = lictor.json("key", "create", "--user", user["id"], "--name", profile, "--profiles", profile)
    gate.in_force()
    agent = gate.agent(user, key["key"])
    rounds: list[list[list[str]]] = []
    while refused := attempt(story, agent, applications)[0]:
        assert len(rounds) < MOST_ROUNDS, f"refused after {rounds}: {refused}"
        rounds.append(follow(lictor, refused))
        gate.in_force()
    record_property("rounds", rounds)
    assert 0 < len(rounds) <= MOST_ROUNDS
    is_done_and_no_more(story, agent, applications)


def test_a_template_is_there_in_two_commands(
    gate: Gate, lictor: CommandLine, applications: Odoo, user_of: Callable[[Story], dict[str, Any]]
) -> None:
    story = OF["leaves a note with a file, and a file"]
    user, administrator = user_of(story), Administrator(lictor)
    administrator("profile", "create", "sales", "--template", "sales-assistant")
    key = administrator("key", "create", "--user", user["id"], "--name", "sales", "--profiles", "sales").strip()
    assert administrator.commands <= MOST_COMMANDS
    gate.in_force()
    refused, records, answer = attempt(story, gate.agent(user, key), applications)
    assert not refused and story.is_done(records, answer)


def test_confirming_alone_is_three_commands(
    gate: Gate, lictor: CommandLine, applications: Odoo, user_of: Callable[[Story], dict[str, Any]]
) -> None:
    story = OF["confirms orders without writing them"]
    user, administrator = user_of(story), Administrator(lictor)
    administrator("profile", "create", "confirms")
    administrator("permission", "update", "sale.order", "--profile", "confirms", "--read", "--calls", "+action_confirm")
    key = administrator("key", "create", "--user", user["id"], "--name", "confirms", "--profiles", "confirms").strip()
    assert administrator.commands <= MOST_COMMANDS
    gate.in_force()
    is_done_and_no_more(story, gate.agent(user, key), applications)


def test_two_agents_with_opposite_rights_are_one_file(
    gate: Gate, lictor: CommandLine, applications: Odoo, user_of: Callable[[Story], dict[str, Any]]
) -> None:
    """Each may what the other may not, on the same models and as the same user of Odoo."""
    agents = {"contacts": "keeps contacts, and reads orders", "orders": "keeps orders, and reads contacts"}
    user = user_of(OF[agents["orders"]])
    written = {"contacts": ("res.partner", "sale.order"), "orders": ("sale.order", "res.partner")}
    policy = {
        "profiles": {
            name: {"description": OF[agents[name]].name, "permissions": {write: {"read": True, "write": True}, read: {"read": True}}}
            for name, (write, read) in written.items()
        },
        "keys": [{"user": user["name"], "name": f"{name} agent", "profiles": [name]} for name in written],
    }
    (lictor.folder / "opposite.yaml").write_text(yaml.safe_dump(policy))
    administrator = Administrator(lictor)
    administrator("apply", "-f", "opposite.yaml", "--key-dir", "keys")
    assert administrator.commands <= MOST_COMMANDS
    gate.in_force()
    keys = {file.name: file.read_text().strip() for file in (lictor.folder / "keys").iterdir()}
    for name, story in agents.items():
        [key] = [key for file, key in keys.items() if f"{name} agent" in file or f"{name}_agent" in file]
        is_done_and_no_more(OF[story], gate.agent(user, key), applications)


def test_a_mistyped_name_is_noticed_with_the_nearest(
    lictor: CommandLine, user_of: Callable[[Story], dict[str, Any]], gate: Gate
) -> None:
    assert user_of(STORIES[0])
    lictor("profile", "create", "typing")
    for arguments, nearest in [
        (("res.parnter", "--read"), "res.partner"),
        (("sale.ordr", "--read"), "sale.order"),
        (("res.partner", "--read", "--fields-read", "only:emial"), "email"),
        (("sale.order", "--read", "--paths", "partner_id.contry_id.code"), "country_id"),
    ]:
        told = lictor("permission", "put", *arguments, "--profile", "typing", status=INVALID).stderr
        assert nearest in told, told
    assert lictor.json("permission", "list", "--profile", "typing")["items"] == []
