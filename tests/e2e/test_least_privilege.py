"""Jobs that people want agents to do, over Odoo's applications: from nothing to working, and no further.

Each is reached by following the refusals' messages alone, from nothing, and by few commands; rounds and commands are counted as they
happen.

Making the database takes Odoo minutes, so these tests run by name only: see CONTRIBUTING.md.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from parts.odoo import Odoo
from support.advice import follow, not_known_yet
from support.command_line import CommandLine
from support.documents import Documents
from support.gate import SCHEMA_SECONDS, Agent, Gate, eventually, plain_user
from support.stories import STORIES, Attempt, GaveUp, Story

MOST_ROUNDS = 2
MOST_COMMANDS = 3
INVALID = 6
OF = {story.name: story for story in STORIES}
SUGGESTED = [OF[name] for name in ("orders from a vendor", "receives a part of it, and makes a backorder", "registers a payment")]


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


def attempt(story: Story, agent: Agent, odoo: Odoo) -> tuple[Attempt, Documents, Any]:
    """One go, the records that it was about, and the last answer."""
    go, records, answer = Attempt(agent), Documents(odoo), None
    with contextlib.suppress(GaveUp):
        answer = story.act(go, records)
    return go, records, answer


def refused(story: Story, gate: Gate, agent: Agent, odoo: Odoo) -> list[str]:
    """What a go is refused for. Where the messages say to try again, as the gate does not know a model yet, once more when it does."""
    told = attempt(story, agent, odoo)[0].refused
    if unknown := not_known_yet(told):
        for model in unknown:
            eventually(lambda model=model: gate.api("GET", f"schema/{model}"), SCHEMA_SECONDS)
        gate.in_force()
        told = attempt(story, agent, odoo)[0].refused
    assert not not_known_yet(told), told
    return told


def is_done_and_no_more(story: Story, agent: Agent, odoo: Odoo) -> None:
    go, records, answer = attempt(story, agent, odoo)
    assert not go.refused and story.is_done(records, answer), (go.refused, answer)
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
    while told := refused(story, gate, agent, applications):
        assert len(rounds) < MOST_ROUNDS, f"refused after {rounds}: {told}"
        rounds.append(follow(lictor, told))
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
    go, records, answer = attempt(story, gate.agent(user, key), applications)
    assert not go.refused and story.is_done(records, answer)


@contextlib.contextmanager
def shadow(gate: Gate) -> Iterator[None]:
    """The gate as new agents find it: it notes what it would refuse."""
    gate.api("PATCH", "settings", {"shadow": ["all"]})
    gate.in_force()
    try:
        yield
    finally:
        gate.api("PATCH", "settings", {"shadow": []})
        gate.in_force()


@pytest.mark.parametrize("story", SUGGESTED, ids=lambda story: story.name)
def test_a_suggestion_is_there_in_three_commands(
    story: Story, gate: Gate, lictor: CommandLine, applications: Odoo, user_of: Callable[[Story], dict[str, Any]]
) -> None:
    user, administrator = user_of(story), Administrator(lictor)
    name = f"suggested-{STORIES.index(story)}"
    key = administrator("key", "create", "--user", user["id"], "--name", name).strip()
    agent = gate.agent(user, key)
    with shadow(gate):
        go, records, answer = attempt(story, agent, applications)
        assert not go.refused and story.is_done(records, answer)
        [record] = gate.api("GET", f"keys?prefix={key[4:12]}")["items"]
        eventually(lambda: len(gate.audit(key_id=record["id"])) == go.calls)
        (lictor.folder / f"{name}.yaml").write_text(administrator("suggest", "--key", key[4:12]))
        administrator("apply", "-f", f"{name}.yaml")
    assert administrator.commands <= MOST_COMMANDS
    is_done_and_no_more(story, agent, applications)


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
