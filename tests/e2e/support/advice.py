"""An administrator who reads a refusal and types what it names, and nothing else."""

import re
from collections.abc import Callable, Iterator

from support.command_line import CommandLine

PROFILE = r"In the profile (?P<profile>[a-z0-9-]+), "
# Of each kind of thing that a call can lack: how the refusal says it, and the options that give it. Where it says two ways, the
# narrower one.
GIVEN: list[tuple[str, Callable[[re.Match[str]], list[str]]]] = [
    (r"a permission for (?P<model>\S+) would have to exist and to allow (?P<words>[a-z, ]+)$", lambda m: operations(m["words"])),
    (r"the permission for (?P<model>\S+) would have to allow (?P<words>[a-z, ]+?)(, or the permission for .*)?$", lambda m: operations(m["words"])),
    (r"a permission for \S+ would have to allow read, or the permission for (?P<model>\S+) to list (?P<path>\S+) under paths$",
     lambda m: ["--paths", f"+{m['path']}"]),
    (r"a permission for (?P<model>\S+) would have to allow read, since .*$", lambda _: ["--read"]),
    (r"the permission for (?P<model>\S+) would have to list (?P<name>\S+) under calls$", lambda m: ["--calls", f"+{m['name']}"]),
    (r"the permission for (?P<model>\S+) would have to open (?P<field>\S+) to \w+ \(fields\.(?P<side>read|write)\).*$",
     lambda m: [f"--fields-{m['side']}", f"also:+{m['field']}"]),
    (r"the permission for (?P<model>\S+) would have to list (?P<key>\S+) under context.*$", lambda m: ["--context", f"+{m['key']}"]),
]  # fmt: skip
# It tells to try again, as more may be lacking.
UNKNOWN = re.compile(r"the gate does not know the fields of (\S+) yet", re.IGNORECASE)


def operations(words: str) -> list[str]:
    return [f"--{word}" for word in re.findall(r"[a-z]+", words) if word != "and"]


def commands(refusal: str) -> Iterator[list[str]]:
    """What is typed after one refusal: an `update` a model and thing that is lacking."""
    reason, told = refusal.rsplit(" (decision ", 1)[0].split(": ", 1)
    found = re.match(PROFILE, told)
    assert found, refusal
    for sentence in told[found.end() :].removesuffix(".").split("; "):
        for pattern, options in GIVEN:
            if lacking := re.match(pattern, sentence):
                yield ["permission", "update", lacking["model"], "--profile", found["profile"], *options(lacking)]
                break
        else:
            raise AssertionError(f"{reason}: nobody could act on {sentence!r}")


def not_known_yet(refusals: list[str]) -> set[str]:
    """Models on account of which they say to try again."""
    return {model for refusal in refusals for model in UNKNOWN.findall(refusal)}


def follow(lictor: CommandLine, refusals: list[str]) -> list[list[str]]:
    """Types all that they name, each thing once, and returns it."""
    typed: list[list[str]] = []
    for refusal in refusals:
        for command in commands(refusal):
            if command not in typed:
                lictor(*command)
                typed.append(command)
    return typed
